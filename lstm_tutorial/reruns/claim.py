"""The folder of an edition: whose it is, and whether it is finished."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.run import DATA, RESULTS, UNFINISHED, marked, save_json

ABOUT, LOCK = "edition.json", "edition.lock"
BEGUN = "This edition has not finished"
PAGES = ("index", "prepare", "design", "train", "evaluate", "tune", "deploy")
# What an edition leaves; nothing else is ever deleted.
OWN = {ABOUT, UNFINISHED, RESULTS, DATA, "forecast.csv", "notebooks", "networks", "study", "forecaster"}
OWN |= {f"{name}.html" for name in PAGES}


def read_about(folder: Path) -> dict[str, Any] | None:
    """What edition a folder holds, if any."""
    try:
        found = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else None
    except (OSError, ValueError):
        return None


@contextmanager
def claimed(folder: Path, about: Mapping[str, Any], force: bool) -> Iterator[None]:
    """The folder for this edition, marked unfinished until all has gone well."""
    mark, known = folder / UNFINISHED, folder / ABOUT
    lock = FileLock(folder / LOCK)
    try:
        if folder.exists() and not folder.is_dir():
            raise RequestError(f"{folder}: a file; name a folder")
        entries = [path.name for path in folder.iterdir()] if folder.exists() else []
        begun = mark.exists() and mark.read_text(encoding="utf-8").startswith(BEGUN)
        if set(entries) - {LOCK} and not (begun or known.exists()):
            raise RequestError(f"{folder}: not empty, and no edition; name another folder")
        if known.exists() and not begun and not force:
            raise RequestError(f"{folder}: holds a finished edition; name another folder, or use --force to replace it")
        before = read_about(folder)
        differ = [name for name in about if before and before.get(name) != json.loads(json.dumps(about))[name]]
        if differ and not force:
            raise RequestError(
                f"{folder}: holds an unfinished edition with other {differ[0]}; name another folder, or use --force"
            )
        if force and folder.exists() and (place := _inside(folder, about["csv"])):
            raise RequestError(f"{folder}: holds {place.name}, which the edition is to be about; name another folder")
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        if force:
            for path in [folder / name for name in entries if name in OWN]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        with marked(folder, f"{BEGUN}. The same command goes on where it stopped.\n"):
            save_json(known, about)
            yield
    except Timeout:
        raise RequestError(
            f"{folder}: another edition is being made there; wait for its end, or name another"
        ) from None
    except OSError as error:
        raise RequestError(f"{folder}: can't be written ({error.strerror or error})") from error
    finally:
        if lock.is_locked:
            (folder / LOCK).unlink(missing_ok=True)
            lock.release()


def _inside(folder: Path, csv: str) -> Path | None:
    """The data's place, if that is a file in the folder which no edition has put there."""
    path = Path(csv).expanduser().resolve()
    return path if path.is_file() and folder.resolve() in path.parents and path != folder.resolve() / DATA else None
