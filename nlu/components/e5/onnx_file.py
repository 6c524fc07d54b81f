"""Writes ONNX files: the few of the format's messages that one graph needs, in protocol buffers' wire format.

Field numbers are those of onnx.proto3. Having them here spares the whole `onnx` package.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

TYPES = {np.dtype("f4"): 1, np.dtype("u1"): 2, np.dtype("i4"): 6, np.dtype("i8"): 7}
IR_VERSION = 9
STANDARD = 18
CONTRIBUTED = "com.microsoft"
VARINT, BYTES, FIXED32 = 0, 2, 5


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | VARINT) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | FIXED32) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | BYTES) + _varint(len(data)) + data


class Graph:
    """Nodes, constants, inputs and outputs, in the order they are added."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: dict[str, bytes] = {}
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []

    def constant(self, name: str, values: np.ndarray) -> str:
        """Add a constant; returns its name."""
        dims = b"".join(_field(1, size) for size in values.shape)
        raw = np.ascontiguousarray(values).tobytes()
        self._constants[name] = dims + _field(2, TYPES[values.dtype]) + _field(8, name) + _field(9, raw)
        return name

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        outputs: str | Sequence[str],
        domain: str = "",
        **attributes: int | float,
    ) -> str:
        """Add a node; returns its first output. An attribute's type is its Python type."""
        names = [outputs] if isinstance(outputs, str) else outputs
        parts = [_field(1, name) for name in inputs] + [_field(2, name) for name in names] + [_field(4, kind)]
        for name, value in attributes.items():
            held = _field(2, value) + _field(20, 1) if isinstance(value, float) else _field(3, value) + _field(20, 2)
            parts.append(_field(5, _field(1, name) + held))
        parts.append(_field(7, domain))
        self._nodes.append(b"".join(parts))
        return names[0]

    def takes(self, name: str, kind: type, shape: Sequence[int | str]) -> str:
        """Declare an input; a dimension with a name is free."""
        self._inputs.append(_described(name, kind, shape))
        return name

    def gives(self, name: str, kind: type, shape: Sequence[int | str]) -> None:
        """Declare an output."""
        self._outputs.append(_described(name, kind, shape))

    def serialised(self) -> bytes:
        """The whole as an ONNX model."""
        parts = [_field(1, node) for node in self._nodes] + [_field(2, self._name)]
        parts += [_field(5, constant) for constant in self._constants.values()]
        parts += [_field(11, described) for described in self._inputs]
        parts += [_field(12, described) for described in self._outputs]
        operators = [("", STANDARD), (CONTRIBUTED, 1)]
        needed = b"".join(_field(8, _field(1, domain) + _field(2, version)) for domain, version in operators)
        return _field(1, IR_VERSION) + _field(7, b"".join(parts)) + needed


def _described(name: str, kind: type, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    tensor = _field(1, TYPES[np.dtype(kind)]) + _field(2, dims)
    return _field(1, name) + _field(2, _field(1, tensor))
