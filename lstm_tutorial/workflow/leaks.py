"""Does the future reach what a model is trained on? Found by experiment: change later values and look what moves.

Nothing is assumed of how the windows were made, so the test works for any preparation that returns three parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

Prepare = Callable[[Any, Any], Any]


class Parts(NamedTuple):
    """What a preparation of your own may return: windows with `x`, `y`, `first` and perhaps `extras`."""

    train: Any
    validation: Any
    test: Any


PARTS = Parts._fields


def find_leaks(prepare: Prepare, data: pd.DataFrame | pd.Series, settings: Any = None, tries: int = 12) -> list[str]:
    """One sentence for each way in which later values reach earlier windows; none where no way was found.

    `prepare(data, settings)` returns `train`, `validation` and `test`, each with inputs `x` (n, ...), targets `y`
    (n, horizon), `first` (n,), the row of each first target, and perhaps further inputs `extras` (n, k). The first
    column of `data` is the target; columns named in `data.attrs["known"]` are known ahead, so that inputs may
    contain them. Settings that `prepare` fills in (`settings` of what it returns) are held fixed, except where test
    values change: those may not even influence a choice. `tries` is the number of places at which values are changed.
    """
    before = prepare(data, settings)
    chosen = getattr(before, "settings", settings)
    found = []
    for number, name in enumerate(PARTS[:-1]):
        row = min(int(getattr(before, later).first.min()) for later in PARTS[number + 1 :])
        after = prepare(change(data, row), settings if name == "validation" else chosen)
        windows, moved = getattr(before, name), _moved(getattr(before, name), getattr(after, name))
        late = windows.first + windows.y.shape[1] > row
        if late.any():
            found.append(
                f"The {name} part overlaps the part after it: {late.sum()} of its {len(late)} windows have targets in "
                f"row {row} or later, where the next part begins."
            )
        early = moved[~late]
        if early.any():
            found.append(
                f"The {name} part knows the future: {early.sum()} of its {len(early)} windows that end before row "
                f"{row} change with values from there on. Something is fitted on them, or smoothed with them."
            )
    return found + _inside(prepare, data, chosen, before, tries)


def influence(prepare: Prepare, data: pd.DataFrame | pd.Series, settings: Any = None) -> dict[str, np.ndarray]:
    """Which rows the windows are made of, found by changing one row after another.

    "inputs" and "targets": float (windows, rows), how far the row moves any of them, 0 where it moves none; "first":
    the row of each first target, (windows,); "training": whether it is a training window, bool (windows,). Runs
    `prepare` once for each row.
    """
    before = prepare(data, settings)
    chosen, parts = getattr(before, "settings", settings), [getattr(before, name) for name in PARTS]
    inputs, targets = [], []
    for row in range(len(data)):
        after = prepare(change(data, row, row + 1), chosen)
        pairs = [(old, getattr(after, name)) for name, old in zip(PARTS, parts, strict=True)]
        inputs.append(np.concatenate([_farthest(_inputs(old), _inputs(new)) for old, new in pairs]))
        targets.append(np.concatenate([_farthest(old.y, new.y) for old, new in pairs]))
    first = np.concatenate([part.first for part in parts])
    training = np.arange(len(first)) < len(before.train.first)
    return {"inputs": np.stack(inputs, 1), "targets": np.stack(targets, 1), "first": first, "training": training}


def change(data: Any, start: int, stop: int | None = None, keep: tuple[str, ...] = ()) -> Any:
    """A copy of a frame or series with other values in the rows from `start` to before `stop`, the end if None.

    Random amounts of one to two standard deviations are added, so positive columns stay positive; what is missing
    stays so. Columns named in `keep` are left alone.
    """
    frame, rng = pd.DataFrame(data, copy=True).astype(float), np.random.default_rng(start)
    for place, name in enumerate(frame):
        if name not in keep:
            spread, rows = frame.iloc[:, place].std() or 1.0, len(frame.iloc[start:stop])
            frame.iloc[start:stop, place] += rng.uniform(spread, 2 * spread, rows)
    changed = frame if data.ndim == 2 else frame.iloc[:, 0].rename(data.name)
    changed.attrs = dict(data.attrs)
    return changed


def _inside(prepare: Prepare, data: Any, settings: Any, before: Any, tries: int) -> list[str]:
    """Whether inputs know their targets, and whether targets are the rows that `first` says.

    Values are changed only after the training part, since all windows may depend on what is fitted on that part.
    """
    end = int(before.train.first.max()) + before.train.y.shape[1]
    inputs, misplaced = dict.fromkeys(PARTS, 0), dict.fromkeys(PARTS, 0)
    missing = np.isnan((data.iloc[:, 0] if data.ndim == 2 else data).to_numpy(float))
    if data.attrs.get("filled") is not None:
        missing |= data.attrs["filled"]
    for row in _places(missing, before, end, tries):
        later = prepare(change(data, row, keep=tuple(data.attrs.get("known") or ())), settings)
        if _moved(before.train, later.train).all():
            continue  # what is fitted on the future moves all inputs, and is told already
        # Beside a gap one value may stand for several targets, so only `later` is asked there.
        alone = None if missing[row - 1 : row + 2].any() else prepare(change(data, row, row + 1), settings)
        for name in PARTS:
            old, horizon = getattr(before, name), getattr(before, name).y.shape[1]
            origin = old.first <= row
            knows = _differ(_inputs(old), _inputs(getattr(later, name))).any(axis=1) & origin
            inputs[name] = max(inputs[name], int(knows.sum()))
            if alone is None:
                continue
            hit = old.first[:, None] + np.arange(horizon) == row
            misses = (_differ(old.y, getattr(alone, name).y) != hit).any(axis=1) & origin
            misplaced[name] = max(misplaced[name], int(misses.sum()))
    found = [
        f"Inputs of {name} windows know their targets: up to {count} at a time change with values in or after the row "
        "of their own first target."
        for name, count in inputs.items()
        if count
    ]
    return found + [
        f"Targets of {name} windows are not where `first` says: up to {count} at a time do not change with the row "
        "that they are said to be, or change with another."
        for name, count in misplaced.items()
        if count
    ]


def _places(missing: np.ndarray, before: Any, end: int, tries: int) -> list[int]:
    """Rows after the training part: a few first targets, spread evenly, and the first rows after gaps.

    A value made up from both sides of a gap gives itself away only there.
    """
    firsts = np.sort(np.concatenate([before.validation.first, before.test.first]))
    firsts = firsts[(firsts >= end) & ~missing[firsts]]
    spread = firsts[np.linspace(0, len(firsts) - 1, min(tries, len(firsts))).astype(int)]
    after_gap = np.flatnonzero(missing[:-1] & ~missing[1:]) + 1
    return sorted({*spread.tolist(), *after_gap[after_gap >= end][:tries].tolist()})


def _inputs(windows: Any) -> np.ndarray:
    parts = [windows.x] if getattr(windows, "extras", None) is None else [windows.x, windows.extras]
    return np.concatenate([np.reshape(part, (len(windows.x), -1)) for part in parts], axis=1)


def _moved(old: Any, new: Any) -> np.ndarray:
    """Which windows are not what they were, in inputs or targets: (n,)."""
    return np.logical_or(_differ(_inputs(old), _inputs(new)).any(axis=1), _differ(old.y, new.y).any(axis=1))


def _differ(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Where two arrays differ; everywhere, if they have not even the same shape."""
    if old.shape != new.shape:
        return np.ones(old.shape, dtype=bool)
    return np.logical_not(np.isclose(old, new, rtol=0, atol=0, equal_nan=True))


def _farthest(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The largest difference in each window, (n,); infinite where a value came or went."""
    if old.shape != new.shape:
        return np.full(len(old), np.inf)
    far: np.ndarray = np.where(_differ(old, new), np.nan_to_num(np.abs(new - old), nan=np.inf), 0).max(axis=1)
    return far
