"""Text as hazard expressions see it: one way of spelling for the many ways in which people (and evaders) type.

Lower case without accents and without the signs that Arabic and Hindi are typed with or without; invisible and
bidirectional characters gone; look-alike letters, leetspeak, stretched and spaced-out words undone. The result is a
line of words separated by single spaces in which `.` ends a sentence and `,` a clause. Each step reads the text
once, so that time grows with its length and no faster.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 4096
"""More than any channel delivers in one message; the first and the last half of a longer text are read."""

_CYRILLIC_AND_GREEK = str.maketrans("аеорсухіјѕԁαορνικτευ", "aeopcyxijsdaopvikteu")
_TRADITIONAL = str.maketrans(
    "動無間體頂開擊搶驚懼嘔暈懷難蓋噴毆櫃廁礦艙飛貨顫氣慘聲滿連續務試題講課應該認識區別調監獄緝槍彈藥證據關係給絕對雙條結離婦爺孫鄰樣雜攔擋攤撲噁鎖綁殺報強門賣護沒說讓們裡幾個來麼兒媽點時還後發會過這頭錢債進樓車機場邊勞紅傷園馬訊話買帶轉運壓處電視劇聞導論現剛誰遺書繩鐵鏈銬幫趕緊嚇熱餓飯腦燒潑燙斷醫灣國簽資贖產嬰歲騙販斃彎蹤姦軟籠塊寫聽見脫褲從賭廠單網戀紀錄夢裝週",
    "动无间体顶开击抢惊惧呕晕怀难盖喷殴柜厕矿舱飞货颤气惨声满连续务试题讲课应该认识区别调监狱缉枪弹药证据关系给绝对双条结离妇爷孙邻样杂拦挡摊扑恶锁绑杀报强门卖护没说让们里几个来么儿妈点时还后发会过这头钱债进楼车机场边劳红伤园马讯话买带转运压处电视剧闻导论现刚谁遗书绳铁链铐帮赶紧吓热饿饭脑烧泼烫断医湾国签资赎产婴岁骗贩毙弯踪奸软笼块写听见脱裤从赌厂单网恋纪录梦装周",
)
"""The traditional characters that hazard words are written with, as the simplified ones in which zh.yml has them."""
_ARABIC = str.maketrans("ىةیکٱھہۀ", "يهيكاههه")
"""Letters typed one for the other: final alef and ya, ta marbuta and ha, and their Persian and Urdu forms."""
_SAID_BY_MARKS = re.compile("[\u064b-\u0655\u0640\u0670\u093c]")
"""Arabic vowel signs, the hamza on a carrier, the stretching line; the dot below of Hindi: mostly left out."""
_LEET = str.maketrans("013457@$", "oieastas")
_CLAUSE = frozenset(',;:()[]{}"«»“”–—/|،؛')
_SENTENCE = frozenset(".!?¡¿…\n\r。！？؟۔।॥")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_TRAILING = re.compile(r"([aiu])\1\b")
_SPELT = re.compile(r"(?<![\w\u0900-\u0963])(?:[^\W\d_][ .\-_*·]){2,}[^\W\d_](?![\w\u0900-\u0963])")
"""To `re` the vowel signs of Devanagari are no letters."""
_SEPARATORS = re.compile(r"[ .\-_*·]")
_MIXED = re.compile(r"\w*[@$\d]\w*[@$\w]*")
_COUNTED = re.compile(r"\d\d[a-z]{2,}")
"""A number written together with its unit: 14anos."""
_SIGNS = {"🆘": " sos "}
_HAN = re.compile(r"([\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af])")
"""Chinese is written without spaces: each of its characters stands as a word of its own."""


def normalise(text: str) -> str:
    """`text` in its plain form, beginning and ending with a space. Never raises; linear in the length."""
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    # one character may become eighteen
    plain = unicodedata.normalize("NFKD", text).casefold()[: 2 * MAX_CHARACTERS]
    plain = _SAID_BY_MARKS.sub("", plain.translate(_TRADITIONAL).translate(_ARABIC)).replace("\u0901", "\u0902")
    letters = "".join(_character(c) for c in plain)
    letters = _SPELT.sub(lambda match: _SEPARATORS.sub("", match[0]), letters)
    letters = _HAN.sub(r" \1 ", letters)
    words = " ".join(_word(word) for word in letters.split(" ") if word)
    words = _TRAILING.sub(r"\1", _STRETCHED.sub(r"\1", words))
    marked = "".join(_boundary(c) for c in words)
    return f" {' '.join(marked.split())} "


def _character(c: str) -> str:
    if "\u0300" <= c <= "\u036f":
        return ""  # an accent, split off by NFKD; marks of other scripts are letters and stay
    category = unicodedata.category(c)
    if category in {"Cf", "Cs"}:
        return ""  # zero-width, bidirectional, lone surrogates
    if c in "\n\r":
        return " \n "
    if category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    if c in "'’‘`´":
        return ""  # can't, ’cause
    return c


def _word(word: str) -> str:
    """Look-alikes and leetspeak undone, only in words that mix them with Latin letters (`104` stays a number)."""
    if word.isascii() and word.isalpha():
        return word
    if _COUNTED.fullmatch(word):
        return f"{word[:2]} {word[2:]}"
    if any("a" <= c <= "z" for c in word):
        word = word.translate(_CYRILLIC_AND_GREEK)
        return _MIXED.sub(lambda match: match[0].translate(_LEET) if _mostly_letters(match[0]) else match[0], word)
    return word


def _mostly_letters(word: str) -> bool:
    letters = sum(c.isalpha() for c in word)
    return letters >= 1 and letters * 2 >= len(word) - 1


def _boundary(c: str) -> str:
    if c in _SENTENCE:
        return " . "
    if c in _CLAUSE:
        return " , "
    return c if c.isalnum() or c == " " or unicodedata.category(c).startswith("M") else " "
