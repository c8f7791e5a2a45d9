"""The forecasts that an LSTM must beat to be worth its trouble: simple rules, linear models, ETS and ARIMA.

Each function takes `prepared` and `windows` and returns forecasts in the data's units, (n, horizon). None sees a
value after its window. What is fitted is fitted once, to what comes before the test part, and carried forward over
the test windows.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_tutorial.workflow.linear import STRENGTHS, Linear, fit_linear, fit_ridge, flat, refit_linear
from lstm_tutorial.workflow.schema import CYCLES, step_seconds
from lstm_tutorial.workflow.windows import Prepared, Windows

SEARCH = 600  # values before the test part from which ARIMA's orders are chosen: the search takes a minute with all
LATEST = 10_000  # values that ETS looks back on: what is older counts for nothing, and takes time
FEWEST = 20  # training windows for each place's ridge
LONGEST_SEASON = 24  # ARIMA of a longer season takes too long, ETS knows none

RULES = {
    "persistence": "the next value is the last one",
    "drift": "the last value, and on by the mean step from the first value to it",
    "seasonal naive": "the next value is the one a season ago",
    "weekly naive": "the next value is the one a week ago, where a season is shorter than a week",
    "seasonal ratio": "the value a season ago, times the growth over the season up to now",
    "linear autoregression": "a weighted sum of the window; the weights are fitted to the training windows",
    "ridge": "a linear model of the window and the calendar, held back from large weights",
    "NLinear": "a linear model of the window less its last value, which is added again",
    "ridge by place": "a ridge for each place in the season at which a forecast starts",
    "ETS": f"exponential smoothing of the target alone, its kind chosen by AutoETS; no season above {LONGEST_SEASON}",
    "ARIMA": "a weighted sum of past values and past errors of the target alone, how many of each chosen by AutoARIMA; "
    f"fitted to the last values before the test part, {SEARCH} at most; no season above {LONGEST_SEASON}",
}


def fill(values: np.ndarray, season: int | None) -> np.ndarray:
    """A copy without missing values: the one a season ago stands in, else the last one, else the first known."""
    filled, known = values.copy(), np.flatnonzero(np.isfinite(values))
    filled[: known[0]] = values[known[0]]
    for place in np.flatnonzero(np.isnan(filled)):
        filled[place] = filled[place - season] if season and place >= season else filled[place - 1]
    return filled


def persistence(prepared: Prepared, windows: Windows) -> np.ndarray:
    """Each window's last value, for every step ahead."""
    return np.repeat(prepared.values[windows.first - 1, None], windows.y.shape[1], axis=1)


def drift(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The straight line through the series' first value and each window's last one, continued."""
    values = _filled(prepared)
    now = windows.first - 1
    slope = (values[now] - values[0]) / np.maximum(now, 1)
    return np.asarray(values[now, None] + slope[:, None] * np.arange(1, windows.y.shape[1] + 1))


def seasonal_naive(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The latest known value of the same place in the season. Raises ValueError without a season."""
    ahead, season = np.arange(windows.y.shape[1]), _season(prepared, windows)
    return _filled(prepared)[windows.first[:, None] - season + ahead % season]


def weekly_naive(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The latest known value of the same place in the week."""
    ahead, week = np.arange(windows.y.shape[1]), _week(prepared)
    return _filled(prepared)[windows.first[:, None] - week + ahead % week]


def seasonal_ratio(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The seasonal naive value times the growth over one season up to now."""
    values, now = _filled(prepared), windows.first - 1
    growth = values[now] / values[now - _season(prepared, windows, 1)]
    return seasonal_naive(prepared, windows) * growth[:, None]


def linear_autoregression(prepared: Prepared, windows: Windows) -> np.ndarray:
    """Least squares from each training window's values to what follows, applied to `windows`."""
    from sklearn.linear_model import LinearRegression

    train, new = (part.x.reshape(len(part.x), -1) for part in (prepared.train, windows))
    made = LinearRegression().fit(train, prepared.train.y).predict(new)
    return prepared.unscale(made.reshape(windows.y.shape), windows)


def ridge(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The linear model of the blend, alone."""
    fitted = refit_linear(prepared, fit_linear(prepared).strength)
    return prepared.unscale(fitted.predict(prepared, windows), windows)


def nlinear(prepared: Prepared, windows: Windows) -> np.ndarray:
    """Least squares on the target's window less its last value: Zeng et al. 2023, https://arxiv.org/abs/2205.13504."""
    from sklearn.linear_model import LinearRegression

    values, past = _filled(prepared), np.arange(-prepared.scaler.timesteps, 0)

    def changes(first: np.ndarray, steps: np.ndarray) -> np.ndarray:
        return np.asarray(values[first[:, None] + steps] - values[first - 1, None])

    first = _seen(prepared)
    fitted = LinearRegression().fit(changes(first, past), changes(first, np.arange(windows.y.shape[1])))
    return np.asarray(values[windows.first - 1, None] + fitted.predict(changes(windows.first, past)))


def ridge_by_place(prepared: Prepared, windows: Windows) -> np.ndarray:
    """One ridge for each place in the season, for series that go by other rules at night than at noon."""
    season = _season(prepared, windows)
    x, y, held_out = flat(prepared, prepared.train), prepared.train.y, prepared.validation

    def fit(x: np.ndarray, y: np.ndarray, first: np.ndarray, strength: float) -> list[Linear]:
        return [fit_ridge(x[first % season == place], y[first % season == place], strength) for place in range(season)]

    def predict(fitted: list[Linear], windows: Windows) -> np.ndarray:
        x, changes, places = flat(prepared, windows), np.empty(windows.y.shape), windows.first % season
        for place, linear in enumerate(fitted):
            changes[places == place] = x[places == place] @ linear.kernel + linear.bias
        return changes

    def error(strength: float) -> float:
        return float(np.mean((predict(fit(x, y, prepared.train.first, strength), held_out) - held_out.y) ** 2))

    strength = min(STRENGTHS, key=error)
    all_x = np.concatenate([x, flat(prepared, held_out)])
    fitted = fit(all_x, np.concatenate([y, held_out.y]), _seen(prepared), strength)
    return prepared.unscale(predict(fitted, windows), windows)


def ets(prepared: Prepared, windows: Windows) -> np.ndarray:
    """Exponential smoothing: kind and parameters from the values before the test part, states carried forward.

    Gaps get values from the past, and only the last `LATEST` values count. Hyndman, Koehler, Ord and Snyder 2008, https://doi.org/10.1007/978-3-540-71918-2
    """
    season, values = prepared.schema.season or 1, _filled(prepared)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import too: its progress bars miss ipywidgets, aloud
        from statsforecast.models import AutoETS

        model = AutoETS(season_length=season if season <= LONGEST_SEASON else 1)
        model.fit(values[max(0, prepared.split.test - LATEST) : prepared.split.test])
        pasts = (values[max(0, row - LATEST) : row] for row in windows.first)
        forecasts = [model.forward(past, h=windows.y.shape[1])["mean"] for past in pasts]
    return np.array(forecasts)


def arima(prepared: Prepared, windows: Windows) -> np.ndarray:
    """ARIMA: orders and parameters from the last `SEARCH` values before the test part, states carried forward.

    Gaps get values from the past. Hyndman and Khandakar 2008, https://doi.org/10.18637/jss.v027.i03
    """
    season, start, values = prepared.schema.season or 1, max(prepared.split.test - SEARCH, 0), _filled(prepared)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsforecast.models import AutoARIMA

        model = AutoARIMA(season_length=season if season <= LONGEST_SEASON else 1, approximation=True)
        fitted = model.fit(values[start : prepared.split.test])
        return carry_forward(fitted.model_, values[start:], windows.first - start, windows.y.shape[1])


def carry_forward(fitted: dict[str, Any], values: np.ndarray, first: np.ndarray, horizon: int) -> np.ndarray:
    """Forecasts (n, horizon) of a fitted ARIMA, each from all `values` before one of the places `first` (n,).

    What `AutoARIMA.forward` does for one place, for all of them in one pass of a Kalman filter.
    """
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    p, q, seasonal_p, seasonal_q, season, d, seasonal_d = fitted["arma"]
    weights = fitted["coef"]
    steps = np.arange(1, len(values) + horizon + 1)
    mean = weights.get("intercept", 0.0) + weights.get("drift", 0.0) * steps
    process = SARIMAX(
        values - mean[: len(values)],
        order=(p, d, q),
        seasonal_order=(seasonal_p, seasonal_d, seasonal_q, season) if season > 1 else (0, 0, 0, 0),
        enforce_stationarity=False,
        enforce_invertibility=False,
    )
    kinds = {"ar": p, "ma": q, "sar": seasonal_p, "sma": seasonal_q}
    names = [f"{kind}{i}" for kind, count in kinds.items() for i in range(1, count + 1)]
    process.update(np.array([*(weights[name] for name in names), fitted["sigma2"]]))
    # A covariance for each step of a long series would fill the memory.
    process.ssm.memory_no_predicted_cov = process.ssm.memory_no_filtered = process.ssm.memory_no_smoothing = True
    process.ssm.tolerance = 1e-9  # when to take its gains for settled: ten times faster, and the same to five digits
    state, design = process.ssm.filter().predicted_state[:, first], process.ssm["design"]
    forecasts = np.empty((len(first), horizon))
    for step in range(horizon):
        forecasts[:, step] = (design @ state)[0] + mean[first + step]
        state = process.ssm["transition"] @ state
    return forecasts


METHODS = {
    "persistence": persistence,
    "drift": drift,
    "seasonal naive": seasonal_naive,
    "weekly naive": weekly_naive,
    "seasonal ratio": seasonal_ratio,
    "linear autoregression": linear_autoregression,
    "ridge": ridge,
    "NLinear": nlinear,
    "ridge by place": ridge_by_place,
    "ETS": ets,
    "ARIMA": arima,
}
SIMPLE = ("persistence", "seasonal naive", "weekly naive", "seasonal ratio", "linear autoregression")
CLASSICAL = tuple(name for name in METHODS if name != "linear autoregression")


def forecasts(prepared: Prepared, windows: Windows, names: Sequence[str] = CLASSICAL) -> dict[str, np.ndarray]:
    """Forecasts in the data's units, (n, horizon), by those of `names` that this series allows."""
    season, left_out = prepared.schema.season, set()
    if not season or season >= windows.first[0]:
        left_out |= {"seasonal naive", "seasonal ratio", "ridge by place"}
    elif np.bincount(prepared.train.first % season, minlength=season).min() < FEWEST:
        left_out.add("ridge by place")
    if not np.nanmin(prepared.values) > 0:
        left_out.add("seasonal ratio")
    if not (season or 1) < _week(prepared) <= windows.first[0]:
        left_out.add("weekly naive")
    return {name: METHODS[name](prepared, windows) for name in names if name not in left_out}


def _filled(prepared: Prepared) -> np.ndarray:
    return fill(prepared.values, prepared.schema.season)


def _week(prepared: Prepared) -> int:
    """How many steps make a week, of which the training part has seen two; 0 if that is no whole number."""
    schema = prepared.schema
    steps = CYCLES["week"][0] / step_seconds(schema.step or "") if "week" in schema.cycles else 0
    return int(steps) if steps == int(steps) else 0


def _seen(prepared: Prepared) -> np.ndarray:
    """The first targets' rows of all windows before the test part."""
    return np.concatenate([prepared.train.first, prepared.validation.first])


def _season(prepared: Prepared, windows: Windows, more: int = 0) -> int:
    season = prepared.schema.season
    most = windows.first[0] - more
    if not season or season > most:
        raise ValueError(f"no season of at most {most} steps is known for {prepared.schema.target!r}")
    return int(season)
