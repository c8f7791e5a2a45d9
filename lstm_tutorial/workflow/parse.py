"""Text to numbers and times, the way spreadsheets write them. What could mean two things is refused.

Each function takes one column of text, a `Series` of str whose index holds the file's row numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

MISSING = {"", "-", "--", ".", "?", "na", "n/a", "#n/a", "#na", "nan", "null", "none", "missing"}
MOSTLY = 0.8  # a column is of the kind that this share of its cells is; the rest are mistakes to report

_NUMBER = re.compile(
    r"[+-]?(?:(?:\d{1,3}(?:[.,' ]\d{3})+|\d+)(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?", re.I
)
_GROUPED = r"[+-]?[1-9]\d{0,2}(?:%s\d{3})+"
_DAY_MONTH = re.compile(r"%[dm][/-]%[dm]")
_DATES = [
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"),
    *(f"%d{mark}%m{mark}%{year}" for mark in "/-." for year in "Yy"),
    *(f"%m{mark}%d{mark}%{year}" for mark in "/-" for year in "Yy"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%B %d %Y", "%d. %B %Y"),
]
_MONTHS = ["%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%m-%Y", "%YM%m", "%b %Y", "%B %Y", "%b-%y", "%b-%Y", "%Y %b"]
_CLOCKS = [" %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"]


class DataError(ValueError):
    """Data that can't be used: one line that says what is wrong, where, and what would be right."""


def is_missing(text: pd.Series) -> pd.Series:
    """Which cells hold nothing, or one of the usual words for nothing."""
    return text.str.strip().str.lower().isin(MISSING)


def sample(text: pd.Series, size: int = 200) -> pd.Series:
    """Up to `size` cells that hold something, spread over the column."""
    present = text[~is_missing(text)]
    return present.iloc[np.linspace(0, len(present) - 1, min(size, len(present))).astype(int)]


def looks_numeric(text: pd.Series) -> bool:
    """Whether most cells read as numbers in some spelling."""
    cells = _clean(sample(text))
    return bool(len(cells)) and cells.map(lambda cell: bool(_NUMBER.fullmatch(cell))).mean() >= MOSTLY


def parse_numbers(text: pd.Series) -> pd.Series:
    """Floats, NaN where nothing stands: "1.5", "1,5", "1.234,56", "1,234.56", "1 234,5", "-2e3".

    Raises `DataError` for text, for infinite values and for a mark that may be decimal or thousands.
    """
    cells = _clean(text).mask(is_missing(text), "")
    thousands, decimal = _marks(cells)
    plain = cells.str.replace(r"(?<=\d)[' ](?=\d{3}(?!\d))", "", regex=True)
    plain = plain.str.replace(thousands, "", regex=False).str.replace(decimal, ".", regex=False)
    numbers = plain.map(_float).astype(float)
    wrong = (cells != "") & (numbers.isna() | ~cells.map(lambda cell: bool(_NUMBER.fullmatch(cell))))
    if wrong.any():
        raise DataError(f"{where(wrong, text)} is not a number; write a number, or leave the cell empty")
    if np.isinf(numbers).any():
        raise DataError(f"{where(np.isinf(numbers), text)} is infinite; write a finite number, or leave the cell empty")
    return numbers


def _float(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _clean(text: pd.Series) -> pd.Series:
    return text.str.strip().str.replace(r"[\u00a0\u202f]", " ", regex=True).str.replace("\u2212", "-")


def _marks(cells: pd.Series) -> tuple[str, str]:
    """The column's thousands mark and decimal mark."""
    comma, point = cells.str.contains(",", regex=False), cells.str.contains(".", regex=False)
    both = cells[comma & point]
    if len(both):
        return (".", ",") if (both.str.rfind(",") > both.str.rfind(".")).mean() > 0.5 else (",", ".")
    for mark, marked, other in ((",", comma, "."), (".", point, ",")):
        if not marked.any() or not cells[marked].str.fullmatch(_GROUPED % re.escape(mark)).all():
            continue
        if (cells[marked].str.count(re.escape(mark)) > 1).any():
            return mark, other
        # A point before three digits is decimal unless whole numbers of three digits stand beside it.
        if mark == "," or (cells[~marked].str.fullmatch(r"[+-]?\d{3}")).any():
            cell = cells[marked].iloc[0]
            readings = f"{cell.replace(mark, '')} or {cell.replace(mark, '.')}"
            raise DataError(
                f"{where(marked, cells)} may be {readings}; write numbers without a thousands mark, as 1234.5"
            )
    return (".", ",") if comma.any() else (",", ".")


def time_format(text: pd.Series) -> str | None:
    """The format that most cells of a column of times are in, "ISO8601" or one of strptime's; None if none is."""
    cells = _tidy_times(sample(text))
    if not len(cells) or (cells.str.fullmatch(r"[+-]?[\d.,]*").mean() > 1 - MOSTLY and not _dotted(cells)):
        return None
    for form in _formats():
        if _read_times(cells, form).notna().mean() >= MOSTLY:
            return form
    return None


def parse_times(text: pd.Series) -> pd.Series:
    """Times without a zone (those with an offset become UTC): ISO, local day and month orders, month names.

    Whole numbers count as times only where they are years or YYYYMMDD. Raises `DataError` for a cell that is
    no time, and for a column whose every date reads both as day/month and as month/day.
    """
    cells = _tidy_times(text)
    whole = cells[cells.str.fullmatch(r"\d+")]
    if len(whole) and len(whole) >= MOSTLY * len(cells):
        form = _whole_number_format(whole.astype(float))
        if form is None:
            shown = ", ".join(whole.iloc[:3])
            raise DataError(f"column {text.name!r} holds whole numbers ({shown}, ...), not times; write YYYY-MM-DD")
    else:
        form = time_format(text)
        if form is None:
            raise DataError(f"column {text.name!r} holds no times such as 2024-01-31 ({cells.iloc[0]!r})")
    times = _day_month_order(text, cells, form) if _DAY_MONTH.match(form) else _read_times(cells, form)
    if times.isna().any():
        raise DataError(f"{where(times.isna(), text)} is not a time like the others; write it as YYYY-MM-DD")
    return times


def has_offsets(text: pd.Series) -> bool:
    """Whether times say how far they are from UTC: "2024-01-31T05:00Z". Raises `DataError` where only some do."""
    marked = text.str.strip().str.contains(r"\d[T ]\d\d\S* ?(?:Z|[+-]\d\d:?(?:\d\d)?)$")
    if marked.any() and not marked.all():
        raise DataError(f"{where(~marked, text)} has no offset from UTC, where other times have one")
    return bool(marked.all())


def _formats() -> Iterator[str]:
    yield "ISO8601"
    yield from _MONTHS
    for date in _DATES:
        yield date
        for clock in _CLOCKS:
            yield date + clock


def _read_times(cells: pd.Series, form: str) -> pd.Series:
    times = pd.to_datetime(cells, format=form, errors="coerce", utc=True)
    return times.dt.tz_localize(None)


def _tidy_times(text: pd.Series) -> pd.Series:
    cells = text.str.strip().str.replace(r"[\s,]+", " ", regex=True).str.replace(r"(?<=\d)T(?=\d)", " ", regex=True)
    quarter = r"(?:(?P<a>\d{4})[ -]?Q(?P<b>[1-4])|Q(?P<c>[1-4])[ /-]?(?P<d>\d{4}))"
    return cells.str.replace(quarter, lambda m: f"{m['a'] or m['d']}-{3 * int(m['b'] or m['c']) - 2:02d}", regex=True)


def _dotted(cells: pd.Series) -> bool:
    return bool(cells.str.fullmatch(r"\d+\.\d+\.\d+").mean() >= MOSTLY)


def _whole_number_format(numbers: pd.Series) -> str | None:
    if numbers.between(1500, 2200).all():
        return "%Y"
    return "%Y%m%d" if numbers.between(15000101, 22001231).all() else None


def _day_month_order(text: pd.Series, cells: pd.Series, form: str) -> pd.Series:
    swapped = re.sub("%[dm]", lambda match: "%m" if match[0] == "%d" else "%d", form, count=2)
    one, other = _read_times(cells, form), _read_times(cells, swapped)
    if one.notna().all() and other.notna().all() and (one != other).any():
        row = (one != other).idxmax()
        raise DataError(
            f"{where(one != other, text)} may be {one[row]:%d %B %Y} or {other[row]:%d %B %Y}, and so may every "
            "date in that column; write dates as YYYY-MM-DD"
        )
    return one if one.notna().sum() >= other.notna().sum() else other


def where(mask: pd.Series, text: pd.Series) -> str:
    """The first marked cell's place and content, as an error message begins."""
    row = mask.idxmax()
    return f"row {row}, column {text.name!r}: {text[row]!r}"
