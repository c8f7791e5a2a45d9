"""Books to look at: the real one, built once with warnings as errors, and small ones that a test writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, sync_playwright

from lstm_tutorial.reruns.replay import find_browser

ROOT = Path(__file__).parents[2]
FLAGS = "no-sandbox disable-gpu no-first-run disable-background-networking disable-component-update disable-sync"


def render(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Render the book at `source` below `output`, where no earlier doctrees can hide a warning."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source), "--path-output", str(output)]
    strict = ["--warningiserror", "--keep-going", "--nitpick", "--quiet"]
    return subprocess.run([*command, *strict], capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    output = tmp_path_factory.mktemp("book")
    return output / "_build" / "html", render(ROOT, output)


@pytest.fixture(scope="session")
def html(build: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    folder, result = build
    if not (folder / "index.html").exists():
        pytest.fail(f"the book was not rendered:\n{result.stdout}{result.stderr}")
    return folder


@pytest.fixture(scope="session")
def small_book(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that renders one notebook with the book's own configuration, theme and extension."""

    def make(notebook: str, repository: str = "") -> Path:
        output = tmp_path_factory.mktemp("small")
        config: dict[str, Any] = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["repository"]["url"] = repository
        source = output / "a book"
        for name in ("_ext", "_static", "_templates"):
            shutil.copytree(ROOT / "book" / name, source / "book" / name)
        (source / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        (source / "_toc.yml").write_text("format: jb-book\nroot: book/chapter\n", encoding="utf-8")
        (source / "book" / "chapter.ipynb").write_text(notebook, encoding="utf-8")
        result = render(source, output)
        assert result.returncode == 0, result.stdout + result.stderr
        return output / "_build" / "html" / "book" / "chapter.html"

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that is gone, and its event loop with it, before the tests of another module begin."""
    path = find_browser()
    if path is None:
        pytest.skip("no browser: `apt-get install chromium`, or set LSTM_TUTORIAL_CHROMIUM to the path of one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, headless=True, args=[f"--{flag}" for flag in FLAGS.split()]
        )
        yield chromium
        chromium.close()
