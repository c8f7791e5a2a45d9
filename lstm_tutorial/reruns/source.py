"""What a chapter's cells do, as far as it can be read from them: what they record, and which parameters they use."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import nbformat
from nbformat import NotebookNode

from lstm_tutorial.reruns.chapters import Chapter, nearest
from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.settings import Settings


def recorded(notebook: NotebookNode) -> list[str] | None:
    """The names of what a chapter records, as far as they stand in its cells; None if it records nothing."""
    calls = [
        node
        for tree in _code(notebook)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")) == "record"
    ]
    names = [keyword.arg for call in calls for keyword in call.keywords]
    return ([] if None in names else [str(name) for name in names]) if calls else None


def check_key(by: str | None, notebook: NotebookNode) -> None:
    """That a chapter records what its runs are to be sorted by. Raises `RequestError`."""
    names = recorded(notebook)
    name = (by or "").removeprefix("-")
    if name and names and name not in names:
        raise RequestError(f"--by {by}: the chapter records no {name!r}; {nearest(name, names)}")


def check_use(chapter: Chapter, notebook: NotebookNode, names: Iterable[str]) -> None:
    """That a chapter records something, and has a use for the parameters `names`. Raises `RequestError`."""
    if recorded(notebook) is None:
        raise RequestError(
            f"{chapter.name}: has no results cell, so its runs can't be compared; wanted a last cell record(...)"
        )
    used, everything = set(), set()
    for tree in _code(notebook):
        read = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        used.update(read)
        if {"globals", "locals", "vars"} & set(read):
            # Whoever looks names up takes them all; by what Settings knows, those that it knows.
            by_settings = any(getattr(node, "attr", "") == "model_fields" for node in ast.walk(tree))
            everything |= set(Settings.model_fields if by_settings else chapter.parameters)
    for name in names:
        if name not in used | everything:
            raise RequestError(
                f"{chapter.name} ignores its parameter {name!r}: no cell reads it, so all runs would be alike"
            )


def _code(notebook: NotebookNode) -> Iterator[ast.Module]:
    """The code cells, as far as they are plain Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    for cell in notebook.cells:
        if cell.cell_type == "code":
            try:
                yield ast.parse(TransformerManager().transform_cell(cell.source))
            except SyntaxError:
                continue


def read_notebook(chapter: Chapter) -> NotebookNode:
    """The chapter's cells without their outputs: what a run begins with."""
    notebook = nbformat.read(chapter.path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook
