"""What a regular table needs before windows are cut from it: gaps, columns of no use, and a word on outliers."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from lstm_tutorial.workflow.parse import DataError

MAX_GAP = 3  # a run of this many missing target values is interpolated, a longer one stays empty
MAX_MISSING = 0.5  # a column that misses a larger share than this is of no use
FLAG = 0.1  # where more is empty and the rest is all one number, the empty cells must mean another
FAR = 10  # robust deviations from both neighbors that make a value an outlier,
RARE = 0.005  # but where a larger share of the values is that far, it is how the data are


def mend(
    frame: pd.DataFrame, rows: pd.Series | None, known: list[str], asked: Collection[str], notes: list[str]
) -> pd.DataFrame:
    """The steps from the target's first value to its last, mended; `notes` gains what was done.

    The first column is the target. `rows` holds each step's row in the file, if there is one. Past covariates and
    the covariates in `known` are carried forward. Those of no use are left out, or refused if they were `asked`
    for: mostly empty, 1 or empty; and unless asked for, constant or counting the rows. `attrs` gains "filled",
    "known" and "future". Raises `DataError`.
    """
    target = frame[frame.columns[0]]
    present = np.flatnonzero(target.notna())
    if not len(present):
        raise DataError(f"column {target.name!r} has no values")
    start, end = present[0], present[-1] + 1
    stop = max(np.flatnonzero(frame[known].notna().all(axis=1)), default=-1) + 1 if known else 0
    inside = frame.iloc[start:end]
    kept = [name for name in frame.columns[1:] if _is_of_use(inside[name], name in asked, notes)]
    full = frame[kept].ffill()
    left_out = start + len(frame) - max(end, stop)
    if left_out:
        notes.append(f"Empty steps at the ends were left out: {left_out}.")
    names = None if rows is None else rows.iloc[start:end]
    filled = _fill(inside.iloc[:, 0], names, notes)
    mended = pd.concat([filled, full.iloc[start:end]], axis=1)
    _note_carried(inside[kept], mended[kept], notes)
    outliers = [text for name in mended.columns if (text := describe_outliers(inside[name], names))]
    if outliers:
        notes.append(f"Far from the values before and after, perhaps wrong, and unchanged: {'; '.join(outliers)}.")
    if stop > end:
        notes.append(f"Steps after the last {target.name!r} that hold what is known ahead: {stop - end}.")
    mended.attrs = {
        "filled": (inside.iloc[:, 0].isna() & filled.notna()).to_numpy(),
        "known": list(known),
        "future": full.iloc[end:stop][known] if stop > end else None,
    }
    return mended


def _is_of_use(values: pd.Series, asked: bool, notes: list[str]) -> bool:
    missing, steps = int(values.isna().sum()), values.dropna().diff().iloc[1:]
    if values.nunique() == 1 and missing > FLAG * len(values):
        problem = f"{values.dropna().iloc[0]:g} or empty; write what the empty cells stand for, such as 0"
    elif missing > MAX_MISSING * len(values):
        problem = f"empty in {missing} of {len(values)} steps"
    elif asked or steps.nunique() > 1:  # a short history for a trained model may well be constant
        return True
    else:
        problem = "only counting the rows" if steps.any() else f"constant ({values.max():g})"
    if asked:
        raise DataError(f"column {values.name!r} can't be a covariate: it is {problem}")
    notes.append(f"Left out: column {values.name!r} is {problem}.")
    return False


def _fill(target: pd.Series, rows: pd.Series | None, notes: list[str]) -> pd.Series:
    """The target with its short gaps interpolated in a straight line, its long ones as they are."""
    missing = target.isna()
    count = int(missing.sum())
    if count > MAX_MISSING * len(target):
        raise DataError(
            f"column {target.name!r}: {count} of {len(target)} steps are missing; at most half of them may be"
        )
    if target.nunique() == 1:
        raise DataError(f"column {target.name!r} is constant ({target.iloc[0]:g}); there is nothing to forecast")
    gaps = missing.groupby((~missing).cumsum()).transform("sum").where(missing, 0)  # each missing step's gap
    long, starts = gaps > MAX_GAP, missing & ~missing.shift(fill_value=False)
    short = count - int(long.sum())
    if short:
        share, most = short / len(target), int(gaps[~long].max())
        notes.append(f"Missing values were interpolated: {short} ({share:.1%}), at most {most} in a row.")
    if long.any():
        place = name_step(target.index, rows, int(gaps.to_numpy().argmax()) - 1)
        notes.append(
            f"Gaps of more than {MAX_GAP} steps stay empty, and windows that touch one are left out: {long.sum()} "
            f"steps in {(starts & long).sum()}, the longest of {gaps.max():.0f} after {place}."
        )
    return target.interpolate().mask(long)


def _note_carried(before: pd.DataFrame, after: pd.DataFrame, notes: list[str]) -> None:
    """Say what was carried forward, which may be from before the target's first value, and what could not be."""
    carried = before.isna().sum() - after.isna().sum()
    counts = [f"{name!r} {count} ({count / len(before):.1%})" for name, count in carried.items() if count]
    if counts:
        notes.append(f"Missing values of covariates are the last one seen: {', '.join(counts)}.")
    for name, count in after.isna().sum().items():
        if count:
            notes.append(f"Column {name!r} begins {count} steps late; windows that touch these are left out.")


def describe_outliers(values: pd.Series, rows: pd.Series | None = None) -> str:
    """How many values of a column stick out on one side of what stands before and after them, and the worst.

    They do if both steps, to them and away from them, are more than `FAR` robust deviations long: the median
    absolute deviation of all steps, times 1.4826, which makes it a standard deviation for normal steps. Seasons,
    trends and jumps to a new level take no such double step, and data that mostly stand still have no deviation.
    A run of one value, such as -999 three times, counts as one. Empty if there are none.
    """
    there = values.dropna()
    steps = there.diff().iloc[1:]
    deviation = 1.4826 * (steps - steps.median()).abs().median() if len(steps) else 0.0
    runs = there[there != there.shift()]
    to, away = runs.diff(), -runs.diff(-1)
    excess = np.minimum(to.abs(), away.abs()).where(to * away < 0, 0)
    far = excess[excess > FAR * deviation]
    if deviation == 0 or not len(far) or len(far) > max(3, RARE * len(there)):
        return ""
    worst = values.index.get_loc(far.idxmax())
    place = f"{values.iloc[worst]:g} at {name_step(values.index, rows, worst)}"
    return f"{values.name!r} {place}" if len(far) == 1 else f"{values.name!r} {len(far)} times, the worst {place}"


def name_step(index: pd.Index, rows: pd.Series | None, step: int) -> str:
    """Where a step stands: the row in the file, if there is one, and the time, if there are times."""
    time = f"{index[step]:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if isinstance(index, pd.DatetimeIndex) else ""
    if rows is None:
        return time or f"step {step}"
    return f"row {rows.iloc[step]:.0f}" + (f" ({time})" if time else "")
