"""`make bench`: the NumPy LSTM beside Keras, torch and ONNX Runtime, in one run, in turns, on one thread.

    python -m benchmarks.speed --small --json figures.json

prints a table and writes its figures: in every row both sides' median and quartiles over the rounds, and the ratio, the
other side's time over ours, so that above 1 ours is faster. Ours is NumPy, but for the row `fit`, where both sides are
Keras. Two rows are NumPy's own: how much longer its slowest steps take than the usual one, and its memory over what an
LSTM's backward pass must keep. Before any side is timed, its result must agree with NumPy's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks import fit, layers, models, serving, start, streaming
from benchmarks.measure import Side, Spread, agree, describe_machine, installed, time_blocks, time_calls
from benchmarks.report import EXAMPLE, FIT, SERVING, SHAPES, START, STREAM, Row, Shape, write_table
from lstm_tutorial.scratch.lstm import LSTM

ROOT = Path(__file__).parents[1]
CALLS = 300  # streaming steps of each side in a round
# What must be there for a side and isn't in requirements.txt, or not on every platform.
NEEDS = {"torch": "torch", "torch LSTMCell": "torch", "ONNX Runtime": "onnxruntime"}
TRAINING: dict[str, Callable[[layers.Case], Side]] = {
    "NumPy": layers.train_numpy,
    "products": layers.train_products,
    "textbook": layers.train_textbook,
    "Keras": layers.train_keras,
    "torch": layers.train_torch,
}
INFERENCE: dict[str, Callable[[layers.Case], Side]] = {
    "NumPy": layers.infer_numpy,
    "Keras": layers.infer_keras,
    "torch": layers.infer_torch,
    "ONNX Runtime": layers.infer_onnx,
}
STREAMING: dict[str, Callable[[layers.Case], Side]] = {
    "NumPy": streaming.step_numpy,
    "ONNX Runtime": streaming.step_onnx,
    "torch LSTMCell": streaming.step_torch,
    "tf.function": streaming.step_function,
    "predict_on_batch": streaming.step_predict,
}


def measure_training(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """Forward and backward through the layer."""
    return _layer_rows("training", TRAINING, shape, options.rounds)


def measure_inference(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """Forward alone."""
    return _layer_rows("inference", INFERENCE, shape, options.rounds)


def measure_update(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """One step of training a whole model."""
    x = layers.Case(shape).x
    y = np.random.default_rng(1).normal(size=(len(x), 1)).astype(np.float32)
    sides = [make(x, y, shape[3]) for make in (models.update_numpy, models.update_keras)]
    agree(sides, runs=5)
    return _rows("update", shape, time_blocks(sides, options.rounds), ["train_on_batch"])


def measure_streaming(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """One step at a time: the usual call, and the slowest in a hundred."""
    sides = _make(STREAMING, shape)
    agree(sides, runs=20)
    p50, p99 = time_calls(sides, options.rounds, CALLS)
    others = list(STREAMING)[1:]
    return [
        *_rows("streaming p50", shape, p50, others),
        *_rows("streaming p99", shape, p99, others),
        Row("streaming p99", shape, "its own p50", p99["NumPy"], p50["NumPy"]),
    ]


def measure_example(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """The article's example as whole processes, from start to end, imports included."""
    sides = [name for name in ("NumPy", "Keras", "torch") if _at_hand(name)]
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    losses: dict[str, float] = {}
    for _ in range(min(options.rounds, 3)):
        for name in sides:
            command = [sys.executable, "-m", "benchmarks.models", name.lower(), str(options.epochs)]
            start = time.perf_counter()
            result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            seconds[name].append(time.perf_counter() - start)
            losses[name] = float(result.stdout.split()[-1])
    rows = _rows("example", shape, {name: Spread.of(each) for name, each in seconds.items()}, ["Keras", "torch"])
    for row in rows:
        if row.other in losses:
            row.note = f"final loss {losses['NumPy']:.5f} and {losses[row.other]:.5f}"
            if not abs(losses[row.other] - losses["NumPy"]) <= 0.05 * losses["NumPy"]:
                raise ValueError(f"{row.other}: {row.note}: not the same training")
    return rows


def measure_fit(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """An epoch of the workflow's recipe, and one of the article's plain setup on the same windows."""
    spreads, windows = fit.time_epochs(min(options.rounds, 5), shape[3])
    ours, theirs = spreads.values()
    return [Row("fit", shape, "plain setup", ours, theirs, f"an epoch of {windows:,} windows, all variables and 24 h")]


def measure_start(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """From the start of a process to its first forecast, by the command `predict` and through Keras."""
    return _rows("start", shape, start.time_starts(min(options.rounds, 3), shape[3]), ["Keras"])


def measure_serving(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """The server under load, beside itself with a forecaster that returns a constant: the time of a request."""
    return serving.measure(options.rounds)


def measure_memory(shape: Shape, options: argparse.Namespace) -> list[Row]:
    """The most that one training step holds at a time, what it returns included; theory: i, f, g, o, c, tanh(c), h."""
    batch, steps, _, hidden = shape
    case = layers.Case(shape)
    layer = layers.share(case, LSTM(case.features, case.hidden))
    tracemalloc.start()
    h, _ = layer.forward(case.x)
    layer.backward(case.dh, need_dx=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    theory = 7 * hidden * batch * steps * h.itemsize
    return [Row("memory", shape, "7 hidden floats", Spread.of([peak]), Spread.of([theory]))]


PARTS: dict[str, tuple[Callable[[Shape, argparse.Namespace], list[Row]], list[Shape]]] = {
    "training": (measure_training, SHAPES),
    "update": (measure_update, SHAPES[:2]),
    "inference": (measure_inference, SHAPES),
    "streaming": (measure_streaming, [STREAM]),
    "example": (measure_example, [EXAMPLE]),
    "fit": (measure_fit, [FIT]),
    "start": (measure_start, [START]),
    "serving": (measure_serving, [SERVING]),
    "memory": (measure_memory, SHAPES),
}
SMALL = {"parts": ["training", "update", "inference", "streaming", "memory"], "shapes": SHAPES[:4], "rounds": 5}
FULL = {"parts": list(PARTS), "shapes": SHAPES, "rounds": 15}


def main(arguments: list[str] | None = None) -> None:
    """Measure what the options ask for, print the table, write the figures."""
    options = _parse(arguments)
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)  # chapters and tests turn it off; here TensorFlow may do its best
    machine = describe_machine()  # now, as its load should be that of others
    plan = [(part, shape) for part in options.parts for shape in _choose(part, options.shapes)]
    rows: list[Row] = []
    for part, shape in (progress := tqdm(plan, disable=None)):
        progress.set_description(f"{part} {','.join(map(str, shape))}")
        rows += PARTS[part][0](shape, options)
    print(write_table(rows, machine))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": machine, "rounds": options.rounds, "rows": [asdict(row) for row in rows]}
    options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"\nThe figures: {options.json}")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description="Compare LSTMs side by side.")
    parser.add_argument("--small", action="store_true", help="four shapes, few rounds, no whole processes: under 40 s")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="what to measure (all)")
    parser.add_argument("--shapes", nargs="+", type=_shape, metavar="BATCH,TIME,FEATURES,HIDDEN", help="of the layers")
    parser.add_argument("--rounds", type=int, help="how often each side is timed (15)")
    parser.add_argument("--epochs", type=int, default=100, help="of the example (100)")
    parser.add_argument("--json", type=Path, default=Path("_build/bench.json"), help="where figures go (%(default)s)")
    options = parser.parse_args(arguments)
    for name, value in (SMALL if options.small else FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def _shape(text: str) -> Shape:
    batch, steps, features, hidden = (int(size) for size in text.split(","))
    return batch, steps, features, hidden


def _choose(part: str, shapes: list[Shape]) -> list[Shape]:
    own = PARTS[part][1]
    if part in ("streaming", "example", "fit", "start", "serving"):
        return own
    return [shape for shape in shapes if shape in own or shape not in SHAPES]


def _at_hand(name: str) -> bool:
    return name not in NEEDS or installed(NEEDS[name])


def _make(makers: dict[str, Callable[[layers.Case], Side]], shape: Shape) -> list[Side]:
    case = layers.Case(shape)
    return [make(case) for name, make in makers.items() if _at_hand(name)]


def _layer_rows(part: str, makers: dict[str, Callable[[layers.Case], Side]], shape: Shape, rounds: int) -> list[Row]:
    sides = _make(makers, shape)
    agree(sides)
    return _rows(part, shape, time_blocks(sides, rounds), list(makers)[1:])


def _rows(part: str, shape: Shape, spreads: dict[str, Spread], others: list[str]) -> list[Row]:
    return [Row(part, shape, other, spreads["NumPy"], spreads.get(other)) for other in others]


if __name__ == "__main__":
    main()
