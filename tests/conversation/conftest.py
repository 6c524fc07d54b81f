"""The flows that we ship, loaded once."""

from __future__ import annotations

import pytest

from bot.conversation.flow import Flowbook
from bot.conversation.loader import load
from bot.conversation.texts import Texts
from tests.conversation.assemble import FLOWS


@pytest.fixture(scope="session")
def book() -> Flowbook:
    return load(FLOWS)


@pytest.fixture(scope="session")
def texts() -> Texts:
    return Texts.load(FLOWS)
