"""Case codes: made, typed in every way, and never seen where there is none."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.cases.code import (
    ALPHABET,
    Code,
    find,
    hash_secret,
    looks_like_code,
    new_code,
    new_salt,
    new_secret,
    normal_case_id,
    shard_of_case,
    take,
    verify,
)  # fmt: skip
from bot.cases.records import SHARDS

pytestmark = pytest.mark.unit


@st.composite
def codes(draw: st.DrawFn) -> Code:
    chance = random.Random(draw(st.integers(0, 2**64)))
    return new_code(draw(st.integers(0, SHARDS - 1)), chance.randbytes)


def plain(code: Code) -> str:
    return code.text.replace("-", "")


@given(codes(), st.integers(0, SHARDS - 1))
def test_a_code_shows_its_shard_and_has_its_form(code: Code, shard: int) -> None:
    assert re.fullmatch(r"[0-9A-Z]{5}(-[0-9A-Z]{4}){4}-[0-9A-Z]", code.text)
    assert len(code.secret) == 10
    assert code.text.startswith(code.locator)
    assert shard_of_case(new_code(shard, random.Random(code.secret).randbytes).locator) == shard


def test_codes_use_all_the_room_there_is() -> None:
    chance = random.Random(1)
    made = [new_code(number % SHARDS, chance.randbytes) for number in range(2000)]
    assert len({code.locator for code in made}) > 1990
    assert len({code.secret for code in made}) == 2000
    for place in range(5):
        assert {code.locator[place] for code in made} == set(ALPHABET)
    assert {code.text[-1] for code in made} == set(ALPHABET) | {"U"}


def test_a_code_never_shows_its_secret_by_accident() -> None:
    assert "secret" not in repr(new_code(0))


WAYS: dict[str, Callable[[str], str]] = {
    "as shown": lambda text: text,
    "lower case": str.lower,
    "as phones begin a sentence": str.capitalize,
    "spaces": lambda text: text.replace("-", " "),
    "dashes that phones put in": lambda text: text.replace("-", "–"),
    "spaces around hyphens": lambda text: text.replace("-", " - "),
    "without separators": lambda text: text.replace("-", ""),
    "letters for digits": lambda text: text.replace("0", "O").replace("1", "l"),
    "I for one": lambda text: text.replace("1", "I").replace("0", "o"),
    "spelled out": lambda text: " ".join(text.replace("-", "")),
    "broken over lines": lambda text: text.replace("-", "\n"),
    "a deep link": lambda text: f"/start code_{text}",
    "a deep link without separators": lambda text: f"/start code_{text.replace('-', '')}",
    "in a sentence": lambda text: f"Hola, mi código es {text}. Gracias",
    "in brackets": lambda text: f"el código ({text}), por favor",
    "after a colon and a space": lambda text: f"code: {text}!",
}


@pytest.mark.parametrize("way", WAYS)
@given(code=codes())
def test_a_code_is_found_however_it_is_typed(way: str, code: Code) -> None:
    typed = WAYS[way](code.text)
    assert find(typed) == code


@given(codes(), st.data())
def test_one_wrong_symbol_is_noticed(code: Code, data: st.DataObject) -> None:
    """A check symbol modulo a prime above the alphabet's size catches every single substitution."""
    place = data.draw(st.integers(0, 20))
    symbols = plain(code)
    other = data.draw(st.sampled_from([symbol for symbol in ALPHABET if symbol != symbols[place]]))
    wrong = symbols[:place] + other + symbols[place + 1 :]
    assert find(wrong) is None


@given(codes(), st.text(max_size=30), st.text(max_size=30))
def test_the_words_around_a_code_are_kept(code: Code, before: str, after: str) -> None:
    assert take(f"{before} ({code.text}) {after}") == (code, f"{before} () {after}")
    assert take(before) is None


@given(codes(), st.integers(0, 19))
def test_two_neighbours_exchanged_are_noticed(code: Code, place: int) -> None:
    symbols = plain(code)
    assume(symbols[place] != symbols[place + 1])
    wrong = symbols[:place] + symbols[place + 1] + symbols[place] + symbols[place + 2 :]
    assert find(wrong) is None


@given(codes(), st.data())
def test_a_mistyped_code_looks_like_one(code: Code, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 20))
    other = data.draw(st.sampled_from("ABCDEFGH"))
    groups = code.text
    at = [index for index, symbol in enumerate(groups) if symbol != "-"][place]
    assume(groups[at] != other)
    wrong = groups[:at] + other + groups[at + 1 :]
    assume(sum(symbol in "23456789" for symbol in wrong[:-1]) >= 2)
    assert find(wrong) is None
    assert looks_like_code(wrong)
    assert looks_like_code(f"mi codigo {wrong} no funciona")
    assert not looks_like_code(code.text)


@given(codes(), st.integers(1, 5))
def test_a_code_with_a_symbol_left_out_looks_like_one(code: Code, group: int) -> None:
    groups = code.text.split("-")
    groups[group - 1] = groups[group - 1][:-1]
    text = "-".join(groups)
    assume(sum(symbol in "23456789" for symbol in text[:-1]) >= 2)
    assert find(text) is None
    assert looks_like_code(text)


@given(st.text(max_size=300))
def test_any_text_at_all_is_handled(text: str) -> None:
    assert find(text) is None
    assert not looks_like_code(text)


words = st.lists(st.text("abcdefghijklmnopqrstuvwxyzáéñ0123456789", min_size=1, max_size=9), max_size=30)


@given(words)
def test_words_and_numbers_are_no_code(pieces: list[str]) -> None:
    """Even numbers and plates between words: the groups, the two digits, two letters and the check must all fit."""
    assert find(" ".join(pieces)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Estoy en la calle 50, edificio 23, apartamento 4B, ayuda",
        "Mi telefono es 6612-3456 y el de mi hermana 6698-7654",
        "Carro gris placa BD4567, salió a las 23:45 hacia Colón",
        "4111 1111 1111 1111 12/29",
        "https://t.me/K7Q2M4F3R09TBZC6NH8WDK?start=1",
        "Account DE89 3704 0044 0532 0130 00",
        "llevo aquí 23 días y hay otras 45 niñas no sé nada",
        "Help me please they took my passport 3 weeks ago",
    ],
)
def test_ordinary_messages_are_no_code_nor_nearly(text: str) -> None:
    assert find(text) is None
    assert not looks_like_code(text)


@given(codes())
def test_a_code_inside_an_address_or_a_longer_word_is_none(code: Code) -> None:
    for text in (f"https://x.example/{plain(code)}", f"A{plain(code)}", f"{plain(code)}A7", f"a@{plain(code)}"):
        assert find(text) is None


def test_a_mixed_case_identifier_is_no_code() -> None:
    code = new_code(0, random.Random(5).randbytes)
    mixed = "".join(c.lower() if at % 2 else c for at, c in enumerate(plain(code)))
    assert find(mixed) is None


@given(codes())
def test_a_second_code_for_the_same_case_has_another_secret(code: Code) -> None:
    second = new_secret(code.locator)
    assert second.locator == code.locator
    assert second.secret != code.secret
    assert find(second.text) == second


@pytest.mark.parametrize(
    ("typed", "case"), [("k7q2m", "K7Q2M"), (" OIL23", "01123"), ("K7Q2", None), ("K7Q2U", None)]
)
def test_a_case_id_is_read_as_people_type_it(typed: str, case: str | None) -> None:
    assert normal_case_id(typed) == case


@pytest.mark.parametrize("case", ["", "K7Q2", "K7Q2MM", "k7q2m", "K7Q2U", "K7-2M"])
def test_what_cannot_be_a_case_id_has_no_shard(case: str) -> None:
    with pytest.raises(ValueError, match="not a case id"):
        shard_of_case(case)


@pytest.mark.parametrize("shard", [-1, SHARDS])
def test_a_shard_that_is_not_there_gets_no_code(shard: int) -> None:
    with pytest.raises(ValueError, match="shards"):
        new_code(shard)


async def test_only_the_right_secret_matches_its_hash_and_each_case_has_its_own_salt() -> None:
    code, salt = new_code(0), new_salt()
    digest = await hash_secret(code.secret, salt)
    assert await verify(code.secret, salt, digest)
    assert not await verify(new_code(0).secret, salt, digest)
    assert not await verify(code.secret, new_salt(), digest)
    assert code.secret not in digest
