"""The server as a process of its own: how it starts, what it says, and how it stops."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lstm_tutorial import cli
from lstm_tutorial.workflow import deploy
from lstm_tutorial.workflow.serve import bind, read_token
from tests.workflow.naive import BARE, Naive

ROOT = Path(__file__).parents[2]
# As the command does it, with a stand-in for the forecaster.
SERVE = """
import sys
from lstm_tutorial import cli
from lstm_tutorial.workflow import deploy
from tests.workflow.naive import BARE, Naive

deploy.load = lambda folder: Naive(BARE)
cli.main()
"""
BODY = json.dumps({"history": [1, 2, 3, 4]}).encode()
HEAD = b"POST /forecast HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-c", SERVE, "serve", "a folder", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = re.search(r":(\d+);", line)
        assert port is not None, line + process.communicate()[1]
        yield process, int(port[1])
    finally:
        process.kill()
        process.communicate()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_loses_no_request(signum: signal.Signals) -> None:
    answered: list[int] = []
    lost: list[Exception] = []

    def ask(port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.connect()
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

    with started() as (process, port):
        clients = [threading.Thread(target=ask, args=(port,)) for _ in range(8)]
        for client in clients:
            client.start()
        while len(answered) < 200:
            time.sleep(0.01)
        process.send_signal(signum)
        for client in clients:
            client.join()
        assert process.wait(30) == 0
        assert process.stderr is not None and process.stderr.read() == ""
    assert not lost and set(answered) == {200}


def test_a_request_that_has_begun_to_arrive_is_finished() -> None:
    with started() as (process, port), connect(port) as slow, connect(port) as idle:
        slow.sendall(HEAD + BODY[:10])
        while b"in_progress 2.0" not in ask_metrics(port):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert idle.recv(100) == b""  # closed: the stop has begun
        with pytest.raises(OSError):
            connect(port).close()
        assert process.poll() is None
        slow.sendall(BODY[10:])
        answer = slow.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 200 ") and b"connection: close" in answer
        assert process.wait(30) == 0


def test_a_second_interrupt_quits_at_once() -> None:
    with started("--body-seconds", "600") as (process, port), connect(port) as slow, connect(port) as idle:
        slow.sendall(HEAD)
        while b"in_progress 2.0" not in ask_metrics(port):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert idle.recv(100) == b""
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


def ask_metrics(port: int) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read()


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["lstm-tutorial", "serve", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--port", "PORT"], "can't listen on 127.0.0.1, port PORT: Address already in use; choose others with --host"),
        (["--port", "-1"], "Invalid value for '--port'"),
        (["--host", "no.such.host.invalid"], "can't listen on no.such.host.invalid, port 8000: "),
        (["--token-file", "none"], "none: can't be read (No such file or directory)"),
        (["--max-rows", "3"], "at most 3 rows in a request are too few: a forecast needs 4"),
    ],
)
def test_a_start_that_cannot_be_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    monkeypatch.setattr(deploy, "load", lambda folder: Naive(BARE))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = call(monkeypatch, "a folder", *(port if option == "PORT" else option for option in options))
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith(f"lstm-tutorial: {reason.replace('PORT', port)}") and said.err.count("\n") == 1


def test_a_folder_that_is_no_forecaster_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, str(tmp_path)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"lstm-tutorial: {tmp_path}: ") and said.err.count("\n") == 1


def test_a_token_comes_from_a_file_or_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LSTM_TUTORIAL_TOKEN", raising=False)
    assert read_token(None) is None
    monkeypatch.setenv("LSTM_TUTORIAL_TOKEN", "from-the-environment")
    assert read_token(None) == "from-the-environment"
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    assert read_token(file) == "from-a-file"
    for wrong in ("", "two words", "schlüssel"):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(ValueError, match="wanted a token of one or more letters"):
            read_token(file)


def test_only_an_open_door_is_warned_of() -> None:
    for options, warned in ((["--host", "0.0.0.0"], True), ([], False)):
        with started(*options) as (process, _):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            assert process.stderr is not None
            said = process.stderr.read()
            assert said.count("\n") == warned and ("--token-file" in said) == warned


def test_ipv6_addresses_are_written_in_brackets() -> None:
    try:
        listener, address = bind("::1", 0)
    except ValueError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert address == f"http://[::1]:{listener.getsockname()[1]}"


def test_serving_loads_no_tensorflow_and_no_pandas() -> None:
    heavy = "{'tensorflow', 'keras', 'pandas', 'matplotlib', 'sklearn', 'torch'}"
    code = f"import sys, lstm_tutorial.workflow.serve\nprint({heavy} & {{*sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"
