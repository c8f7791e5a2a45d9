"""One executed notebook as one HTML file that needs no network: pictures, style and formulas are inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from importlib.metadata import distribution
from pathlib import Path

from nbformat import NotebookNode


def render(notebook: NotebookNode, title: str, pages: Mapping[str, str] | None = None, mathjax: str = "") -> str:
    """An executed notebook as a self-contained HTML page.

    With `pages`, titles by file name such as "train.html", it is one of several in a folder: it leads to the others,
    links to their notebooks become links to them, and all code is folded. `mathjax` is the address of a copy of
    `read_mathjax()`, which many pages share instead of having 2 MB each.
    """
    from nbconvert.exporters.html import HTMLExporter
    from pygments.formatters.html import HtmlFormatter

    here = Path(__file__).parent
    exporter = HTMLExporter(template_name="page", extra_template_basedirs=[str(here.parent)])
    resources = {
        "title": title,
        "pygments_css": HtmlFormatter(style="friendly").get_style_defs(".highlight"),
        "mathjax": read_mathjax() if _has_formula(notebook) and not mathjax else "",
        "mathjax_address": mathjax if _has_formula(notebook) else "",
        "pages": pages or {},
    }
    html: str = exporter.from_notebook_node(_relink(notebook, pages or {}), resources=resources)[0]
    return html


def _relink(notebook: NotebookNode, pages: Mapping[str, str]) -> NotebookNode:
    """Links into the book lead to one of the `pages`; of those to other pages of the book only the words stay."""

    def link(found: re.Match[str]) -> str:
        words, target = found.groups()
        page = target.replace(".ipynb", ".html")
        return f"[{words}]({page})" if page.partition("#")[0] in pages else words

    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        texts = [cell] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                texts.append(output.data)
        for text in texts:
            name = "source" if text is cell else "text/markdown"
            text[name] = re.sub(r"\[([^\]]+)\]\((?!https?://|#)([^)]*)\)", link, text[name])
    return notebook


def _has_formula(notebook: NotebookNode) -> bool:
    return any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def read_mathjax() -> str:
    """The script that sets formulas, whole."""
    package = distribution("sphinx-mathjax-offline")
    return Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax/tex-svg-full.js"))).read_text("utf-8")
