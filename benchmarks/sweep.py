"""What a sweep costs: each run beside the notebook alone, two workers beside one, memory and folder of many runs.

`python -m benchmarks.sweep` takes some minutes; `--parts memory --runs 1000` half an hour more, and
`--parts results --runs 10000` a few minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import numpy as np
import psutil

from benchmarks.measure import describe_machine
from lstm_tutorial.reruns.chapters import find_chapter
from lstm_tutorial.reruns.execute import execute
from lstm_tutorial.reruns.folder import Settled, SweepFolder
from lstm_tutorial.reruns.grid import make_grid
from lstm_tutorial.reruns.overview import render_overview
from lstm_tutorial.reruns.source import read_notebook
from lstm_tutorial.reruns.sweep import sweep
from lstm_tutorial.reruns.task import Job, Outcome, pack

PARTS = ("overhead", "workers", "memory", "results", "folder")
SIZES = {"ipynb": 30_000, "html": 100_000}  # of a run's files, in bytes that can't be compressed
WORK = """import time
while time.process_time() < seconds:
    sum(range(10_000))"""
RECORD = """from lstm_tutorial.reruns.results import record
record(score=x * seconds)"""


def write_stub(folder: Path) -> str:
    """A notebook that keeps a core busy for a given time, and records a number."""
    new = nbformat.v4
    parameters = "x: int = 0  # makes runs differ\nseconds: float = 0.0  # of a core's time"
    cells = [
        new.new_markdown_cell("# A stub"),
        new.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        new.new_code_cell(WORK),
        new.new_code_cell(RECORD),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new.new_notebook(cells=cells, metadata=kernel), folder / "stub.ipynb")
    return str(folder / "stub.ipynb")


@contextmanager
def processor_time() -> Iterator[Callable[[], float]]:
    """Seconds of all cores that this process and what it started have used since; read before they are gone."""
    seen: dict[int, float] = {}
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            for process in psutil.Process().children(recursive=True):
                try:
                    times = process.cpu_times()
                    seen[process.pid] = times.user + times.system
                except psutil.Error:
                    continue

    began = sum(os.times()[:2])
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield lambda: sum(os.times()[:2]) - began + sum(seen.values())
    finally:
        done.set()
        thread.join()


def measure_overhead(stub: str, folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """A run of a sweep of three by one worker, beside the notebook executed alone three times: wall and processor."""
    notebook, sides = read_notebook(find_chapter(stub)), dict[str, list[tuple[float, float]]]()

    def alone(_: int) -> None:
        for x in range(3):
            execute(notebook, "stub", {"x": x, "seconds": seconds}, cwd=folder, target=folder / "alone.ipynb")

    def swept(number: int) -> None:
        out = folder / f"overhead-{number}"
        sweep(stub, {"x": "0,1,2"}, out, parameters={"seconds": seconds}, workers=1, progress=False)

    def started(number: int) -> None:
        sweep(stub, {"x": "0,1"}, folder / f"started-{number}", parameters={"seconds": 0.0}, workers=1, progress=False)

    def nothing(_: int) -> None:
        for x in range(2):
            execute(notebook, "stub", {"x": x, "seconds": 0.0}, cwd=folder, target=folder / "alone.ipynb")

    for number in range(rounds):
        for side in (alone, swept, started, nothing):
            with processor_time() as used:
                began = time.perf_counter()
                side(number)
                sides.setdefault(side.__name__, []).append((time.perf_counter() - began, used()))
    wall, cores = ({name: float(np.median([one[n] for one in times])) for name, times in sides.items()} for n in (0, 1))
    return {
        name: {
            "alone": side["alone"] / 3,
            "swept": side["swept"] / 3,
            # What a sweep does once, however many runs it has: workers start and stop, the page is drawn.
            "once": side["started"] - side["nothing"],
            "overhead": (side["swept"] - max(0.0, side["started"] - side["nothing"])) / side["alone"] - 1,
        }
        for name, side in (("wall", wall), ("processor", cores))
    }


def measure_workers(stub: str, folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    """Eight runs by one worker, and by two, in turns: wall seconds of the whole sweep, and their ratio."""
    times: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for workers in times:
            out = folder / f"workers-{number}-{workers}"
            began = time.perf_counter()
            grid, parameters = {"x": "int:1:8"}, {"seconds": seconds}
            sweep(stub, grid, out, parameters=parameters, workers=workers, progress=False)
            times[workers].append(time.perf_counter() - began)
    ratios = [one / two for one, two in zip(times[1], times[2], strict=True)]
    return {"one": times[1], "two": times[2], "ratios": ratios, "ratio": float(np.median(ratios))}


def measure_memory(stub: str, folder: Path, runs: int) -> dict[str, Any]:
    """Resident memory of the client while a sweep of many runs that do nothing goes on."""
    out, samples, done = folder / "memory", list[tuple[int, float]](), threading.Event()

    def look() -> None:
        while not done.wait(2):
            finished = sum(entry.name.isdecimal() for entry in os.scandir(out)) if out.exists() else 0
            samples.append((finished, psutil.Process().memory_info().rss / 2**20))

    thread = threading.Thread(target=look, daemon=True)
    began = time.perf_counter()
    thread.start()
    table = sweep(stub, {"x": f"int:1:{runs}"}, out)
    done.set()
    thread.join()
    marks = [0.1, 0.25, 0.5, 0.75, 0.99]
    at = {mark: max([mib for finished, mib in samples if finished <= mark * runs] or [0.0]) for mark in marks}
    return {
        "runs": runs,
        "done": int((table["state"] == "done").sum()),
        "seconds": time.perf_counter() - began,
        "mib": {f"{mark:.0%} of the runs": round(mib, 1) for mark, mib in at.items()},
        "page_kb": (out / "index.html").stat().st_size / 1e3,
        "csv_kb": (out / "runs.csv").stat().st_size / 1e3,
    }


def measure_results(stub: str, folder: Path, runs: int) -> dict[str, Any]:
    """The same with runs that start no kernel, but bring files."""
    with patch("lstm_tutorial.reruns.sweep.rerun", _bring):
        return measure_memory(stub, folder, runs)


def _bring(job: Job, *_: object) -> Outcome:
    """On a worker: an outcome with files that compress by half."""
    made = np.random.default_rng(job.number)
    files = {f"{job.stem}.{kind}": pack(made.bytes(size).hex().encode()) for kind, size in SIZES.items()}
    return Outcome(0.1, "", {"score": float(job.number)}, "", files)


def measure_folder(stub: str, folder: Path, runs: int) -> dict[str, Any]:
    """A folder of many runs without running them: to write, to read again, and to draw; seconds and bytes."""
    chapter = find_chapter(stub)
    place = SweepFolder(folder / "many", make_grid(chapter, read_notebook(chapter), {"x": f"int:1:{runs}"}, {}))
    place.path.mkdir()
    files = {"stub.ipynb": pack(b"{}" * 2000), "stub.html": pack(b"<p>" * 5000)}
    times = {}

    def clock(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = work()
        times[name] = time.process_time() - began
        return result

    def write() -> dict[int, Settled]:
        outcome = Outcome(10.0, "tcp://127.0.0.1:40000", {"score": 1.5, "other": 2.5, "name": "blend"}, "", files)
        return {n: place.keep(n, {"x": n, "seconds": 0.0}, outcome) for n in range(1, runs + 1)}

    clock("write each run", write)
    settled = clock("see what has finished", place.finished)
    table = clock("make the table", lambda: place.table(settled))
    csv = clock("write runs.csv", lambda: table.to_csv(index=False))
    page = clock("draw the page", lambda: render_overview(table, place.grid, None, {}))
    sizes = {"runs.csv": len(csv), "index.html": len(page), "table in memory": int(table.memory_usage(deep=True).sum())}
    sizes["one run"] = sum(path.stat().st_size for path in (place.path / place.name(1)).iterdir())
    return {"runs": runs, "processor_seconds": times, "bytes": sizes}


def main(arguments: list[str] | None = None) -> None:
    """Measure the parts that are asked for, and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default="overhead,workers,folder", help=f"of {','.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=10, help="a run's work, of a core's time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1000, help="of the parts memory, results and folder")
    chosen = parser.parse_args(arguments)
    found: dict[str, Any] = {"machine": describe_machine()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stub = write_stub(folder)
        for part in chosen.parts.split(","):
            if part == "overhead":
                found[part] = measure_overhead(stub, folder, chosen.seconds, chosen.rounds)
            elif part == "workers":
                found[part] = measure_workers(stub, folder, chosen.seconds, chosen.rounds)
            elif part == "memory":
                found[part] = measure_memory(stub, folder, chosen.runs)
            elif part == "results":
                found[part] = measure_results(stub, folder, chosen.runs)
            elif part == "folder":
                found[part] = measure_folder(stub, folder, chosen.runs)
            else:
                parser.error(f"no part {part!r}; there are {', '.join(PARTS)}")
            print(json.dumps({part: found[part]}, indent=2), flush=True)
    print(json.dumps({"machine": found["machine"]}, indent=2))


if __name__ == "__main__":
    main()
