"""The circuit breaker: when it lets calls through, and that one probe decides."""

from __future__ import annotations

import pytest

from bot.triage.breaker import Breaker

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock=clock, limit=3, rest=5.0)
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_stays_closed_below_the_limit_and_forgets_failures_on_success() -> None:
    breaker = Breaker(clock=Clock(), limit=3)
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_opens_after_failures_in_a_row_and_says_so_once() -> None:
    breaker = Breaker(clock=Clock(), limit=3)
    assert [breaker.failed() for _ in range(5)] == [False, False, True, False, False]
    assert not breaker.allows()


def test_lets_a_single_probe_through_after_the_rest() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 4.9
    assert not breaker.allows()
    clock.now += 0.2
    assert breaker.allows()
    assert not breaker.allows()


def test_a_good_probe_closes_it_and_a_bad_one_rests_again() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 6
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.now += 6
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_an_abandoned_probe_leaves_room_for_another() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 6
    assert breaker.allows()
    breaker.abandoned()
    assert breaker.allows()
