"""Prediction intervals from past errors: rolling conformal prediction, scaled by how hard each window looks.

NumPy only, since serving uses it too. The idea is that of Vovk, Gammerman and Shafer (*Algorithmic Learning in a
Random World*, 2005): a new error lies among past ones like any of them. Errors of a series drift, so only the latest
ones count, and only those known when the forecast is made: a forecast h steps ahead is scored h steps later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST = 500  # scores that count: the latest
ENOUGH = 400  # with fewer, coverage may be off by more than two points
LEAST = 39  # with fewer, an interval from the least to the largest error seen covers less than 95 %
PENALTY = 1000.0  # a scale needs to be roughly right only, so its ridge is held tightly
FLOOR = 0.1  # errors below this share of the mean error are all alike: their logarithm would say too much


@dataclass(frozen=True)
class Scale:
    """The size of error to expect at each step after a window: `exp(bias + features · weights)`.

    `center` and `spread` (k,) standardize the features, `weights` is (k, horizon), `bias` (horizon,).
    """

    center: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """From features (n, k) to positive sizes (n, horizon), in the units of the errors it was fitted to."""
        # Beyond four deviations a logarithm extrapolates to sizes that no error ever had.
        standard = np.clip((features - self.center) / self.spread, -4, 4)
        # Row by row, so that each result is the same to the bit in any company.
        return np.asarray(np.exp(self.bias + (standard[:, None] @ self.weights)[:, 0]))


def fit_scale(features: np.ndarray, errors: np.ndarray) -> Scale:
    """Ridge regression from features (n, k) to the logarithm of the errors' (n, horizon) absolute values."""
    center, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    standard = (features - center) / spread
    sizes = np.abs(errors)
    floor = np.maximum(FLOOR * sizes.mean(axis=0), np.finfo(float).tiny)
    logs = np.log(sizes + floor)
    bias = logs.mean(axis=0)
    gram = standard.T @ standard + PENALTY * np.eye(standard.shape[1])
    return Scale(center, spread, np.linalg.solve(gram, standard.T @ (logs - bias)), bias)


def bounds(scores: np.ndarray, coverage: float, steps: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The lower and upper score between which the next one should fall, for each column of past scores (n, k).

    `steps` (k,) are the steps ahead of the columns, by default 1, 2... Each side leaves out half of 1 - coverage, by
    the rank that is right for a finite n: above, the ceil((n + 1)(1 + coverage) / 2)-th smallest; below, the same from
    the other end; the extremes where n is too small for that. Forecasts h steps ahead overlap, and with them their
    errors: n of them say less than n. Sums of h equal shocks, one more and one less at each origin, are worth
    n / (2 h / 3); real errors lie between that and n, so they count as n / (1 + (h - 1) / 3). On five series, before
    their test parts, this brought the coverage closer to what it should be.
    """
    ordered, (n, count) = np.sort(scores, axis=0), scores.shape
    ahead = np.arange(1, count + 1) if steps is None else steps
    rank = _rank(n, coverage, ahead).clip(1, n)
    columns = np.arange(count)
    return ordered[n - rank, columns], ordered[rank - 1, columns]


def count_short(n: int, coverage: float, horizon: int) -> int:
    """At how many of the steps 1 to `horizon` an interval of `bounds` would have to reach beyond all n scores."""
    return int((_rank(n, coverage, np.arange(1, horizon + 1)) > n).sum())


def warn_of_few(n: int, coverage: float, horizon: int) -> str:
    """One sentence where an interval of `bounds` goes from the least to the greatest of n scores; else empty."""
    short = count_short(n, coverage, horizon)
    where = f"at {short} of {horizon} step{'s' * (horizon > 1)}: there, read its ends as the largest misses seen so far"
    return f"**{n} past errors are too few for a {coverage:.0%} interval** {where}." if short else ""


def _rank(n: int, coverage: float, ahead: np.ndarray) -> np.ndarray:
    worth = n / (1 + (ahead - 1) / 3)
    return np.asarray(np.ceil(np.round(n * (1 + coverage) / 2 * (1 + 1 / worth), 9)).astype(int))


def rolling_bounds(
    scores: np.ndarray, first: np.ndarray, origins: np.ndarray, coverage: float, most: int = MOST
) -> tuple[np.ndarray, np.ndarray]:
    """`bounds` at each of `origins` (places in `first`), from the last `most` scores known by then.

    `scores` (n, horizon) belong to forecasts whose first target stands in row `first` (n,), ascending. The score h
    steps ahead (h = 1, 2...) of the forecast with first target in row f is known to forecasts whose first target is
    row f + h or later. Returns two arrays (len(origins), horizon), NaN where nothing is known yet.
    """
    horizon = scores.shape[1]
    low = np.full((len(origins), horizon), np.nan)
    high = low.copy()
    for step in range(horizon):
        known = np.searchsorted(first, first[origins] - step - 1, side="right")
        full, ahead = known >= most, np.array([step + 1])
        if full.any():
            last = np.lib.stride_tricks.sliding_window_view(scores[:, step], most)[known[full] - most].T
            low[full, step], high[full, step] = bounds(last, coverage, np.repeat(ahead, full.sum()))
        for place in np.flatnonzero(~full & (known > 0)):
            one = slice(place, place + 1)
            low[one, step], high[one, step] = bounds(scores[: known[place], step, None], coverage, ahead)
    return low, high


def warning(windows: int) -> str:
    """One sentence where intervals rest on fewer windows than they should; empty where there are enough."""
    if windows >= ENOUGH:
        return ""
    found = f"The intervals rest on {windows} past errors at the start of the test part, fewer than the"
    if windows < LEAST:
        return f"{found} {LEAST} that a 95 % interval needs at the least: they may be far too narrow."
    return f"{found} {ENOUGH} that they should: their coverage may be off by more than two points."
