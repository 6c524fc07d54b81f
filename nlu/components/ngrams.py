"""Groups of letters as features: what the encoder overlooks in a short text, a name of slang or a misspelt word."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

PLACES = 1 << 16
"""Groups are counted by a hash of this many values: no dictionary is kept, and none of what people wrote."""
LETTERS = (1, 5)
_SIGNS = re.compile(r"[^\w\s\u0900-\u0963]+")
"""To `re` the vowel signs of Devanagari are no letters."""


def plain(text: str) -> str:
    """Lower case, without Latin accents and punctuation: the way most people type."""
    split = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(c for c in split if not "\u0300" <= c <= "\u036f")
    return " ".join(_SIGNS.sub(" ", unicodedata.normalize("NFC", kept)).split())


def counts(texts: list[str]) -> csr_matrix:
    """One row for each text: how often each group occurs, damped by the logarithm."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=LETTERS, n_features=PLACES, alternate_sign=False, norm=None, dtype=np.float32
    )
    found = hashing.transform([plain(text) for text in texts])
    found.data = 1 + np.log(found.data)
    return found


@dataclass
class Letters:
    """Turns texts into rows of length 1, rare groups weighing more than common ones."""

    rarity: np.ndarray

    @classmethod
    def fit(cls, texts: list[str]) -> Letters:
        found = counts(texts)
        seen = np.asarray((found > 0).sum(axis=0)).ravel()
        rarity = np.log((1 + len(texts)) / (1 + seen)) + 1
        # a group that only one or two examples have says something of them and nothing of other texts
        return cls(np.where(seen >= 3, rarity, 0.0).astype(np.float32))

    def rows(self, texts: list[str]) -> csr_matrix:
        found = counts(texts).multiply(self.rarity).tocsr()
        lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
        scale = 1 / np.maximum(lengths, 1e-6)
        found.data *= np.repeat(scale, np.diff(found.indptr)).astype(np.float32)
        return found
