"""Settings that the data decide: by rule where a rule will do, else by what a linear model gains from them."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.linear import fit_ridge, flat
from lstm_tutorial.workflow.windows import Prepared, Split, cut, split

FOLDS = 3
LONG = 60  # windows of more steps are folded: one LSTM step is a season
STRENGTHS = (1.0, 100.0, 10_000.0)
ENOUGH = 4_000  # windows a fold; more would change no choice
GAIN = 0.99  # what costs more must make the error this much smaller


def choose(frame: pd.DataFrame, settings: Settings) -> Settings:
    """`settings` with nothing left open that the data decide.

    Anchor, logarithms and the use of covariates are those with which a ridge regression errs least on
    `FOLDS` stretches before the test part, each forecast from what came before it; fitting it takes milliseconds.
    The test part is not looked at.
    """
    settings = by_rule(frame, settings)
    assert settings.timesteps and settings.horizon
    season, parts = frame.attrs.get("season"), split(len(frame), settings.validation_fraction, settings.test_fraction)
    seasonal = season and _folds(frame, settings)[0].validation > 2 * season
    anchors = [settings.anchor] if settings.anchor else ["last", "season", "ratio"][: 3 if seasonal else 1]
    logs = [settings.log] if settings.log is not None else [False, True][: 1 + positive(frame, parts)]
    tried = {
        (anchor, log): 0.0
        if len(anchors) == len(logs) == 1
        else error_on_folds(frame, settings, anchor=anchor, log=log, features=[])
        for anchor, log in product(anchors, logs)
    }
    plainest = (anchors[0], logs[0])
    anchor, log = min(tried, key=lambda key: tried[key] * (GAIN if key == plainest else 1))
    chosen = settings.model_copy(update={"anchor": anchor, "log": log})
    if settings.features is None:
        chosen = chosen.model_copy(update={"features": _features(frame, chosen)})
    return chosen


def by_rule(frame: pd.DataFrame, settings: Settings) -> Settings:
    """What needs no fit: `horizon`, `timesteps`, `fold` and `level`."""
    season, parts = frame.attrs.get("season"), split(len(frame), settings.validation_fraction, settings.test_fraction)
    horizon = settings.horizon or (min(season, 48) if season else 1)
    timesteps = settings.timesteps or _timesteps(season, parts.test)
    folds = season and timesteps > LONG and timesteps % season == 0
    fold = settings.fold or (season if folds else 1)
    level = settings.level
    if level is None:
        level = settings.anchor != "mean" and keeps_to_range(frame, parts)
    return settings.model_copy(update={"horizon": horizon, "timesteps": timesteps, "fold": fold, "level": level})


def keeps_to_range(frame: pd.DataFrame, parts: Split) -> bool:
    """Whether the target's validation part stays within what training has seen."""
    seen, later = frame.iloc[: parts.validation, 0], frame.iloc[parts.validation : parts.test, 0]
    return bool(later.min() >= seen.min() and later.max() <= seen.max())


def positive(frame: pd.DataFrame, parts: Split) -> bool:
    """Whether the target has a logarithm everywhere before the test part."""
    return bool((frame.iloc[: parts.test, 0].dropna() > 0).all())


def _features(frame: pd.DataFrame, settings: Settings) -> list[str]:
    """All covariates where they help the ridge, else none."""
    known = frame.attrs.get("known") or []
    features = [str(name) for name in frame.columns[1:] if name not in known]
    if not features:
        return []
    with_them, without = (error_on_folds(frame, settings, features=chosen) for chosen in (features, []))
    return features if with_them < GAIN * without else []


def _timesteps(season: int | None, known: int) -> int:
    """Three seasons, fewer where the series is short; one where a season is long."""
    if season is None:
        return max(1, min(24, known // 8))
    if season > 400:
        return 96
    seasons = 3 if 3 * season <= 200 else 1
    while seasons > 1 and seasons * season > known / 6:
        seasons -= 1
    return seasons * season


def make_folds(parts: Split, window: int, season: int) -> list[Split]:
    """Stretches that end where the test part begins, each behind the other; one third is always trained on."""
    start = max(parts.test // 3, min(2 * (window + season), parts.test - FOLDS * window))
    edges = np.linspace(start, parts.test, FOLDS + 1).astype(int)
    return [Split(int(a), int(b), int(b)) for a, b in pairwise(edges) if a < b]


def error_on_folds(frame: pd.DataFrame, settings: Settings, **choice: object) -> float:
    """What decides: a ridge's root mean squared error over all folds, in the data's units, at its best strength.

    `settings`, with `choice` in their place, leave nothing open.
    """
    settings = settings.model_copy(update=choice)
    errors = [_errors(cut_fold(frame, settings, fold)) for fold in _folds(frame, settings)]
    return float(np.sqrt(np.mean(errors, axis=0).min()))


def _folds(frame: pd.DataFrame, settings: Settings) -> list[Split]:
    assert settings.timesteps and settings.horizon, "choose settings first"
    parts = split(len(frame), settings.validation_fraction, settings.test_fraction)
    return make_folds(parts, settings.timesteps + settings.horizon, frame.attrs.get("season") or 0)


def cut_fold(frame: pd.DataFrame, settings: Settings, fold: Split) -> Prepared:
    """What would have been known of the table when this fold ended, cut."""
    known, filled = frame.iloc[: fold.test], frame.attrs.get("filled")
    known.attrs = {**frame.attrs, "filled": None if filled is None else filled[: fold.test]}
    return cut(known, settings, fold)


def _errors(prepared: Prepared) -> list[float]:
    train, held_out = prepared.train, prepared.validation
    if not len(train.y) or not len(held_out.y):
        return [np.inf] * len(STRENGTHS)
    every = -(-len(train.y) // ENOUGH)
    x, y, truth = flat(prepared, train)[::every], train.y[::every], prepared.truth(held_out)
    forecasts = [prepared.unscale(fit_ridge(x, y, s).predict(prepared, held_out), held_out) for s in STRENGTHS]
    return [float(np.mean((forecast - truth) ** 2)) for forecast in forecasts]
