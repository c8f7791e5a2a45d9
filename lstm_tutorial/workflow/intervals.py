"""Intervals around the forecasts of a blend, as `conformal` makes them from its own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.workflow.conformal import Scale, fit_scale, rolling_bounds
from lstm_tutorial.workflow.linear import fit_linear
from lstm_tutorial.workflow.scale import target_window

if TYPE_CHECKING:
    from lstm_tutorial.workflow.windows import Prepared, Windows

Interval = tuple[np.ndarray, np.ndarray]


def size_features(x: np.ndarray, extras: np.ndarray, columns: int) -> np.ndarray:
    """What tells a hard window from an easy one: the target's window, the extras, how much the target moved.

    From a scaler's x (n, steps, inputs) of so many `columns` and extras (n, k) to (n, timesteps + k + 1).
    """
    target = target_window(x, columns)
    return np.concatenate([target, extras, target.std(axis=1, keepdims=True)], axis=1)


def fit_size(prepared: Prepared) -> Scale:
    """How large an error to expect after a window, in scaled changes: from the linear model's training errors.

    The training part has seen all seasons, which the windows that are left for validation have not.
    """
    train = prepared.train
    errors = train.y - fit_linear(prepared).predict(prepared, train)
    return fit_scale(_features(prepared, train), errors.astype(float))


def rolling_intervals(
    prepared: Prepared, held_out: np.ndarray, changes: np.ndarray, level: float, size: Scale | None = None
) -> Interval:
    """Lower and upper ends (n, horizon) around forecasts of the test windows, in the data's units.

    `held_out` and `changes` are forecasts of the validation and of the test windows as scaled changes; the errors of
    both, as they become known, say how far to go. `size` makes intervals wide where errors should be large; without
    it they have the same width for all windows of a moment.
    """
    before, test = prepared.validation, prepared.test
    scores = np.concatenate([before.y - held_out, test.y - changes]).astype(float)
    sizes = np.ones_like(scores)
    if size:
        sizes = np.concatenate([size.predict(_features(prepared, part)) for part in (before, test)])
    first = np.concatenate([before.first, test.first])
    origins = np.arange(len(before.first), len(first))
    low, high = rolling_bounds(scores / sizes, first, origins, level)
    return tuple(prepared.unscale(changes + end * sizes[origins], test) for end in (low, high))  # type: ignore[return-value]


def _features(prepared: Prepared, windows: Windows) -> np.ndarray:
    return size_features(windows.x, windows.extras, len(prepared.schema.columns))
