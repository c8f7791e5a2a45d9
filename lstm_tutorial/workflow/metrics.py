"""Scores of forecasts in the data's units, and a test whether two of them differ. Arrays are (n, horizon)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

SIGNIFICANCE = 0.05


class Comparison(NamedTuple):
    """A Diebold-Mariano test: the first forecast's mean loss minus the second's, its statistic and p-value."""

    difference: float
    statistic: float
    p_value: float

    @property
    def verdict(self) -> str:
        """Whether the first forecast is "better" or "worse" than the second (5 %), or "tied", or too few to tell."""
        if np.isnan(self.p_value):
            return "too few"
        if not self.p_value < SIGNIFICANCE:
            return "tied"
        return "better" if self.difference < 0 else "worse"


def mase_scale(values: np.ndarray, season: int | None) -> float:
    """The mean absolute error of the seasonal naive rule on training values (length,): MASE's denominator.

    Of persistence where there is no season, or one longer than the values. Missing values (NaN) are left out.
    Hyndman and Koehler 2006, https://doi.org/10.1016/j.ijforecast.2006.03.001
    """
    lag = season if season and season < len(values) else 1
    return float(np.nanmean(np.abs(values[lag:] - values[:-lag])))


def scores(truth: np.ndarray, forecast: np.ndarray, scale: float) -> dict[str, float]:
    """MAE and RMSE in the data's units, MASE (MAE / `scale`) and sMAPE in percent."""
    from sklearn.metrics import mean_absolute_error, root_mean_squared_error

    mae = float(mean_absolute_error(truth.ravel(), forecast.ravel()))
    rmse = float(root_mean_squared_error(truth.ravel(), forecast.ravel()))
    return {"MAE": mae, "RMSE": rmse, "MASE": mae / scale if scale else np.nan, "sMAPE": smape(truth, forecast)}


def smape(truth: np.ndarray, forecast: np.ndarray) -> float:
    """The mean of 2 |y - f| / (|y| + |f|) in percent, from 0 to 200; two zeros count as no error.

    As in the M4 competition, https://doi.org/10.1016/j.ijforecast.2019.04.014
    """
    size = np.abs(truth) + np.abs(forecast)
    return float(200 * np.mean(np.abs(truth - forecast) / np.where(size > 0, size, 1)))


def pinball(truth: np.ndarray, quantile: np.ndarray, level: float) -> float:
    """The loss that the true `level` quantile makes smallest, in the data's units.

    Koenker and Bassett 1978, https://doi.org/10.2307/1913643
    """
    from sklearn.metrics import mean_pinball_loss

    return float(mean_pinball_loss(truth.ravel(), quantile.ravel(), alpha=level))


def interval_score(truth: np.ndarray, low: np.ndarray, high: np.ndarray, level: float) -> float:
    """Mean width, plus 2 / (1 - level) times what the truth lies outside: smaller is better, in the data's units.

    Winkler 1972; Gneiting and Raftery 2007, equation 43, https://doi.org/10.1198/016214506000001437
    """
    outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return float(np.mean(high - low + 2 / (1 - level) * outside))


def coverage(truth: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """The share of values inside their interval, ends included."""
    return float(np.mean((low <= truth) & (truth <= high)))


def by_step(truth: np.ndarray, forecast: np.ndarray, scale: float) -> pd.DataFrame:
    """`scores` for each step ahead: one row a step, counted from 1."""
    rows = [scores(truth[:, step], forecast[:, step], scale) for step in range(truth.shape[1])]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="steps ahead"))


def diebold_mariano(losses: np.ndarray, other_losses: np.ndarray) -> Comparison:
    """Whether two forecasts' losses (n, horizon), from origins in order of time, differ by more than chance.

    Each origin counts once, by its mean loss over the steps ahead. Errors of forecasts h steps ahead overlap, so the
    variance of the mean loss difference sums autocovariances with Bartlett's weights (Newey and West 1987,
    https://doi.org/10.2307/1913610) up to lag 2 h - 1 or 4 (n / 100)^(2/9), whichever is larger: the usual h - 1
    found a difference where there was none in 12 of 100 simulated series, not 5. Statistic: Diebold and Mariano 1995,
    https://doi.org/10.1080/07350015.1995.10524599, with the small-sample correction and Student's t of Harvey,
    Leybourne and Newbold 1997, https://doi.org/10.1016/S0169-2070(96)00719-4. Where the losses are the same, the
    p-value is 1; where fewer than 4 h origins leave too little to estimate a variance from, it is NaN.
    """
    from scipy.stats import t

    gaps = (losses - other_losses).mean(axis=1)
    n, horizon = losses.shape
    difference = float(gaps.mean())
    if n < max(4 * horizon, 10):
        return Comparison(difference, np.nan, np.nan)
    if np.allclose(losses, other_losses, rtol=1e-9, atol=0):
        return Comparison(difference, 0.0, 1.0)
    lag = max(2 * horizon - 1, int(4 * (n / 100) ** (2 / 9)))
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    with np.errstate(divide="ignore"):
        statistic = difference * float(np.sqrt(correction * n / np.float64(hac_variance(gaps, lag))))
    return Comparison(difference, statistic, float(2 * t.sf(abs(statistic), n - 1)))


def write_gap(gap: float) -> str:
    """A relative difference as people read it: 9.3% more."""
    return f"{abs(gap):.1%} {'less' if gap < 0 else 'more'}" if abs(gap) >= 0.0005 else "practically as much"


def write_p(p: float) -> str:
    """A p-value to three digits, never as zero; empty for NaN."""
    if np.isnan(p):
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def hac_variance(values: np.ndarray, lag: int) -> float:
    """The long-run variance of a series (n,), with Bartlett's weights up to `lag`; never negative."""
    n, centered = len(values), values - values.mean()
    covariances = np.array([centered[k:] @ centered[: n - k] / n for k in range(lag + 1)])
    weights = 1 - np.arange(lag + 1) / (lag + 1)
    return float(2 * weights @ covariances - covariances[0])
