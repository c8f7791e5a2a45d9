"""Is a forecaster still as good as it was? Its inputs against those of its training, and its past intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lstm_tutorial.numbers import write_number
from lstm_tutorial.workflow.conformal import MOST
from lstm_tutorial.workflow.deploy import DECILES, Forecaster
from lstm_tutorial.workflow.intervals import size_features
from lstm_tutorial.workflow.runtime import fit_intervals

if TYPE_CHECKING:
    import pandas as pd

    from lstm_tutorial.workflow.scale import Scaler

DRIFT = 0.25  # a population stability index above it means another population, by a rule of thumb of credit scoring
AMISS = 0.05  # an interval that holds so much less or more than it should is too narrow or too wide,
DOUBT = 1.8  # if it is more standard errors than that: one-sided 5 % by Student's t, with a dozen blocks
FEW = 8  # blocks of forecasts; fewer say little of a standard error


class Health(NamedTuple):
    """How the forecasts of a stretch of time fared.

    `drift` is the population stability index of each input, `coverage` the share of true values inside the intervals
    (levels,) and `doubt` its standard error, `error` the forecasts' root mean squared error and `naive` that of the
    anchor alone, in the data's units. `blocks` are the parts of two horizons each, far enough from each other to
    count as independent, from which the standard error is.
    """

    blocks: int
    drift: dict[str, float]
    coverage: np.ndarray
    doubt: np.ndarray
    error: float
    naive: float


def stability(quantiles: np.ndarray, values: np.ndarray) -> float:
    """The population stability index of values (n,) against the deciles (11,) of an earlier sample.

    The sum over bins of (p - q) log(p / q), where q and p are the shares of the earlier and of the new values: 0 for
    equal shares (a symmetric Kullback-Leibler divergence; Siddiqi, *Credit Risk Scorecards*, 2006). The bins end at
    the nine inner deciles; those that coincide count as one. An empty bin counts as half a value, a missing value as
    one in the highest bin.
    """
    edges = np.unique(quantiles[1:-1])
    edges = edges[edges < quantiles[-1]]
    below = [DECILES[np.searchsorted(quantiles, edge, side="right") - 1] for edge in edges]
    expected = np.diff([0, *below, 1])
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    found = np.maximum(counts, 0.5) / len(values)
    return float(np.sum((found - expected) * np.log(found / expected)))


def watched(
    scaler: Scaler, table: np.ndarray, first: np.ndarray, x: np.ndarray, extras: np.ndarray
) -> dict[str, np.ndarray]:
    """The inputs that are watched, of the windows before the rows `first`, each an array of values.

    The target as the models see it, relative to its anchor; the covariates; and the target's level where the models
    see it. `x` and `extras` are what `Scaler.inputs` made.
    """
    target, *others = scaler.schema.columns
    found = {f"{target} (change)": x.reshape(-1, x.shape[2])[:, :: len(scaler.schema.columns)].ravel()}
    found |= {name: table[first - 1, 1 + place] for place, name in enumerate(others)}
    return found | ({f"{target} (level)": extras[:, 0]} if scaler.schema.level else {})


def deciles(values: np.ndarray) -> np.ndarray:
    """The lowest value, the nine deciles and the highest, (11,); missing values left out."""
    return np.nanquantile(np.asarray(values, float), DECILES)


def rows(frame: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """The rows from `start` to before `end`, with what `read_frame` told of just these."""
    part, filled = frame.iloc[start:end].copy(), frame.attrs.get("filled")
    part.attrs = {**frame.attrs, "filled": None if filled is None else filled[start:end]}
    return part


def origins(
    forecaster: Forecaster, frame: pd.DataFrame, start: int, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """What `Forecaster.forecast` takes, for forecasts of the rows from `start` to before `end`.

    `frame` is what `read_frame` returned of the forecaster's columns. Windows with a missing target are left out.
    Raises ValueError if none is left.
    """
    schema, horizon = forecaster.schema, forecaster.horizon
    table = frame[list(schema.columns)].to_numpy(float)
    missing = np.concatenate([[0], np.cumsum(np.isnan(table[:, 0]))])
    first = np.arange(max(start, forecaster.reach), end - horizon + 1)
    first = first[missing[first + horizon] == missing[first - forecaster.reach]]
    if not len(first):
        raise ValueError(f"rows {start} to {end}: no window of {forecaster.reach} + {horizon} values without a gap")
    times = None if schema.step is None else frame.index.to_numpy("datetime64[s]")[first]
    return table, first, times, table[first[:, None] + np.arange(horizon), len(schema.columns) - len(schema.known) :]


def examine(forecaster: Forecaster, frame: pd.DataFrame, start: int, end: int) -> Health:
    """How the forecasts of the rows from `start` to before `end` fared; arguments and errors as for `origins`."""
    scaler, horizon = forecaster.scaler, forecaster.horizon
    table, first, times, ahead = origins(forecaster, frame, start, end)
    mean, lower, upper = forecaster.forecast(table, first, times, ahead)
    truth = table[first[:, None] + np.arange(horizon), 0]
    naive = scaler.restore(np.zeros(truth.shape), table, first)
    inside = (lower <= truth) & (truth <= upper)
    x, extras = scaler.inputs(table, first, times, ahead)
    seen = watched(scaler, table, first, x, extras)
    drift = {name: stability(q, v) for q, (name, v) in zip(forecaster.quantiles, seen.items(), strict=True)}
    blocks = len(first) // (2 * horizon)
    parts = inside.mean(axis=2)[:, : blocks * 2 * horizon].reshape(len(inside), blocks, 2 * horizon).mean(axis=2)
    doubt = parts.std(axis=1, ddof=1) / np.sqrt(blocks) if blocks > 1 else np.full(len(inside), np.inf)
    errors = [float(np.sqrt(np.mean((forecast - truth) ** 2))) for forecast in (mean, naive)]
    return Health(blocks, drift, inside.mean(axis=(1, 2)), doubt, *errors)


def renew(forecaster: Forecaster, frame: pd.DataFrame, start: int, end: int) -> Forecaster:
    """The same forecaster with intervals from the latest of its errors in the rows from `start` to before `end`.

    Nothing is trained. Arguments and errors as for `origins`.
    """
    asked = origins(forecaster, frame, start, end)
    x, extras = forecaster.scaler.inputs(*asked)
    errors = forecaster.scaler.changes(*asked[:2]) - forecaster.network.predict(x, extras)
    features = size_features(x, extras, len(forecaster.schema.columns))
    intervals = fit_intervals(forecaster.levels, forecaster.intervals.scale, features, errors)
    about = forecaster.about | {"calibrated": min(MOST, len(errors)), "renewed": str(frame.index[end - 1])}
    return replace(forecaster, intervals=intervals, about=about)


def summarize(healths: Mapping[str, Health], levels: tuple[float, ...]) -> pd.DataFrame:
    """A row for each stretch of time: errors, what the intervals held, the input that drifted most, the advice."""
    import pandas as pd

    rows = {}
    for name, health in healths.items():
        drifted, most = max(health.drift.items(), key=lambda item: item[1])
        row: dict[str, object] = {"RMSE": health.error, "naive": health.naive}
        for level, share in zip(levels, health.coverage, strict=True):
            row[f"in {level:.0%}"] = f"{share:.0%}"
        rows[name] = row | {"most drift": f"{drifted}: {most:.2f}", "advice": advise(health, levels).partition(":")[0]}
    return pd.DataFrame.from_dict(rows, orient="index")


def advise(health: Health, levels: tuple[float, ...]) -> str:
    """What to do, in a sentence that begins with "keep", "look", "renew" (the intervals) or "retrain"."""
    if health.blocks < FEW:
        found = f"{health.blocks} independent stretch{'es are' if health.blocks != 1 else ' is'}"
        return f"look: {found} too few to judge by; {FEW} would do"
    if health.error > health.naive:
        error, naive = write_number(health.error, 3), write_number(health.naive, 3)
        return f"retrain: an error of {error}, above the {naive} of the naive forecast"
    for level, share, doubt in zip(levels, health.coverage, health.doubt, strict=True):
        if round(abs(share - level), 9) > max(AMISS, DOUBT * doubt):
            return f"renew: the {level:.0%} intervals held {share:.0%} of the values"
    name, most = max(health.drift.items(), key=lambda item: item[1])
    if most > DRIFT:
        return f"look: {name} has drifted ({most:.2f}), and the forecasts hold so far"
    return "keep: inputs and intervals are as they were"
