"""The lexical floor: its own examples, evasions, denial and idiom, and that no text makes it slow."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config_source import ConfigurationError
from bot.conversation.messages import RISK_FLAGS, Urgency
from bot.triage import hazards
from bot.triage.hazards import find

pytestmark = pytest.mark.unit

KINDS = [
    (f"{language.language}.{kind}", entry)
    for language in hazards.languages()
    for kind, entry in [("cry", language.cry), *((rule.id, rule) for rule in language.rules)]
]


def test_the_languages_of_the_service_are_there() -> None:
    assert {language.language for language in hazards.languages()} >= {"es", "en", "zh", "pt", "ar", "hi"}


@pytest.mark.parametrize(("name", "entry"), KINDS, ids=[name for name, _ in KINDS])
def test_a_rule_fires_on_its_own_examples_and_not_on_the_others(name: str, entry: hazards.Cry | hazards.Rule) -> None:
    for text in entry.yes:
        hazard = find(text)
        assert hazard is not None, text
        assert name in hazard.ids, text
        assert hazard.urgency >= Urgency.URGENT, text
    for text in entry.no:
        hazard = find(text)
        assert hazard is None or hazard.urgency <= Urgency.PRIORITY, text


@pytest.mark.parametrize(
    "text",
    [
        "ayuda",
        "AYUDA!!!",
        "auxilio",
        "socorroooo",
        "help",
        "Help me please",
        "help me",
        "sos",
        "S.O.S",
        "🆘",
        "🆘🆘🆘",
        "a y u d a",
        "h e l p",
        "AYU\u200bDA",
        "h3lp m3",
    ],
)
def test_a_cry_for_help_alone_is_at_least_urgent(text: str) -> None:
    hazard = find(text)
    assert hazard is not None
    assert hazard.urgency >= Urgency.URGENT


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("me van a matar", "RISK-WEAPON"),
        ("Me tienen ENCERRADA y no puedo salir", "RISK-CAPTIVE"),
        ("they're going to kill me", "RISK-WEAPON"),
        ("I can’t get out, he locked the door from outside", "RISK-CAPTIVE"),
        ("he has a gun", "RISK-WEAPON"),
        ("me voy a suicidar", "RISK-SELF"),
        ("they took my daughter", "RISK-CHILD"),
        ("nos llevan esta noche en un bote", "RISK-MOVE"),
        ("hola buenas tardes\n\nquería contarles algo. me esta pegando ahora", "RISK-NOW"),
        ("he locked me in, estoy encerrada", "RISK-CAPTIVE"),
        ("estou no banheiro trancada", "RISK-CAPTIVE"),
        ("estão a bater-me", "RISK-NOW"),
        ("ele tá com a arma na mão", "RISK-WEAPON"),
        ("levaram minha filha", "RISK-CHILD"),
        ("我被关在房间里", "RISK-CAPTIVE"),
        ("門從外面反鎖了", "RISK-CAPTIVE"),
        ("他有枪，快叫警察", "RISK-WEAPON"),
        ("hola 我被綁架了 help", "RISK-CAPTIVE"),
        ("أَنَا مَحبوسة والباب عليه جنزير", "RISK-CAPTIVE"),
        ("m7abseni b ghorfe", "RISK-CAPTIVE"),
        ("ضربوني وهلق رح يقتلوني", "RISK-WEAPON"),
        ("الليلة رح ينقلونا على بلد تاني", "RISK-MOVE"),
        ("mujhe kamre mein band kar rakha hai", "RISK-CAPTIVE"),
        ("मुझे जान से मार देंगे", "RISK-WEAPON"),
        ("ज़हर पी लिया है", "RISK-SELF"),
        ("paise nahi diye to maar denge", "RISK-WEAPON"),
        ("me tienen encerrado bhai bachao", "RISK-CAPTIVE"),
    ],
)
def test_plain_danger_is_an_emergency(text: str, risk: str) -> None:
    hazard = find(text)
    assert hazard is not None
    assert hazard.urgency is Urgency.EMERGENCY
    assert risk in hazard.risks


@pytest.mark.parametrize(
    "text",
    [
        "hola",
        "gracias",
        "me muero de risa",
        "no me pegan ni me amenazan",
        "nobody is hurting me",
        "he does not have a gun",
        "qué hago si algún día me encierran",
        "what should I do if they lock me up",
        "vi una película donde la tienen secuestrada",
        "I dreamed that they wanted to kill me",
        "mi mamá me va a matar si saco mala nota",
        "stuck in traffic",
        "quiero información sobre la trata",
        "cuánto cuesta el pasaje a David",
        "não tô presa, tenho a chave",
        "socorro kkkkk que vídeo é esse",
        "to presa no trânsito da marginal",
        "没有，没人打过我",
        "笑死我了",
        "万一有人被绑架你们怎么处理",
        "我的号被关小黑屋七天",
        "مو محبوسة بطلع وقت ما بدي",
        "الحر رح يقتلني والله",
        "بيدوروا على شقة قريبة",
        "لو حدا خطفني لمين احكي",
        "uske paas bandook nahi hai",
        "हंसी से मर गया",
        "agar koi mujhe band kar de to kya karu",
        "bijli bachao",
    ],
)
def test_everyday_denied_imagined_and_idiomatic_texts_are_no_hazard(text: str) -> None:
    assert find(text) is None


def test_what_is_long_past_is_priority_and_not_danger_now() -> None:
    hazard = find("hace años me tenían encerrada")
    assert hazard is not None
    assert hazard.urgency is Urgency.PRIORITY
    assert "RISK-NOW" not in hazard.risks


def test_danger_in_one_sentence_is_not_hidden_by_another() -> None:
    for distraction in (
        "No tiene armas.",
        "Vi una película anoche.",
        "El año pasado estuve bien.",
        "Soñé con mi casa.",
    ):
        hazard = find(f"{distraction} Me quieren matar. {distraction}")
        assert hazard is not None
        assert hazard.urgency is Urgency.EMERGENCY


def test_a_negated_condition_is_no_denial() -> None:
    hazard = find("tengo que pagar, si no me matan")
    assert hazard is not None
    assert hazard.urgency is Urgency.EMERGENCY


def test_a_word_denies_only_in_its_own_language() -> None:
    spanish = find("no me tienen encerrada")
    portuguese = find("to no quarto trancada")  # "no": in the
    assert spanish is None
    assert portuguese is not None
    assert portuguese.urgency is Urgency.EMERGENCY


def test_only_ids_of_rules_are_reported_never_words() -> None:
    hazard = find("me tienen encerrada en la calle 50")
    assert hazard is not None
    assert set(hazard.ids) <= {name for name, _ in KINDS}


@settings(max_examples=300)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_raises(text: str) -> None:
    hazard = find(text)
    assert hazard is None or hazard.risks <= RISK_FLAGS


WORDS = (
    "me tienen encerrada no nos si van a matar , . he is going to kill me not if i dont ayuda 4yud4 a b c " * 9
).split()


@given(st.lists(st.sampled_from(WORDS), max_size=30), st.sampled_from(["me van a matar", "they want to kill me"]))
def test_a_sentence_added_after_never_hides_a_danger(words: list[str], danger: str) -> None:
    hazard = find(f"{' '.join(words)}. {danger}")
    assert hazard is not None
    assert hazard.urgency is Urgency.EMERGENCY


ATTACKS = {
    "gaps": "me tienen ",
    "prefixes": "encerrad",
    "one word": "a",
    "spelt": "a ",
    "dotted": "a.",
    "leet": "4@",
    "negations": "no ni nunca me ",
    "denials": "que hago si me ",
    "marks": "a\u0301",
    "expanding": "ﷺ",
    "emoji": "🆘",
    "chinese": "我被他关",
    "arabic": "وانا محبوس و عم ",
    "hindi": "मुझे mujhe घर me nahi ",
    "commas": ", ",
    "lines": "\n",
    "mixed": "me 4 tienen, no si e.n.c ",
}


def _work(text: str) -> float:
    """Processor time in seconds, the best of three."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        find(text)
        best = min(best, time.process_time() - begin)
    return best


@pytest.mark.parametrize("name", ATTACKS)
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    piece = ATTACKS[name]
    short = (piece * 1024)[:1024]
    long = (piece * 4096)[:4096]
    # four times the text, and room for noise; a quadratic step would take sixteen times
    assert _work(long) < 10 * _work(short) + 0.02


def test_a_text_of_any_length_costs_no_more_than_the_longest_that_is_read() -> None:
    assert _work("me tienen " * 200_000) < 10 * _work("me tienen " * 410) + 0.05


BROKEN = {
    "an unknown risk": ("risks: [RISK-NOW]", "risks: [RISK-SOON]", "RISK-SOON"),
    "an unknown urgency": ("urgency: emergency", "urgency: critical", "critical"),
    "an unreadable expression": ("- me|nos tienen", "- .. tienen", "tienen"),
    "an unknown name of words": ("- me|nos tienen", "- <we> tienen", "<we>"),
    "an unknown key": ("language: es", "language: es\ncolour: red", "colour"),
}

GOOD = """
language: es
negations: ["no"]
adverbs: [ya]
not_denying: [si]
denials: []
unreal: []
fiction: []
past: []
idioms: []
cry: {words: [ayuda], yes: [ayuda], no: [hola]}
rules:
  - id: captive
    urgency: emergency
    risks: [RISK-NOW]
    any:
      - me|nos tienen
    yes: [me tienen]
    no: [no me tienen]
"""


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "es.yml"
    path.write_text(GOOD, encoding="utf-8")
    assert hazards.load(path).rules[0].urgency is Urgency.EMERGENCY


def test_a_name_stands_for_its_words(tmp_path: Path) -> None:
    path = tmp_path / "es.yml"
    named = GOOD.replace("- me|nos tienen", "- <me> tienen").replace("adverbs:", "words: {me: me|nos}\nadverbs:")
    path.write_text(named, encoding="utf-8")
    finder = hazards.Finder([hazards.load(path)])
    assert finder.find("nos tienen") is not None
    assert finder.find("los tienen") is None


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_its_name_and_the_fault(name: str, tmp_path: Path) -> None:
    old, new, told = BROKEN[name]
    path = tmp_path / "es.yml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        hazards.load(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
