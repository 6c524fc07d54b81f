"""Everyday text that nobody here wrote: sayings and quotations of Debian's `fortune` packages, where installed."""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

FOLDER = Path("/usr/share/games/fortunes")
SOURCES = {
    "es": ("fortunes-es", ["es/*.fortunes"]),
    "en": ("fortunes", ["*"]),
    "pt": ("fortunes-br", ["brasil"]),
    "zh": ("fortunes-zh", ["chinese"]),
    "ru": ("fortunes-ru", ["ru/*"]),
}
"""The package and its files by language. For fr, ht, ar, hi and fa Debian has none."""
NOT_ENGLISH = {"brasil", "chinese", "song100", "tang300"}
SCRIPTS = {"zh": re.compile(r"[\u4e00-\u9fff]"), "ru": re.compile(r"[\u0400-\u04ff]")}
"""Of which at least half of a text must be: their files are full of programs and their messages."""
MOST_CHARACTERS = 200
SEED = 5
_COLOURS = re.compile(r"\x1b\[[0-9;]*m|.\x08")


def install() -> str:
    """Install the packages where that is possible. Returns one line on what could not be done, or ""."""
    missing = [package for package, _ in SOURCES.values() if not _installed(package)]
    if not missing:
        return ""
    if os.geteuid() != 0 or not Path("/usr/bin/apt-get").exists():
        return f"not installed: {', '.join(missing)} (Debian: apt-get install {' '.join(missing)})"
    ended = subprocess.run(
        ["apt-get", "install", "-y", "--no-install-recommends", *missing], capture_output=True, text=True
    )
    return "" if ended.returncode == 0 else f"could not be installed: {', '.join(missing)}"


def _installed(package: str) -> bool:
    return Path(f"/var/lib/dpkg/info/{package}.list").exists()


def lines(language: str, most: int) -> list[str]:
    """At most `most` short texts, the same ones each time; none when the package is not there."""
    package, patterns = SOURCES[language]
    if not _installed(package):
        return []
    found: set[str] = set()
    for path in sorted(path for pattern in patterns for path in FOLDER.glob(pattern)):
        plain = path.is_file() and not path.is_symlink() and path.suffix not in {".dat", ".u8"}
        if not plain or (language == "en" and path.name in NOT_ENGLISH):
            continue
        whole = path.read_bytes().decode("utf-8", "replace")
        for part in re.split(r"^%.*$", whole, flags=re.MULTILINE):
            for piece in [part, *part.splitlines()]:
                text = " ".join(_COLOURS.sub("", piece).split())
                script = SCRIPTS.get(language)
                foreign = script is not None and 2 * len(script.findall(text)) < len(text)
                if 8 <= len(text) <= MOST_CHARACTERS and "\ufffd" not in text and not foreign:
                    found.add(text)
    ordered = sorted(found)
    random.Random(SEED).shuffle(ordered)
    return ordered[:most]
