"""What stands before the server's answers: the token, the limits, the counts and times for Prometheus."""

from __future__ import annotations

import asyncio
import hmac
import mmap
from bisect import bisect_left
from collections.abc import Iterable
from http import HTTPMethod, HTTPStatus
from time import perf_counter

import numpy as np
from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lstm_tutorial.workflow.clock import refuse
from lstm_tutorial.workflow.limits import Limits

# Without the token: what a load balancer asks for, and the page that tells how to send a token.
OPEN = ("/health", "/docs", "/openapi.json", "/static-offline-docs")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_GONE = 499  # nobody was there to read the answer
_METHODS = {name: place for place, name in enumerate([*HTTPMethod, "other"])}
_STATUSES = {int(status): place for place, status in enumerate([*HTTPStatus, _GONE])}


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
        gate.counts.show_active(gate.active)
        try:
            problem = gate.check(scope)
            if problem is None:
                await self.app(scope, receive, answer)
            else:
                response = JSONResponse({"detail": problem.detail}, problem.status_code, problem.headers)
                await response(scope, receive, answer)
        except ClientDisconnect:
            status = _GONE
        finally:
            gate.active -= 1
            gate.counts.add(scope, status or 500, perf_counter() - start, gate.active)


class Gate:
    """The state that `Guard` and the server share."""

    def __init__(self, limits: Limits, token: str | None, paths: Iterable[str]) -> None:
        self.limits, self.stopping, self.active = limits, False, 0
        self._expected = None if token is None else f"Bearer {token}".encode()
        self.counts = Counts(paths, limits.workers)
        self.registry = CollectorRegistry()
        self.registry.register(self.counts)

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


class Counts(Collector):
    """Counts and times of all workers, in memory that they share: each adds to its own part, each can tell the sum.

    `worker` is the part of this process. A worker that dies leaves its counts to the one that takes its place.
    """

    def __init__(self, paths: Iterable[str], workers: int) -> None:
        self.worker = 0
        self._paths = {path: place for place, path in enumerate(dict.fromkeys([*paths, "other"]))}
        self._requests = _share(workers, len(_METHODS), len(self._paths), len(_STATUSES))
        self._seconds = _share(workers, len(self._paths), len(_SECONDS) + 2)  # the last two: more, and their sum
        self._active = _share(workers)

    def show_active(self, active: int, worker: int | None = None) -> None:
        """Tell how many requests are worked on."""
        self._active[self.worker if worker is None else worker] = active

    def add(self, scope: Scope, status: int, seconds: float, active: int) -> None:
        """Count a request, after which so many are still worked on."""
        path = self._paths.get(getattr(scope.get("route"), "path", "other"), len(self._paths) - 1)
        method = _METHODS.get(scope["method"], len(_METHODS) - 1)
        self._requests[self.worker, method, path, _STATUSES[status]] += 1
        times = self._seconds[self.worker, path]
        times[bisect_left(_SECONDS, seconds)] += 1
        times[-1] += seconds
        self.show_active(active)

    def collect(self) -> Iterable[Metric]:
        """What Prometheus is told."""
        methods, paths, statuses = list(_METHODS), list(self._paths), list(_STATUSES)
        requests = CounterMetricFamily(
            "lstm_tutorial_requests", "Requests answered.", labels=("method", "path", "status")
        )
        counts = self._requests.sum(axis=0)
        for method, path, status in np.argwhere(counts):
            labels = (methods[method], paths[path], str(statuses[status]))
            requests.add_metric(labels, counts[method, path, status])
        seconds = HistogramMetricFamily("lstm_tutorial_request_seconds", "Time to the answer.", labels=("path",))
        for path, (*times, total) in zip(paths, self._seconds.sum(axis=0).tolist(), strict=True):
            if any(times):
                bounds = [*map(str, map(float, _SECONDS)), "+Inf"]
                seconds.add_metric((path,), list(zip(bounds, np.cumsum(times).tolist(), strict=True)), total)
        working = GaugeMetricFamily("lstm_tutorial_requests_in_progress", "Requests worked on now.", self._active.sum())
        return requests, seconds, working


def _share(*shape: int) -> np.ndarray:
    """Zeros that processes forked later have in common."""
    return np.frombuffer(mmap.mmap(-1, 8 * int(np.prod(shape)))).reshape(shape)


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
