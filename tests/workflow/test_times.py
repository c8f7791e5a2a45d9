"""Local times with daylight saving become regular steps; what only looks like them is told apart."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.read import parse_frame


def local(start, hours, zone, freq="h"):
    """A table in local clock times without offsets, and the same times in UTC."""
    times = pd.date_range(start, periods=hours * (4 if freq == "15min" else 1), freq=freq, tz=zone)
    table = pd.DataFrame({"time": times.strftime("%Y-%m-%d %H:%M"), "load": np.arange(len(times)) % 11})
    return table, times.tz_convert("UTC").tz_localize(None)


def parse(table, **choices):
    return parse_frame(table.to_csv(index=False).encode(), **choices)


YEARS = [("Europe/Berlin", "h"), ("America/New_York", "h"), ("Australia/Sydney", "h"), ("Europe/London", "15min")]


@pytest.mark.parametrize(("zone", "freq"), YEARS)
@pytest.mark.parametrize("backward", [False, True])
def test_both_changes_of_the_clock_leave_regular_steps_in_utc(zone, freq, backward):
    table, utc = local("2024-02-25", 24 * 300, zone, freq)
    frame = parse(table.iloc[::-1] if backward else table, timezone=zone)
    assert frame.index.equals(utc)
    np.testing.assert_array_equal(frame["load"], table["load"])
    assert not frame.attrs["filled"].any()
    assert frame.attrs["timezone"] == zone
    assert frame.attrs["notes"][0] == f"Local times of {zone} became UTC."


def test_two_hours_of_one_name_with_one_value_are_no_repeated_rows():
    table, utc = local("2024-10-20", 300, "Europe/Berlin")
    table["load"] = np.arange(300) // 200
    assert parse(table, timezone="Europe/Berlin").index.equals(utc)


@pytest.mark.parametrize(
    ("start", "zone", "message"),
    [
        ("2024-10-20", "Europe/Berlin", r"'2024-10-27 02:00' stands in row 172 already, as where daylight saving ends"),
        ("2024-10-28", "America/New_York", r"row 148, .*'2024-11-03 01:00' stands in row 147 already"),
        ("2024-03-20", "Europe/Berlin", r"row 268, .*'2024-03-31 03:00' follows a missing hour, as where .* begins"),
        ("2024-03-01", "America/New_York", r"'2024-03-10 03:00' follows a missing hour"),
        ("2024-03-20", "Europe/Athens", r"'2024-03-31 04:00' follows a missing hour"),
    ],
)
def test_what_looks_like_daylight_saving_asks_for_the_zone(start, zone, message):
    with pytest.raises(DataError, match=rf"{message}.*set timezone, such as '{zone}', or 'UTC' if"):
        parse(local(start, 400, zone)[0])


def test_a_missing_hour_elsewhere_is_a_gap():
    table, utc = local("2024-01-01", 24 * 366, "UTC")
    frame = parse(table.drop([2000, 5000, 24 * 90 + 2]))  # the last is the hour that Berlin skips, but autumn is whole
    assert frame.index.equals(utc)
    assert frame.attrs["filled"].sum() == 3


def test_utc_says_that_a_missing_hour_is_a_gap():
    table, _ = local("2024-03-20", 400, "Europe/Berlin")
    frame = parse(table, timezone="UTC")
    assert frame.attrs["filled"].sum() == 1
    assert frame.attrs["timezone"] == "UTC"


def test_times_with_offsets_are_utc_and_the_zone_is_kept_for_the_calendar():
    table, utc = local("2024-10-20", 400, "Europe/Berlin")
    table["time"] = utc.tz_localize("UTC").tz_convert("Europe/Berlin").astype(str)
    for zone in (None, "Europe/Berlin"):
        frame = parse(table, timezone=zone)
        assert frame.index.equals(utc)
        assert frame.attrs["timezone"] == zone
    table.loc[7, "time"] = table["time"][7][:19]
    with pytest.raises(
        DataError, match=r"row 9, .*'2024-10-20 07:00:00' has no offset from UTC, where other times have"
    ):
        parse(table)


@pytest.mark.parametrize("freq", ["D", "6h", "MS"])
def test_dates_and_long_steps_keep_their_local_clock(freq):
    times = pd.date_range("2024-01-01", periods=400, freq=freq)
    frame = parse(pd.DataFrame({"time": times, "load": range(400)}), timezone="America/New_York")
    assert frame.index.equals(times)
    assert frame.attrs["timezone"] is None


def test_dates_written_as_midnights_with_an_offset_stay_dates():
    days = pd.date_range("2024-01-01", periods=200, freq="D", tz="Europe/Berlin")
    frame = parse(pd.DataFrame({"time": days.astype(str), "load": range(200)}))
    assert frame.index.equals(days.tz_localize(None))


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("Europe/Berln", "no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'"),
        ("europe/berlin", "did you mean 'Europe/Berlin'"),
        ("new york", "did you mean 'America/New_York'"),
        ("+01:00", "no time zone '[+]01:00'; write a name such as 'Europe/Berlin', or 'UTC'"),
        ("../etc/passwd", "no time zone"),
        ("", "no time zone ''"),
        ("America/New_York", "'2024-03-10 02:00' is skipped in America/New_York, where clocks are put forward then"),
    ],
)
def test_a_zone_that_cannot_be_is_refused(zone, message):
    with pytest.raises(DataError, match=message) as refused:
        parse(local("2024-03-01", 400, "Europe/Berlin")[0], timezone=zone)
    assert "\n" not in str(refused.value)


def test_a_zone_needs_times():
    with pytest.raises(DataError, match="timezone='UTC' needs a column of times; name it with time"):
        parse_frame(b"load\n1\n2\n4\n", timezone="UTC")


def test_rows_that_repeat_another_one_are_dropped_and_counted():
    table, utc = local("2024-05-01", 100, "UTC")
    twice = pd.concat([table[:50], table[48:]])
    frame = parse(twice)
    assert frame.index.equals(utc)
    assert frame.attrs["notes"] == ["Rows that repeat another one were dropped: 2."]
    twice.iloc[51, 1] = 77
    with pytest.raises(DataError, match=r"row 53, .*'2024-05-03 01:00' stands in row 51 already; keep one row"):
        parse(twice)
