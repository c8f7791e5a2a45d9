"""From a file, URL or standard input to a table of text, whatever spreadsheet or program wrote it."""

from __future__ import annotations

import csv as csv_module
import difflib
import gzip
import io
import sys
import urllib.error
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lstm_tutorial.workflow.parse import DataError, is_missing, looks_numeric, time_format
from lstm_tutorial.workflow.samples import SAMPLES

URL = ("http://", "https://")


def read_table(raw: bytes) -> pd.DataFrame:
    """The cells of a CSV (zipped or not) as text; the index holds row numbers, the header being row 1."""
    text = read_text(raw)
    lines = text.splitlines()
    try:
        delimiter = _delimiter(lines[0], lines[1] if len(lines) > 1 else "")
        rows = list(csv_module.reader(io.StringIO(text), delimiter=delimiter))
    except csv_module.Error as error:
        raise DataError(f"not a CSV file ({error})") from None
    header = [name.strip() for name in rows[0]]
    while header and not header[-1] and all(not any(row[len(header) - 1 :]) for row in rows):
        header.pop()
    if all(_is_value(name) for name in header):
        raise DataError(f"row 1 is {delimiter.join(rows[0])!r}: no header; write column names such as time,value")
    names = [name or f"column {i}" for i, name in enumerate(header, 1)]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(f"row 1: two columns are named {twice[0]!r}; give each a name of its own")
    kept: dict[int, list[str]] = {}
    for number, row in enumerate(rows[1:], 2):
        while len(row) > len(names) and not row[-1].strip():
            row.pop()
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            hint = " (decimal commas need ';' between columns)" if delimiter == "," else ""
            raise DataError(f"row {number} has {len(row)} fields where the header has {len(names)}{hint}")
        kept[number] = row
    if not kept:
        raise DataError("no rows below the header")
    return pd.DataFrame(list(kept.values()), index=list(kept), columns=names, dtype=str)


class Part(NamedTuple):
    """One series of a table that holds several: a CSV of its own, and which `rows` of the table its rows were."""

    content: bytes
    rows: list[int]


def split_series(raw: bytes, column: str) -> dict[str, Part]:
    """A table that holds several series as one CSV for each of them, by what `column` says, which is left out."""
    table = read_table(raw)
    if column not in table.columns:
        near = difflib.get_close_matches(column, table.columns, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"columns are {', '.join(map(repr, table.columns))}"
        raise DataError(f"row 1: no column {column!r}; {hint}")
    kinds = table[column].str.strip()
    empty = kinds.index[kinds == ""]
    if len(empty):
        raise DataError(f"row {empty[0]}: column {column!r} is empty; it should name a series")
    rest = table.drop(columns=column)
    # Decimal commas need another separator between columns.
    return {
        str(name): Part(rows.to_csv(index=False, sep=";").encode(), [1, *map(int, rows.index)])
        for name, rows in rest.groupby(kinds, sort=False)
    }


def read_text(raw: bytes) -> str:
    """A CSV's content, unzipped and decoded; never empty."""
    try:
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"a damaged gzip file ({error})") from None
    if raw[:4] == b"PK\x03\x04":
        raise DataError("an Excel or zip file; save the sheet as CSV")
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        if b"\x00" in raw[:4096]:
            raise DataError("a binary file, not a CSV") from None
        raise DataError(f"row {line} is not UTF-8 (byte {raw[error.start]:#04x}); save as 'CSV UTF-8'") from None
    if "\x00" in text:
        raise DataError("a binary file, not a CSV")
    if not text.strip():
        raise DataError("empty; wanted a header and rows of values")
    return text.lstrip("\r\n")


def read_bytes(csv: str | Path) -> bytes:
    """A file's, URL's or standard input's bytes. Raises `DataError` where there are none to be had."""
    name = str(csv)
    if name == "-" and sys.stdin is None:
        raise DataError("closed; wanted a CSV on it")
    try:
        if name == "-":
            return sys.stdin.buffer.read()
        if name.startswith(URL):
            with urllib.request.urlopen(name, timeout=30) as answer:
                return bytes(answer.read())
        return Path(name).expanduser().read_bytes()
    except FileNotFoundError:
        near = difflib.get_close_matches(name, [*SAMPLES] + [str(path) for path in Path(name).parent.glob("*.csv*")], 1)
        hint = f"did you mean {near[0]}?" if near else f"sample series are {', '.join(SAMPLES)}"
        raise DataError(f"no such file; {hint}") from None
    except IsADirectoryError:
        raise DataError("a directory; name a CSV file in it") from None
    except (OSError, HTTPException, ValueError, RuntimeError) as error:  # such as an address that is none
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        reason = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else reason
        raise DataError(f"can't be read ({reason})") from None


def _delimiter(header: str, first: str) -> str:
    """The separator by which header and first row have the same number of fields, more than one."""
    counts = {d: [len(next(csv_module.reader([line], delimiter=d), [])) for line in (header, first)] for d in ";\t|,"}
    split = {d: n for d, (n, _) in counts.items() if n > 1}
    agreed = [d for d in split if counts[d][0] == counts[d][1]]
    return (agreed or sorted(split, key=lambda d: -split[d]) or ["\x1f"])[0]


def _is_value(name: str) -> bool:
    cell = pd.Series([name], name="header", dtype=str)
    return bool(is_missing(cell).all()) or looks_numeric(cell) or time_format(cell) is not None
