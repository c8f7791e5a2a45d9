"""Rows of figures, their targets, and the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Spread

Shape = tuple[int, int, int, int]
SHAPES: list[Shape] = [(32, 30, 1, 50), (32, 24, 1, 64), (256, 120, 14, 32), (64, 100, 32, 128), (128, 100, 64, 256)]
STREAM: Shape = (1, 1, 1, 50)
EXAMPLE: Shape = (32, 30, 1, 50)
FIT: Shape = (128, 3, 216, 50)
START: Shape = (1, 3, 216, 50)
SERVING: Shape = (1, 3, 216, 50)

# Set before anything was measured. The ratio must be at least this, ...
LEAST: dict[tuple[str, str], dict[Shape, float]] = {
    ("training", "Keras"): dict.fromkeys(SHAPES[:2], 1.8),
    ("training", "torch"): dict(zip(SHAPES, (0.9, 0.9, 1.5, 1.0, 1.0), strict=True)),
    ("training", "products"): dict(zip(SHAPES, (0.55, 0.62, 0.70, 0.83, 0.93), strict=True)),
    ("update", "train_on_batch"): dict.fromkeys(SHAPES[:2], 2.4),
    ("streaming p50", "ONNX Runtime"): {STREAM: 2.0},
    ("streaming p50", "torch LSTMCell"): {STREAM: 4.0},
    ("streaming p50", "predict_on_batch"): {STREAM: 70.0},
    ("example", "Keras"): {EXAMPLE: 5.0},
    ("start", "Keras"): {START: 10.0},
    ("serving", "constant"): {SERVING: 0.7},
}
# ... or, where NumPy is the numerator, at most this.
MOST: dict[tuple[str, str], dict[Shape, float]] = {
    ("streaming p99", "its own p50"): {STREAM: 3.0},
    ("memory", "7 hidden floats"): dict.fromkeys(SHAPES, 1.1),
}


@dataclass
class Row:
    """One comparison: `ours` and `theirs` in seconds, or in bytes for memory; None where the library is absent."""

    part: str
    shape: Shape
    other: str
    ours: Spread
    theirs: Spread | None
    note: str = ""
    ratio: float | None = None
    target: float | None = None
    met: bool | None = None

    def __post_init__(self) -> None:
        """Fill in ratio, target and whether it is met."""
        key = (self.part, self.other)
        if self.theirs is None:
            self.note = "not installed"
        elif key in MOST:
            self.ratio = self.ours.median / self.theirs.median
            self.target = MOST[key].get(self.shape)
            self.met = None if self.target is None else self.ratio <= self.target
        else:
            self.ratio = self.theirs.median / self.ours.median
            self.target = LEAST.get(key, {}).get(self.shape)
            self.met = None if self.target is None else self.ratio >= self.target


def write_table(rows: list[Row], machine: dict[str, Any]) -> str:
    """What was measured, and where, in lines of text."""
    threads = ", ".join(
        f"{pool['library']} {pool['architecture']}, {pool['threads']} thread" for pool in machine["blas"]
    )
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, load at the start {machine['load']}",
        f"NumPy's BLAS: {threads}",
        f"Python {machine['python']}, {versions}",
        "Shapes are batch,time,features,hidden; times are medians over the rounds [quartiles].",
        "",
    ]
    table = [("part", "shape", "ours", "beside it", "", "ratio", "target", "")]
    for row in rows:
        sign = "≤" if (row.part, row.other) in MOST else "≥"
        table.append(
            (
                row.part,
                ",".join(map(str, row.shape)),
                _figure(row.part, row.ours),
                row.other,
                _figure(row.part, row.theirs) if row.theirs else "",
                "" if row.ratio is None else f"{row.ratio:.2f}",
                "" if row.target is None else f"{sign} {row.target:g} {'met' if row.met else 'NOT MET'}",
                row.note,
            )
        )
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    return "\n".join(lines)


def _figure(part: str, spread: Spread) -> str:
    units = (("MB", 1e6), ("kB", 1e3)) if part == "memory" else (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next((pair for pair in units if spread.median >= pair[1]), units[-1])
    numbers = [f"{value / size:.3g}" for value in (spread.median, spread.lower, spread.upper)]
    return f"{numbers[0]} {unit}" + ("" if part == "memory" else f" [{numbers[1]}, {numbers[2]}]")
