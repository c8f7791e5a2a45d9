"""One executed notebook as one HTML file that needs no network: pictures, style and formulas are inside."""

from __future__ import annotations

import re
from copy import deepcopy
from importlib.metadata import distribution
from pathlib import Path

from nbformat import NotebookNode


def render(notebook: NotebookNode, title: str) -> str:
    """An executed notebook as a self-contained HTML page."""
    from nbconvert.exporters.html import HTMLExporter
    from pygments.formatters.html import HtmlFormatter

    here = Path(__file__).parent
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(here.parent)])
    resources = {
        "title": title,
        "pygments_css": HtmlFormatter(style="friendly").get_style_defs(".highlight"),
        "mathjax": _mathjax() if _has_formula(notebook) else "",
    }
    html: str = exporter.from_notebook_node(_without_links_into_the_book(notebook), resources=resources)[0]
    return html


def _without_links_into_the_book(notebook: NotebookNode) -> NotebookNode:
    """A page that stands alone keeps the words of a link to another page of the book, not the link."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\[([^\]]+)\]\((?!https?://|#)[^)]*\)", r"\1", cell.source)
    return notebook


def _has_formula(notebook: NotebookNode) -> bool:
    return any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def _mathjax() -> str:
    package = distribution("sphinx-mathjax-offline")
    return Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax/tex-svg-full.js"))).read_text("utf-8")
