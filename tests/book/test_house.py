"""What the book's own Sphinx extension and configuration add, on one small notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="


def code(source: str, **metadata: object) -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": metadata, "execution_count": 1, "outputs": []}


def notebook(*cells: dict[str, object]) -> str:
    title = {"cell_type": "markdown", "source": "# A chapter\n\nOne sentence.", "metadata": {}}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": kernel, "cells": [title, *cells]})


def parse(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def buttons(path: Path) -> list[str]:
    header = parse(path).select_one(".article-header-buttons")
    assert isinstance(header, Tag)
    return [str(link["href"]) for link in header.select("a[href]") if str(link["href"]).startswith("http")]


@pytest.fixture(scope="module")
def page(small_book: Callable[..., Path]) -> Path:
    """A chapter with a figure, a solution and a hidden input, of a book without an address."""
    metadata = {"image": {"alt": "One white dot."}, "figure": {"caption": "A *dot*."}}
    figure = code("draw()", mystnb=metadata)
    figure["outputs"] = [{"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}}]
    folded = [code("1 + 1", tags=["hide-cell"]), code("2", tags=["hide-input"])]
    return small_book(notebook(figure, *folded))


def test_without_an_address_no_button_points_to_a_repository(page: Path) -> None:
    assert buttons(page) == []
    assert not parse(page).select(".dropdown-launch-buttons, .dropdown-source-buttons, .btn-source-repository-button")


@pytest.mark.parametrize(
    ("address", "hosts"),
    [
        ("https://github.com/owner/book", ["mybinder.org", "colab.research.google.com", "github.com", "github.com"]),
        ("https://example.org/owner/book", ["mybinder.org", "example.org"]),
    ],
)
def test_with_an_address_the_buttons_appear(address: str, hosts: list[str], small_book: Callable[..., Path]) -> None:
    found = buttons(small_book(notebook(), repository=address))
    assert [link.split("/")[2] for link in found] == hosts
    assert all("owner/book" in link for link in found)
    launchers = found[: hosts.index(address.split("/")[2])]
    assert all(link.endswith("book/chapter.ipynb") for link in launchers)


def test_a_figure_takes_its_alt_text_and_caption_from_the_cell(page: Path) -> None:
    figure = parse(page).select_one("article figure")
    assert figure is not None and figure.img is not None and figure.figcaption is not None
    assert figure.img["alt"] == "One white dot."
    assert "A dot." in figure.figcaption.text


def test_a_fold_says_what_is_in_it(page: Path) -> None:
    folds = [fold.text.strip() for fold in parse(page).select("details summary .collapsed")]
    assert folds == ["Show the solution", "Show the code"]
