"""Several workers at one address: all of them answer, one that dies is replaced, and a stop loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.client import Client
from tests.workflow.test_serve_process import BODY, HEAD, ROOT, call, connect

# As the command does it, with a stand-in that forecasts the number of the process it is in.
SERVE = """
import os, time
import numpy as np
from lstm_tutorial import cli
from lstm_tutorial.workflow import deploy, workers
from tests.workflow.naive import BARE, HORIZON, Naive

class Number(Naive):
    def predict(self, *request):
        return super().predict(*request)._replace(mean=np.full(HORIZON, float(os.getpid())))

def die(worker, _):
    # In one piece: with print, two workers' lines may get into each other.
    os.write(1, f"{worker.gate.counts.worker} {time.monotonic()}\\n".encode())
    os._exit(3)

deploy.load = lambda folder: Number(BARE)
"""
HISTORY = [1, 2, 3, 4]


@contextmanager
def started(workers: int, *options: str, more: str = "") -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """The parent, in a process group of its own as a shell would start it."""
    code = f"{SERVE}{more}\ncli.main()"
    command = [sys.executable, "-c", code, "serve", "a folder", "--port", "0", "--workers", str(workers), *options]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = re.search(r":(\d+);", line)
        assert port is not None, line + process.communicate()[1]
        yield process, Client(int(port[1]))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ask(client: Client) -> int:
    """The number of the process that answers a new connection."""
    answer = client.post("/forecast", history=HISTORY)
    assert answer.status == 200
    return int(answer.json["mean"][0])


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def count(client: Client, name: str) -> float:
    """A figure of /metrics."""
    lines = client.send("GET", "/metrics").text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def test_connections_are_dealt_out_evenly_and_stay() -> None:
    with started(3) as (process, client):
        answers = Counter(ask(client) for _ in range(30))
        assert len(answers) == 3 and set(answers.values()) == {10} and process.pid not in answers
        with closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)) as kept:
            assert len({post(kept) for _ in range(6)}) == 1


def post(connection: http.client.HTTPConnection) -> int:
    connection.request("POST", "/forecast", BODY, {"Content-Type": "application/json"})
    return int(json.loads(connection.getresponse().read())["mean"][0])


def test_a_worker_that_is_killed_is_replaced_and_the_others_go_on() -> None:
    with started(2) as (process, client):
        with closing(http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)) as kept:
            other = post(kept)
            victim = ask(client)
            assert victim != other
            os.kill(victim, signal.SIGKILL)
            # Nobody is turned away meanwhile: `ask` wants an answer each time.
            wait_for(lambda: len({ask(client), ask(client)} - {victim, other}) == 1)
            assert post(kept) == other
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert said == f"lstm-tutorial: worker {victim} ended (-9); replaced\n"


def test_workers_that_die_at_once_are_replaced_once_a_second() -> None:
    with started(2, more="workers.Worker.run = die") as (process, _):
        starts: dict[str, list[float]] = {"0": [], "1": []}
        assert process.stdout is not None
        while min(map(len, starts.values())) < 3:
            worker, moment = process.stdout.readline().split()
            starts[worker].append(float(moment))
        # Two seconds, less what the first took to come to life.
        assert all(times[2] - times[0] > 1 for times in starts.values())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 0


@pytest.mark.parametrize(("stop", "signum"), [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT)])
def test_a_stop_loses_no_request(stop: Callable[[int, int], None], signum: signal.Signals) -> None:
    answered: list[int] = []
    lost: list[Exception] = []

    def ask_on(port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            closing_down = False
            while not closing_down:
                try:
                    connection.request("POST", "/forecast", BODY, {"Content-Type": "application/json"})
                    response = connection.getresponse()
                    answered.append(response.status)
                    closing_down = response.will_close
                    response.read()
                except (OSError, http.client.HTTPException) as error:
                    lost.append(error)
                    return

    with started(2) as (process, client):
        clients = [threading.Thread(target=ask_on, args=(client.port,)) for _ in range(8)]
        for each in clients:
            each.start()
        wait_for(lambda: len(answered) >= 200)
        stop(process.pid, signum)
        for each in clients:
            each.join()
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (0, "")
    assert not lost and set(answered) == {200}


def test_what_has_begun_to_arrive_is_finished_by_every_worker() -> None:
    with started(2) as (process, client), connect(client.port) as one, connect(client.port) as other:
        for slow in (one, other):
            slow.sendall(HEAD + BODY[:10])
        wait_for(lambda: count(client, "lstm_tutorial_requests_in_progress") == 3)  # the third asks for this figure
        with connect(client.port) as idle:
            os.killpg(process.pid, signal.SIGINT)
            assert idle.recv(100) == b""
        with pytest.raises(OSError):
            connect(client.port).close()
        assert process.poll() is None
        for slow in (one, other):
            slow.sendall(BODY[10:])
            assert slow.recv(10_000).startswith(b"HTTP/1.1 200 ")
        process.communicate(timeout=30)
        assert process.returncode == 0


@pytest.mark.parametrize("interrupt", [os.kill, os.killpg])
def test_a_second_interrupt_quits_at_once(interrupt: Callable[[int, int], None]) -> None:
    with started(2, "--body-seconds", "600") as (process, client), connect(client.port) as slow:
        slow.sendall(HEAD)
        wait_for(lambda: count(client, "lstm_tutorial_requests_in_progress") == 2)
        with connect(client.port) as idle:
            interrupt(process.pid, signal.SIGINT)
            assert idle.recv(100) == b""
        assert process.poll() is None
        interrupt(process.pid, signal.SIGINT)
        process.communicate(timeout=30)  # until the workers, too, have let go of the output
        assert process.returncode == 130


def test_no_worker_outlives_a_parent_that_is_killed() -> None:
    with started(3) as (process, client), connect(client.port) as idle:
        ask(client)
        process.kill()
        assert idle.recv(100) == b""
        process.communicate(timeout=30)  # until the last process has let go of the output
        with pytest.raises(OSError):
            connect(client.port).close()


def test_metrics_are_the_sum_of_all_workers_and_those_before_them() -> None:
    with started(3) as (_, client):
        answers = [ask(client) for _ in range(6)]
        client.send("GET", "/nothing")
        names = [
            'requests_total{method="POST",path="/forecast",status="200"}',
            'request_seconds_count{path="/forecast"}',
        ]
        for _ in range(3):  # whichever is asked
            assert [count(client, f"lstm_tutorial_{name}") for name in names] == [6, 6]
            assert count(client, 'lstm_tutorial_requests_total{method="GET",path="other",status="404"}') == 1
        with connect(client.port) as slow:
            slow.sendall(HEAD)
            wait_for(lambda: count(client, "lstm_tutorial_requests_in_progress") == 2)
            for victim in set(answers):
                os.kill(victim, signal.SIGKILL)
            assert count(client, f"lstm_tutorial_{names[0]}") == 6
            wait_for(lambda: count(client, "lstm_tutorial_requests_in_progress") == 1)


def test_sessions_are_refused_and_the_descriptions_say_so() -> None:
    reason = "this server keeps no sessions, because it has several workers; sessions want one with --workers 1"
    with started(2) as (_, client):
        requests: list[tuple[str, str, Any]] = [
            ("POST", "/sessions", {"history": HISTORY}),
            ("POST", "/sessions/some/values", {"values": [1]}),
            ("GET", "/sessions/some", None),
            ("DELETE", "/sessions/some", None),
        ]
        for request in requests:
            assert client.send(*request).refused() == (404, reason)
        limits = client.send("GET", "/schema").json["limits"]
        assert (limits["workers"], limits["sessions"]) == (2, 0)
        page = client.send("GET", "/openapi.json").json
        assert reason in page["info"]["description"]
        for path, operations in page["paths"].items():
            assert all("404" in operation["responses"] for operation in operations.values()) == ("/sessions" in path)


def test_a_system_that_cannot_fork_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "fork")
    assert call(monkeypatch, str(tmp_path), "--workers", "2") == 2
    said = capsys.readouterr()
    assert said.err.startswith("lstm-tutorial: --workers 2: ") and said.err.count("\n") == 1 and not said.out
