"""Chapters as files: which there are, which parameters each takes, and whether given values fit."""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.settings import convert


@dataclass(frozen=True)
class Parameter:
    """One line of a chapter's `parameters` cell: `name: annotation = default  # help`."""

    name: str
    annotation: str
    default: Any
    help: str


@dataclass(frozen=True)
class Chapter:
    """A notebook of the book, or any other that has a cell tagged `parameters`."""

    name: str
    path: Path
    title: str
    parameters: dict[str, Parameter]

    def convert(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Given values in the types that the parameters want. Raises `RequestError` for those that don't fit."""
        converted = {}
        for name, value in given.items():
            if name not in self.parameters:
                raise RequestError(f"{self.name} has no parameter {name!r}; {nearest(name, self.parameters)}")
            try:
                converted[name] = convert(name, value, self.parameters[name].annotation)
            except ValueError as error:
                raise RequestError(str(error)) from None
        return converted

    @property
    def defaults(self) -> dict[str, Any]:
        """Each parameter's value when nobody says otherwise."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def nearest(name: str, names: Iterable[str]) -> str:
    """The right name that a wrong one is nearest to, or all of them, as the end of an error message."""
    near = difflib.get_close_matches(name, list(names), 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"


def book_folder() -> Path:
    """The folder of the chapters, in the checkout that this package is installed from."""
    folder = Path(__file__).resolve().parents[2] / "book"
    if not folder.is_dir():
        raise RequestError(
            f"{folder}: the book's chapters are not there; install the package from a checkout, in place"
        )
    return folder


def find_chapters(folder: Path | None = None) -> dict[str, Chapter]:
    """All chapters below a folder (default: the book's), by names such as "workflow/keras"."""
    folder = folder or book_folder()
    paths = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    return {
        name: read_chapter(path, name)
        for path in paths
        for name in [path.relative_to(folder).with_suffix("").as_posix()]
    }


def find_chapter(name: str, folder: Path | None = None) -> Chapter:
    """A chapter by its name, or any notebook by its path (*.ipynb)."""
    if name.endswith(".ipynb"):
        if not Path(name).is_file():
            raise RequestError(f"{name}: no such notebook")
        return read_chapter(Path(name).resolve(), Path(name).stem)
    folder = folder or book_folder()
    path = folder / f"{name}.ipynb"
    if not path.is_file():
        raise RequestError(f"no chapter {name!r}; {nearest(name, find_chapters(folder))}")
    return read_chapter(path, name)


def read_chapter(path: Path, name: str) -> Chapter:
    """A notebook's title and parameters. Raises `RequestError` if it is no notebook or has no parameters cell."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, KeyError, AttributeError):
        raise RequestError(f"{path}: not a notebook") from None
    headings = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    title = next((line.lstrip("# ") for line in headings if line.startswith("# ")), name)
    sources = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if not sources:
        raise RequestError(f"{path}: no cell is tagged 'parameters'")
    return Chapter(name, path, title, read_parameters(sources[0]))


def read_parameters(source: str) -> dict[str, Parameter]:
    """The annotated assignments of a parameters cell, with their comments as help."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            help_text = comments.get(node.end_lineno or node.lineno, "")
            default = ast.literal_eval(node.value)
            found[node.target.id] = Parameter(node.target.id, ast.unparse(node.annotation), default, help_text)
    return found
