"""The commands that use a trained forecaster, `predict` and `serve`. Neither starts Keras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.workflow.limits import Limits


def predict(
    folder: Annotated[Path, typer.Argument(metavar="FORECASTER_DIR", help="What Forecaster.save wrote.")],
    csv: Annotated[str, typer.Argument(metavar="CSV", help="The history up to now: a CSV file, URL, '-' or a sample.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Default: standard output.")] = None,
) -> None:
    """Forecast what comes after the last row of a CSV file, with intervals, as CSV."""
    from lstm_tutorial.workflow.deploy import load
    from lstm_tutorial.workflow.history import read_history, save_forecast

    try:
        forecaster = load(folder)
        save_forecast(forecaster.predict(*read_history(csv, forecaster)), forecaster.levels, out)
    except ValueError as error:
        raise RequestError(str(error)) from None


def serve(
    folder: Annotated[Path, typer.Argument(metavar="FORECASTER_DIR", help="What Forecaster.save wrote.")],
    host: Annotated[str, typer.Option(help="Where to listen; the default lets nobody in from other machines.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8_000,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Holds a token that clients must send; or set LSTM_TUTORIAL_TOKEN."),
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, help="Bytes of a request's body.")] = Limits.body,
    max_rows: Annotated[int, typer.Option(min=1, help="Rows in a request.")] = Limits.rows,
    max_sessions: Annotated[int, typer.Option(min=1, help="Sessions kept; by several workers none.")] = Limits.sessions,
    session_seconds: Annotated[float, typer.Option(min=1, help="How long.")] = Limits.session_seconds,
    max_requests: Annotated[int, typer.Option(min=1, help="Requests a worker takes at a time.")] = Limits.requests,
    body_seconds: Annotated[float, typer.Option(min=0.1, help="For a body to arrive.")] = Limits.seconds,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that answer; sessions want 1, and so does Windows.")
    ] = Limits.workers,
) -> int:
    """Answer requests for forecasts over HTTP; the page /docs says how to ask. Ctrl-C stops."""
    from ipaddress import ip_address

    from lstm_tutorial.workflow import serve as server
    from lstm_tutorial.workflow import workers as several
    from lstm_tutorial.workflow.deploy import load

    if workers > 1 and not hasattr(os, "fork"):
        raise RequestError(f"--workers {workers}: this system can't share a socket between processes; wanted 1")
    limits = Limits(max_body, max_rows, max_sessions, session_seconds, max_requests, body_seconds, workers)
    try:
        token = server.read_token(token_file)
        service = server.create_app(load(folder), limits, token)
        listener, address = server.bind(host, port)
    except ValueError as error:
        raise RequestError(str(error)) from None
    if token is None and not ip_address(listener.getsockname()[0]).is_loopback:
        typer.echo(f"lstm-tutorial: {address} is open to whoever can reach it; --token-file limits that", err=True)
    typer.echo(f"Listening on {address}; {address}/docs says how to ask. Ctrl-C stops.")
    answer = server.serve if workers == 1 else several.serve
    return 0 if answer(service, listener) else 130
