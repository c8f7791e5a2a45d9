"""What a forecast's errors give away: bias, something left to learn, or yesterday's value in disguise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lstm_tutorial.workflow.baselines import fill
from lstm_tutorial.workflow.metrics import hac_variance
from lstm_tutorial.workflow.windows import Prepared, Windows


def best_lags(prepared: Prepared, windows: Windows, forecast: np.ndarray) -> np.ndarray:
    """For each step ahead, the lag at which the forecast (n, horizon) correlates best with the truth: (horizon,).

    0: it moves with the values that it forecasts. h, at h steps ahead: it moves with the last value that was known,
    which it copies. A season: it copies the last season. All are taken less the mean of the season (without one: the
    window) that was known, since on a series with a trend any lag correlates well. Ties go to the smaller lag.
    """
    horizon, season = forecast.shape[1], prepared.schema.season
    values = fill(prepared.values, season)
    recent = np.arange(-min(season or prepared.scaler.timesteps, int(windows.first[0])), 0)
    level = values[windows.first[:, None] + recent].mean(axis=1, keepdims=True)
    lags = np.arange(min(max(horizon, season or 0), int(windows.first[0])) + 1)
    found = []
    for step in range(horizon):
        past = values[windows.first[:, None] + step - lags] - level
        found.append(int(np.argmax(np.round(_correlations(forecast[:, step] - level[:, 0], past), 6))))
    return np.array(found)


def residual_checks(errors: np.ndarray, first: np.ndarray) -> pd.DataFrame:
    """Bias and leftover correlation of errors (n, horizon), truth minus forecast, a row for each step ahead.

    `first` (n,) are the rows of the first targets. Where most windows are no neighbors, since they were drawn at
    random, nothing is known of correlation, and the last two columns are NaN.

    "standard error" is that of the mean error, with a HAC variance. "correlation of errors" is that of errors h steps
    apart, where h is the step ahead: a good forecast made h steps ahead errs in ways that overlap up to lag h - 1 and
    no further. "95 % limit" is what chance alone keeps it under in 95 of 100 series (Bartlett's formula for a moving
    average, Box, Jenkins and Reinsel, *Time Series Analysis*, section 2.1.6).
    """
    n, horizon = errors.shape
    rows = []
    for step in range(1, horizon + 1):
        error = errors[:, step - 1]
        lags = autocorrelations(error, step)
        rows.append(
            {
                "mean error": error.mean(),
                "standard error": np.sqrt(hac_variance(error, min(2 * step, n - 1)) / n),
                "correlation of errors": lags[step] if step < n else np.nan,
                "95 % limit": 1.96 * np.sqrt((1 + 2 * np.sum(lags[1:step] ** 2)) / n),
            }
        )
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, horizon + 1, name="steps ahead"))
    if np.median(np.diff(first)) > 1:
        table[["correlation of errors", "95 % limit"]] = np.nan
    return table


def autocorrelations(values: np.ndarray, most: int) -> np.ndarray:
    """Correlation of a series (n,) with itself at lags 0 to `most`, 0 where it never changes."""
    centered, n = values - values.mean(), len(values)
    covariances = np.array([centered[lag:] @ centered[: n - lag] for lag in range(min(most, n - 1) + 1)])
    return covariances / covariances[0] if covariances[0] > 0 else np.zeros_like(covariances)


def ljung_box(values: np.ndarray, most: int) -> float:
    """The p-value of "no correlation at lags 1 to `most`": Ljung and Box 1978, https://doi.org/10.2307/2335207"""
    from statsmodels.stats.diagnostic import acorr_ljungbox

    return float(acorr_ljungbox(values, lags=[min(most, len(values) - 2)])["lb_pvalue"].iloc[0])


def _correlations(one: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Of a series (n,) with each column (n, k): (k,), 0 where one of them never changes."""
    one, columns = one - one.mean(), columns - columns.mean(axis=0)
    sizes = np.sqrt((one @ one) * (columns**2).sum(axis=0))
    return np.asarray(np.where(sizes > 0, one @ columns / np.where(sizes > 0, sizes, 1), 0))
