"""Every chapter is built as the house says, and what it stores is fit to be shown and compared."""

import re
import statistics
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from lstm_tutorial.reruns.chapters import Chapter, find_chapters
from lstm_tutorial.reruns.results import read_results
from lstm_tutorial.settings import APPLICATIONS, ARTICLE, Settings

ROOT = Path(__file__).parents[2]
CHAPTERS = find_chapters(ROOT / "book")
EXEMPT = {"nbval-ignore-output", "nbval-skip", "raises-exception"}


@pytest.fixture(params=list(CHAPTERS.values()), ids=list(CHAPTERS))
def chapter(request: pytest.FixtureRequest) -> Chapter:
    found: Chapter = request.param
    return found


@pytest.fixture
def notebook(chapter: Chapter) -> NotebookNode:
    found: NotebookNode = nbformat.read(chapter.path, as_version=4)
    return found


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def prose(notebook: NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_parameters_are_those_of_settings(chapter: Chapter) -> None:
    """The first part and the chapter on the article's example take the article's values, applications their own."""
    assert chapter.parameters
    wing, _, short = chapter.name.partition("/")
    own = APPLICATIONS.get(short, {}) if wing == "applications" else {}
    if wing == "scratch" or short == "keras":
        own = ARTICLE
    for name, parameter in chapter.parameters.items():
        field = Settings.model_fields.get(name)
        assert parameter.help, f"{name} needs a comment"
        if field is not None:
            default, kind, help_text = (
                own.get(name, field.default),
                annotation(field.annotation),
                field.description or "",
            )
            if field.default is None and default is not None:  # a chapter leaves nothing to the data there
                kind, help_text = kind.removesuffix(" | None"), help_text.split("; None:")[0]
            assert (parameter.annotation, parameter.default, parameter.help) == (kind, default, help_text)


def annotation(kind: Any) -> str:
    """A field's type as a chapter writes it; a choice of words is a `str` there."""
    if isinstance(kind, type) and not hasattr(kind, "__args__"):
        return kind.__name__
    return re.sub(r"typing\.Optional\[typing\.Literal\[.*\]\]", "str | None", str(kind))


def test_parts_stand_in_their_order(notebook: NotebookNode) -> None:
    first, imports, parameters = (
        notebook.cells[0],
        *[cell for cell in notebook.cells if cell.cell_type == "code"][:2],
    )
    assert re.match(r"# .+\n\n\*\*.+\?\*\*", first.source), "a title, then the question in bold"
    assert re.search(r"two cores", first.source), "how long it takes"
    assert "import" in imports.source
    assert "parameters" in tags(parameters)
    headings = re.findall(r"^## (.+)$", prose(notebook), re.MULTILINE)
    assert headings[-3:] == ["Exercises", "Results", "Summary"]
    assert "record(" in code_cells(notebook)[-1].source


def test_exercises_have_folded_solutions_that_run(notebook: NotebookNode) -> None:
    exercises = re.findall(r"^\*\*\d\. ", prose(notebook).split("## Exercises")[1], re.MULTILINE)
    solutions = [cell for cell in code_cells(notebook) if "hide-cell" in tags(cell)]
    assert 2 <= len(exercises) <= 4
    assert len(solutions) >= len(exercises)
    assert all(cell.execution_count for cell in solutions)


def test_code_cells_are_short(notebook: NotebookNode) -> None:
    """The list of parameters is no code to be read; it may be longer."""
    lengths = [len(cell.source.splitlines()) for cell in code_cells(notebook) if "parameters" not in tags(cell)]
    assert max(lengths) <= 15
    assert statistics.median(lengths) <= 6


def test_claims_are_checked_and_exemptions_have_reasons(notebook: NotebookNode) -> None:
    cells = code_cells(notebook)
    assert sum("assert " in cell.source for cell in cells) >= 3
    for cell in cells:
        if tags(cell) & EXEMPT:
            assert cell.metadata.get("reason"), f"why is this exempt?\n{cell.source}"


def test_stored_outputs_are_whole_quiet_and_of_no_machine(notebook: NotebookNode) -> None:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1)), "run from top to bottom: make refresh"
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.get("text")
            assert not re.search(
                r"/(home|root|tmp|Users|work)/", str(output.get("text", "")) + str(output.get("data", ""))
            )
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_pictures_are_small_and_described(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        assert len(pictures) <= 1, "one picture a cell: alt text and caption belong to the cell"
        for output in pictures:
            assert len(output.data["image/png"]) * 3 / 4 < 80_000
            shown = output.metadata["image/png"]
            assert cell.metadata["mystnb"]["image"]["alt"] == shown["alt"]
            assert cell.metadata["mystnb"]["figure"]["caption"] == shown["caption"]


def test_results_are_recorded(notebook: NotebookNode) -> None:
    results = read_results(notebook)
    assert len(results) >= 3
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in results)
