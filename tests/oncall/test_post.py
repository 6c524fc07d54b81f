"""One message at a time in a chat, the most urgent first."""

from __future__ import annotations

import asyncio

import pytest
from telegram.error import RetryAfter

from bot.oncall.post import BACKOFF_SECONDS, Turns, backoff, seconds_of

pytestmark = pytest.mark.unit


async def test_the_most_urgent_goes_next_and_equals_in_their_order() -> None:
    turns, order = Turns(), list[str]()

    async def take(name: str, priority: int) -> None:
        async with turns.turn(priority):
            order.append(name)
            await asyncio.sleep(0)

    async with turns.turn(0):
        assert not turns.idle
        names = [("a", 1), ("b", 4), ("c", 2), ("d", 4)]
        tasks = [asyncio.create_task(take(name, priority)) for name, priority in names]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["b", "d", "c", "a"]
    assert turns.idle


@pytest.mark.parametrize("handed_over", [False, True])
async def test_who_gives_up_waiting_keeps_nobody_else_waiting(handed_over: bool) -> None:
    turns, order = Turns(), list[str]()

    async def take(name: str) -> None:
        async with turns.turn(0):
            order.append(name)

    async with turns.turn(0):
        first, second = asyncio.create_task(take("first")), asyncio.create_task(take("second"))
        await asyncio.sleep(0)
        if not handed_over:
            first.cancel()
            await asyncio.sleep(0)
    if handed_over:  # the turn is its own already when the cancellation comes
        first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert order == ["second"]
    assert turns.idle


def test_pauses_grow_to_a_limit() -> None:
    assert [backoff(attempt) for attempt in range(3)] == list(BACKOFF_SECONDS[:3])
    assert backoff(10_000) == BACKOFF_SECONDS[-1]


def test_telegrams_own_wait_is_read_in_seconds() -> None:
    assert seconds_of(RetryAfter(7)) == 7.0
