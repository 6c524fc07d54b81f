"""The fast encoder beside the library, in turns within one run, and how far it is from the arithmetic limit.

Started by `tests/bench/encoder.py`. Times on a shared machine mean little by themselves: read the ratios.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 8
TEXTS = 500
BATCHES = (8, 32)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main(threads: int) -> None:
    """Prints everything. One thread is what the server uses."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    import numpy as np
    import yaml
    from components.e5.fast import Fast
    from components.encoder import Stock
    from components.text import fold

    said = []
    for path in sorted((Path(__file__).parents[1] / "data").rglob("*.yml")):
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
        said += [fold(example["text"], 600) for group in groups for example in group.get("examples", [])]
    random.Random(1).shuffle(said)
    texts = said[:TEXTS]

    before = _megabytes()
    began = time.perf_counter()
    fast = Fast(threads)
    fast.vectors(["hola"])
    say(f"fast: loaded in {time.perf_counter() - began:.2f} s, {_megabytes() - before} MB more at the most")
    before = _megabytes()
    began = time.perf_counter()
    stock = Stock(threads)
    stock.vectors(["hola"])
    say(f"stock: loaded in {time.perf_counter() - began:.2f} s, {_megabytes() - before} MB more at the most")

    cosines = (fast.vectors(texts) * stock.vectors(texts)).sum(axis=1)
    say(f"cosine over {len(texts)} texts: least {cosines.min():.5f}, mean {cosines.mean():.5f}")

    tokens = np.mean([len(fast._tokens.split(text)) + 2 for text in texts])
    engines = {"stock": stock.vectors, "fast": fast.vectors}
    times: dict[tuple[str, int], list[float]] = {(name, size): [] for name in engines for size in (1, *BATCHES)}
    for number in range(ROUNDS):
        for name, vectors in engines.items():
            for text in texts[number * 32 : number * 32 + 32]:
                times[name, 1].append(_seconds(lambda vectors=vectors, text=text: vectors([text])))
            for size in BATCHES:
                some = texts[number * size : number * size + size]
                times[name, size].append(_seconds(lambda vectors=vectors, some=some: vectors(some)) / size)
    say(f"threads {threads}, {tokens:.1f} tokens a text; milliseconds a text:")
    for size in (1, *BATCHES):
        for quantile in (0.5, 0.99) if size == 1 else (0.5,):
            slow, quick = (float(np.quantile(times[name, size], quantile)) * 1e3 for name in ("stock", "fast"))
            what = f"alone p{quantile * 100:.0f}" if size == 1 else f"batch of {size}"
            say(f"  {what:12} stock {slow:7.2f}  fast {quick:7.2f}  ratio {slow / quick:.1f}")
    split = _seconds(lambda: [fast._tokens.split(text) for text in texts]) / len(texts) * 1e3
    say(f"  of which splitting into tokens {split:.2f}")
    _limit(tokens, float(np.median(times["fast", 32])) * 1e3, threads)


def _limit(tokens: float, reached: float, threads: int) -> None:
    """Multiply-adds a text needs, and how long they take at the rates that this processor reaches right now."""
    from components.e5.weights import Weights

    shape = Weights().shape
    layer = 4 * shape.width * shape.width + 2 * shape.width * shape.inner
    attention = 2 * tokens * shape.width
    work = tokens * shape.layers * (layer + attention)
    say(f"multiply-adds a text: {work / 1e6:.0f} million ({shape.layers * layer / 1e6:.1f} million a token)")
    for name, rate in _rates(threads).items():
        limit = work / rate * 1e3
        times = reached / limit
        say(f"  {name}: {rate / 1e9:.0f} G/s, so {limit:.2f} ms; batches of 32 take {times:.1f} times that")


def _rates(threads: int) -> dict[str, float]:
    """Multiply-adds a second of ONNX Runtime's own kernels on a matrix that suits them."""
    import numpy as np
    import onnxruntime
    from components.e5.onnx_file import CONTRIBUTED, Graph

    rows, inputs, outputs = 384, 1536, 1536
    chance = np.random.default_rng(1)
    entering = chance.normal(size=(rows, inputs)).astype(np.float32)
    codes = chance.integers(0, 256, (inputs, outputs), dtype=np.uint8)
    rates = {}
    for name in ("8 bits, one scale for each output", "8 bits in blocks of 32", "32-bit floats"):
        graph = Graph("rate")
        graph.takes("in", np.float32, [rows, inputs])
        one, zero = (
            graph.constant("one", np.asarray(np.float32(0.02))),
            graph.constant("zero", np.asarray(np.uint8(128))),
        )
        if name.endswith("output"):
            held = graph.node("QuantizeLinear", ["in", one, zero], "held")
            weights = graph.constant("weights", codes)
            graph.node("MatMulIntegerToFloat", [held, weights, one, one, zero, zero], "out", CONTRIBUTED)
        elif name.endswith("32"):
            weights = graph.constant("weights", codes.reshape(outputs, inputs // 32, 32))
            scales = graph.constant("scales", np.full((outputs, inputs // 32), 0.02, dtype=np.float32))
            sizes = {"K": inputs, "N": outputs, "bits": 8, "block_size": 32, "accuracy_level": 4}
            graph.node("MatMulNBits", ["in", weights, scales], "out", CONTRIBUTED, **sizes)
        else:
            graph.node("MatMul", ["in", graph.constant("weights", codes.astype(np.float32))], "out")
        graph.gives("out", np.float32, [rows, outputs])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(graph.serialised(), options, providers=["CPUExecutionProvider"])
        best = min(_seconds(lambda session=session: session.run(None, {"in": entering})) for _ in range(20))
        rates[name] = rows * inputs * outputs / best
    return rates


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
