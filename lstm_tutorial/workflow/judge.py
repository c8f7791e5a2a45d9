"""How good some settings are, in little time: short trainings on stretches that end before the test part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.training import Arrays, read_state, write_state
from lstm_tutorial.workflow.blend import predict_mean
from lstm_tutorial.workflow.choose import cut_fold, keeps_to_range, make_folds
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.scale import rows_needed
from lstm_tutorial.workflow.schema import Schema
from lstm_tutorial.workflow.windows import Prepared, Split, Windows

if TYPE_CHECKING:
    import keras

EPOCHS, PATIENCE = 10, 2  # of `WINDOWS`; with fewer windows up to three times as many epochs
ROWS, WINDOWS = 20_000, 400  # the last rows before the test part, and so many windows of a part, drawn at random


class Fold(NamedTuple):
    """What settings are tried on: windows before the test part."""

    train: Windows
    validation: Windows
    schema: Schema


def cut_folds(known: pd.DataFrame, tried: Sequence[Settings], level: bool | None) -> dict[int, list[Fold]]:
    """Folds by `timesteps`, for each of the settings that the rows before the test part, `known`, have room for.

    The first of `tried` lays down the folds; windows so long that a fold would lose half of its windows are left out.
    All lengths are judged by the same targets. With `level` None, models see the level if the first settings say so
    and the series kept to its range in each fold. Raises `DataError` where not even the first settings have room.
    """
    frame, filled = known.iloc[-ROWS:], known.attrs.get("filled")
    frame.attrs = {**known.attrs, "filled": None if filled is None else filled[: len(known)][-ROWS:]}
    splits = make_folds(Split(0, len(frame), len(frame)), _rows(tried[0], 0), known.attrs.get("season") or 0)
    if level is None:
        level = bool(tried[0].level) and all(keeps_to_range(frame, split) for split in splits)
    found: dict[int, list[Fold]] = {}
    for settings in tried:
        need = _rows(settings, known.attrs.get("season") or 0)
        if found and need > splits[0].validation:
            continue
        splits = [split for split in splits if split.validation >= need]
        folds = [_cut(frame, settings, split, level) for split in splits]
        if not found:
            kept = [place for place, (train, held_out, _) in enumerate(folds) if len(train.y) and len(held_out.y)]
            splits, folds = [splits[place] for place in kept], [folds[place] for place in kept]
            first, targets = folds, [fold.validation.first for fold in folds]
        if not folds:
            raise DataError(
                f"column {known.columns[0]!r}: the {len(known)} values before the test part leave no stretch to try "
                f"settings on; take timesteps={settings.timesteps} or horizon={settings.horizon} shorter"
            )
        both = [np.intersect1d(fold.validation.first, old) for fold, old in zip(folds, targets, strict=True)]
        if all(
            2 * len(fold.train.y) >= len(old.train.y) and 2 * len(left) >= len(old.validation.y)
            for fold, old, left in zip(folds, first, both, strict=True)
        ):
            found[settings.timesteps or 1], targets = folds, both
    return {
        timesteps: [_thin(fold, target) for fold, target in zip(folds, targets, strict=True)]
        for timesteps, folds in found.items()
    }


def error_on(folds: list[Fold], settings: Settings, report: Callable[[float, int], None] | None = None) -> float:
    """RMSE as a share of the anchor's, mean over the folds: 1 is no better than the forecast that costs nothing.

    After each fold, the mean so far is given to `report(error, folds done)`, which may raise to stop.
    """
    return _error_on(folds, settings, {}, report)


def _error_on(
    folds: list[Fold],
    settings: Settings,
    compiled: dict[Schema, Epochs],
    report: Callable[[float, int], None] | None = None,
) -> float:
    """The same with models compiled before, to which those are added that are missing."""
    errors: list[float] = []
    untrained: dict[Schema, dict[str, Arrays]] = {}
    for fold in folds:
        # Most folds differ in length only: one compiled model serves them all.
        if fold.schema not in untrained:
            model = build(settings, fold.schema)
            untrained[fold.schema] = read_state(model)
            if fold.schema not in compiled:
                compiled[fold.schema] = Epochs(model, fold, settings.batch_size)
        epochs = compiled[fold.schema]
        write_state(epochs.model, untrained[fold.schema])
        epochs.turn_to(fold.train, fold.validation)
        anchor = float(np.mean(fold.validation.y.astype(float) ** 2))
        times = min(3.0, max(1.0, WINDOWS / epochs.count))
        best = fit_briefly(epochs, settings.seed, round(times * EPOCHS), round(times * PATIENCE))
        errors.append(float(np.sqrt(best / anchor)) if anchor else 1.0)
        if report:
            report(float(np.mean(errors)), len(errors))
    return float(np.mean(errors))


def seed_errors(folds: list[Fold], settings: Settings, seeds: int) -> np.ndarray:
    """`error_on` with `settings.seed` and the seeds after it: what training with other random numbers makes of it."""
    tried, compiled = range(settings.seed, settings.seed + seeds), dict[Schema, Epochs]()
    return np.array([_error_on(folds, settings.model_copy(update={"seed": seed}), compiled) for seed in tried])


def fit_briefly(epochs: Epochs, seed: int, most: int, patience: int, passes: int = 1) -> float:
    """Train until the loss on held-out windows has not improved for `patience` epochs, `most` at most.

    An epoch makes `passes` over the windows. Leaves the best weights in the model and returns their loss; those it
    came with may be the best.
    """
    best, since, weights = epochs.score()["loss"], 0, epochs.model.get_weights()
    for epoch in range(most):
        rng = np.random.default_rng([seed, epoch])
        epochs.fit(np.concatenate([rng.permutation(epochs.count) for _ in range(passes)]))
        loss = epochs.score()["loss"]
        since += 1
        if loss < best:
            best, since, weights = loss, 0, epochs.model.get_weights()
        if since == patience or not np.isfinite(loss):
            break
    epochs.model.set_weights(weights)
    return best


def rmse(prepared: Prepared, changes: np.ndarray, windows: Windows) -> float:
    """Root mean squared error in the data's units of forecasts given as scaled changes (n, horizon)."""
    return float(np.sqrt(np.mean((prepared.unscale(changes, windows) - prepared.truth(windows)) ** 2)))


def member_errors(prepared: Prepared, models: Sequence[keras.Model], part: str) -> np.ndarray:
    """RMSE of each network on the "validation" or "test" part, in the data's units: (members,)."""
    windows: Windows = getattr(prepared, part)
    return np.array([rmse(prepared, predict_mean([model], windows), windows) for model in models])


def squared_errors(prepared: Prepared, changes: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Of forecasts given as scaled changes of all test windows, after those that start at `origins`: (n, horizon)."""
    windows = prepared.test
    losses: np.ndarray = (prepared.unscale(changes, windows) - prepared.truth(windows)) ** 2
    return losses[np.isin(windows.first, origins)]


def _rows(settings: Settings, season: int) -> int:
    """How many rows before a fold's validation part leave it a window to train on."""
    return rows_needed(settings.timesteps or 1, settings.anchor, season) + (settings.horizon or 1)


def _cut(frame: pd.DataFrame, settings: Settings, split: Split, level: bool) -> Fold:
    cut = cut_fold(frame, settings.model_copy(update={"level": level}), split)
    return Fold(cut.train, cut.validation, cut.schema)


def _thin(fold: Fold, targets: np.ndarray) -> Fold:
    """At most `WINDOWS` windows of each part; of the validation part those that start with one of `targets`."""
    judged = fold.validation.take(np.isin(fold.validation.first, targets))
    return Fold(fold.train.thin(WINDOWS), judged.thin(WINDOWS), fold.schema)
