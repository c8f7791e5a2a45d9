"""A folder of files that is there whole or not at all, and is read only if it is what was written. NumPy only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 1  # to be raised when an older package could not read what this one writes
ABOUT, WEIGHTS = "forecaster.json", "weights.npz"
FILES = (WEIGHTS, "model.keras", "model.onnx")


def write_folder(folder: Path, about: dict[str, Any], files: dict[str, bytes]) -> None:
    """Write `files` and, with their hashes, `about`.

    All of it is written beside the folder and then renamed, so that no half of it can ever be read. A forecaster of
    the same name is moved out of the way first, and back if the new one can't take its place. Raises ValueError
    for a folder that holds anything else, or can't be written.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() and not (folder / ABOUT).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: holds something else than a forecaster; name another folder")
    about = {"format": FORMAT, **about, "files": {name: _hash(content) for name, content in files.items()}}
    files = files | {ABOUT: (json.dumps(about | {"sha256": _seal(about)}, indent=1) + "\n").encode()}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as drafts:
            draft, old = Path(drafts) / "new", Path(drafts) / "old"
            draft.mkdir()
            for name, content in files.items():
                with (draft / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            if folder.exists():
                folder.rename(old)
            try:
                draft.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise ValueError(f"{folder}: can't be written ({error.strerror})") from None


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What `write_folder` was given. Nothing in the folder is executed.

    The hashes tell damage and careless changes; who changes a file on purpose can write its hash as well. Raises
    ValueError for whatever is missing, was altered, or comes from a newer format.
    """
    about = _read_about(folder)
    hashes = about.pop("files")
    files = {name: _read(folder, name) for name in FILES}
    for name, content in files.items():
        if hashes.get(name) != _hash(content):
            raise ValueError(f"{folder}: {name} is not what was saved; take the folder from where it came again")
    return about, files


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as an npz file, the same bytes each time."""
    body = io.BytesIO()
    np.savez(body, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    return body.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an npz file; ValueError for one that holds objects."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _read_about(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}; name a forecaster's")
    try:
        about = json.loads(_read(folder, ABOUT))
        number, seal = int(about["format"]), about.pop("sha256")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if str(error).startswith(str(folder)):
            raise
        raise ValueError(f"{folder}: {ABOUT} is not what was saved; take the folder from where it came again") from None
    if number > FORMAT:
        raise ValueError(f"{folder}: has format {number}, and this package reads up to {FORMAT}; use a newer one")
    if seal != _seal(about):
        raise ValueError(f"{folder}: {ABOUT} is not what was saved; take the folder from where it came again")
    del about["format"]
    return about


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{folder}: {name} is missing; take the folder from where it came again") from None
    except OSError as error:
        raise ValueError(f"{folder}: {name} can't be read ({error.strerror})") from None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _seal(about: dict[str, Any]) -> str:
    return _hash(json.dumps(about, sort_keys=True).encode())
