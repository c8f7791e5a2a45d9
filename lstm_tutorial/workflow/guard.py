"""What stands before the server's answers: the token, the limits, the counts and times for Prometheus."""

from __future__ import annotations

import asyncio
import hmac
from time import perf_counter

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lstm_tutorial.workflow.clock import refuse
from lstm_tutorial.workflow.limits import Limits

# Without the token: what a load balancer asks for, and the page that tells how to send a token.
OPEN = ("/health", "/docs", "/openapi.json", "/static-offline-docs")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Guard:
    """ASGI middleware that refuses what the limits or the token don't allow, and counts everything."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, or answer it."""
        gate, status, start = self.gate, 0, perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if gate.stopping:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        gate.active += 1
        try:
            problem = gate.check(scope)
            if problem is None:
                await self.app(scope, receive, answer)
            else:
                response = JSONResponse({"detail": problem.detail}, problem.status_code, problem.headers)
                await response(scope, receive, answer)
        except ClientDisconnect:
            status = 499  # nobody is there to read an answer
        finally:
            gate.active -= 1
            gate.count(scope, status, perf_counter() - start)


class Gate:
    """The state that `Guard` and the server share."""

    def __init__(self, limits: Limits, token: str | None) -> None:
        self.limits, self.stopping, self.active = limits, False, 0
        self._expected = None if token is None else f"Bearer {token}".encode()
        self.registry = CollectorRegistry()
        labels = ("method", "path", "status")
        self._requests = Counter("lstm_tutorial_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "lstm_tutorial_request_seconds", "Time to the answer.", ("path",), buckets=_SECONDS, registry=self.registry
        )
        working = Gauge("lstm_tutorial_requests_in_progress", "Requests worked on now.", registry=self.registry)
        working.set_function(lambda: self.active)

    def check(self, scope: Scope) -> HTTPException | None:
        """Why the request is refused, or None."""
        if scope["path"].startswith(OPEN):
            return None
        if self._expected is not None:
            sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(sent, self._expected):
                return HTTPException(401, "the token is missing or wrong", {"WWW-Authenticate": "Bearer"})
        if self.active > self.limits.requests and scope["path"] != "/metrics":  # which tells that there are too many
            return refuse("too many requests at the same time; try again", 429, 1)
        return None

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Add a request to the metrics."""
        path = getattr(scope.get("route"), "path", "other")
        self._requests.labels(scope["method"], path, status or 500).inc()
        self._seconds.labels(path).observe(seconds)


async def read_body(request: Request, limits: Limits) -> bytes:
    """A request's JSON, counted as it arrives; an HTTPException for what is too long, too slow or not called JSON."""
    headers = request.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or headers.get("content-encoding", "identity").lower() != "identity":
        raise refuse("wanted the header 'Content-Type: application/json', and no compression", 415)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body:
                    raise refuse(f"the body should have at most {limits.body} bytes", 413)
                chunks.append(chunk)
    except TimeoutError:
        raise refuse(f"the body took longer than {limits.seconds:g} seconds to arrive", 408) from None
    return b"".join(chunks)
