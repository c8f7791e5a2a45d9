"""Several sides that do the same work: first that they agree, then in turns how long each takes."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

Array = np.ndarray
BLOCK = 0.02  # seconds of each side's turn, or one run if that takes longer
LIBRARIES = ("numpy", "keras", "tensorflow", "tensorflow-cpu", "torch", "onnxruntime")


@dataclass
class Side:
    """One way to do the work: `run` does it, and is timed; `read` brings what it returned into NumPy's form."""

    name: str
    run: Callable[[], Any]
    read: Callable[[Any], dict[str, Array]] | None = None


@dataclass
class Spread:
    """Median and quartiles over the rounds."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, readings: Sequence[float]) -> Spread:
        """The spread of one reading from each round."""
        lower, median, upper = np.percentile(readings, [25, 50, 75])
        return cls(float(median), float(lower), float(upper))


def installed(library: str) -> bool:
    """Whether `import library` would find something, without trying it."""
    return util.find_spec(library) is not None


def agree(sides: Iterable[Side], runs: int = 1, tolerance: float = 1e-4) -> None:
    """Run each side `runs` times; raise ValueError where a result isn't the first side's.

    The `tolerance` is on the largest difference over the largest absolute value.
    """
    checked = [side for side in sides if side.read]
    for _ in range(runs):
        results = {side.name: side.read(side.run()) for side in checked if side.read}
        first = results[checked[0].name]
        for name, result in results.items():
            for part, value in result.items():
                error = float(np.abs(value - first[part]).max() / np.abs(first[part]).max())
                if not error <= tolerance:
                    raise ValueError(f"{name}: {part} differs by {error:.1e} from {checked[0].name}'s")


def time_blocks(sides: Sequence[Side], rounds: int) -> dict[str, Spread]:
    """In each round, each side in turn: once to warm the caches, then for `BLOCK` seconds; the median time of a run."""
    runs = {side.name: 1 + int(BLOCK / _clock(side.run, 2)[-1]) for side in sides}
    readings = _in_turns(sides, rounds, lambda side: float(np.median(_clock(side.run, 1 + runs[side.name])[1:])))
    return {name: Spread.of(medians) for name, medians in readings.items()}


def time_calls(sides: Sequence[Side], rounds: int, calls: int) -> tuple[dict[str, Spread], dict[str, Spread]]:
    """In each round, each side in turn: `calls` runs, each with its own time; their median and 99th percentile."""
    readings = _in_turns(sides, rounds, lambda side: np.percentile(_clock(side.run, 10 + calls)[10:], [50, 99]))
    p50, p99 = ({name: Spread.of([pair[n] for pair in pairs]) for name, pairs in readings.items()} for n in (0, 1))
    return p50, p99


def describe_machine() -> dict[str, Any]:
    """Processor, what else runs on it, BLAS kernels and threads of NumPy, versions: a ratio means nothing without."""
    model = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    blas = [pool for pool in threadpoolctl.threadpool_info() if "numpy" in pool["filepath"]]
    return {
        "processor": model[0] if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "blas": [
            {"library": pool["internal_api"], "architecture": pool.get("architecture"), "threads": pool["num_threads"]}
            for pool in blas
        ],
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in LIBRARIES if _distributed(name)},
    }


def _in_turns(sides: Sequence[Side], rounds: int, read: Callable[[Side], Any]) -> dict[str, list[Any]]:
    readings: dict[str, list[Any]] = {side.name: [] for side in sides}
    gc.collect()
    gc.disable()  # the garbage of one side would be collected in another's turn
    try:
        for _ in range(rounds):
            for side in sides:
                readings[side.name].append(read(side))
    finally:
        gc.enable()
    return readings


def _clock(run: Callable[[], Any], calls: int) -> list[float]:
    clock, times = time.perf_counter, []
    for _ in range(calls):
        start = clock()
        run()
        times.append(clock() - start)
    return times


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def _distributed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
