"""A sweep's folder: whose it is, which runs are in it, and what each has left."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.grid import Grid
from lstm_tutorial.reruns.run import RESULTS, UNFINISHED, save_json
from lstm_tutorial.reruns.task import MATHJAX, Outcome

IDENTITY, LOCK, INDEX, TABLE, ABOUT = "sweep.json", "sweep.lock", "index.html", "runs.csv", "run.json"
OWN = (IDENTITY, INDEX, TABLE, MATHJAX)
COLUMNS = ("run", "state", "seconds", "worker", "error", "notebook")


@dataclass(frozen=True)
class Settled:
    """What is kept in mind of a run that has finished or failed."""

    results: dict[str, Any] | None
    seconds: float
    worker: str
    error: str = ""
    notebook: bool = True


class SweepFolder:
    """`path` holds sweep.json, which says what is swept, and a folder for each run, such as 0001."""

    def __init__(self, path: Path, grid: Grid) -> None:
        self.path, self.grid = path, grid
        self.stem = grid.chapter.path.stem
        self.digits = max(4, len(str(len(grid))))

    def name(self, number: int) -> str:
        """The folder of a run, within the sweep's."""
        return f"{number:0{self.digits}}"

    @contextmanager
    def claim(self, identity: Mapping[str, Any], data: Mapping[str, bytes], force: bool) -> Iterator[None]:
        """This sweep's folder, for nobody else as long as it is claimed; new, or begun by the same sweep.

        `data` are files that it keeps. `force` clears it of another sweep. Raises `RequestError` for a folder of
        something else, or of a sweep that runs now.
        """
        from filelock import FileLock, Timeout

        try:
            if self.path.exists() and not self.path.is_dir():
                raise RequestError(f"{self.path}: a file; name a folder")
            if self.path.exists() and not (self.path / IDENTITY).exists() and self._strangers():
                raise RequestError(f"{self.path}: not empty, and not a sweep's folder; name another")
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise RequestError(
                    f"{self.path}: another sweep is writing there; wait for its end, or name another"
                ) from None
        except OSError as error:
            raise RequestError(f"{self.path}: can't be written ({error.strerror or error})") from None
        try:
            self._take(identity, data, force)
            yield
        finally:
            lock.release()

    def _strangers(self) -> bool:
        return any(path.name not in (LOCK, Path(IDENTITY).with_suffix(".part").name) for path in self.path.iterdir())

    def _take(self, identity: Mapping[str, Any], data: Mapping[str, bytes], force: bool) -> None:
        mark = self.path / IDENTITY
        if mark.exists():
            try:
                found = json.loads(mark.read_text(encoding="utf-8"))
            except ValueError:
                found = {}
            found = found if isinstance(found, dict) else {}
            other = difference(found, json.loads(json.dumps(identity)))
            if other and not force:
                raise RequestError(
                    f"{self.path}: holds another sweep ({other}); name another folder, or use --force to replace it"
                )
            if force:
                self._clear(found.get("kept", []))
        try:
            save_json(mark, {**identity, "kept": sorted(data)})
            for name, content in data.items():
                (self.path / name).write_bytes(content)
        except OSError as error:
            raise RequestError(f"{self.path}: can't be written ({error.strerror or error})") from None

    def _clear(self, kept: list[str]) -> None:
        """Without what a sweep has left, but not without anything else."""
        for path in list(self.path.iterdir()):
            run = path.name.endswith(".part") or (path / ABOUT).exists()
            if path.is_dir() and path.name.removesuffix(".part").isdecimal() and run:
                shutil.rmtree(path)
            elif path.is_file() and path.name in {*OWN, *kept}:
                path.unlink()

    def finished(self) -> dict[int, Settled]:
        """The runs that are there whole; what others have left half done goes."""
        found = {}
        for entry in list(os.scandir(self.path)):
            if entry.name.endswith(".part"):
                path = self.path / entry.name
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            elif entry.name.isdecimal() and entry.is_dir():
                with suppress(OSError, ValueError, KeyError):
                    results = json.loads((self.path / entry.name / RESULTS).read_text(encoding="utf-8"))
                    about = json.loads((self.path / entry.name / ABOUT).read_text(encoding="utf-8"))
                    found[int(entry.name)] = Settled(results, about["seconds"], about["worker"])
        return found

    def keep(self, number: int, values: Mapping[str, Any], outcome: Outcome) -> Settled:
        """Write a run's files, all or none of them. Raises OSError, and then leaves none."""
        whole = self.path / self.name(number)
        part = whole.with_name(f"{whole.name}.part")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name, content in outcome.files.items():
                (part / name).write_bytes(zlib.decompress(content))
            save_json(part / "parameters.json", values)
            save_json(part / ABOUT, {"seconds": round(outcome.seconds, 2), "worker": outcome.worker})
            if outcome.results is not None:
                save_json(part / RESULTS, outcome.results)
            else:
                text = f"This run has failed. The sweep's command starts it again.\n{outcome.error}\n"
                (part / UNFINISHED).write_text(text, encoding="utf-8")
            if whole.exists():  # it failed the last time
                shutil.rmtree(whole)
            part.rename(whole)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            raise
        seconds = round(outcome.seconds, 2)
        return Settled(outcome.results, seconds, outcome.worker, outcome.error, bool(outcome.files))

    def table(self, settled: Mapping[int, Settled]) -> pd.DataFrame:
        """A row for each run: what was swept, its state, what it recorded, how long and where it ran, its error."""
        taken = {*self.grid.axes, *COLUMNS}
        rows = []
        for number in range(1, len(self.grid) + 1):
            run = settled.get(number)
            state = "not run" if run is None else "failed" if run.results is None else "done"
            row = {"run": number, **self.grid.swept(number), "state": state}
            for name, value in ((run and run.results) or {}).items():
                row[f"recorded_{name}" if name in taken else name] = value
            row |= {"seconds": run.seconds, "worker": run.worker, "error": run.error} if run else {}
            rows.append(row | {"notebook": f"{self.name(number)}/{self.stem}.ipynb" if run and run.notebook else ""})
        first = ["run", *self.grid.axes, "state"]
        last = ["seconds", "worker", "error", "notebook"]
        table = pd.DataFrame(rows)
        figures = [name for name in table.columns if name not in {*first, *last}]
        return table.reindex(columns=[*first, *figures, *last]).fillna({"worker": "", "error": ""})


def difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What another sweep has in another way than this one, in words; "" if nothing."""
    if found.get("chapter") != wanted["chapter"]:
        return f"of {found.get('chapter')}"
    if found.get("cells") != wanted["cells"]:
        return "the chapter's cells have changed since"
    for name in ("grid", "fixed", "data", "versions"):
        there, here = found.get(name, {}), wanted[name]
        if name == "grid" and there.keys() != here.keys():
            return f"it sweeps {' and '.join(there)}, this one {' and '.join(here)}"
        for key in {**there, **here}:
            if key not in here or key not in there:
                return f"{'with' if key in there else 'without'} {key}"
            if there[key] != here[key]:
                return f"{key} has changed since" if name == "data" else f"{key} {there[key]}, here {here[key]}"
        if list(there) != list(here) and name == "grid":
            return f"in the order {', '.join(there)}"
    return ""
