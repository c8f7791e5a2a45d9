"""The server with real forecasters: its answers are theirs to the bit, alone, in company and from a stream."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from lstm_tutorial.workflow.deploy import Forecast, Forecaster
from tests.workflow.client import Client, running
from tests.workflow.test_deploy import make

Served = tuple[Client, Forecaster, np.ndarray, np.ndarray]


@pytest.fixture(params=["season", "known ahead"], scope="module")
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    forecaster, prepared, _ = make(request.param)
    with running(forecaster) as client:
        yield client, forecaster, prepared.table[:100], prepared.frame.index.to_numpy()[:100]


def make_request(served: Served, start: int, end: int, field: str = "history") -> dict[str, Any]:
    """The rows from `start` to `end` of the series, and what is known ahead of the last one."""
    _, forecaster, table, times = served
    schema, horizon = forecaster.schema, forecaster.horizon
    stamps = [f"{time.astype('datetime64[s]')}{'Z' if schema.timezone else ''}" for time in times]
    rows = [
        {"time": stamps[row]}
        | {name: None if np.isnan(value) else value for name, value in zip(schema.columns, table[row], strict=True)}
        for row in range(start, end)
    ]
    body: dict[str, Any] = {field: rows}
    if schema.known:
        places = range(len(schema.columns) - len(schema.known), len(schema.columns))
        body["known"] = [
            {"time": stamps[row]} | {schema.columns[place]: table[row, place] for place in places}
            for row in range(end, end + horizon)
        ]
    return body


def predict(served: Served, end: int) -> Forecast:
    _, forecaster, table, times = served
    known = table[end : end + forecaster.horizon, len(table[0]) - len(forecaster.schema.known) :]
    return forecaster.predict(table[:end], times[end - 1], known)


def assert_same(answer: dict[str, Any], forecast: Forecast) -> None:
    times = [str(time) for time in forecast.times.astype("datetime64[s]")]
    assert [time.removesuffix("Z") for time in answer["times"]] == times
    assert answer["mean"] == forecast.mean.tolist()
    assert [interval["lower"] for interval in answer["intervals"]] == forecast.lower.tolist()
    assert [interval["upper"] for interval in answer["intervals"]] == forecast.upper.tolist()


def test_it_answers_with_the_forecasters_own_numbers(served: Served) -> None:
    client, forecaster, *_ = served
    end = forecaster.reach + 5
    assert_same(client.post("/forecast", **make_request(served, 0, end)).json, predict(served, end))


def test_the_same_is_said_alone_in_company_and_in_a_stream(served: Served) -> None:
    client, forecaster, *_ = served
    ends = range(forecaster.reach, forecaster.reach + 20)
    requests = [make_request(served, 0, end) for end in ends]
    with ThreadPoolExecutor(len(requests)) as pool:
        together = [answer.json for answer in pool.map(lambda body: client.post("/forecast", **body), requests)]
    opened = client.post("/sessions", **requests[0]).json
    streamed = [opened["forecast"]] + [
        client.post(f"/sessions/{opened['id']}/values", **make_request(served, end - 1, end, "values")).json
        for end in ends[1:]
    ]
    for end, one, other in zip(ends, together, streamed, strict=True):
        assert_same(one, predict(served, end))
        assert_same(other, predict(served, end))


def test_batches_of_every_size_give_the_same_to_the_bit(served: Served) -> None:
    _, forecaster, table, times = served
    ends = range(forecaster.reach, forecaster.reach + 20)
    places = slice(len(table[0]) - len(forecaster.schema.known), None)
    requests = [(table[:end], times[end - 1], table[end : end + forecaster.horizon, places]) for end in ends]
    alone = [forecaster.predict(*request) for request in requests]
    for size in (1, 2, 3, 7, 16, 20):
        for forecast, wanted in zip(forecaster.predict_batch(requests[:size]), alone, strict=False):
            for part, whole in zip(forecast, wanted, strict=True):
                np.testing.assert_array_equal(part, whole)


def test_its_example_is_answered(served: Served) -> None:
    client, *_ = served
    (example,) = client.send("GET", "/openapi.json").json["components"]["schemas"]["ForecastRequest"]["examples"]
    assert client.send("POST", "/forecast", example).status == 200
