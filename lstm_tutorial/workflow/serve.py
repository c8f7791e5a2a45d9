"""A forecaster as a service: forecasts over HTTP, from a whole history or from a stream of values. No TensorFlow."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic_core import to_json

from lstm_tutorial.workflow.batches import Batches
from lstm_tutorial.workflow.clock import refuse
from lstm_tutorial.workflow.deploy import Forecaster
from lstm_tutorial.workflow.guard import Gate, Guard, read_body
from lstm_tutorial.workflow.limits import Limits
from lstm_tutorial.workflow.messages import Forecast, Messages, Rows
from lstm_tutorial.workflow.openapi import ABOUT, BODY, About, Health, Opened, SessionState, complete, describe
from lstm_tutorial.workflow.sessions import NONE_KEPT, Session, Sessions

TOKEN = "LSTM_TUTORIAL_TOKEN"
DRAIN = 0.5  # seconds after a stop in which requests on open connections are still answered


class Direct(APIRoute):
    """Hands a request to its function as it is: nothing to resolve first, which takes as long as the forecast."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What FastAPI is to call."""

        async def call(request: Request) -> Response:
            response: Response = await self.endpoint(request, **request.path_params)
            return response

        return call


def create_app(forecaster: Forecaster, limits: Limits | None = None, token: str | None = None) -> FastAPI:
    """The web application; with a `token`, requests need the header `Authorization: Bearer TOKEN`.

    Nothing awaits between reading a session and changing it, so requests for one session take effect one by one.
    Raises ValueError for limits that leave too few rows for a forecast.
    """
    limits = limits or Limits()
    if limits.workers > 1:
        limits = replace(limits, sessions=0)
    if limits.rows < forecaster.reach:
        raise ValueError(f"at most {limits.rows} rows in a request are too few: a forecast needs {forecaster.reach}")
    messages, batches = Messages(forecaster, limits.rows), Batches(forecaster)
    sessions = Sessions(limits.sessions, limits.session_seconds)
    schema = forecaster.schema
    about = ABOUT.format(target=schema.target, horizon=forecaster.horizon, reach=forecaster.reach)
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        telemetry=dict.fromkeys(("tracing", "metrics", "logs", "auto_configure"), False),
        title=f"Forecasts of {schema.target}",
        version=forecaster.fingerprint[:12],
        description=about if limits.sessions else f"{about}\n\nBut {NONE_KEPT}.",
    )
    app.router.route_class = Direct

    def show(session: Session) -> dict[str, Any]:
        last = None if session.last is None else f"{session.last}{'Z' if schema.timezone else ''}"
        expires_in = sessions.expires_in(session)
        return {"id": session.id, "rows": len(session.values), "last": last, "expires_in": expires_in}

    @app.post("/forecast", **describe(Forecast, *BODY, body="ForecastRequest"))
    async def forecast(request: Request) -> Response:
        """Forecast from the history in the request."""
        rows = messages.read(await read_body(request, limits), "history")
        with _explaining():
            return _answer(messages.write(await batches.predict(rows)))

    @app.post("/sessions", **describe(Opened, 404, *BODY, body="ForecastRequest", status=201))
    async def open_session(request: Request) -> Response:
        """Keep the end of a history, so that from now on new values are enough."""
        body = await read_body(request, limits)
        sessions.check_place()
        rows = messages.read(body, "history")
        with _explaining():
            first = messages.write(batches.predict_now(rows))
        return _answer(show(sessions.add(rows.values, rows.last)) | {"forecast": first}, 201)

    @app.post("/sessions/{key}/values", **describe(Forecast, 404, *BODY, body="ValuesRequest"))
    async def add_values(request: Request, key: str) -> Response:
        """Add new values to a session and forecast, exactly as `/forecast` does from the whole history."""
        body = await read_body(request, limits)
        session = sessions.get(key)
        rows = messages.read(body, "values", session.last)
        values = np.concatenate([session.values, rows.values])[-forecaster.reach :]
        with _explaining():
            answer = messages.write(batches.predict_now(Rows(values, rows.last, rows.known)))
        session.values, session.last = values, rows.last  # only now: a request that is refused changes nothing
        return _answer(answer)

    @app.get("/sessions/{key}", **describe(SessionState, 404))
    async def show_session(_: Request, key: str) -> Response:
        """What is kept of a session."""
        return _answer(show(sessions.get(key)))

    @app.delete("/sessions/{key}", **describe(None, 404, status=204))
    async def close_session(_: Request, key: str) -> Response:
        """Forget a session."""
        sessions.delete(key)
        return Response(status_code=204)

    @app.get("/schema", **describe(About))
    async def show_schema(_: Request) -> Response:
        """What is in a row, how many rows are wanted, what comes back, and the server's limits."""
        shown = {"limits": vars(limits)}
        for name in About.model_fields.keys() - shown.keys():
            shown[name] = getattr(schema if hasattr(schema, name) else forecaster, name)
        return _answer(shown)

    @app.get("/health", **describe(Health))
    async def show_health(_: Request) -> Response:
        """Whether the server works; needs no token."""
        return _answer({"status": "ok"})

    @app.get("/metrics", **describe(None), response_class=Response)
    async def show_metrics(_: Request) -> Response:
        """Counts and times in Prometheus' text format."""
        return Response(generate_latest(gate.registry), media_type=CONTENT_TYPE_LATEST)

    # Routes are tried in turn, and FastAPI's own would come first.
    app.router.routes.sort(key=lambda route: not isinstance(route, Direct))
    gate = app.state.gate = Gate(limits, token, [getattr(route, "path", "other") for route in app.routes])
    kept = Gauge("lstm_tutorial_sessions", "Sessions kept.", registry=gate.registry)
    kept.set_function(lambda: len(sessions))
    app.add_middleware(Guard, gate=gate)
    complete(app, messages, token is not None)
    return app


def read_token(file: Path | None) -> str | None:
    """The token in a file, or else in the environment variable `TOKEN`; None if there is neither.

    Raises ValueError for a file that can't be read and a token that no header can hold. A token is no argument of the
    command line, where everybody on the machine could read it.
    """
    try:
        token = os.environ.get(TOKEN) if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: can't be read ({getattr(error, 'strerror', None) or 'not UTF-8'})") from None
    if token is not None and not re.fullmatch("[!-~]+", token):
        raise ValueError(f"{file or TOKEN}: wanted a token of one or more letters, digits or marks, without spaces")
    return token


def bind(host: str, port: int) -> tuple[socket.socket, str]:
    """A socket that listens, and its address as a URL; raises ValueError with one line where that can't be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (")[0]
        raise ValueError(f"can't listen on {host}, port {port}: {reason}; choose others with --host, --port") from None
    return listener, f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


class Server(uvicorn.Server):
    """Answers requests until `should_exit` is set, then finishes what was accepted.

    From then on no new connection is taken. Requests on open ones are answered for `DRAIN` seconds more, and then those
    that have begun to arrive.
    """

    def __init__(self, app: FastAPI) -> None:
        self.gate: Gate = app.state.gate
        quiet: dict[str, Any] = {"access_log": False, "log_config": None, "server_header": False}
        super().__init__(uvicorn.Config(app, http="httptools", ws="none", lifespan="off", proxy_headers=False, **quiet))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks for an end, a second Ctrl-C cuts off who is still connected."""
        super().handle_exit(sig, frame)
        if self.force_exit:
            for connection in list(self.server_state.connections):
                connection.transport.abort()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, but let clients in the middle of something finish; answers tell them to close."""
        self.gate.stopping = True
        for server in self.servers:
            server.close()
        end = monotonic() + DRAIN
        while self.server_state.connections and monotonic() < end and not self.force_exit:
            await asyncio.sleep(0.01)
        await super().shutdown(sockets)


def serve(app: FastAPI, listener: socket.socket) -> bool:
    """Answer requests until SIGTERM or SIGINT; False if a second Ctrl-C cut off what had been accepted."""
    server = Server(app)

    def stop(*_: object) -> None:
        server.should_exit = True

    # For a signal before uvicorn listens to them. It raises them again when it has stopped, and then this harms nobody.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    # What is loaded by now never becomes garbage, and to look through it would stop all answers for a while.
    gc.collect()
    gc.freeze()
    server.run([listener])
    return not server.force_exit


@contextmanager
def _explaining() -> Iterator[None]:
    """Makes what a forecaster can't use the client's affair."""
    try:
        yield
    except ValueError as error:
        raise refuse(str(error)) from None


def _answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")
