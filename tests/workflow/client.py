"""A server to talk to, and a client that does."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from lstm_tutorial.workflow.limits import Limits
from lstm_tutorial.workflow.serve import Server, bind, create_app

JSON = {"Content-Type": "application/json"}


@contextmanager
def running(forecaster: Any, limits: Limits | None = None, token: str | None = None) -> Iterator[Client]:
    """A server in a thread of its own."""
    server = Server(create_app(forecaster, limits, token))
    listener, address = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield Client(int(address.rpartition(":")[2]))
    finally:
        server.should_exit = True
        thread.join()


class Client:
    def __init__(self, port: int) -> None:
        self.port = port

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            content = body if body is None or isinstance(body, bytes | Iterator) else json.dumps(body).encode()
            chunked = isinstance(body, Iterator)
            connection.request(method, path, content, JSON if headers is None else headers, encode_chunked=chunked)
            return Answer(connection.getresponse())

    def post(self, path: str, **body: Any) -> Answer:
        return self.send("POST", path, body)


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def refused(self) -> tuple[int, str]:
        """Status and reason, which is one line and all there is."""
        assert 400 <= self.status < 500
        (reason,) = self.json.values()
        assert reason and "\n" not in reason
        return self.status, reason
