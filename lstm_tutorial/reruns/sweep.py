"""One chapter run many times, with every combination of some parameters' values: here, or on a Dask cluster."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import nbformat
from tqdm import tqdm

from lstm_tutorial import cluster
from lstm_tutorial.reruns import callable_module
from lstm_tutorial.reruns.chapters import find_chapter
from lstm_tutorial.reruns.data import Material, gather, read_file
from lstm_tutorial.reruns.errors import RequestError, SweepStopped
from lstm_tutorial.reruns.folder import INDEX, TABLE, Settled, SweepFolder
from lstm_tutorial.reruns.grid import MOST, make_grid
from lstm_tutorial.reruns.overview import render_overview
from lstm_tutorial.reruns.page import read_mathjax
from lstm_tutorial.reruns.source import check_key, read_notebook
from lstm_tutorial.reruns.task import MATHJAX, Job, Outcome, hand_over, pack, rerun

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client, Future

AHEAD = 3  # runs sent for each thread of the cluster: one that runs, two that wait for it
PAUSE = 30  # seconds between two versions of the page while runs come in


def sweep(
    chapter: str,
    grid: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    *,
    parameters: Mapping[str, Any] | None = None,
    csvs: Sequence[str | Path] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    by: str | None = None,
    yes: bool = False,
    force: bool = False,
    progress: bool = True,
) -> pd.DataFrame:
    """Run a chapter with every combination of the values in `grid`, and return a table with a row for each run.

    Leaves in `out` (default: runs/CHAPTER) a folder for each run with what `run` leaves, index.html, runs.csv and
    sweep.json. Runs that an earlier call has finished there are kept, others run again; `force` begins anew.

    `grid` has lists, or text: "16,32", "log:1e-4:1e-2:5", "lin:0:1:5", "int:1:9:2". `parameters` are the same for all
    runs, `csvs` files to run the chapter on. `workers` processes work (default: one for each core), or those of a
    `scheduler` such as "tcp://host:8786". The page is sorted by the figure `by` ("-NAME": greatest first), or the
    first number that the chapter records. More than 10,000 runs want `yes`.

    A run that fails has its error in the table, and never stops the others. Raises `RequestError` before any run for
    what makes no sense, `ClusterError` for a cluster that can't be used, `SweepStopped` if the disk is full or the
    connection lost. A script that calls it has to do so under `if __name__ == "__main__":`, since workers import it.
    """
    found = find_chapter(chapter)
    notebook = read_notebook(found)
    plan = make_grid(found, notebook, grid or {}, parameters or {}, csvs)
    check_key(by, notebook)
    if len(plan) > MOST and not yes:
        raise RequestError(f"the grid makes {len(plan):,} runs; --yes if you want them all")
    folder = Path(out if out is not None else Path("runs") / found.name)
    material = gather(plan, folder, remote=scheduler is not None)
    sent = pack(nbformat.writes(notebook).encode())
    identity = {
        "chapter": found.name,
        "cells": hashlib.sha256("\0".join(cell.source for cell in notebook.cells).encode()).hexdigest(),
        "grid": material.grid.axes,
        "fixed": {name: value for name, value in material.grid.fixed.items() if name not in plan.axes},
        "data": material.prints,
        "versions": cluster.versions(),
    }
    place = SweepFolder(folder, material.grid)
    if scheduler is not None and not folder.exists():  # whoever can't be reached leaves none
        with cluster.connect(scheduler=scheduler):
            pass
    with place.claim(identity, material.kept, force):
        return _Sweep(place, material, sent, by, progress).go(workers, scheduler)


class _Sweep:
    """A sweep in a folder that is its own."""

    def __init__(self, place: SweepFolder, material: Material, notebook: bytes, by: str | None, progress: bool) -> None:
        self.place, self.material, self.notebook, self.by, self.progress = place, material, notebook, by, progress
        self.total = len(material.grid)
        self.settled: dict[int, Settled] = place.finished()

    def go(self, workers: int | None, scheduler: str | None) -> pd.DataFrame:
        """Run what has not finished, and write the page at the end, whatever the end is."""
        waiting = [number for number in range(1, self.total + 1) if number not in self.settled]
        try:
            if waiting:
                with self._on_disk():
                    (self.place.path / MATHJAX).write_text(read_mathjax(), encoding="utf-8")
                with cluster.connect(min(workers or cluster.cores(), len(waiting)), scheduler) as client:
                    self._run(client, waiting, scheduler)
            return self._write()
        except _Unwritable:
            raise
        except (KeyboardInterrupt, SweepStopped, RequestError, cluster.ClusterError):
            self._write()
            raise

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or error
            raise _Unwritable(f"{self.place.path}: can't be written ({why}); {self._kept()}") from None

    def _run(self, client: Client, waiting: list[int], scheduler: str | None) -> None:
        link = cluster.dashboard(client)
        if link and self.progress:
            print(f"Dask dashboard: {link}", file=sys.stderr)
        failed, written, cost = 0, monotonic(), 0.0
        kept, name = self.total - len(waiting), self.place.grid.chapter.name
        with tqdm(total=self.total, initial=kept, desc=name, unit="run", disable=not self.progress) as bar:
            try:
                with closing(_carry_out(client, self.material, self.notebook, waiting)) as outcomes:
                    for number, outcome in outcomes:
                        values = self.material.grid.values(number)
                        with self._on_disk():
                            self.settled[number] = self.place.keep(number, values, outcome)
                        failed += outcome.results is None
                        bar.set_postfix(failed=failed, refresh=False)
                        bar.update()
                        # As often as costs little: its pictures take seconds, of the runs' cores.
                        if monotonic() - written > max(PAUSE, 50 * cost):
                            began = monotonic()
                            self._write()
                            written, cost = monotonic(), monotonic() - began
            except _Lost:
                where = f"scheduler {scheduler}" if scheduler else "workers"
                raise SweepStopped(f"the connection to the {where} is lost; {self._kept()}") from None

    def _kept(self) -> str:
        done = sum(run.results is not None for run in self.settled.values())
        return f"{done} of {self.total} runs are kept, the same command goes on"

    def _write(self) -> pd.DataFrame:
        """The table of all runs, as it is now, which runs.csv and the page show."""
        table = self.place.table(self.settled)
        page = render_overview(table, self.place.grid, self.by, cluster.versions())
        with self._on_disk():
            for name, text in ((TABLE, table.to_csv(index=False)), (INDEX, page)):
                part = self.place.path / f"{name}.part"
                part.write_text(text, encoding="utf-8")
                part.replace(self.place.path / name)
        return table


class _Unwritable(SweepStopped):
    """The disk takes no more."""


class _Lost(Exception):  # noqa: N818
    """Nobody answers any more."""


def _carry_out(
    client: Client, material: Material, notebook: bytes, waiting: Sequence[int]
) -> Generator[tuple[int, Outcome]]:
    """The outcomes of runs in the order in which they come, never more of them on their way than a few a thread.

    What a run reads is on the cluster as long as a run on its way reads it.
    """
    from dask import config
    from distributed import KilledWorker, as_completed

    config.set({"distributed.admin.large-graph-warning-threshold": "1TB"})  # data are what we mean to send
    versions, chapter = cluster.versions(), material.grid.chapter
    pending: dict[Any, tuple[int, Future[Any]]] = {}
    held: dict[str, Future[Any]] = {}
    suspects: list[int] = []
    done = as_completed()

    def send(number: int) -> None:
        values, names = material.grid.values(number), material.travels(number)
        for path in {values[name] for name in names} - held.keys():
            content = pack(read_file(path, material.prints[path]))
            held[path] = client.submit(hand_over, content, pure=False)
        job = Job(number, chapter.name, chapter.title, chapter.path.stem, values, names)
        parts = [held[values[name]] for name in names]
        future = client.submit(rerun, job, versions, source, *parts, pure=False)
        pending[future.key] = number, future
        done.add(future)

    def drop_data() -> None:
        needed = {
            material.grid.values(number)[name] for number, _ in pending.values() for name in material.travels(number)
        }
        for path in held.keys() - needed:
            del held[path]

    try:
        source = client.submit(hand_over, notebook, pure=False)
        rest = iter(waiting)
        while True:
            window = AHEAD * client.scheduler_info(n_workers=1)["total_threads"] or 1
            for number in islice(rest, max(0, window - len(pending))):
                send(number)
            if not pending and not suspects:
                return
            # Who was on a worker when it died is not always to blame. Alone on the cluster, it is.
            alone = not pending
            if alone:
                send(suspects.pop())
            future = next(done)
            number, _ = pending.pop(future.key)
            try:
                outcome = future.result()
            except KilledWorker:
                if not alone:
                    suspects.append(number)
                    continue
                error = f"{chapter.name}: each worker that it ran on died, perhaps for lack of memory"
                outcome = Outcome(0.0, "", error=error)
            except (CancelledError, OSError):
                raise
            except Exception as error:  # what a worker that is another than ours makes of it
                raise cluster.ClusterError(f"a worker can't run it: {type(error).__name__}: {error}") from None
            if outcome.unfit:
                raise cluster.ClusterError(
                    f"worker {outcome.worker} has {outcome.unfit}; install the same versions there"
                )
            drop_data()
            yield number, outcome
    except (CancelledError, OSError, RuntimeError) as error:
        raise _Lost from error


callable_module(__name__)
