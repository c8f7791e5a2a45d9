"""How good is a forecast, beside the simple rules that need no training?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.prepare import Prepared, Windows
from lstm_tutorial.workflow.train import train

if TYPE_CHECKING:
    import keras


RULES = {
    "persistence": "the next value is the last one",
    "seasonal naive": "the next value is the one a season ago",
    "seasonal ratio": "the value a season ago, times the growth over the season up to now",
    "linear autoregression": "a weighted sum of the window; the weights are fitted to the training windows",
}


def mase_scale(prepared: Prepared) -> float:
    """The mean absolute error of the seasonal naive rule on the training part, in the data's units.

    The denominator of MASE (Hyndman and Koehler 2006, https://doi.org/10.1016/j.ijforecast.2006.03.001); the
    naive rule where the season is unknown or longer than the training part.
    """
    values = prepared.values[: prepared.split.validation]
    season = prepared.series.attrs.get("season") or 1
    lag = season if season < len(values) else 1
    return float(np.mean(np.abs(values[lag:] - values[:-lag])))


def scores(truth: np.ndarray, forecast: np.ndarray, scale: float) -> dict[str, float]:
    """MAE and RMSE in the data's units, and MASE, the MAE as a share of `scale`; arrays of one shape."""
    from sklearn.metrics import mean_absolute_error, root_mean_squared_error

    mae = float(mean_absolute_error(truth.ravel(), forecast.ravel()))
    rmse = float(root_mean_squared_error(truth.ravel(), forecast.ravel()))
    return {"MAE": mae, "RMSE": rmse, "MASE": mae / scale}


def truth(prepared: Prepared, windows: Windows) -> np.ndarray:
    """What came after each window, in the data's units: (n, horizon)."""
    return prepared.unscale(windows.y)


def predict(model: keras.Model, prepared: Prepared, windows: Windows) -> np.ndarray:
    """The model's forecast after each window, in the data's units: (n, horizon)."""
    return prepared.unscale(model.predict(windows.x, batch_size=1024, verbose=0))


def persistence(prepared: Prepared, windows: Windows) -> np.ndarray:
    """Each window's last value, for every step ahead: (n, horizon)."""
    return np.repeat(prepared.values[windows.first - 1, None], windows.y.shape[1], axis=1)


def seasonal_naive(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The latest known value of the same place in the season: (n, horizon). Raises ValueError without a season."""
    ahead = np.arange(windows.y.shape[1])
    season = _season(prepared, windows)
    return prepared.values[windows.first[:, None] - season + ahead % season]


def seasonal_ratio(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The seasonal naive value times the growth over one season up to now: (n, horizon)."""
    now = windows.first - 1
    growth = prepared.values[now] / prepared.values[now - _season(prepared, windows, 1)]
    return seasonal_naive(prepared, windows) * growth[:, None]


def linear_autoregression(prepared: Prepared, windows: Windows) -> np.ndarray:
    """Least squares from each training window's values to what follows, applied to `windows`: (n, horizon)."""
    from sklearn.linear_model import LinearRegression

    flat = [part.x.reshape(len(part.x), -1) for part in (prepared.train, windows)]
    fitted = LinearRegression().fit(flat[0], prepared.train.y)
    return prepared.unscale(fitted.predict(flat[1]).reshape(windows.y.shape))


def simple_rules(prepared: Prepared, windows: Windows) -> dict[str, np.ndarray]:
    """Forecasts in the data's units by the rules that this series allows, by their names."""
    rules = {"persistence": persistence(prepared, windows)}
    season = prepared.series.attrs.get("season")
    if season and season < windows.first[0]:
        rules["seasonal naive"] = seasonal_naive(prepared, windows)
        if (prepared.values > 0).all():
            rules["seasonal ratio"] = seasonal_ratio(prepared, windows)
    rules["linear autoregression"] = linear_autoregression(prepared, windows)
    return rules


def score_table(prepared: Prepared, windows: Windows, forecasts: dict[str, np.ndarray]) -> pd.DataFrame:
    """A row of scores for each forecast, best RMSE first."""
    wanted, scale = truth(prepared, windows), mase_scale(prepared)
    rows = {name: scores(wanted, forecast, scale) for name, forecast in forecasts.items()}
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("RMSE")


def verdict(errors: pd.Series, rule: float) -> str:
    """Whether a model "beats", "ties with" or "loses to" a rule: a difference below the seeds' spread is a tie."""
    difference, spread = errors.mean() - rule, errors.max() - errors.min()
    if abs(difference) <= spread:
        return "ties with"
    return "beats" if difference < 0 else "loses to"


def over_seeds(prepared: Prepared, settings: Settings, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Train the model anew with each seed and forecast the test part: "LSTM, seed 0" and so on to (n, horizon)."""
    forecasts = {}
    for seed in seeds:
        chosen = settings.model_copy(update={"seed": seed})
        model = train(build(chosen), prepared, chosen).model
        forecasts[f"LSTM, seed {seed}"] = predict(model, prepared, prepared.test)
    return forecasts


def after(series: pd.Series, values: np.ndarray) -> pd.Series:
    """Forecast values on the steps that follow the series' last one."""
    index = series.index
    if isinstance(index, pd.DatetimeIndex):
        freq = index.freq or pd.infer_freq(index) or index[-1] - index[-2]
        steps: pd.Index = pd.date_range(index[-1], periods=len(values) + 1, freq=freq)[1:]
    else:
        steps = pd.RangeIndex(index[-1] + 1, index[-1] + 1 + len(values))
    return pd.Series(values, index=steps, name=series.name)


def _season(prepared: Prepared, windows: Windows, more: int = 0) -> int:
    season = prepared.series.attrs.get("season")
    if not season or season + more > windows.first[0]:
        raise ValueError(f"no season of at most {windows.first[0] - more} steps is known for {prepared.series.name!r}")
    return int(season)
