"""Diagrams show every step and where it leads."""

from __future__ import annotations

import pytest

from bot.conversation.flow import Flowbook
from bot.conversation.graph import mermaid, overview

pytestmark = pytest.mark.unit


def test_every_step_and_branch_is_drawn(book: Flowbook) -> None:
    for flow in book.flows.values():
        drawn = mermaid(book, flow.id)
        assert drawn.startswith("flowchart TD\n")
        for step in flow.steps.values():
            assert f"  s_{step.id}" in drawn
        branches = sum(len(step.next) for step in flow.steps.values())
        assert drawn.count(" -->") == branches + 1


def test_a_condition_stands_on_its_arrow(book: Flowbook) -> None:
    assert """s_safe -->|"safe == 'no'"| s_short""" in mermaid(book, "start")


def test_the_overview_shows_how_flows_lead_to_each_other(book: Flowbook) -> None:
    drawn = overview(book)
    assert "s_menu --> s_help" in drawn
    assert all(f's_{flow}["' in drawn for flow in book.flows)


def test_a_flow_that_is_not_there_is_a_key_error(book: Flowbook) -> None:
    with pytest.raises(KeyError):
        mermaid(book, "nothing")
