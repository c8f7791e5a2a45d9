"""What a client sends and gets: JSON made from a forecaster's schema, and in one line what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,  # pydantic wants this one before Python 3.12
)

import numpy as np
from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, Tag, TypeAdapter, ValidationError
from pydantic_core import from_json
from typing_extensions import TypedDict

from lstm_tutorial.workflow.clock import Clock, Time, refuse
from lstm_tutorial.workflow.deploy import Forecast as Prediction
from lstm_tutorial.workflow.deploy import Forecaster

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Covariate = Number | None  # null where it was not measured
Content = Literal["history", "values"]  # the name of a body's main field
_TAGS = {"<rows>", "<plain>", "<time>", "<date>"}  # where a value may be of two kinds, pydantic's errors name these
_SHOWN = 40  # characters of a wrong value that its message quotes


class Rows(NamedTuple):
    """What a request holds: values (rows, columns), the last row's time, what is known ahead (horizon, names)."""

    values: np.ndarray
    last: np.datetime64 | None
    known: np.ndarray | None


class Interval(BaseModel):
    """Where the values will lie with the probability `level`."""

    level: float
    lower: list[float]
    upper: list[float]


class Forecast(BaseModel):
    """A forecast; each list has one entry for each step ahead."""

    target: str
    unit: str
    times: list[str] | list[int] = Field(description="ISO 8601, or steps ahead where the forecaster knows no times")
    mean: list[float]
    intervals: list[Interval]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str = Field(description="the reason, in one line")


class Messages:
    """Reads requests for one forecaster, refusing with an HTTPException what it can't use, and writes answers.

    A history is either a list of rows, each with its time, or plain: the target's values, or lists of values by column.
    Plain is read in a fraction of the time, but a gap in it goes unnoticed.
    """

    def __init__(self, forecaster: Forecaster, most_rows: int) -> None:
        schema = self.schema = forecaster.schema
        self.reach, self.horizon, self.levels = forecaster.reach, forecaster.horizon, forecaster.levels
        self.columns = schema.columns
        self.clock = Clock(schema) if schema.step else None
        times: dict[str, Any] = {}
        rest: dict[str, Any] = {"unit": NotRequired[Annotated[str, Field(description="the target's, to be checked")]]}
        if self.clock:
            times[self.clock.name] = Annotated[Time, Field(description=self.clock.about)]
            note = "the last row's time, where rows have no times of their own; " + self.clock.about
            rest["last"] = NotRequired[Annotated[Time, Field(description=note)]]
        if schema.known:
            ahead: Any = _record("KnownRow", times | dict.fromkeys(schema.known, Covariate))
            rest["known"] = Annotated[list[ahead], Field(min_length=self.horizon, max_length=self.horizon)]
        unit = f"in {schema.unit}" if schema.unit else None
        kinds: dict[str, Any] = dict.fromkeys(self.columns, Covariate)
        kinds[schema.target] = Annotated[Number, Field(description=unit)]
        row: Any = _record("Row", times | kinds)

        def shape(title: str, field: Content, least: int) -> TypeAdapter[Any]:
            limits = Field(min_length=least, max_length=most_rows)
            lists: Any = {name: Annotated[list[kind], limits] for name, kind in kinds.items()}  # type: ignore[valid-type]
            plain: Any = _record(f"{title}Columns", lists) if len(lists) > 1 else lists[schema.target]
            either = Annotated[list[row], limits, Tag("<rows>")] | Annotated[plain, Tag("<plain>")]
            about = Annotated[either, Field(description="oldest first")]
            return TypeAdapter(_record(f"{title}Request", {field: about} | rest))

        self.adapters: dict[Content, TypeAdapter[Any]] = {
            "history": shape("Forecast", "history", self.reach),
            "values": shape("Values", "values", 1),
        }

    def read(self, body: bytes, field: Content, after: np.datetime64 | None = None) -> Rows:
        """What is in `body`; the first row follows the time `after`, if there is one."""
        try:
            message = self.adapters[field].validate_json(body)
        except ValidationError as error:
            raise _explain(error, body, field) from None
        unit, given, content = message.get("unit"), message.get("last"), message[field]
        if unit not in (None, self.schema.unit):
            wanted = f"should be {_quote(self.schema.unit)}" if self.schema.unit else "can't be checked; leave it out"
            raise refuse(f"unit: {_quote(unit)} {wanted}")
        last = None
        if _has_rows(content):
            if given is not None:
                raise refuse("last: leave it out, because the rows have their own times")
            if self.clock:
                last = self.clock.check_rows(field, [row[self.clock.name] for row in content], after)
            values = np.array([[row[name] for name in self.columns] for row in content[-self.reach :]], float)
        else:
            lists = [content[name] for name in self.columns] if isinstance(content, dict) else [content]
            count = len(lists[0])
            for name, numbers in zip(self.columns, lists, strict=True):
                if len(numbers) != count:
                    raise refuse(f"{field}.{name}: has {len(numbers)} values, but {self.schema.target} has {count}")
            if self.clock:
                last = self.clock.check_last(given, count, after)
            # In memory as above, so that both forms have the same forecast to the bit.
            values = np.array([numbers[-self.reach :] for numbers in lists], float).T.copy()
        return Rows(values, last, self._read_known(message.get("known"), last))

    def write(self, forecast: Prediction) -> dict[str, Any]:
        """The fields of `Forecast`."""
        if not (np.isfinite(forecast.lower).all() and np.isfinite(forecast.upper).all()):
            raise refuse("the values are too large or too small for a forecast")
        bounds = zip(self.levels, forecast.lower.tolist(), forecast.upper.tolist(), strict=True)
        return {
            "target": self.schema.target,
            "unit": self.schema.unit,
            "times": self.clock.write(forecast.times) if self.clock else forecast.times.tolist(),
            "mean": forecast.mean.tolist(),
            "intervals": [{"level": level, "lower": lower, "upper": upper} for level, lower, upper in bounds],
        }

    def example(self, field: Content) -> dict[str, Any]:
        """A request that gets an answer; made-up numbers, and times that follow each other in both fields."""
        count, skip = (self.reach, 0) if field == "history" else (1, self.reach)
        rows: list[dict[str, Any]] = [
            {name: round(10 + math.sin(skip + row + shift), 2) for shift, name in enumerate(self.columns)}
            for row in range(count)
        ]
        known: list[dict[str, Any]] = [dict.fromkeys(self.schema.known, 0.0) for _ in range(self.horizon)]
        if self.clock:
            times = self.clock.example(count + self.horizon, skip)
            timed = [{self.clock.name: time} | row for time, row in zip(times, rows + known, strict=True)]
            rows, known = timed[:count], timed[count:]
        unit = {"unit": self.schema.unit} if self.schema.unit else {}
        return {field: rows} | unit | ({"known": known} if self.schema.known else {})

    def _read_known(self, rows: list[dict[str, Any]] | None, last: np.datetime64 | None) -> np.ndarray | None:
        if rows is None:
            return None
        if self.clock:
            self.clock.check_rows("known", [row[self.clock.name] for row in rows], last)
        return np.array([[row[name] for name in self.schema.known] for row in rows], float)


def _record(name: str, fields: dict[str, Any]) -> Any:
    """A JSON object with these keys, which are any text, and no others."""
    make: Any = TypedDict
    record = make(name, fields)
    record.__pydantic_config__ = ConfigDict(extra="forbid")
    return record


def _has_rows(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and isinstance(content[0], dict)


def _explain(error: ValidationError, body: bytes, field: str) -> HTTPException:
    """The first thing that is wrong: where, and what would be right."""
    errors = error.errors(include_url=False, include_context=False)
    if errors[0]["type"] == "json_invalid":
        return refuse(f"the body is not JSON: {errors[0]['msg'].removeprefix('Invalid JSON: ')}", 400)
    # Rows or plain: what is wrong depends on which of them it was meant to be.
    content = from_json(body)
    meant_rows = isinstance(content, dict) and _has_rows(content.get(field))
    errors = [each for each in errors if ("<plain>" if meant_rows else "<rows>") not in each["loc"][1:2]]
    place = ".".join(str(part) for part in errors[0]["loc"] if part not in _TAGS) or "the body"
    match errors[0]["type"]:
        case "missing":
            return refuse(f"{place}: is missing")
        case "extra_forbidden":
            return refuse(f"{place}: no such field")
        case "list_type" | "dict_type" if place == field:
            return refuse(f"{place}: should be a list of rows, or plain values; the page /docs shows both")
    message = re.sub("^(Input|List|Value) should", "should", errors[0]["msg"]).replace(" after validation", "")
    got = errors[0]["input"]
    return refuse(f"{place}: {message if isinstance(got, dict | list) else f'{_quote(got)} {message}'}")


def _quote(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
