"""One executed notebook as one HTML file that needs no network: pictures, style and formulas are inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from html import escape, unescape
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
    notebook = _relink(notebook, pages or {})
    html: str = exporter.from_notebook_node(_join(notebook) if pages else notebook, resources=resources)[0]
    return re.sub(r'(<h[1-6] id=")([^"]*)(".*?href="#)\2(")', _name_heading, html)


def _name_heading(found: re.Match[str]) -> str:
    """The same heading with the name that it has in the book, where links were written."""
    name = re.sub(r"[^\w -]", "", unescape(found[2])).lower().replace(" ", "-")
    return f"{found[1]}{name}{found[3]}{name}{found[4]}"


def _join(notebook: NotebookNode) -> NotebookNode:
    """Cells of code that follow each other become one, up to the first that shows something."""
    joined: list[NotebookNode] = []
    for cell in notebook.cells:
        before = joined[-1] if joined else cell
        if joined and before.cell_type == cell.cell_type == "code" and not before.outputs:
            before.source += f"\n\n\n{cell.source}"
            before.outputs = cell.outputs
        else:
            joined.append(cell)
    return NotebookNode(notebook | {"cells": joined})


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
            if text is not cell:  # names of columns may be in it, and nobody's markup is run
                text[name] = re.sub(r"<(?=[a-zA-Z/!])", "&lt;", text[name])
            text[name] = re.sub(r"\[([^\]]+)\]\((?!https?://|#)([^)]*)\)", link, text[name])
    return notebook


def _has_formula(notebook: NotebookNode) -> bool:
    return any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def plain_text(text: str) -> str:
    """Somebody's text in Markdown, shown as it stands: no markup, no formula, on one line."""
    text = re.sub(r"([|*_`\\])", r"\\\1", escape(text)).replace("\n", " ")
    return text.replace("$", "&#36;").replace("[", "&#91;").replace("]", "&#93;")


def read_mathjax() -> str:
    """The script that sets formulas, whole."""
    package = distribution("sphinx-mathjax-offline")
    return Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax/tex-svg-full.js"))).read_text("utf-8")
