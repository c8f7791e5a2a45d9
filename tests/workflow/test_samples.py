"""The sample series: regular, in sensible units, and without a file or a download."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.read import read_frame, read_series
from lstm_tutorial.workflow.samples import SAMPLES

LENGTHS = {"elnino": 732, "co2": 526, "sunspots": 309, "air_passengers": 144, "jfk": 8730, "departures": 8760}


@pytest.mark.parametrize(("name", "length"), LENGTHS.items())
def test_samples_need_no_file_and_are_regular(name, length):
    assert set(SAMPLES) == set(LENGTHS)
    series = read_series(name)
    assert len(series) == length
    assert series.index.freq is not None
    assert series.name == read_frame(name).columns[0]
    assert series.isna().sum() == (10 if name == "jfk" else 0)


def test_the_weather_is_in_metric_units_and_has_its_gaps():
    frame = read_frame("jfk")
    first = frame.loc["2013-01-01 06:00"]  # 39.02 °F, 26.06 °F, 12.65858 mph from 260°, 10 miles
    assert first["temperature"] == pytest.approx(3.9)
    assert first["dew_point"] == pytest.approx(-3.3)
    assert first["wind_speed"] == pytest.approx(5.659, abs=1e-3)
    assert first["wind_from_east"] == pytest.approx(5.659 * np.sin(np.radians(260)), abs=2e-3)
    assert first["wind_from_north"] == pytest.approx(5.659 * np.cos(np.radians(260)), abs=2e-3)
    assert first["visibility"] == pytest.approx(16.093, abs=1e-3)
    assert frame["precipitation"].max() == pytest.approx(0.66 * 25.4)
    assert frame["pressure"].between(980, 1050).all()
    assert (frame.attrs["season"], frame.attrs["unit"]) == (24, "°C")
    assert frame["temperature"].isna().groupby(frame.index.date).sum().max() == 5
    assert frame.attrs["filled"].sum() == 14
    assert "in 2, the longest of 5 after" in " ".join(frame.attrs["notes"])
    assert "'temperature' -10.5 at 2013-05-09 02:00" in frame.attrs["notes"][-1]  # a spring night at 3 °C around it


def test_departures_are_counted_when_they_left_and_empty_hours_are_zeros():
    frame = read_frame("departures", known=["scheduled"])
    assert list(frame.columns) == ["departures", "scheduled"]
    assert frame["scheduled"].sum() == 111279  # all of JFK's flights in the file,
    assert 109400 < frame["departures"].sum() <= 111279 - 1863  # less the canceled and what left after New Year
    local = frame.tz_localize("UTC").tz_convert(frame.attrs["timezone"])
    assert local.index[0] == pd.Timestamp("2013-01-01", tz="America/New_York")
    assert (frame["scheduled"][local.index.hour == 3] == 0).all()
    for date in ("2013-03-11", "2013-11-04"):  # the day's first flights stay at five, whichever way the clock moved
        assert local.loc[date, "scheduled"].to_numpy().nonzero()[0][0] == 5


def test_another_column_of_a_sample_can_be_the_target():
    frame = read_frame("jfk", target="pressure", features=["temperature"], timezone="America/New_York")
    assert list(frame.columns) == ["pressure", "temperature"]
    assert frame.attrs["unit"] == "hPa"
    assert frame.attrs["timezone"] == "America/New_York"


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"target": "temp"}, "jfk: .*no column 'temp'; did you mean 'temperature'"),
        ({"features": ["wind"]}, "jfk: .*no column 'wind'"),
        ({"time": "time_hour"}, "jfk: no column 'time_hour'; a sample's times need no name"),
        ({"timezone": "New York"}, "jfk: no time zone 'New York'; did you mean 'America/New_York'"),
    ],
)
def test_what_a_sample_does_not_have_is_refused(choices, message):
    with pytest.raises(DataError, match=message):
        read_frame("jfk", **choices)
