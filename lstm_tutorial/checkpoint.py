"""The state of a training run in a folder, from which it is taken up again. NumPy only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Run = dict[str, Any]


@dataclass
class State:
    """A run after some epochs: its losses so far, and arrays by what they belong to.

    `start` is the validation loss before the first epoch. The number of epochs and the state of early stopping
    follow from the losses.
    """

    start: float
    history: dict[str, list[float]] = field(default_factory=dict)
    arrays: dict[str, list[np.ndarray]] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history.get("loss", []))

    @property
    def best(self) -> int:
        """The epoch with the lowest validation loss; 0 is the state before the first. NaN is never lowest."""
        losses = np.array([self.start, *self.history.get("val_loss", [])])
        return int(np.argmin(np.where(np.isnan(losses), np.inf, losses)))


def save(folder: Path, run: Run, state: State) -> None:
    """Write one whole file for this epoch, or none; keep the one before it, remove older ones.

    The file is the SHA-256 of what follows, then an npz archive. It gets its name only once it is whole and on
    disk, so there is no moment at which a crash leaves half a file under that name.
    """
    arrays: dict[str, Any] = {f"{name}/{i:04}": a for name, some in state.arrays.items() for i, a in enumerate(some)}
    text = json.dumps({"run": run, "start": state.start, "history": state.history})
    body = io.BytesIO()
    np.savez(body, about=np.frombuffer(text.encode(), np.uint8), **arrays)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "unfinished"
    with draft.open("wb") as file:
        file.write(hashlib.sha256(body.getbuffer()).digest() + body.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, folder / f"epoch-{state.epoch:06}.checkpoint")
    for old in _files(folder)[2:]:
        old.unlink()


def load(folder: Path, run: Run) -> State | None:
    """The newest whole state of this run in a folder, None where there is none.

    Warns of a damaged file and takes the one before. Raises ValueError if the folder holds another run.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; wanted a folder for checkpoints")
    for path in _files(folder):
        content = path.read_bytes()
        body = content[32:]
        if hashlib.sha256(body).digest() != content[:32]:
            warnings.warn(f"{path} is damaged and left aside; training goes on from what came before", stacklevel=3)
            continue
        with np.load(io.BytesIO(body)) as archive:
            about = json.loads(archive["about"].tobytes())
            refuse_another(folder, about["run"], run)
            arrays: dict[str, list[np.ndarray]] = {}
            for name in sorted(set(archive.files) - {"about"}):
                arrays.setdefault(name.split("/")[0], []).append(archive[name])
        return State(about["start"], about["history"], arrays)
    return None


def fingerprint(arrays: list[np.ndarray]) -> str:
    """A hash of shapes, types and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def refuse_another(folder: Path, there: Run, here: Run) -> None:
    """Raises ValueError, with the first difference, where a folder's run is not this one."""
    here = json.loads(json.dumps(here))
    for name in {**here, **there}:
        if there.get(name) != here.get(name):
            values = f": {name} was {there.get(name)} and is {here.get(name)} now"
            if len(values) > 150:
                values = f" with other {name}"
            raise ValueError(f"{folder} holds another run{values}; name another folder, or delete this one")


def _files(folder: Path) -> list[Path]:
    """Newest first."""
    return sorted(folder.glob("epoch-*.checkpoint"), reverse=True)
