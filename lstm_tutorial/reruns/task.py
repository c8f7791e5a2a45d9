"""One run of a sweep, wherever it happens: what a worker is sent, and what it sends back."""

from __future__ import annotations

import json
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import nbformat

from lstm_tutorial.cluster import differences
from lstm_tutorial.reruns.errors import ChapterFailed
from lstm_tutorial.reruns.execute import execute
from lstm_tutorial.reruns.results import read_results
from lstm_tutorial.reruns.side_by_side import end_kernel

MATHJAX = "mathjax.js"  # beside the runs' folders; the runs' pages share it
LOOK = 0.5  # seconds between two looks at whether a run is still wanted


@dataclass(frozen=True)
class Job:
    """What to run: a chapter's `name` and `title`, the stem of its files, its parameters' values.

    `files` names the parameters whose values are files here; their content travels beside the job.
    """

    number: int
    name: str
    title: str
    stem: str
    values: dict[str, Any]
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a run: an `error` or `results`, with the notebook and its page (compressed) as far as they got."""

    seconds: float
    worker: str
    results: dict[str, Any] | None = None
    error: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    unfit: str = ""  # why nothing can be run on this worker


def pack(content: bytes) -> bytes:
    """Compressed, for the wire: notebooks and tables shrink to a fraction."""
    return zlib.compress(content, 1)


def hand_over(content: bytes) -> bytes:
    """The identity, as a task: its result can be made again when the worker that holds it is lost."""
    return content


def rerun(job: Job, versions: dict[str, str], notebook: bytes, *contents: bytes) -> Outcome:
    """Run a chapter on this worker, in a temporary folder, on copies of its files. Never raises for what a run does."""
    (worker, scratch), began = _where(), monotonic()
    unfit = differences(versions)
    if unfit:
        return Outcome(0.0, worker, unfit=unfit)
    results, error, files, there = None, "", dict[str, bytes](), dict[str, str]()
    with tempfile.TemporaryDirectory(prefix="run-", dir=scratch, ignore_cleanup_errors=True) as folder:
        target = Path(folder) / f"{job.stem}.ipynb"
        try:
            values, there = _lay_out(job, contents, Path(folder))
            source = nbformat.reads(zlib.decompress(notebook).decode(), as_version=4)
            with _stop_when_unwanted() as watch:
                execute(source, job.name, values, cwd=folder, target=target, on_kernel=watch)
        except ChapterFailed as failure:
            error = str(failure)
        except Exception as failure:  # a full disk here, or a kernel that does not start
            error = f"{job.name}: {type(failure).__name__}: {failure}"
        except KeyboardInterrupt:  # whoever interrupts a kernel must not take the worker with it
            error = f"{job.name}: interrupted"
        try:
            text = target.read_text(encoding="utf-8")
            for here, original in {**there, str(target): target.name}.items():
                text = text.replace(json.dumps(here)[1:-1], json.dumps(original)[1:-1])
            files, executed = _render(job, text)
            results = None if error else read_results(executed)
        except Exception as failure:
            error = error or f"{job.name}: its page can't be made: {type(failure).__name__}: {failure}"
    return Outcome(monotonic() - began, worker, results, " ".join(error.split()), files)


def _render(job: Job, text: str) -> tuple[dict[str, bytes], nbformat.NotebookNode]:
    from lstm_tutorial.reruns.page import render

    executed = nbformat.reads(text, as_version=4)
    page = render(executed, job.title, mathjax=f"../{MATHJAX}")
    files = {f"{job.stem}.ipynb": pack(text.encode()), f"{job.stem}.html": pack(page.encode())}
    return files, executed


def _lay_out(job: Job, contents: tuple[bytes, ...], folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The values with the files' places here, and where each of these places stands for."""
    values, there = dict(job.values), {}
    for name, content in zip(job.files, contents, strict=True):
        path = folder / name / Path(values[name]).name
        path.parent.mkdir()
        path.write_bytes(zlib.decompress(content))
        there[str(path)] = values[name]
        values[name] = str(path)
    return values, there


@contextmanager
def _stop_when_unwanted() -> Iterator[Callable[[int], None]]:
    """While in it, a kernel that is told of is killed as soon as nobody waits for this run any more.

    That is so when the client was interrupted or killed. A thread that runs can't be cancelled, so without this the
    worker would go on to the notebook's end.
    """
    try:
        from distributed import get_worker

        worker = get_worker()
        key = worker.get_current_task()
    except ValueError:  # no worker: called as a plain function
        yield lambda _: None
        return
    done, kernels = threading.Event(), list[int]()

    def watch() -> None:
        while not done.wait(LOOK):
            task = worker.state.tasks.get(key)
            if task is None or task.state == "cancelled":
                for kernel in kernels:
                    end_kernel(kernel)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield kernels.append
    finally:
        done.set()
        thread.join()


def _where() -> tuple[str, str | None]:
    """This worker's address and the folder for its files; "" and None outside of a worker."""
    try:
        from distributed import get_worker

        return str(get_worker().address), get_worker().local_directory
    except ValueError:
        return "", None
