"""Any CSV a person has is read rightly, or refused in one line that says where and what would be right."""

import datetime
import gzip
import http.server
import io
import threading

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.prepare import split_series
from lstm_tutorial.workflow.read import parse_frame, read_frame, read_series

VALUES = [112.5, 118.25, 132.0, 129.75, 121.5, 135.0, 148.0, 148.5, 136.25, 119.0, 104.0, 118.0, 115.5]
MONTHS = pd.date_range("2020-01-01", periods=len(VALUES), freq="MS")
DAYS = pd.date_range("2020-01-05", periods=len(VALUES), freq="D")


def save(tmp_path, text, name="data.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def table(times, values, header="date,sales", mark=",", spell=str, form="%Y-%m-%d"):
    rows = [f"{t.strftime(form)}{mark}{spell(v)}" for t, v in zip(times, values, strict=True)]
    return "\n".join([header, *rows]) + "\n"


def comma(value):
    return str(value).replace(".", ",")


GOOD = table(MONTHS, VALUES)
SPELLINGS = {
    "comma": table(MONTHS, VALUES),
    "semicolon and decimal comma": table(MONTHS, VALUES, "date;sales", ";", comma),
    "tab": table(MONTHS, VALUES, "date\tsales", "\t"),
    "tab and decimal comma": table(MONTHS, VALUES, "date\tsales", "\t", comma),
    "quoted decimal commas": table(MONTHS, VALUES, spell=lambda v: f'"{comma(v)}"'),
    "windows line ends": table(MONTHS, VALUES).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + table(MONTHS, VALUES),
    "blank lines and trailing separators": table(MONTHS, VALUES).replace("\n", ",,\n") + ",,,\n\n\n",
    "german dates": table(MONTHS, VALUES, "Datum;sales", ";", comma, "%d.%m.%Y"),
    "year and month": table(MONTHS, VALUES, form="%Y-%m"),
    "month/year": table(MONTHS, VALUES, form="%m/%Y"),
    "month name": table(MONTHS, VALUES, form="%b-%y"),
    "long month name": table(MONTHS, VALUES, form="%B %Y"),
    "zone": table(MONTHS, VALUES, form="%Y-%m-%dT%H:%M:%SZ"),
    "other text column": table(MONTHS, VALUES, "date,shop,sales", ",North,"),
    "index column": "\n".join(f"{i},{line}" for i, line in enumerate(GOOD.split())).replace("0", "", 1),
    "month ends": table(MONTHS + pd.offsets.MonthEnd(0), VALUES),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_monthly_series_is_read_from_every_spelling(tmp_path, text):
    target = "sales" if text.startswith(",") else None
    series = read_series(save(tmp_path, text), target=target)
    assert series.name == "sales"
    np.testing.assert_array_equal(series.to_numpy(), VALUES)
    assert list(series.index) == list(MONTHS)
    assert series.attrs["season"] == 12
    assert series.attrs["notes"] == []


@pytest.mark.parametrize(
    ("form", "season"), [("%d/%m/%Y", 7), ("%m/%d/%Y", 7), ("%d-%m-%y", 7), ("%d %b %Y", 7), ("%b %d, %Y", 7)]
)
def test_day_and_month_order_is_settled_by_a_day_past_the_twelfth(tmp_path, form, season):
    quoted = f'"{form}"' if "," in form else form
    series = read_series(save(tmp_path, table(DAYS, VALUES, form=quoted)))
    assert list(series.index) == list(DAYS)
    assert series.attrs["season"] == season


@pytest.mark.parametrize(
    ("freq", "form", "season"),
    [
        ("h", "%Y-%m-%d %H:%M", 24),
        ("30min", "%d.%m.%Y %H:%M", 48),
        ("15min", "%Y-%m-%dT%H:%M:%S", 96),
        ("D", "%Y/%m/%d", 7),
        ("7D", "%Y-%m-%d", 52),
        ("QS", "%Y-%m-%d", 4),
        ("YS", "%Y-%m-%d", None),
        ("h", "%d/%m/%Y %I:%M %p", 24),
        ("5min", "%Y-%m-%d %H:%M", 288),
        ("7min", "%Y-%m-%d %H:%M", None),
    ],
)
def test_steps_from_minutes_to_years(tmp_path, freq, form, season):
    times = pd.date_range("2021-01-29", periods=40, freq=freq)
    series = read_series(save(tmp_path, table(times, range(40), form=form)))
    assert list(series.index) == list(times)
    assert series.attrs["season"] == season


def test_business_days_with_a_holiday(tmp_path):
    times = pd.bdate_range("2021-03-01", periods=30)
    holiday = times[12]
    kept = times.drop(holiday)
    series = read_series(save(tmp_path, table(kept, range(29))))
    assert list(series.index) == list(times)
    assert series[holiday] == 11.5
    assert series.attrs["season"] == 5


def test_years_and_quarters(tmp_path):
    series = read_series(save(tmp_path, "year,spots\n" + "".join(f"{1990 + i},{i}.5\n" for i in range(9))))
    assert series.name == "spots"
    assert list(series.index.year) == list(range(1990, 1999))
    series = read_series(
        save(tmp_path, "when,spots\n" + "".join(f"{2000 + i // 4}Q{i % 4 + 1},{i}\n" for i in range(9)))
    )
    assert (series.index[1].month, series.attrs["season"]) == (4, 4)


def test_no_time_column(tmp_path):
    series = read_series(save(tmp_path, "value\n1,5\n2,5\n4,25\n"))
    assert series.tolist() == [1.5, 2.5, 4.25]
    assert series.index.tolist() == [0, 1, 2]
    assert series.attrs["season"] is None


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["1.234,5", "999,25", "-2.000,0"], [1234.5, 999.25, -2000]),
        (["1,234.5", "999.25", "-2,000.0"], [1234.5, 999.25, -2000]),
        (["1 234,5", "999,25", "12\u00a0000"], [1234.5, 999.25, 12000]),
        (["1.234.567", "999.123", "5"], [1234567, 999123, 5]),
        (["0,125", "1,250", "2,375"], [0.125, 1.25, 2.375]),
        (["20.125", "21.250", "7"], [20.125, 21.25, 7]),
        (["1e3", "-2.5E-1", "+4"], [1000, -0.25, 4]),
        (["\u22125", "3", ".5"], [-5, 3, 0.5]),
    ],
)
def test_spellings_of_numbers(tmp_path, cells, wanted):
    assert read_series(save(tmp_path, "n\tvalue\n" + "".join(f"a\t{cell}\n" for cell in cells))).tolist() == wanted


def test_gzip_standard_input_and_url(tmp_path, monkeypatch):
    text = table(MONTHS, VALUES)
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(text.encode()))
    wanted = read_series(tmp_path / "data.csv.gz")
    np.testing.assert_array_equal(wanted, VALUES)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode("utf-16"))))
    pd.testing.assert_series_equal(read_series("-"), wanted)

    handler = lambda *args: http.server.SimpleHTTPRequestHandler(*args, directory=str(tmp_path))  # noqa: E731
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *args: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        pd.testing.assert_series_equal(read_series(f"{address}/data.csv.gz"), wanted)
        with pytest.raises(DataError, match=r"nothing\.csv: can't be read \(.*404"):
            read_series(f"{address}/nothing.csv")
    finally:
        server.shutdown()
        server.server_close()


def test_short_gaps_are_interpolated_and_counted(tmp_path):
    text = table(MONTHS, VALUES).replace("112.5", "").replace("2020-09-01,136.25\n", "")
    series = read_series(save(tmp_path, text))
    assert series["2020-09-01"] == (148.5 + 119.0) / 2
    assert series.index[0] == MONTHS[1]
    assert series.attrs["filled"].sum() == 1
    first, second = series.attrs["notes"]
    assert first == "Empty steps at the ends were left out: 1."
    assert second == "Missing values were interpolated: 1 (8.3%), at most 1 in a row."


def test_unsorted_rows_are_sorted_and_said(tmp_path):
    header, *rows = table(MONTHS, VALUES).split()
    series = read_series(save(tmp_path, "\n".join([header, *reversed(rows)])))
    np.testing.assert_array_equal(series, VALUES)
    assert "sorted" in series.attrs["notes"][0]


def test_a_long_series_with_clock_times_and_decimal_commas(tmp_path):
    times = pd.date_range("2000-01-01", periods=200_000, freq="min").strftime("%d/%m/%Y %H:%M")
    series = read_series(save(tmp_path, "time;value\n" + "\n".join(f"{t};{i % 97},5" for i, t in enumerate(times))))
    assert len(series) == 200_000
    assert series.iloc[98] == 1.5


TODAY = datetime.date(2021, 1, 1)
REFUSED = {
    "empty": ("", {}, "empty"),
    "blank": ("\n \n", {}, "empty"),
    "header only": ("date,sales\n", {}, "no rows below the header"),
    "no header": (GOOD.split("\n", 1)[1], {}, r"row 1 is '2020-01-01,112.5': no header"),
    "two columns of one name": (GOOD.replace("date", "sales"), {}, "row 1: two columns are named 'sales'"),
    "no such target": (GOOD, {"target": "sale"}, "no column 'sale'; did you mean 'sales'"),
    "no such time": (GOOD, {"time": "when"}, "no column 'when'; columns are 'date', 'sales'"),
    "text in a number": (GOOD.replace("132.0", "many"), {}, "row 4, column 'sales': 'many' is not a number"),
    "unit in a number": (GOOD.replace("132.0", "132 kg"), {}, "row 4, column 'sales': '132 kg' is not a number"),
    "infinite": (GOOD.replace("132.0", "-inf"), {}, "row 4, column 'sales': '-inf' is infinite"),
    "too large": (GOOD.replace("132.0", "1e999"), {}, "row 4, column 'sales': '1e999' is infinite"),
    "all missing": (table(MONTHS, VALUES, spell=lambda v: "NA"), {}, "column 'sales' has no values"),
    "all missing, named": (
        table(MONTHS, VALUES, spell=lambda v: ""),
        {"target": "sales"},
        "column 'sales' has no values",
    ),
    "mostly missing": (
        table(MONTHS, VALUES, spell=lambda v: v if v in (112.5, 118.25, 132.0, 115.5) else ""),
        {},
        "column 'sales': 9 of 13 steps are missing; at most half of them may be",
    ),
    "duplicated time": (
        GOOD.replace("2020-03-01", "2020-02-01"),
        {},
        "row 4, column 'date': '2020-02-01' stands in row 3",
    ),
    "irregular": (
        table(DAYS, VALUES).replace("2020-01-08", "2020-01-08T05:00"),
        {},
        "row 5, column 'date': '2020-01-08T05:00' is off the step of 1 day",
    ),
    "broken time": (GOOD.replace("2020-05-01", "2020-05-xx"), {}, "row 6, column 'date': '2020-05-xx' is not a time"),
    "missing time": (GOOD.replace("2020-05-01", ""), {}, "row 6, column 'date': '' is not a time"),
    "constant": (table(MONTHS, [5] * 13), {}, r"column 'sales' is constant \(5\)"),
    "ambiguous dates": (
        table(MONTHS[:12], VALUES[:12], form="%d/%m/%Y"),
        {},
        r"row 3, column 'date': '01/02/2020' may be 01 February 2020 or 02 January 2020",
    ),
    "ambiguous thousands": (
        table(MONTHS, VALUES, "date;sales", ";", lambda v: f"{int(v) % 9 + 1},250"),
        {},
        r"row 2, column 'sales': '5,250' may be 5250 or 5.250",
    ),
    "thousands beside small numbers": (
        table(MONTHS, VALUES, "date;sales", ";", lambda v: "999" if v < 130 else "1.250"),
        {},
        r"'1.250' may be 1250 or 1.250",
    ),
    "integers as dates": (
        "id,sales\n1,5\n2,7\n3,6\n",
        {"time": "id"},
        r"column 'id' holds whole numbers \(1, 2, 3, ...\)",
    ),
    "text as dates": ("shop,sales\nA,5\nB,7\nC,6\n", {"time": "shop"}, "column 'shop' holds no times"),
    "two numeric columns": (
        "a,b\n1,5\n2,7\n",
        {},
        "columns 'a', 'b' are numeric; say which to forecast with target='a'",
    ),
    "two time columns": (
        "a,b,v\n2020-01-01,2020-01-02,5\n2020-01-02,2020-01-03,6\n",
        {},
        "columns 'a' and 'b' both hold times; say which with time='a'",
    ),
    "time as target": (GOOD, {"time": "date", "target": "date"}, "can't be both time and target"),
    "no numbers": ("date,name\n2020-01-01,x\n2020-01-02,y\n", {}, "no numeric column among 'date', 'name'"),
    "too many fields": (
        GOOD.replace("132.0", "132,5"),
        {},
        r"row 4 has 3 fields where the header has 2 \(decimal commas",
    ),
    "too few fields": (GOOD.replace(",132.0", ""), {}, "row 4 has 1 fields where the header has 2"),
}


@pytest.mark.parametrize(("text", "columns", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, text, columns, message):
    path = save(tmp_path, text)
    with pytest.raises(DataError, match=message) as refused:
        read_series(path, **columns)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


HOURS = pd.date_range("2024-05-01", periods=60, freq="h")


def wide(steps=60, **columns):
    """A table of several columns: target, covariates of use and of none."""
    n = np.arange(steps)
    table = {
        "time": HOURS[:steps],
        "load": 10 + n % 7,
        "heat": n % 5 + 0.5,
        "shop": ["7", *["North"] * (steps - 1)],
        "closed": n // 24 % 2,
    }
    return pd.DataFrame(table | columns)


def parse(table, **choices):
    return parse_frame(table.to_csv(index=False).encode(), **choices)


def test_a_frame_holds_target_past_and_known_covariates_in_this_order():
    frame = parse(wide()[["closed", "time", "heat", "load"]], target="load", known=["closed"])
    assert list(frame.columns) == ["load", "heat", "closed"]
    assert frame.index.equals(HOURS)
    assert frame.index.freq == HOURS.freq
    assert set(frame.dtypes) == {np.dtype(float)}
    np.testing.assert_array_equal(frame["heat"], wide()["heat"])
    assert frame.attrs["known"] == ["closed"]
    assert frame.attrs["future"] is None
    assert (frame.attrs["season"], frame.attrs["unit"], frame.attrs["timezone"]) == (24, "", None)
    assert frame.attrs["notes"] == []
    asked = parse(wide(), target="load", features=["closed", "heat"])
    assert list(asked.columns) == ["load", "closed", "heat"]
    assert asked.attrs["notes"] == []


def test_a_series_is_the_target_alone(tmp_path):
    path = save(tmp_path, wide(load=[1.0, np.nan, *range(58)]).to_csv(index=False))
    series, frame = read_series(path, target="load"), read_frame(path, target="load", features=[])
    pd.testing.assert_series_equal(series, frame["load"])
    assert list(frame.columns) == ["load"]
    assert series.attrs["filled"].sum() == 1
    assert series.attrs["notes"] == frame.attrs["notes"]
    assert set(series.attrs) == {"notes", "filled", "season", "unit", "known", "future", "timezone"}


def test_unasked_columns_of_no_use_are_left_out_and_said():
    gust = [i % 3 * 2.5 if i % 5 == 0 else None for i in range(60)]
    useless = {"flat": 5, "id": range(60), "gust": gust, "flag": ["1" if i % 9 == 0 else "" for i in range(60)]}
    frame = parse(wide(**useless, mess=["n.v.", *range(0, 118, 2)], blank=""), target="load")
    assert list(frame.columns) == ["load", "heat", "closed"]
    assert set(frame.attrs["notes"]) == {
        "Left out: column 'shop' holds text such as 'North', not numbers.",
        "Left out: row 2, column 'mess': 'n.v.' is not a number; write a number, or leave the cell empty.",
        "Left out: column 'blank' has no values.",
        "Left out: column 'flat' is constant (5).",
        "Left out: column 'id' is only counting the rows.",
        "Left out: column 'gust' is empty in 48 of 60 steps.",
        "Left out: column 'flag' is 1 or empty; write what the empty cells stand for, such as 0.",
    }


def test_a_constant_column_that_is_asked_for_is_taken():
    """A trained forecaster's history may be short enough for one."""
    assert list(parse(wide(24), target="load", features=["closed"]).columns) == ["load", "closed"]


ASKED = {
    "misspelled": ({"features": ["heet"]}, "row 1: no column 'heet'; did you mean 'heat'"),
    "known misspelled": ({"known": ["closing"]}, "no column 'closing'; did you mean 'closed'"),
    "text": ({"features": ["shop"]}, "column 'shop' holds text such as 'North', not numbers"),
    "known text": ({"known": ["shop"]}, "column 'shop' holds text such as 'North', not numbers"),
    "empty": ({"features": ["blank"]}, "column 'blank' has no values"),
    "a bad cell": ({"features": ["mess"]}, "row 9, column 'mess': 'n.v.' is not a number"),
    "mostly empty": ({"features": ["gust"]}, "column 'gust' can't be a covariate: it is empty in 48 of 60 steps"),
    "flag or empty": ({"known": ["flag"]}, "column 'flag' can't be a covariate: it is 1 or empty; write what"),
    "the target": ({"features": ["load"]}, "column 'load' is the target, whose past is always used"),
    "known target": ({"known": ["load"]}, "column 'load' is the target, .* leave it out of known"),
    "the time": ({"time": "time", "features": ["time"]}, "column 'time' holds the times; leave it out of features"),
    "twice": ({"features": ["heat", "heat"]}, "column 'heat' is in features already"),
    "in both": (
        {"features": ["heat"], "known": ["heat"]},
        "column 'heat' is in features already; leave it out of known",
    ),
}


@pytest.mark.parametrize(("choices", "message"), ASKED.values(), ids=ASKED.keys())
def test_a_column_that_cannot_be_used_as_asked_is_refused(tmp_path, choices, message):
    gust = [i % 3 * 2.5 if i % 5 == 0 else None for i in range(60)]
    flag = ["1" if i % 9 == 0 else "" for i in range(60)]
    table = wide(gust=gust, flag=flag, blank="", mess=["n.v." if i == 7 else i % 4 for i in range(60)])
    path = save(tmp_path, table.to_csv(index=False))
    with pytest.raises(DataError, match=message) as refused:
        read_frame(path, target="load", **choices)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def test_the_target_needs_no_name_when_all_other_numbers_are_asked_for():
    assert parse(wide(), features=["heat"], known=["closed"]).columns[0] == "load"
    with pytest.raises(DataError, match="columns 'load', 'closed' are numeric; say which"):
        parse(wide(), features=["heat"])


def test_what_is_known_after_the_last_target_is_kept_for_the_forecast():
    load = [*range(40), *[None] * 20]
    table = wide(load=load, holiday=[*np.arange(55) % 3, *[None] * 5])
    frame = parse(table, target="load", features=["heat"], known=["closed", "holiday"])
    assert frame.index.equals(HOURS[:40])
    future = frame.attrs["future"]
    assert list(future.columns) == ["closed", "holiday"]
    assert future.index.equals(HOURS[40:55])
    assert future.index.freq == HOURS.freq
    np.testing.assert_array_equal(future["holiday"], np.arange(40, 55) % 3)
    assert frame.attrs["notes"] == [
        "Empty steps at the ends were left out: 5.",
        "Steps after the last 'load' that hold what is known ahead: 15.",
    ]
    unordered = parse(table.drop(columns="time"), target="load", features=[], known=["closed"])
    assert list(unordered.attrs["future"].index) == list(range(40, 60))
    without = parse(table, target="load", features=["heat"])
    assert without.attrs["future"] is None
    assert "left out: 20" in without.attrs["notes"][0]


def test_files_that_are_no_csv_are_refused(tmp_path):
    broken = {
        "excel.csv": (b"PK\x03\x04abc", "Excel"),
        "picture.csv": (b"\x89PNG\r\n\x00\x00\x00\x01", "binary"),
        "latin.csv": ("date,größe\n".encode("latin-1"), r"row 1 is not UTF-8 \(byte 0xf6\); save as 'CSV UTF-8'"),
        "cut.csv.gz": (gzip.compress(GOOD.encode())[:-20], "damaged gzip"),
    }
    for name, (content, message) in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_series(tmp_path / name)
    with pytest.raises(DataError, match="a directory"):
        read_series(tmp_path)
    with pytest.raises(DataError, match=r"no such file; did you mean .*latin\.csv"):
        read_series(tmp_path / "latn.csv")
    with pytest.raises(DataError, match="no such file; sample series are elnino, co2"):
        read_series("zzz.csv")


def test_whole_numbers_are_never_taken_for_times_unasked(tmp_path):
    path = save(tmp_path, "id,sales\n20200101,5\n20200102,7\n20200103,6\n")
    with pytest.raises(DataError, match="columns 'id', 'sales' are numeric"):
        read_series(path)
    assert read_series(path, time="id").index[2] == pd.Timestamp("2020-01-03")


SHOPS = "shop;day;sales\n Nord ;01.01.2024;1,5\nSüd;01.01.2024;7\nNord;02.01.2024;2,5\n"


def test_several_series_in_one_file_are_told_apart():
    parts = split_series(SHOPS.encode(), "shop")
    assert list(parts) == ["Nord", "Süd"]
    assert parse_frame(parts["Nord"].content)["sales"].tolist() == [1.5, 2.5]
    assert (parts["Nord"].rows, parts["Süd"].rows) == ([1, 2, 4], [1, 3])
    assert parts["Süd"].content.decode() == "day;sales\n01.01.2024;7\n"


def test_a_column_that_names_no_series_is_refused():
    with pytest.raises(DataError, match=r"row 1: no column 'shops'; did you mean 'shop'\?"):
        split_series(SHOPS.encode(), "shops")
    with pytest.raises(DataError, match="row 3: column 'shop' is empty; it should name a series"):
        split_series(SHOPS.replace("Süd", " ").encode(), "shop")
