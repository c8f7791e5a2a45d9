"""A page of commands, run as it stands: what they print takes the place of what the page says that they print."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from nbconvert.filters import strip_ansi

BLOCK = re.compile(
    r"^```(?P<kind>console|\{code-block\} \w+)\n(?::caption: (?P<file>\S+)\n\n)?(?P<body>.*?)^```$", re.M | re.S
)
MARK = "\x1e"  # ends what a command prints, in the shell's own output
BAR = re.compile(r"\d+%\|")  # a progress bar
PICTURE = re.compile(r"^% A picture of (\S+)\n```\{figure\} (\S+)$", re.M)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 900, 1100
COLORS = 64  # enough for text and lines, and a quarter of the bytes


def replay(page: str, folder: Path) -> str:
    """The page, with what its commands print in `folder`, one after the other in one shell.

    A `console` block holds commands after "$ ", with what each prints below it; a line that ends with a backslash goes
    on in the next, after "> ". A code block with a caption is written to the file of that name. Python's commands are
    those of this interpreter's environment.
    """
    with _shell(folder) as shell:

        def run(block: re.Match[str]) -> str:
            if block["kind"] == "console":
                return f"```console\n{''.join(_answers(shell, block['body']))}```"
            if block["file"]:
                (folder / block["file"]).write_text(block["body"], encoding="utf-8")
            return block[0]

        return BLOCK.sub(run, page)


def pictures(page: str, folder: Path) -> dict[str, bytes]:
    """The screenshots that the page shows of other pages, which `replay` made in `folder`: PNG files by name.

    Each is named in a comment above the figure. Empty, with a message, where there is no browser.
    """
    wanted, browser = PICTURE.findall(page), find_browser()
    if not browser:
        if wanted:
            print("No Chrome or Chromium: the pictures stay as they are.", file=sys.stderr)
        return {}
    return {name: _photograph(browser, folder / source) for source, name in wanted}


def find_browser() -> str | None:
    """The path of a Chrome or Chromium: the one that LSTM_TUTORIAL_CHROMIUM names, or one that is installed."""
    return os.environ.get("LSTM_TUTORIAL_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def _photograph(browser: str, page: Path) -> bytes:
    """The top of an HTML page as a PNG of few colors, not before all of it is drawn."""
    from io import BytesIO

    from PIL import Image

    with TemporaryDirectory() as folder:
        shot, made = Path(folder) / "shot.png", BytesIO()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/user"]
        flags += [f"--screenshot={shot}", f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=10000"]
        flags += ["--run-all-compositor-stages-before-draw"]
        subprocess.run([browser, *flags, page.as_uri()], check=True, capture_output=True)
        Image.open(shot).convert("RGB").quantize(COLORS, Image.Quantize.MAXCOVERAGE).save(made, "PNG", optimize=True)
    return made.getvalue()


def commands(body: str) -> Iterator[str]:
    """The commands of a `console` block, each with the lines in which it goes on."""
    for command in re.findall(r"^\$ (?:.*\\\n> )*.*$", body, re.M):
        yield command.removeprefix("$ ").replace("\n> ", "\n")


def _answers(shell: subprocess.Popen[str], body: str) -> Iterator[str]:
    assert shell.stdin is not None and shell.stdout is not None
    for command in commands(body):
        yield "$ " + command.replace("\n", "\n> ") + "\n"
        shell.stdin.write(f"{command}\nprintf '{MARK}\\n'\n")
        shell.stdin.flush()
        for line in shell.stdout:
            said = strip_ansi(line.rstrip("\n").partition(MARK)[0]).rpartition("\r")[2].rstrip()
            if said.startswith("Traceback"):
                raise RuntimeError(f"a traceback came from {command}")
            if said and not BAR.search(said):
                yield said + "\n"
            if MARK in line:
                break
        else:
            raise RuntimeError(f"the shell ended in {command}")


@contextmanager
def _shell(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell in a folder; what still runs in the end is ended."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        ["bash", "--norc"],
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            yield shell
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
