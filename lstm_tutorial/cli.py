"""The command `lstm-tutorial`. Exit codes: 0 done, 1 the work failed, 2 the request was wrong, 130 interrupted."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lstm_tutorial.arguments import gather, join_pairs, pair, read_parameters
from lstm_tutorial.cluster import ClusterError
from lstm_tutorial.forecasters import predict, serve
from lstm_tutorial.reruns.errors import ChapterFailed, RequestError, SweepStopped

TRACEBACK = "LSTM_TUTORIAL_TRACEBACK"
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

    given = gather(file, parameter)
    folder = out if out is not None else Path("runs") / Path(chapter).with_suffix("")
    for name, value in rerun(chapter, given, folder, force=force).items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"{folder / Path(chapter).stem}.html")


@app.command()
def sweep(
    chapter: Annotated[str, typer.Argument(help="A chapter, as `lstm-tutorial chapters` names it, or an .ipynb file.")],
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "-g",
            "--grid",
            metavar="NAME VALUES",
            help="Sweep a parameter: 16,32 or log:1e-4:1e-2:5, lin:0:1:5, int:1:9:2; may be repeated.",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="Set a parameter for all runs; may be repeated."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("-f", "--file", metavar="FILE", help="Take both from a YAML or JSON file: a list is swept."),
    ] = None,
    csv_list: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Run on each CSV of a pattern such as 'data/*.csv', or of a list."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to put it; default runs/CHAPTER.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes on this machine; default: cores.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on this Dask cluster, such as tcp://host:8786.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Sort by this figure (-NAME: greatest first); default: the first."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="More than 10,000 runs are meant.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin anew what is in DIR.")] = False,
) -> None:
    """Run a chapter with every combination of some parameters' values; leaves the runs and index.html in DIR."""
    from lstm_tutorial.reruns.grid import list_csvs, read_grid
    from lstm_tutorial.reruns.sweep import sweep as run_all

    if workers is not None and scheduler is not None:
        raise RequestError("--workers counts processes on this machine, --scheduler works elsewhere; choose one")
    given = [pair(text, "-g") for text in grid or []], [pair(text) for text in parameter or []]
    swept, fixed = read_grid(chapter, [read_parameters(path) for path in file or []], *given)
    folder = out if out is not None else Path("runs") / (Path(chapter).stem if chapter.endswith(".ipynb") else chapter)
    csvs = list_csvs(csv_list) if csv_list is not None else None
    options: dict[str, Any] = {"workers": workers, "scheduler": scheduler, "by": by, "yes": yes, "force": force}
    table = run_all(chapter, swept, folder, parameters=fixed, csvs=csvs, **options)
    typer.echo(f"{folder / 'index.html'}")
    failed = int((table["state"] == "failed").sum())
    if failed:
        raise SweepStopped(f"{failed} of {len(table)} runs failed; {folder / 'index.html'} says in which cell, and why")


@app.command()
def edition(
    csv: Annotated[str | None, typer.Argument(help="A CSV file, URL, '-' or sample series.")] = None,
    target: Annotated[str | None, typer.Option(help="Column to forecast; default: the only numeric one.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of times; default: found.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Steps to forecast; default: a season.")] = None,
    features: Annotated[
        str | None, typer.Option(help="Past covariates, such as A,B; default: all, if they help.")
    ] = None,
    series: Annotated[str | None, typer.Option(help="A column that says to which series a row belongs.")] = None,
    preset: Annotated[str, typer.Option(help="How much work: fast, normal or thorough.")] = "normal",
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="Set any other parameter; may be repeated."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("-f", "--file", metavar="FILE", help="Take parameters from a YAML or JSON file; -p wins."),
    ] = None,
    again: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Make again what this edition.json tells of.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to put it; default: the file's name-edition.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Chapters at a time; default: cores.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is in DIR.")] = False,
) -> None:
    """Make a book about your data: the workflow chapters rerun on a CSV, with a summary and a forecaster."""
    from lstm_tutorial.reruns.edition import edition as make_edition
    from lstm_tutorial.reruns.edition import reproduce
    from lstm_tutorial.reruns.editions import editions

    options: dict[str, Any] = {"target": target, "time": time, "horizon": horizon, "features": features}
    given = gather(file, None) | {name: value for name, value in options.items() if value is not None}
    given |= gather(None, parameter)
    if again is not None:
        if given or series or preset != "normal":
            raise RequestError("--from takes every setting from its file; leave the others out")
        folder = out if out is not None else again.resolve().parent.with_name(f"{again.resolve().parent.name}-again")
        reproduce(again, folder, csv, workers=workers, force=force)
    elif csv is None:
        raise RequestError("wanted a CSV file, or --from edition.json")
    else:
        folder = out if out is not None else Path(f"{Path(csv.partition('?')[0]).stem.strip('-') or 'data'}-edition")
        options = {"preset": preset, "workers": workers, "force": force}
        if series is None:
            make_edition(csv, folder, given, **options)
        else:
            rows = editions(csv, series, folder, given, **options)
            if failed := sum("error" in row for row in rows):
                said = f"{failed} of {len(rows)} series could not be used; {folder / 'index.html'} says why"
                raise SweepStopped(said)
    typer.echo(f"{folder / 'index.html'}")


app.command()(predict)
app.command()(serve)


def main() -> None:
    """Run the command; every mistake of a user becomes one line on stderr."""
    # What reads notebooks would build a grammar of all addresses with it, for a second or two, and never use it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    message = ""
    try:
        code = app(join_pairs(sys.argv[1:] or ["--help"]), "lstm-tutorial", standalone_mode=False) or 0
    except (RequestError, ClusterError) as error:
        code, message = 2, str(error)
    except (ChapterFailed, SweepStopped) as error:
        code, message = 1, str(error)
    except Exception as error:
        if hasattr(error, "format_message"):  # one of the command line parser's own
            code, message = 2, error.format_message()
        elif os.environ.get(TRACEBACK):
            raise
        else:
            code, message = 1, f"{type(error).__name__}: {error}; where, is said with {TRACEBACK}=1 in the environment"
    if code == 130:  # what the parser makes of Ctrl-C
        message = "interrupted; the same command does what is left"
    if message:
        print(f"lstm-tutorial: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
