"""The folder of an edition: whose it is, and whether it is finished."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.run import UNFINISHED, marked, save_json

ABOUT = "edition.json"


def read_about(folder: Path) -> dict[str, Any] | None:
    """What edition a folder holds, if any."""
    try:
        found: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return None


@contextmanager
def claimed(folder: Path, about: Mapping[str, Any], force: bool) -> Iterator[None]:
    """The folder for this edition, marked unfinished until all has gone well."""
    mark, known = folder / UNFINISHED, folder / ABOUT
    try:
        if folder.exists() and not folder.is_dir():
            raise RequestError(f"{folder}: a file; name a folder")
        entries = [path.name for path in folder.iterdir()] if folder.exists() else []
        if entries and not (mark.exists() or known.exists()):
            raise RequestError(f"{folder}: not empty, and no edition; name another folder")
        if known.exists() and not mark.exists() and not force:
            raise RequestError(f"{folder}: holds a finished edition; name another folder, or use --force to replace it")
        before = read_about(folder)
        differ = [name for name in about if before and before.get(name) != json.loads(json.dumps(about))[name]]
        if differ and not force:
            raise RequestError(
                f"{folder}: holds an unfinished edition with other {differ[0]}; name another folder, or use --force"
            )
        if force:
            for name in entries:
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        with marked(folder, "This edition has not finished. The same command goes on where it stopped.\n"):
            save_json(known, about)
            yield
    except OSError as error:
        raise RequestError(f"{folder}: can't be written ({error.strerror or error})") from None
