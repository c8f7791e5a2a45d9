"""The key figures of a chapter: recorded by its last cells, read back by whoever reran it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_tutorial.numbers import write_number

if TYPE_CHECKING:
    from nbformat import NotebookNode

_KEY = "lstm_tutorial_results"  # in an output's metadata, which nbval does not compare


def record(**figures: float | int | str | None) -> None:
    """Store a chapter's key figures under stable names in this output's metadata, and show them as a table."""
    from html import escape

    from IPython.display import display

    shown = {name: write_number(each, 3) if isinstance(each, float) else str(each) for name, each in figures.items()}
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in shown.items())
    head = "<thead><tr><th>result</th><th>value</th></tr></thead>"
    data = {
        "text/plain": "\n".join(f"{name}: {value}" for name, value in shown.items()),
        "text/html": f'<table class="dataframe">{head}<tbody>{rows}</tbody></table>',
    }
    # Pairs, since a notebook's file has the keys of a mapping in the order of the alphabet.
    plain = [(name, float(value) if isinstance(value, float) else value) for name, value in figures.items()]
    display(data, raw=True, metadata={_KEY: plain})


def read_results(notebook: NotebookNode) -> dict[str, Any]:
    """All figures that an executed notebook recorded."""
    results: dict[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            results.update(output.get("metadata", {}).get(_KEY, {}))
    return results
