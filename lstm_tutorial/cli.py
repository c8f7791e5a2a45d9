"""The command `lstm-tutorial`. Exit codes: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lstm_tutorial.reruns.errors import ChapterFailed, RequestError
from lstm_tutorial.workflow.limits import Limits

app = typer.Typer(
    help="Run the chapters of the book again, with other parameters and your own data.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def lstm_tutorial() -> None:
    """Run the chapters of the book again, with other parameters and your own data."""


@app.command()
def chapters(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: all of it as JSON.")] = False,
) -> None:
    """List the chapters and what parameters each takes."""
    from lstm_tutorial.reruns.chapters import find_chapters

    found = find_chapters().values()
    if as_json:
        listed = [
            {"name": c.name, "title": c.title, "parameters": [vars(p) for p in c.parameters.values()]} for c in found
        ]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
        return
    for chapter in found:
        typer.echo(f"{chapter.name}: {chapter.title}")
        for p in chapter.parameters.values():
            typer.echo(f"  {p.name + ': ' + p.annotation:32} {p.default!r:>10}  {p.help}")


@app.command()
def run(
    chapter: Annotated[str, typer.Argument(help="A chapter, as `lstm-tutorial chapters` names it, or an .ipynb file.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="Set a parameter; may be repeated."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("-f", "--file", metavar="FILE", help="Take parameters from a YAML or JSON file; -p wins."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to put it; default runs/CHAPTER.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a finished rerun.")] = False,
) -> None:
    """Run one chapter again; leaves notebook, page, results.json and parameters.json in DIR."""
    from lstm_tutorial.reruns.run import run as rerun

    given: dict[str, Any] = {}
    for path in file or []:
        given.update(_read_parameters(path))
    given.update(_pair(text) for text in parameter or [])
    folder = out if out is not None else Path("runs") / Path(chapter).with_suffix("")
    for name, value in rerun(chapter, given, folder, force=force).items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"{folder / Path(chapter).stem}.html")


@app.command()
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


@app.command()
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


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise RequestError(f"-p {text}: a value is missing; wanted -p NAME VALUE")
    return name, value


def _join_pairs(arguments: list[str]) -> list[str]:
    """`-p NAME VALUE` as `-p NAME=VALUE`: the parser knows no repeated option of two values."""
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        joined.append(argument)
        if argument in ("-p", "--parameter"):
            name = next(rest, None)
            if name is not None and name.isidentifier():
                value = next(rest, None)
                name = name if value is None else f"{name}={value}"
            joined.extend([] if name is None else [name])
    return joined


def _read_parameters(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"{path}: can't be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise RequestError(f"{path}: {f'line {mark.line + 1}: ' if mark else ''}not a YAML file") from None
    if not isinstance(content, dict):
        raise RequestError(f"{path}: wanted lines such as 'units: 32'")
    return {str(name): value for name, value in content.items()}


def main() -> None:
    """Run the command; every mistake of a user becomes one line on stderr."""
    message = ""
    try:
        code = app(_join_pairs(sys.argv[1:] or ["--help"]), "lstm-tutorial", standalone_mode=False) or 0
    except RequestError as error:
        code, message = 2, str(error)
    except ChapterFailed as error:
        code, message = 1, str(error)
    except Exception as error:
        if not hasattr(error, "format_message"):  # not one of the command line parser's own
            raise
        code, message = 2, error.format_message()
    if code == 130:  # what the parser makes of Ctrl-C
        message = "interrupted; the output folder, if any, is marked unfinished"
    if message:
        print(f"lstm-tutorial: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
