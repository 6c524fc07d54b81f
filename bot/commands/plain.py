"""What people wrote, made safe for an operator's terminal: no text can move its cursor, colour it, or hide in it.

Only what is shown changes: the sealed text stays as it came, and `--json` gives it exactly.
"""

from __future__ import annotations

import json
import re

_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters; ESC and CSI begin the sequences that terminals obey
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, which make a line read as another
    r"\ud800-\udfff]"  # halves of characters, which no terminal can be given
)
_BREAKS = re.compile("\r\n|[\u0085\u2028\u2029]")


def plain(text: str) -> str:
    """`text` with every character that a terminal might obey written out: `␛`, `⟨U+202E⟩`. Lines stay lines."""
    return _UNSAFE.sub(_named, _BREAKS.sub("\n", text).replace("\t", "    "))


def plain_json(value: object) -> str:
    """One JSON document: exactly `value`, and as safe to look at as `plain`."""
    written = json.dumps(value, ensure_ascii=False, indent=2)
    return re.sub("[\u2028\u2029]", _escaped, _UNSAFE.sub(_escaped, written))


def _named(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
