"""A refreshed chapter holds its outputs and nothing of the machine; a failing one is left as it was."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import nbformat

from lstm_tutorial.reruns import refresh
from lstm_tutorial.reruns.chapters import find_chapter
from lstm_tutorial.reruns.results import read_results


def test_outputs_are_stored_with_alt_text_for_the_page_and_the_same_each_time(stub):
    refresh.refresh(find_chapter(str(stub)))
    first = stub.read_bytes()
    notebook = nbformat.read(stub, as_version=4)
    assert read_results(notebook)["rows"] == 732
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert [cell.id for cell in notebook.cells] == [f"cell-{i}" for i in range(len(notebook.cells))]
    described = [cell.metadata.mystnb for cell in notebook.cells if "mystnb" in cell.metadata]
    assert len(described) == 1
    assert described[0].image.alt.startswith("Line chart of the last 60 known values of sea_temperature")
    assert described[0].figure.caption.startswith("Beyond the data")

    async def within_a_running_loop():
        refresh.refresh(find_chapter(str(stub)))

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, within_a_running_loop()).result()
    assert stub.read_bytes() == first


def test_a_chapter_that_fails_is_left_as_it_was(stub, capsys):
    stub.write_text(stub.read_text().replace("fail: bool = False", "fail: bool = True"))
    before = stub.read_bytes()
    assert refresh.main([str(stub)]) == 1
    assert stub.read_bytes() == before
    message = capsys.readouterr().err
    assert message.startswith("stub: failed, nothing stored")
    assert "ArithmeticError: as asked" in message
    assert "\x1b" not in message


def test_an_unknown_chapter_is_refused(capsys):
    assert refresh.main(["workflow/kers"]) == 2
    assert capsys.readouterr().err == "no chapter 'workflow/kers'; did you mean 'workflow/keras'?\n"
