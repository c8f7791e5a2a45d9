"""Series that come with statsmodels and statsforecast: no file, no download."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pandas as pd


def _elnino() -> tuple[pd.Series, str]:
    from statsmodels.datasets import elnino

    years = elnino.load_pandas().data.set_index("YEAR")
    start = pd.Timestamp(int(years.index[0]), 1, 1)
    index = pd.date_range(start, periods=years.size, freq="MS")
    return pd.Series(years.to_numpy().ravel(), index=index, name="sea_temperature"), "°C"


def _co2() -> tuple[pd.Series, str]:
    from statsmodels.datasets import co2

    return co2.load_pandas().data["co2"].resample("MS").mean(), "ppm"


def _sunspots() -> tuple[pd.Series, str]:
    from statsmodels.datasets import sunspots

    table = sunspots.load_pandas().data
    index = pd.to_datetime(table["YEAR"].astype(int).astype(str), format="%Y")
    return pd.Series(table["SUNACTIVITY"].to_numpy(), index=pd.DatetimeIndex(index, freq="YS"), name="sunspots"), ""


def _air_passengers() -> tuple[pd.Series, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its progress bars miss ipywidgets, aloud
        from statsforecast.utils import AirPassengers

    index = pd.date_range("1949-01-01", periods=len(AirPassengers), freq="MS")
    return pd.Series(AirPassengers.astype(float), index=index, name="passengers"), "thousands"


# Name -> function that returns (series, unit).
SAMPLES: dict[str, Callable[[], tuple[pd.Series, str]]] = {
    "elnino": _elnino,
    "co2": _co2,
    "sunspots": _sunspots,
    "air_passengers": _air_passengers,
}
