"""The page on the article keeps its promises: each row has a verdict, a chapter that exists and a test that exists."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "book" / "reference" / "article.md"
COLORS = {"right": "success", "imprecise": "warning", "wrong": "danger"}
WINGS = ("scratch", "workflow", "applications", "reruns")

VERDICT = re.compile(r": \{bdg-(?P<color>\w+)\}`(?P<verdict>[^`]*)` (?P<correction>\S.*)")
HELD = re.compile(r": \*Chapter:\* (?P<chapter>.+?)\. \*Test:\* (?P<test>.+)\.")
LABEL = re.compile(r"^(?:#+ (?P<heading>.+)|\*\*(?P<bold>[^*]+)\*\*)", re.MULTILINE)


@dataclass
class Row:
    """A statement of the article, its two definition lines, and the part of the page it stands in."""

    statement: str
    lines: list[str]
    part: str

    def problems(self) -> Iterator[str]:
        """What this row promises and does not keep."""
        verdict = VERDICT.fullmatch(self.lines[0])
        held = HELD.fullmatch(self.lines[1]) if len(self.lines) == 2 else None
        if verdict is None or COLORS.get(verdict["verdict"]) != verdict["color"]:
            yield f"no verdict out of {', '.join(COLORS)}, in its color and with a remark"
        if held is None:
            yield "no line ': *Chapter:* ... *Test:* ...'"
            return
        yield from problems_of_chapter(held["chapter"])
        yield from problems_of_test(held["test"])


def rows(text: str) -> list[Row]:
    """Each block of the page that is a definition list, with all that its lines say."""
    found, part = [], ""
    for block in text.split("\n\n"):
        first, *rest = block.strip().splitlines()
        if first.startswith("## "):
            part = first.removeprefix("## ")
        if any(line.startswith(":") for line in rest):
            found.append(Row(first, rest, part))
    return found


def problems_of_chapter(text: str) -> Iterator[str]:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    planned = re.findall(r"`([^`]+)`", text) if "planned" in text else []
    if not links and not planned:
        yield "neither a link to a chapter nor a planned one"
    for link in links:
        if not (PAGE.parent / link).is_file():
            yield f"no chapter {link}"
    for name in planned:
        if name.split("/")[0] not in WINGS or name.count("/") != 1:
            yield f"{name} is no chapter's name"
        elif (ROOT / "book" / f"{name}.ipynb").exists():
            yield f"{name} is called planned, but it exists: link it"


def problems_of_test(text: str) -> Iterator[str]:
    if text.startswith("not yet"):
        return
    names = re.findall(r"`([^`]+)`", text)
    if not names:
        yield "neither a test nor 'not yet'"
    for name in names:
        path, _, place = name.partition("::")
        if not (ROOT / path).is_file():
            yield f"no file {path}"
        elif path.endswith(".ipynb"):
            yield from problems_of_section(path, place)
        elif not path.startswith("tests/") or place not in functions(path):
            yield f"no test {name}"


def problems_of_section(path: str, title: str) -> Iterator[str]:
    """A chapter's section holds something only if nbval compares an output in it, or a cell asserts."""
    cells = sections(path).get(title)
    if cells is None:
        yield f"no section {title!r} in {path}"
    elif not any("assert" in source or compared for source, compared in cells):
        yield f"nothing is checked in section {title!r} of {path}"


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@cache
def sections(path: str) -> dict[str, list[tuple[str, bool]]]:
    """A notebook's code cells by the heading or bold label above them: (source, whether nbval compares an output)."""
    found: dict[str, list[tuple[str, bool]]] = {}
    headings: list[str] = []
    notebook: dict[str, Any] = json.loads((ROOT / path).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for match in LABEL.finditer(source):
                headings = [plain(match["heading"])] if match["heading"] else [*headings[:1], plain(match["bold"])]
                found.setdefault(headings[-1], [])
        elif cell["cell_type"] == "code":
            compared = bool(cell["outputs"]) and "nbval-ignore-output" not in cell["metadata"].get("tags", [])
            for heading in headings:
                found[heading].append((source, compared))
    return found


def plain(label: str) -> str:
    return re.sub(r"^\d+\. ", "", label).strip().rstrip(".")


TEXT = PAGE.read_text(encoding="utf-8")
ROWS = rows(TEXT)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.statement[:60])
def test_a_row_keeps_what_it_promises(row: Row) -> None:
    assert list(row.problems()) == []


def test_every_verdict_stands_in_a_row_and_the_totals_are_right() -> None:
    said = re.search(r"Of (\d+) statements, (\d+) are \S*`right`, (\d+) are \S*`imprecise` and (\d+) are", TEXT)
    assert said is not None
    verdicts = Counter(match["verdict"] for row in ROWS if (match := VERDICT.fullmatch(row.lines[0])))
    assert [int(number) for number in said.groups()] == [len(ROWS), *(verdicts[name] for name in COLORS)]
    assert TEXT.count("{bdg-") == len(ROWS) + len(COLORS)


def test_no_statement_is_treated_twice_and_every_part_has_some() -> None:
    assert [statement for statement, times in Counter(row.statement for row in ROWS).items() if times > 1] == []
    assert {row.part for row in ROWS} == set(re.findall(r"^## (.+)$", TEXT, re.MULTILINE))


KERAS = "[A chapter](../workflow/keras.ipynb)"
TEST = "`tests/workflow/test_prepare.py::test_windows_are_views`"


@pytest.mark.parametrize(
    ("verdict", "chapter", "test", "problem"),
    [
        ("{bdg-success}`true` Yes.", KERAS, TEST, "no verdict out of"),
        ("{bdg-success}`wrong` No.", KERAS, TEST, "no verdict out of"),
        ("{bdg-danger}`wrong`", KERAS, TEST, "no verdict out of"),
        ("{bdg-danger}`wrong` No.", "[A chapter](../workflow/none.ipynb)", TEST, "no chapter"),
        ("{bdg-danger}`wrong` No.", "keras", TEST, "neither a link to a chapter"),
        (
            "{bdg-danger}`wrong` No.",
            "planned, `workflow/keras`",
            TEST,
            "workflow/keras is called planned, but it exists",
        ),
        ("{bdg-danger}`wrong` No.", "planned, `someday`", TEST, "someday is no chapter's name"),
        ("{bdg-danger}`wrong` No.", KERAS, "soon", "neither a test nor"),
        ("{bdg-danger}`wrong` No.", KERAS, "`tests/test_none.py::test_a`", "no file tests/test_none.py"),
        ("{bdg-danger}`wrong` No.", KERAS, TEST.replace("views", "copies"), "no test tests/workflow"),
        ("{bdg-danger}`wrong` No.", KERAS, "`lstm_tutorial/cli.py::main`", "no test lstm_tutorial/cli.py"),
        ("{bdg-danger}`wrong` No.", KERAS, "`book/workflow/keras.ipynb::None`", "no section 'None'"),
        ("{bdg-danger}`wrong` No.", KERAS, "`book/workflow/keras.ipynb::Summary`", "nothing is checked in section"),
    ],
)
def test_a_row_that_promises_too_much_is_found(verdict: str, chapter: str, test: str, problem: str) -> None:
    (row,) = rows(f"A statement.\n: {verdict}\n: *Chapter:* {chapter}. *Test:* {test}.")
    (found,) = row.problems()
    assert found.startswith(problem)
