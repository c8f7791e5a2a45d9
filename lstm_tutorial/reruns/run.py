"""One chapter run again with other parameters or other data, into a folder of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from tqdm import tqdm

from lstm_tutorial.reruns import callable_module
from lstm_tutorial.reruns.chapters import Chapter, find_chapter
from lstm_tutorial.reruns.data import blame, choose_settings, find, read_columns
from lstm_tutorial.reruns.errors import ChapterFailed, RequestError
from lstm_tutorial.reruns.execute import count_steps, execute
from lstm_tutorial.reruns.page import render
from lstm_tutorial.reruns.results import read_results

UNFINISHED = "UNFINISHED.txt"
RESULTS = "results.json"
DATA = "data.csv"


def run(
    chapter: str,
    parameters: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    *,
    force: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Run a chapter with `parameters` and return what it recorded.

    Leaves in `out` (default: runs/CHAPTER) the executed notebook, a page of it, results.json and parameters.json.
    Until all four are there, so is a file UNFINISHED.txt; a folder with it may be run into again, a finished
    one only with `force`. Raises `RequestError` before a kernel starts for parameters, data or a folder that
    can't be used, `ChapterFailed` if a cell raises.
    """
    found = find_chapter(chapter)
    values = {**found.defaults, **found.convert(parameters or {})}
    folder = Path(out if out is not None else Path("runs") / found.name)
    kept = (folder / DATA).resolve()
    values = {name: find(name, value, found) for name, value in values.items()}
    data = check_data(values, kept).raw if "csv" in values else None
    with _unfinished(folder, found, force):
        if data is not None:
            kept.write_bytes(data)
            values["csv"] = str(kept)
        save_json(folder / "parameters.json", values)
        source = nbformat.read(found.path, as_version=4)
        with tqdm(total=count_steps(source), desc=found.name, unit="cell", disable=not progress) as bar:
            target = folder / f"{found.path.stem}.ipynb"
            notebook = execute(source, found.name, values, cwd=found.path.parent, target=target, on_cell=bar.update)
        (folder / f"{found.path.stem}.html").write_text(render(notebook, found.title), encoding="utf-8")
        results = read_results(notebook)
        save_json(folder / RESULTS, results)
    return results


class Checked(NamedTuple):
    """Data that can be used: rows, columns, steps in a season, and the data themselves where they have to be kept."""

    rows: int
    columns: int
    season: int | None
    raw: bytes | None


def check_data(values: dict[str, Any], kept: Path) -> Checked:
    """Read the data that the parameters name and see that it is long enough, before a kernel starts.

    Returns the data themselves where they have to be kept for the kernel: standard input, a URL, or what an earlier
    run into the same folder `kept`. Otherwise makes the path absolute, since chapters run in their own folder.
    Raises `RequestError`.
    """
    from lstm_tutorial.workflow.prepare import SAMPLES, URL, check, read_bytes

    settings = choose_settings(values)
    csv, data = settings.csv, None
    with blame(csv):
        if csv == "-" or csv.startswith(URL) or Path(csv).resolve() == kept:
            data = read_bytes(csv)
        frame = read_columns(values, settings, data)
        if data is None and csv not in SAMPLES:
            values["csv"] = str(Path(csv).expanduser().resolve())
        check(frame, settings)
    return Checked(len(frame), len(frame.columns), frame.attrs.get("season"), data)


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that is there whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


@contextmanager
def marked(folder: Path, text: str) -> Iterator[None]:
    """While in it, and after a failure, the folder has a file that says it is unfinished, and why."""
    mark = folder / UNFINISHED
    mark.write_text(text, encoding="utf-8")
    try:
        yield
    except ChapterFailed as error:
        mark.write_text(f"{text}{error}\n", encoding="utf-8")
        raise
    mark.unlink()


@contextmanager
def _unfinished(folder: Path, chapter: Chapter, force: bool) -> Iterator[None]:
    """Claim the folder, mark it unfinished, and take the mark away when all has gone well."""
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        _claim(folder, chapter, force)
        with marked(folder, f"This rerun of {chapter.name} has not finished. The same command starts it again.\n"):
            yield
    except OSError as error:
        if created:
            shutil.rmtree(created[-1], ignore_errors=True)
        raise RequestError(f"{folder}: can't be written ({error.strerror or error})") from None


def _claim(folder: Path, chapter: Chapter, force: bool) -> None:
    """An empty folder for this run: new, or cleared of an earlier run of the same kind."""
    if folder.exists() and not folder.is_dir():
        raise RequestError(f"{folder}: a file; name a folder")
    folder.mkdir(parents=True, exist_ok=True)
    finished = (folder / RESULTS).exists() and not (folder / UNFINISHED).exists()
    if finished and not force:
        raise RequestError(f"{folder}: holds a finished rerun; name another folder, or use --force to replace it")
    if any(folder.iterdir()) and not finished and not (folder / UNFINISHED).exists():
        raise RequestError(f"{folder}: not empty, and not a rerun's folder; name another")
    (folder / UNFINISHED).touch()
    for name in (RESULTS, "parameters.json", DATA, f"{chapter.path.stem}.ipynb", f"{chapter.path.stem}.html"):
        (folder / name).unlink(missing_ok=True)


callable_module(__name__)
