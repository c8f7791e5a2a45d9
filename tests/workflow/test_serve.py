"""The server: the forecaster's own forecasts, a reason in one line for everything else, and nothing lost at a stop."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi import checks

from lstm_tutorial.workflow.batches import MOST, Batches
from lstm_tutorial.workflow.deploy import Forecast
from lstm_tutorial.workflow.limits import Limits
from lstm_tutorial.workflow.messages import Rows
from lstm_tutorial.workflow.schema import Schema
from lstm_tutorial.workflow.serve import create_app
from lstm_tutorial.workflow.sessions import Sessions
from tests.workflow.client import JSON, Client, running
from tests.workflow.naive import BARE, HORIZON, HOURLY, MONTHLY, REACH, Naive


@pytest.fixture(scope="module")
def monthly() -> Iterator[Client]:
    with running(Naive(MONTHLY), Limits(body=10_000, rows=50)) as client:
        yield client


@pytest.fixture(scope="module")
def hourly() -> Iterator[Client]:
    with running(Naive(HOURLY)) as client:
        yield client


@pytest.fixture(scope="module")
def bare() -> Iterator[Client]:
    with running(Naive(BARE)) as client:
        yield client


def months(*values: float | None, start: int = 1) -> list[dict[str, Any]]:
    return [{"time": f"2024-{start + n:02}-01", "sea temp": value} for n, value in enumerate(values)]


def hours(count: int, start: int = 0, **changed: Any) -> list[dict[str, Any]]:
    rows = [
        {"time": f"2024-01-01T{start + n:02}:00Z", "temp": 40 + n + start, "dewp": 30.5, "wind": 2 * n, "holiday": 0}
        for n in range(count)
    ]
    rows[-1] |= changed
    return rows


def ahead(start: int) -> list[dict[str, Any]]:
    return [{"time": f"2024-01-01T{start + n:02}:00Z", "holiday": n} for n in range(HORIZON)]


def test_the_answer_is_the_forecasters_own(monthly: Client) -> None:
    answer = monthly.post("/forecast", history=months(20, 21, 22, 23.5, 24), unit="°C")
    expected = Naive(MONTHLY).predict(np.array([[21], [22], [23.5], [24]]), np.datetime64("2024-05-01"))
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.json == {
        "target": "sea temp",
        "unit": "°C",
        "times": ["2024-06-01T00:00:00", "2024-07-01T00:00:00", "2024-08-01T00:00:00"],
        "mean": expected.mean.tolist(),
        "intervals": [
            {"level": level, "lower": expected.lower[n].tolist(), "upper": expected.upper[n].tolist()}
            for n, level in enumerate((0.8, 0.95))
        ],
    }


def test_rows_and_plain_values_give_the_same_forecast(monthly: Client, hourly: Client, bare: Client) -> None:
    plain = monthly.post("/forecast", history=[20, 21, 22, 23.5], last="2024-04-01")
    assert plain.json == monthly.post("/forecast", history=months(20, 21, 22, 23.5)).json
    rows = hours(5, wind=None)
    columns = {name: [row[name] for row in rows] for name in HOURLY.columns}
    plain = hourly.post("/forecast", history=columns, last="2024-01-01T04:00Z", known=ahead(5))
    assert plain.status == 200
    assert plain.json == hourly.post("/forecast", history=rows, known=ahead(5)).json
    assert (
        bare.post("/forecast", history=[1, 2, 3, 4]).json
        == bare.post("/forecast", history=[{"y": n} for n in range(1, 5)]).json
    )


def test_what_is_known_ahead_and_time_zones_count(hourly: Client) -> None:
    answer = hourly.post("/forecast", history=hours(4), known=ahead(4)).json
    assert np.diff(answer["mean"]) == pytest.approx([1.1, 1.1])
    assert answer["times"][0] == "2024-01-01T04:00:00Z"
    moved = [row | {"time": row["time"].replace("01T0", "01T1").replace("Z", "+10:00")} for row in hours(4)]
    assert hourly.post("/forecast", history=moved, known=ahead(4)).json == answer


def test_without_times_steps_are_counted(bare: Client) -> None:
    assert bare.post("/forecast", history=[1, 2, 3, 4]).json["times"] == [1, 2, 3]


GOOD = months(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "history: is missing"),
        ([], "the body: should be an object"),
        (3, "the body: 3 should be an object"),
        ({"history": 3}, "history: should be a list of rows, or plain values; the page /docs shows both"),
        ({"history": []}, "history: should have at least 4 items, not 0"),
        ({"history": months(1, 2, 3)}, "history: should have at least 4 items, not 3"),
        ({"history": [1] * 51, "last": "2024-01-01"}, "history: should have at most 50 items, not 51"),
        ({"history": [1, 2, 3, 4]}, "last: is missing, the time of the last value"),
        ({"history": [1, 2, "3", 4], "last": "2024-01-01"}, 'history.2: "3" should be a valid number'),
        ({"history": [1, 2, GOOD[2], 4], "last": "2024-01-01"}, "history.2: should be a valid number"),
        (
            {"history": [1, 2, 3, 4], "last": "2024-01-15"},
            "last: 2024-01-15T00:00:00 should be the first day of a month",
        ),
        ({"history": [*GOOD[:3], 4]}, "history.3: 4 should be an object"),
        ({"history": GOOD, "last": "2024-04-01"}, "last: leave it out, because the rows have their own times"),
        ({"history": GOOD, "unit": "K"}, 'unit: "K" should be "°C"'),
        ({"history": GOOD, "unit": 3}, "unit: 3 should be a valid string"),
        ({"history": GOOD, "horizon": 3}, "horizon: no such field"),
        ({"history": [*GOOD[:3], {"sea temp": 4}]}, "history.3.time: is missing"),
        ({"history": [*GOOD[:3], GOOD[3] | {"wind": 4}]}, "history.3.wind: no such field"),
        ({"history": months(1, 2, 3, None)}, "history.3.sea temp: null should be a valid number"),
        ({"history": months(1, 2, 3, True)}, "history.3.sea temp: true should be a valid number"),
        ({"history": months(1, 2, 3, float("nan"))}, "history.3.sea temp: NaN should be a finite number"),
        ({"history": months(1, 2, float("-inf"), 4)}, "history.2.sea temp: -Infinity should be a finite number"),
        ({"history": months(1, 2, 3, 10**400)}, f"history.3.sea temp: 1{39 * '0'}... should be a finite number"),
        ({"history": months(1, 2, 3, 1e308)}, "the values are too large or too small for a forecast"),
        ({"history": months(1, 2, 3, -1e7)}, "values: too cold"),
        (
            {"history": [*GOOD[:3], GOOD[1]]},
            "history.3.time: 2024-02-01T00:00:00 should be 2024-04-01T00:00:00, one step",
        ),
        ({"history": GOOD[::-1]}, "history.1.time: 2024-03-01T00:00:00 should be 2024-05-01T00:00:00, one step (MS)"),
        ({"history": GOOD[:2] + months(4, 5, start=4)}, "history.2.time: 2024-04-01T00:00:00 should be 2024-03-01T"),
        ({"history": [GOOD[0] | {"time": 5}, *GOOD[1:]]}, "history.0.time: 5 should be a valid datetime"),
        ({"history": [GOOD[0] | {"time": "2024-13-01"}, *GOOD[1:]]}, 'history.0.time: "2024-13-01" should be a valid'),
        ({"history": [GOOD[0] | {"time": "0500-01-01"}, *GOOD[1:]]}, "history: times should lie in the years 1000"),
        ({"history": [GOOD[0] | {"time": "0001-01-01T00:00+12:00"}, *GOOD[1:]]}, "history: times should lie in"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(monthly: Client, body: Any, reason: str) -> None:
    status, said = monthly.send("POST", "/forecast", body).refused()
    assert status == 422
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"history": hours(4)}, "known: is missing"),
        ({"history": hours(4), "known": ahead(4)[:2]}, "known: should have at least 3 items, not 2"),
        ({"history": hours(4), "known": ahead(5)}, "known.0.time: 2024-01-01T05:00:00 should be 2024-01-01T04:00:00"),
        (
            {"history": hours(4, time="2024-01-01T03:00"), "known": ahead(4)},
            "history.3.time: 2024-01-01T03:00:00 wants an offset",
        ),
        ({"history": hours(4, temp=None), "known": ahead(4)}, "history.3.temp: null should be a valid number"),
        ({"history": [1, 2, 3, 4], "known": ahead(4)}, "history: should be a list of rows, or plain values"),
        ({"history": {"temp": [1] * 4}, "known": ahead(4)}, "history.dewp: is missing"),
        (
            {
                "history": {n: [1] * (5 if n == "wind" else 4) for n in HOURLY.columns},
                "known": ahead(4),
                "last": "2024-01-01T03:00Z",
            },
            "history.wind: has 5 values, but temp has 4",
        ),
    ],
)
def test_several_columns_are_checked_one_by_one(hourly: Client, body: Any, reason: str) -> None:
    status, said = hourly.send("POST", "/forecast", body).refused()
    assert status == 422
    assert said.startswith(reason)


def test_a_unit_that_the_forecaster_does_not_know_is_not_taken_on_trust(bare: Client) -> None:
    assert (
        bare.post("/forecast", history=[1, 2, 3, 4], unit="m").refused()[1]
        == 'unit: "m" can\'t be checked; leave it out'
    )


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"history": [1,]}', b"[" * 9_000, b"9" * 9_000, b'"\\ud800"'])
def test_bad_json_is_refused(monthly: Client, body: bytes) -> None:
    status, reason = monthly.send("POST", "/forecast", body).refused()
    assert (status, reason[:21]) == (400, "the body is not JSON:")


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/csv"}, JSON | {"Content-Encoding": "gzip"}])
def test_other_content_is_refused(monthly: Client, headers: dict[str, str]) -> None:
    assert monthly.send("POST", "/forecast", {"history": GOOD}, headers).refused()[0] == 415


def test_a_body_that_is_too_large_is_refused_while_it_arrives(monthly: Client) -> None:
    assert monthly.send("POST", "/forecast", b" " * 200_000).refused() == (
        413,
        "the body should have at most 10000 bytes",
    )
    sent = []

    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            sent.append(1)
            yield b" " * 1_000

    assert monthly.send("POST", "/forecast", pieces(), JSON | {"Transfer-Encoding": "chunked"}).refused()[0] == 413
    padded = json.dumps({"history": GOOD}).encode().ljust(10_000)
    assert monthly.send("POST", "/forecast", iter([padded[:5_000], padded[5_000:]])).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/forecast", 405),
        ("PUT", "/sessions", 405),
        ("GET", "/nothing", 404),
        ("GET", "/sessions/nothing", 404),
        ("DELETE", "/sessions/%ff%00", 404),
        ("POST", "/sessions/x/values", 404),
        ("GET", "/static-offline-docs/../../secret", 404),
    ],
)
def test_wrong_paths_and_methods_are_refused(monthly: Client, method: str, path: str, status: int) -> None:
    assert monthly.send(method, path, {"values": [1]} if method == "POST" else None).refused()[0] == status


def test_what_is_not_http_is_refused(monthly: Client) -> None:
    with socket.create_connection(("127.0.0.1", monthly.port), timeout=20) as connection:
        connection.sendall(b"\x00\x01\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 400 ")


def test_a_stream_gives_the_forecasts_of_the_whole_history(hourly: Client) -> None:
    rows = hours(12)
    opened = hourly.post("/sessions", history=rows[:5], known=ahead(5))
    assert opened.status == 201
    assert opened.json["forecast"] == hourly.post("/forecast", history=rows[:5], known=ahead(5)).json
    path = f"/sessions/{opened.json['id']}"
    for start, end in ((5, 6), (6, 7), (7, 12)):
        streamed = hourly.post(f"{path}/values", values=rows[start:end], known=ahead(end))
        assert streamed.status == 200
        assert streamed.json == hourly.post("/forecast", history=rows[:end], known=ahead(end)).json
    kept = hourly.send("GET", path).json
    assert (kept["rows"], kept["last"]) == (REACH, "2024-01-01T11:00:00Z")
    assert hourly.send("DELETE", path).status == 204
    assert hourly.send("GET", path).refused() == (404, "no such session; it was deleted, or not used for too long")


def test_plain_values_go_on_where_the_session_stopped(monthly: Client) -> None:
    path = f"/sessions/{monthly.post('/sessions', history=GOOD).json['id']}/values"
    assert monthly.post(path, values=[5, 6]).json["times"][0] == "2024-07-01T00:00:00"
    assert (
        monthly.post(path, values=[7], last="2024-08-01").refused()[1].startswith("last: should be 2024-07-01T00:00:00")
    )
    assert monthly.post(path, values=[7], last="2024-07-01").json["times"][0] == "2024-08-01T00:00:00"


def test_a_session_does_not_go_on_for_ever() -> None:
    with running(Naive(Schema("y", step="YS"))) as client:
        path = f"/sessions/{client.post('/sessions', history=[1] * REACH, last='2024-01-01').json['id']}/values"
        assert client.post(path, values=[1] * 5_000).json["times"][0] == "7025-01-01T00:00:00"
        assert (
            client.post(path, values=[1] * 5_000).refused()[1] == "values: times should lie in the years 1000 to 7999"
        )


def test_a_request_that_is_refused_leaves_the_session_as_it_was(monthly: Client) -> None:
    key = monthly.post("/sessions", history=GOOD).json["id"]
    before = monthly.send("GET", f"/sessions/{key}").json
    for values in (months(5, start=6), months(4, start=4), months(1e308, start=5), []):
        assert monthly.post(f"/sessions/{key}/values", values=values).refused()[0] == 422
    after = monthly.send("GET", f"/sessions/{key}").json
    assert (after["rows"], after["last"]) == (before["rows"], before["last"])
    again = monthly.post(f"/sessions/{key}/values", values=months(5, start=5)).json
    assert again == monthly.post("/forecast", history=months(1, 2, 3, 4, 5)).json


def test_sessions_are_bounded_and_free_places_are_used_again() -> None:
    with running(Naive(BARE), Limits(sessions=2)) as client:
        first, _ = (client.post("/sessions", history=[1, 2, 3, 4]).json["id"] for _ in range(2))
        third = client.post("/sessions", history=[1, 2, 3, 4])
        assert third.refused()[0] == 429
        assert 0 < int(third.headers["Retry-After"]) <= 3_600
        client.send("DELETE", f"/sessions/{first}")
        assert client.post("/sessions", history=[1, 2, 3, 4]).status == 201


def test_sessions_are_forgotten_when_nobody_uses_them() -> None:
    now = 0.0
    sessions = Sessions(2, 10, lambda: now)
    old, used = sessions.add(np.zeros((1, 1)), None).id, sessions.add(np.zeros((1, 1)), None).id
    now = 9.0
    sessions.get(used)
    now = 11.0
    assert len(sessions) == 1 and sessions.get(used).id == used
    with pytest.raises(Exception, match="404"):
        sessions.get(old)
    now = 22.0
    assert len(sessions) == 0


def test_sessions_at_the_same_time_do_not_mix(bare: Client) -> None:
    series = np.random.default_rng(0).normal(size=(12, 30)).round(3).tolist()

    def stream(values: list[float]) -> list[Any]:
        path = f"/sessions/{bare.post('/sessions', history=values[:REACH]).json['id']}/values"
        return [bare.post(path, values=[value]).json["mean"] for value in values[REACH:]]

    with ThreadPoolExecutor(len(series)) as pool:
        for values, streamed in zip(series, pool.map(stream, series), strict=True):
            whole = [bare.post("/forecast", history=values[: end + 1]).json["mean"] for end in range(REACH, 30)]
            assert streamed == whole


def test_requests_for_one_session_at_the_same_time_all_count() -> None:
    with running(Naive(Schema("y", step="D"))) as client:
        path = f"/sessions/{client.post('/sessions', history=[0] * REACH, last='2024-01-01').json['id']}"
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.post(f"{path}/values", values=[1]), range(40)))
        assert len({answer.json["times"][0] for answer in answers}) == 40
        assert client.send("GET", path).json["last"] == "2024-02-10T00:00:00"


def test_requests_that_wait_at_the_same_time_are_computed_together_and_answered_one_by_one() -> None:
    sizes: list[int] = []

    class Counting(Naive):
        def predict_batch(self, requests: Any) -> list[Forecast]:
            sizes.append(len(requests))
            return super().predict_batch(requests)

    async def ask(values: list[float]) -> Any:
        histories = [Rows(np.full((REACH, 1), value), None, None) for value in values]
        return await asyncio.gather(*map(batches.predict, histories), return_exceptions=True)

    batches = Batches(Counting(BARE))  # type: ignore[arg-type]
    forecasts = asyncio.run(ask([1.0, 2.0, 3.0]))
    assert sizes == [3]
    assert [round(forecast.mean[0] - 0.1) for forecast in forecasts] == [10, 20, 30]
    good, bad, also_good = asyncio.run(ask([1.0, -1e7, 3.0]))
    assert np.array_equal(good.mean, forecasts[0].mean) and np.array_equal(also_good.mean, forecasts[2].mean)
    assert isinstance(bad, ValueError)
    asyncio.run(ask([0.0] * 100))
    assert sizes[2:] == [MOST, MOST, MOST, 100 - 3 * MOST]


def test_a_batch_stays_open_only_where_requests_come_thick_and_fast() -> None:
    sizes: list[int] = []

    class Counting(Naive):
        def predict_batch(self, requests: Any) -> list[Forecast]:
            sizes.append(len(requests))
            return super().predict_batch(requests)

    async def ask(*pauses: int) -> None:
        """One request after each pause, counted in turns of the event loop."""
        waiting = []
        for turns in pauses:
            for _ in range(turns):
                await asyncio.sleep(0)
            waiting.append(asyncio.create_task(batches.predict(Rows(np.full((REACH, 1), 1.0), None, None))))
        await asyncio.gather(*waiting)

    batches = Batches(Counting(BARE))  # type: ignore[arg-type]
    asyncio.run(ask(0, 20))
    assert sizes == [1, 1]
    asyncio.run(ask(0, 0))
    asyncio.run(ask(0, 20))
    assert sizes[2:] == [2, 2]


def test_the_token_is_asked_for() -> None:
    with running(Naive(BARE), token="open sesame") as client:
        body = {"history": [1, 2, 3, 4]}
        for header in ({}, {"Authorization": "Bearer open"}, {"Authorization": "open sesame"}, {"Authorization": "é"}):
            answer = client.send("POST", "/forecast", body, JSON | header)
            assert answer.refused() == (401, "the token is missing or wrong")
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert client.send("GET", "/metrics").refused()[0] == 401
        assert client.send("POST", "/forecast", body, JSON | {"Authorization": "Bearer open sesame"}).status == 200
        assert client.send("GET", "/health").json == {"status": "ok"}
        assert client.send("GET", "/docs").status == 200
        assert client.send("GET", "/openapi.json").json["security"] == [{"token": []}]


def test_too_many_requests_and_slow_ones_are_refused() -> None:
    head = b"POST /forecast HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    with running(Naive(BARE), Limits(requests=2, seconds=0.5)) as client, ThreadPoolExecutor(2) as pool:

        def send_slowly(_: int) -> bytes:
            with socket.create_connection(("127.0.0.1", client.port), timeout=20) as connection:
                connection.sendall(head)
                return connection.recv(10_000)

        slow = [pool.submit(send_slowly, number) for number in range(2)]
        while "in_progress 3.0" not in client.send("GET", "/metrics").text:
            time.sleep(0.01)
            assert not all(one.done() for one in slow)
        refused = client.post("/forecast", history=[1, 2, 3, 4])
        assert refused.refused() == (429, "too many requests at the same time; try again")
        assert refused.headers["Retry-After"] == "1"
        assert client.send("GET", "/health").status == 200
        for one in slow:
            assert b" 408 " in one.result() and b"longer than 0.5 seconds" in one.result()
        assert client.post("/forecast", history=[1, 2, 3, 4]).status == 200


def test_a_client_that_goes_away_is_counted_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with running(Naive(BARE)) as client:
        with socket.create_connection(("127.0.0.1", client.port)) as connection:
            connection.sendall(
                b"POST /forecast HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
        while 'status="499"' not in client.send("GET", "/metrics").text:
            time.sleep(0.01)
        assert client.post("/forecast", history=[1, 2, 3, 4]).status == 200
    assert not caplog.records


def test_metrics_count_requests_by_path_and_status() -> None:
    with running(Naive(BARE)) as client:
        for history in ([1, 2, 3, 4], [1, 2, 3, 4], []):
            client.post("/forecast", history=history)
        key = client.post("/sessions", history=[1, 2, 3, 4]).json["id"]
        client.send("GET", f"/sessions/{key}")
        client.send("GET", "/nothing")
        answer = client.send("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    counted = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    name = "lstm_tutorial_requests_total"
    assert counted[f'{name}{{method="POST",path="/forecast",status="200"}}'] == "2.0"
    assert counted[f'{name}{{method="POST",path="/forecast",status="422"}}'] == "1.0"
    assert counted[f'{name}{{method="GET",path="/sessions/{{key}}",status="200"}}'] == "1.0"
    assert counted[f'{name}{{method="GET",path="other",status="404"}}'] == "1.0"
    assert counted['lstm_tutorial_request_seconds_count{path="/forecast"}'] == "3.0"
    assert counted["lstm_tutorial_sessions"] == "1.0"


def test_the_schema_tells_what_to_send(hourly: Client) -> None:
    about = hourly.send("GET", "/schema").json
    assert about["features"] == ["dewp", "wind"] and about["known"] == ["holiday"] and about["unit"] == "°F"
    assert (about["reach"], about["horizon"], about["levels"], about["step"]) == (REACH, HORIZON, [0.8, 0.95], "h")
    assert about["limits"]["rows"] == Limits.rows and about["fingerprint"] == Naive.fingerprint


def test_the_page_shows_requests_that_work_and_needs_no_other_host(
    monthly: Client, hourly: Client, bare: Client
) -> None:
    for client in (monthly, hourly, bare):
        page = client.send("GET", "/docs")
        assert page.status == 200 and "//" not in page.text.replace("<!DOCTYPE html>", "").split("<body>")[0]
        shapes = client.send("GET", "/openapi.json").json["components"]["schemas"]
        (history,), (values,) = shapes["ForecastRequest"]["examples"], shapes["ValuesRequest"]["examples"]
        assert client.send("POST", "/forecast", history).status == 200
        opened = client.send("POST", "/sessions", history)
        assert client.send("POST", f"/sessions/{opened.json['id']}/values", values).status == 200
    script = hourly.send("GET", "/static-offline-docs/swagger-ui-bundle.js")
    assert script.status == 200 and len(script.text) > 100_000


def describe(schema: Schema) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(Naive(schema)))  # type: ignore[arg-type]


# That rows must follow each other in time can't be said in JSON Schema. What a 405 allows is Starlette's affair: it
# names the methods of the first route with that path.
OTHERS = [checks.positive_data_acceptance, checks.allow_header_conformance]


@describe(HOURLY).parametrize()
@settings(max_examples=10)
def test_no_request_makes_it_fail_where_there_are_several_columns(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=OTHERS)


@describe(MONTHLY).include(method="POST").parametrize()
@settings(max_examples=10)
def test_no_request_makes_it_fail_where_there_is_one_column(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=OTHERS)
