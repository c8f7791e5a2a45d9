"""Execute chapters and store their outputs in them: `python -m lstm_tutorial.reruns.refresh [CHAPTER]...`.

"reruns" is the page of commands: what they print is stored in it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from lstm_tutorial.environment import quiet
from lstm_tutorial.reruns.chapters import Chapter, book_folder, find_chapter, find_chapters
from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.replay import pictures, replay

PAGE = "reruns"


def refresh(chapter: Chapter) -> None:
    """Run a chapter from top to bottom in its folder, then store it with normalized metadata."""
    notebook = nbformat.read(chapter.path, as_version=4)
    folder = {"metadata": {"path": str(chapter.path.parent)}}
    client = NotebookClient(notebook, timeout=1800, coalesce_streams=True, resources=folder)
    # A thread of its own, since this one may have an event loop that runs; execute() would leave its own loop open.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, client.async_execute()).result()
    nbformat.write(normalize(notebook), chapter.path)


def normalize(notebook: NotebookNode) -> NotebookNode:
    """Drop what differs between runs and machines, and hand each picture's alt text and caption to the page.

    MyST-NB takes both from the cell's metadata, so a chapter has at most one picture in a cell.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        cell.metadata.pop("mystnb", None)
        for output in cell.outputs:
            picture = output.get("metadata", {}).get("image/png")
            if picture:
                cell.metadata["mystnb"] = {"image": {"alt": picture["alt"]}, "figure": {"caption": picture["caption"]}}
    return notebook


def refresh_page(path: Path) -> None:
    """Run the commands of a page in an empty folder, then store what they printed and pictures of what they made."""
    with TemporaryDirectory() as folder:
        text = replay(path.read_text(encoding="utf-8"), Path(folder))
        made = pictures(text, Path(folder).resolve())
    for name, content in made.items():
        (path.parent / name).write_bytes(content)
    path.write_text(text, encoding="utf-8")


def main(names: list[str]) -> int:
    """Refresh what is named, or all, two side by side; the exit code is 1 if one failed."""
    quiet()
    try:
        chapters = [find_chapter(name) for name in names if name != PAGE]
    except RequestError as error:
        print(error, file=sys.stderr)
        return 2
    tasks: dict[str, Callable[[], None]] = {}
    for chapter in chapters if names else find_chapters().values():
        tasks[chapter.name] = partial(refresh, chapter)
    if not names or PAGE in names:
        tasks[PAGE] = partial(refresh_page, book_folder() / f"{PAGE}.md")

    def attempt(name: str) -> bool:
        try:
            tasks[name]()
        except Exception as error:
            print(f"{name}: failed, nothing stored\n{strip_ansi(str(error))}", file=sys.stderr)
            return False
        print(f"{name}: stored")
        return True

    with ThreadPoolExecutor(2) as pool:
        return 0 if all(list(pool.map(attempt, tasks))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
