"""A chapter of the book made into one about a user's data, and the summary that several of them give together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy

import nbformat
from nbformat import NotebookNode

BOOK_ONLY = "book-only"  # a cell with this tag is about the book's own examples
DROPPED = ("Exercises", "Summary")  # sections that a reader of the book wants, not one of an edition
ASIDE = re.compile(r"<!-- book -->.*?<!-- /book -->", re.DOTALL)  # the same within a text
SUMMARY = "summary-"  # a cell tagged so, with the name of a part after it, speaks in the summary too


def adapt(notebook: NotebookNode) -> NotebookNode:
    """A copy without what only the book needs: its examples, exercises, sources, and outputs."""
    notebook = deepcopy(notebook)
    kept, section = [], ""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
            cell.metadata.pop("mystnb", None)
        elif number == 0:
            # The title and the question; what the book promises its readers is no promise here.
            cell.source = "\n\n".join(cell.source.split("\n\n")[:2]).partition("?**")[0] + "?**"
        else:
            pieces = ("\n" + ASIDE.sub("", cell.source)).split("\n## ")
            said = [pieces[0].strip("\n")] if section not in DROPPED else []
            for piece in pieces[1:]:
                section = piece.partition("\n")[0].strip()
                said += [f"## {piece}".strip()] if section not in DROPPED else []
            cell.source = "\n\n".join(filter(None, said))
        left_out = cell.cell_type == "code" and section in DROPPED
        if cell.source and not left_out and BOOK_ONLY not in cell.metadata.get("tags", []):
            kept.append(cell)
    notebook.cells = kept
    return notebook


def summarize(parts: Mapping[str, str], chapters: Iterable[NotebookNode], title: str) -> NotebookNode:
    """A notebook with a title and, for each of the `parts`, its text and what executed chapters say in it.

    `parts` maps "data" and so on to a heading with text below it; cells tagged "summary-data" speak in that part.
    """
    new = nbformat.v4
    spoken: dict[str, list[NotebookNode]] = {name: [] for name in parts}
    for notebook in chapters:
        for cell in notebook.cells:
            for tag in cell.metadata.get("tags", []):
                if tag.startswith(SUMMARY) and cell.get("outputs"):
                    outputs = [output for output in cell.outputs if output.output_type != "stream"]
                    said = new.new_code_cell("", outputs=outputs, metadata={"tags": ["remove-input"]})
                    spoken[tag.removeprefix(SUMMARY)].append(said)
    cells = [new.new_markdown_cell(f"# {title}")]
    for name, text in parts.items():
        cells += [new.new_markdown_cell(text), *spoken[name]]
    return new.new_notebook(cells=cells)
