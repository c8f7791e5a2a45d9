"""The workflow chapters rerun on one user's data, and rendered as a book of their own."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from lstm_tutorial.cluster import cores, versions
from lstm_tutorial.reruns import callable_module
from lstm_tutorial.reruns.adapt import adapt
from lstm_tutorial.reruns.bind import bind, write_page
from lstm_tutorial.reruns.chapters import Chapter, find_chapter, nearest
from lstm_tutorial.reruns.claim import ABOUT, claimed, read_about
from lstm_tutorial.reruns.data import blame
from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.estimate import LONG, estimate, write_duration
from lstm_tutorial.reruns.execute import count_steps, execute
from lstm_tutorial.reruns.results import read_results
from lstm_tutorial.reruns.run import DATA, RESULTS, UNFINISHED, check_data, save_json
from lstm_tutorial.reruns.side_by_side import side_by_side
from lstm_tutorial.settings import Settings, convert

if TYPE_CHECKING:
    from lstm_tutorial.reruns.kernels import Original

NAMES = ("prepare", "design", "train", "evaluate", "tune", "deploy")
# What takes longest begins first, so that all end at about the same time.
BEGIN = ("train", "tune", "design", "evaluate", "deploy", "prepare")
# Who takes the networks that another has trained waits for it.
AFTER = {"evaluate": "train", "deploy": "evaluate"}
# What an edition decides itself.
RESERVED = ("folder", "networks", "forecast_csv", "others", "tensorboard")
PRESETS: dict[str, dict[str, Any]] = {
    "normal": {},
    "fast": {"windows": 3000, "members": 2, "epochs": 30, "patience": 4, "trials": 5, "updates": 60},
    "thorough": {"members": 5, "trials": 64, "updates": 600},
}
# Unless the preset is thorough, fewer rows than this need less: so few updates are still dozens of passes over them.
FEW, LESS = 1000, {"updates": 40, "trials": 5}


def edition(
    csv: str,
    out: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    preset: str = "normal",
    workers: int | None = None,
    force: bool = False,
    keep: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Rerun the workflow chapters on a CSV file, URL, "-" (standard input) or sample; return what they recorded.

    `parameters` are those of the chapters, above all `target`, `time`, `horizon` and `features`. Leaves in `out`
    index.html, a page a chapter, notebooks/, forecast.csv, results.json, forecaster/ and edition.json; until all are
    there, so is a file UNFINISHED.txt. The same call takes up an unfinished edition where it stopped; a finished one
    is replaced with `force`, and with `keep` returned. `workers` chapters run at a time. Raises
    `RequestError` before anything runs for what can't be used, `ChapterFailed` if a cell raises.
    """
    chapters = check_request(parameters or {}, preset)
    chosen = _choose(chapters, {"csv": csv, **(parameters or {})}, preset)
    folder = Path(out).expanduser()
    kept = (folder / DATA).resolve()
    values = Settings().model_dump() | chosen
    checked = check_data(values, kept)
    data = checked.raw
    if preset != "thorough" and checked.rows < FEW:
        less = {name: value for name, value in LESS.items() if name not in (parameters or {})}
        chosen, values = chosen | less, values | less
    request = {
        "csv": csv if data is not None else values["csv"],
        "preset": preset,
        "parameters": dict(parameters or {}),
    }
    notebooks = {name: adapt(nbformat.read(chapter.path, as_version=4)) for name, chapter in chapters.items()}
    sources = [cell.source for notebook in notebooks.values() for cell in notebook.cells]
    about = request | {
        "data": _fingerprint(values["csv"], data),
        "settings": {name: values[name] for name in [*Settings.model_fields, *sorted(chosen)]},
        "chapters": hashlib.sha256("\n".join(sources).encode()).hexdigest(),
        "versions": versions(),
    }
    if keep and not (folder / UNFINISHED).exists() and read_about(folder) == json.loads(json.dumps(about)):
        found: dict[str, Any] = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        return found

    def announce() -> None:
        minutes, quick = (estimate(checked, each, workers or cores()) for each in (values, values | PRESETS["fast"]))
        hint = f" (--preset fast: {write_duration(quick)})" if minutes > LONG and preset == "normal" else ""
        tqdm.write(f"{checked.rows:,} rows, preset {preset}: {write_duration(minutes)}{hint}", file=sys.stderr)

    with claimed(folder, about, force):
        if progress:
            announce()
        if data is not None:
            kept.write_bytes(data)
            values["csv"] = str(kept)
        chosen["csv"] = values["csv"]
        tasks = {name: _values(chapters[name], chosen, folder.resolve()) for name in NAMES}
        titles = {name: chapter.title for name, chapter in chapters.items()}
        executed = _execute(notebooks, tasks, titles, folder, workers, progress)
        results = {name: read_results(notebook) for name, notebook in executed.items()}
        bind(folder, executed, titles, about)
        save_json(folder / RESULTS, results)
    return results


def check_request(parameters: Mapping[str, Any], preset: str) -> dict[str, Chapter]:
    """The chapters of an edition, by name. Raises `RequestError` for parameters and presets that none can have."""
    if "csv" in parameters:
        raise RequestError("parameter csv: an edition is about the file that is named first; leave it out here")
    chapters = {name: find_chapter(f"workflow/{name}") for name in NAMES}
    _choose(chapters, parameters, preset)
    return chapters


def reproduce(path: str | Path, out: str | Path, csv: str | None = None, **options: Any) -> dict[str, Any]:
    """The edition that an edition.json tells of, made again in the folder `out`; with `csv`, from the data there.

    Says so where packages are no longer the same. Raises `RequestError` if the data are not.
    """
    try:
        about = json.loads(Path(path).read_text(encoding="utf-8"))
        request = {name: about[name] for name in ("csv", "preset", "parameters", "data")}
        was = dict(about["versions"])
        if not isinstance(request["csv"], str) or not isinstance(request["parameters"], dict):
            raise TypeError
    except OSError as error:
        raise RequestError(f"{path}: can't be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RequestError(f"{path}: no {ABOUT} of an edition") from None
    where = csv or request["csv"]
    kept = Path(path).parent / DATA
    if csv is None and kept.exists():
        where = str(kept)
    if _fingerprint(where, None) != request["data"]:
        raise RequestError(f"{where}: not the data that {path} was made from; give the file that was, or a new edition")
    changed = [f"{name} {old}, here {now}" for name, now in versions().items() if (old := was.get(name)) != now]
    if changed and options.get("progress", True):
        print(f"{path}: made with {'; '.join(changed)}; figures may differ", file=sys.stderr)
    return edition(where, out, request["parameters"], preset=request["preset"], **options)


def _choose(chapters: Mapping[str, Chapter], given: Mapping[str, Any], preset: str) -> dict[str, Any]:
    """What was given and what the preset says, in the types that the chapters want."""
    if preset not in PRESETS:
        raise RequestError(f"preset {preset!r}: {nearest(preset, PRESETS)}")
    own = {name: one.annotation for chapter in chapters.values() for name, one in chapter.parameters.items()}
    known = {name: own.get(name, "") for name in [*Settings.model_fields, *own] if name not in RESERVED}
    chosen = {}
    for name, value in {**PRESETS[preset], **given}.items():
        if name not in known:
            raise RequestError(f"an edition has no parameter {name!r}; {nearest(name, known)}")
        try:
            chosen[name] = convert(name, value, known[name])
        except ValueError as error:
            raise RequestError(str(error)) from None
    return chosen


def _values(chapter: Chapter, chosen: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The parameters of one chapter: all settings that were chosen, whether or not it lists them."""
    own: dict[str, Any] = {"others": "", "networks": str(folder), "forecast_csv": str(folder / "forecast.csv")}
    # All of the training part, since later chapters take the networks.
    own |= {"most": 10**9} if chapter.path.stem == "train" else {}
    own = {name: value for name, value in own.items() if name in chapter.parameters}
    settings = {n: v for n, v in chosen.items() if n in Settings.model_fields or n in chapter.parameters}
    home = folder / "forecaster" if chapter.path.stem == "deploy" else folder
    return {**chapter.defaults, **own, **settings, "folder": str(home)}


def _execute(
    notebooks: Mapping[str, NotebookNode],
    values: Mapping[str, dict[str, Any]],
    titles: Mapping[str, str],
    folder: Path,
    workers: int | None,
    progress: bool,
) -> dict[str, NotebookNode]:
    """The executed notebooks, which are in `folder` with their pages; those that are there are not run again."""
    (folder / "notebooks").mkdir(exist_ok=True)
    places = {name: folder.resolve() / "notebooks" / f"{name}.ipynb" for name in notebooks}
    steps = {name: count_steps(notebook) for name, notebook in notebooks.items()}
    missing = [name for name in BEGIN if not places[name].exists()]
    done = sum(steps.values()) - sum(steps[name] for name in missing)
    with tqdm(total=sum(steps.values()), initial=done, desc="edition", unit="cell", disable=not progress) as bar:

        def work(name: str, source: Original | None, on_kernel: Callable[[int], None]) -> None:
            """Execute a chapter into its file, whole or not at all, when its page is there."""
            part = places[name].with_suffix(".part.ipynb")
            with tempfile.TemporaryDirectory() as here:
                execute(
                    notebooks[name],
                    f"workflow/{name}",
                    values[name],
                    cwd=here,
                    target=part,
                    on_cell=bar.update,
                    on_kernel=on_kernel,
                    source=source,
                )
            write_page(folder, name, nbformat.read(part, as_version=4), titles)
            os.replace(part, places[name])

        if missing:
            side_by_side(work, missing, AFTER, workers or cores())
    return {name: nbformat.read(place, as_version=4) for name, place in places.items()}


def _fingerprint(csv: str, data: bytes | None) -> str:
    """A hash of the data: of the file's bytes, or of a sample's values."""
    from lstm_tutorial.workflow.prepare import SAMPLES, read_bytes, read_frame

    with blame(csv):
        sample = data is None and csv in SAMPLES
        content = read_frame(csv).to_csv().encode() if sample else read_bytes(csv) if data is None else data
    return hashlib.sha256(content).hexdigest()


callable_module(__name__)
