"""The server under load, beside the same server with a forecaster that returns a constant.

Each is sent as many requests as it can take, in turns, and answers with one worker: what is compared is the processor
time of a request, and the second of two cores is the client's. With more workers client and servers would take cores
from each other, and the client, the same beside both, would hide a part of the difference.

Then each gets 1,000 a second for a minute, evenly spaced, each timed from the moment at which it was due. Here both
have two workers, as a service under such a load should: one would be busy nine tenths of the time, and requests queue.

The servers are processes of their own on 127.0.0.1, started by the command `lstm-tutorial serve`, and this process is
the client. The forecaster is that of `benchmarks.start`: the main example's size, not trained.

    python -m benchmarks.serving --port 8000 FORECASTER_DIR

is the server of constants.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import numpy as np
import pandas as pd
import uvicorn

from benchmarks.measure import Spread
from benchmarks.report import SERVING, Row
from benchmarks.start import save_forecaster
from lstm_tutorial.workflow.deploy import Forecaster, load

ROOT = Path(__file__).parents[1]
RATE, CONNECTIONS, BODIES, WORKERS = 1_000, 32, 64, 2
SERVE = [sys.executable, "-c", "from lstm_tutorial.cli import main; main()", "serve", "--port", "0"]
# The same command, but the forecaster says the same of every history.
CONSTANT = [sys.executable, "-m", "benchmarks.serving", "--port", "0"]


def serve_constant() -> None:
    """Be the server that everything is compared with."""
    from lstm_tutorial import cli
    from lstm_tutorial.workflow import deploy

    load = deploy.load

    def load_constant(folder: str | Path) -> Any:
        forecaster = load(folder)
        values = np.ones((forecaster.reach, len(forecaster.schema.columns)))
        forecast = forecaster.predict(values, np.datetime64("2024-01-01"))
        changed: dict[str, Any] = {
            "predict": lambda *_: forecast,
            "predict_batch": lambda requests: [forecast] * len(requests),
        }
        forecaster.__dict__.update(changed)
        return forecaster

    deploy.load = load_constant
    sys.argv.insert(1, "serve")
    cli.main()


@contextmanager
def started(command: list[str]) -> Iterator[int]:
    """The port of a server process."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield int(line.split(";")[0].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


@dataclass
class Load:
    """What a client saw: the seconds to each answer, how many requests it sent, and how many were answered well."""

    times: list[float] = field(default_factory=list)
    sent: int = 0
    good: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """How many requests did not get their forecast."""
        return self.sent - self.good

    @property
    def rate(self) -> float:
        """Forecasts per second."""
        return self.good / self.seconds


class Connection(asyncio.Protocol):
    """One connection that is kept open; `done` is called after each answer."""

    def __init__(self, load: Load, done: Any) -> None:
        self.load, self.done, self.received, self.due = load, done, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that should have been sent at `due`."""
        self.load.sent += 1
        self.due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        self.received += data
        end = self.received.find(b"\r\n\r\n")
        start = self.received.find(b"content-length: ")
        if end < 0 or len(self.received) < end + 4 + int(self.received[start + 16 : self.received.find(b"\r", start)]):
            return
        self.load.good += self.received.startswith(b"HTTP/1.1 200 ")
        self.load.times.append(perf_counter() - self.due)
        self.received = b""
        self.done(self)


def make_requests(csv: str, forecaster: Forecaster) -> list[bytes]:
    """The ends of different histories, by column."""
    frame = pd.read_csv(csv, index_col="time", parse_dates=True).astype(object)
    frame = frame.where(frame.notna(), None)  # JSON's null
    requests = []
    for number in range(BODIES):
        rows = frame.iloc[len(frame) - number - forecaster.reach : len(frame) - number]
        history = {name: rows[name].tolist() for name in forecaster.schema.columns}
        body = json.dumps({"history": history, "last": rows.index[-1].isoformat() + "Z"}).encode()
        head = "POST /forecast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        requests.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return requests


async def send_steadily(port: int, requests: list[bytes], seconds: float) -> Load:
    """`RATE` requests a second, whatever the server does; waiting for a connection counts as waiting for the answer."""
    load, idle, waiting = Load(), deque[Connection](), deque[tuple[bytes, float]]()

    def go_on(connection: Connection) -> None:
        if waiting:
            connection.send(*waiting.popleft())
        else:
            idle.append(connection)

    await _connect(port, load, go_on, idle)
    start, number = perf_counter(), 0
    while number < RATE * seconds:
        while (due := start + number / RATE) <= perf_counter() and number < RATE * seconds:
            waiting.append((requests[number % BODIES], due))
            number += 1
            if idle:
                go_on(idle.popleft())
        await asyncio.sleep(max(0.0, start + number / RATE - perf_counter()))
    load = await _finish(load, start, idle)
    load.sent += len(waiting)
    return load


async def send_at_will(port: int, requests: list[bytes], seconds: float) -> Load:
    """On each connection the next request as soon as the last one is answered."""
    load, idle = Load(), deque[Connection]()
    end = perf_counter() + seconds

    def go_on(connection: Connection) -> None:
        now = perf_counter()
        if now < end:
            connection.send(requests[load.sent % BODIES], now)
        else:
            idle.append(connection)

    await _connect(port, load, go_on, idle)
    start = perf_counter()
    while idle:
        go_on(idle.popleft())
    await asyncio.sleep(seconds)
    return await _finish(load, start, idle)


async def _connect(port: int, load: Load, done: Any, idle: deque[Connection]) -> None:
    for _ in range(CONNECTIONS):
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(load, done), "127.0.0.1", port
        )
        idle.append(connection)


async def _finish(load: Load, start: float, idle: deque[Connection]) -> Load:
    """Wait for the last answers, a few seconds at most."""
    for _ in range(500):
        if len(idle) == CONNECTIONS:
            break
        await asyncio.sleep(0.01)
    load.seconds = perf_counter() - start
    for connection in idle:
        connection.transport.close()
    return load


def measure(rounds: int) -> list[Row]:
    """Requests as fast as they are answered, in turns; and at a steady rate, for four seconds a round."""
    seconds: dict[str, list[float]] = {"forecaster": [], "constant": []}
    with tempfile.TemporaryDirectory() as place:
        folder, csv = save_forecaster(Path(place), SERVING[3])
        requests = make_requests(csv, load(folder))
        with started([*SERVE, folder]) as port, started([*CONSTANT, folder]) as other:
            ports = {"forecaster": port, "constant": other}
            for name in [*ports] * (1 + rounds):
                seen = _run(send_at_will(ports[name], requests, 1.0))
                if seen.lost:
                    raise ValueError(f"{name}: {seen.lost} of {seen.sent} requests had no forecast")
                seconds[name].append(1 / seen.rate)
        steady = [_load_steadily([*command, folder], requests, 4.0 * rounds) for command in (SERVE, CONSTANT)]
    note = f"{RATE:,} a second for {4 * rounds} s, {WORKERS} workers: {steady[0]}; constant: {steady[1]}"
    # The first round warms up.
    ours, theirs = (Spread.of(each[1:]) for each in seconds.values())
    return [Row("serving", SERVING, "constant", ours, theirs, note)]


def _load_steadily(command: list[str], requests: list[bytes], seconds: float) -> str:
    with started([*command, "--workers", str(WORKERS)]) as port:
        _run(send_at_will(port, requests, 1.0))  # warms up
        seen = _run(send_steadily(port, requests, seconds))
    p50, p99 = (1e3 * value for value in np.percentile(seen.times, [50, 99]))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {seen.lost} lost"


def _run(client: Coroutine[Any, Any, Load]) -> Load:
    """On the event loop that the server has too: a slow client would take from the server's share of the machine."""
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        return runner.run(client)


if __name__ == "__main__":
    serve_constant()
