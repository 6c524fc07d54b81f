"""One spelling for the ways people type and evaders hide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.triage.normalise import MAX_CHARACTERS, normalise

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Auxílio", "auxilio"),
        ("AYUDAAAAAA", "ayuda"),
        ("ayudaa", "ayuda"),
        ("a y u d a", "ayuda"),
        ("a.y.u.d.a", "ayuda"),
        ("h-e-l-p me", "help me"),
        ("4yud4", "ayuda"),
        ("m3 qu1er3n m4t4r", "me quieren matar"),
        ("m@tar", "matar"),
        ("ay\u200bu\u2060da", "ayuda"),
        ("\u202eayuda\u202c", "ayuda"),
        ("ау\u200buda".replace("u\u200bu", "u"), "ayuda"),
        ("НЕLР", "нelp"),
        ("𝐇𝐄𝐋𝐏", "help"),
        ("ｈｅｌｐ", "help"),
        ("can't", "cant"),
        ("can’t", "cant"),
        ("a\x00yuda", "a yuda"),
        ("🆘", "sos"),
        ("no, me matan. hoy", "no , me matan . hoy"),
        ("llama al 104", "llama al 104"),
        ("6534-2546", "6534 2546"),
        ("14anos", "14 anos"),
        ("我被关在3楼，WiFi没了", "我 被 关 在 3 楼 , wifi 没 了"),
        ("救 救 我", "救 救 我"),
        ("門從外面反鎖", "门 从 外 面 反 锁"),
        ("أَنَا مُحْتَجَزَة، الحقونـــي", "انا محتجزه , الحقوني"),
        ("على فلوسى", "علي فلوسي"),
        ("ana ma7bousa", "ana matbousa"),
        ("मुझे कमरे में बंद कर रखा है। पढ़ो हूँ", "मुझे कमरे में बंद कर रखा है . पढो हूं"),
        ("घर न व मैं", "घर न व मैं"),
        ("\ud83d", ""),
        ("", ""),
    ],
)
def test_spellings(text: str, plain: str) -> None:
    assert normalise(text).strip() == plain


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_becomes_a_line_of_words_between_single_spaces(text: str) -> None:
    line = normalise(text)
    assert line.startswith(" ")
    assert line.endswith(" ")
    assert "\n" not in line
    assert "  " not in line.strip()


def test_both_ends_of_a_text_that_is_too_long_are_read() -> None:
    line = normalise("auxilio " + "x " * MAX_CHARACTERS + " socorro")
    assert line.startswith(" auxilio ")
    assert line.endswith(" socorro ")
