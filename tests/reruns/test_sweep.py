"""What a sweep would run, and what it refuses before anything runs, is known without a kernel."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from filelock import FileLock

from lstm_tutorial import cli, cluster, reruns
from lstm_tutorial.reruns import data
from lstm_tutorial.reruns.chapters import find_chapter
from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.folder import Settled, SweepFolder, difference
from lstm_tutorial.reruns.grid import list_csvs, make_grid, read_grid, spell_out
from lstm_tutorial.reruns.overview import key_figure, render_overview, sort_runs
from lstm_tutorial.reruns.source import check_use, read_notebook, recorded

ROWS = "date,v\n" + "".join(f"{t:%Y-%m-%d},{i % 7}\n" for i, t in enumerate(pd.date_range("2020-01-01", periods=90)))


def grid_of(path, grid, fixed=None, csvs=None):
    chapter = find_chapter(str(path))
    return make_grid(chapter, read_notebook(chapter), grid, fixed or {}, csvs)


@pytest.fixture
def reader(stub):
    """A chapter with a series, that uses all of its parameters."""
    notebook = nbformat.read(stub, as_version=4)
    notebook.cells[3].source += "\nsettings = dict(globals())"
    nbformat.write(notebook, stub)
    return stub


def call(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["lstm-tutorial", "sweep", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "annotation", "values"),
    [
        ("16,32, 64", "int", ["16", "32", "64"]),
        ([1, 2], "int", [1, 2]),
        ("1,2;3", "list[int]", ["1,2", "3"]),
        ("log:1e-4:1e-2:5", "float", [0.0001, 0.000316228, 0.001, 0.00316228, 0.01]),
        ("log:1:8:4", "int", [1, 2, 4, 8]),
        ("log:1:4:9", "int | None", [1, 2, 3, 4]),
        ("lin:0:1:5", "float", [0, 0.25, 0.5, 0.75, 1]),
        ("int:1:9:3", "int", [1, 4, 7]),
        ("int:2:4", "float", [2, 3, 4]),
    ],
)
def test_values_are_spelled_out(text, annotation, values):
    assert spell_out("units", text, annotation) == values


@pytest.mark.parametrize(
    "text", ["log:0:1:5", "log:1:2", "log:2:1:5", "lin:0:x:3", "int:1:9:0", "int:1.5:9", "lin:0:inf:3"]
)
def test_ranges_that_are_none_are_refused(text):
    with pytest.raises(RequestError, match=f"parameter units: '{text}' is no range; wanted {text[:3]}:LOW:HIGH"):
        spell_out("units", text, "int")


def test_runs_are_numbered_and_the_last_parameter_changes_fastest(small):
    grid = grid_of(small, {"x": "1,2", "y": [3, 4, 5]}, {"kind": "b"})
    assert len(grid) == 6
    assert [tuple(grid.swept(number).values()) for number in (1, 2, 4, 6)] == [(1.0, 3), (1.0, 4), (2.0, 3), (2.0, 5)]
    assert grid.values(6) == {**find_chapter(str(small)).defaults, "x": 2.0, "y": 5, "kind": "b"}
    assert [(one["y"], one["x"]) for one in grid.cover(["y", "kind"])] == [(3, 1.0), (4, 1.0), (5, 1.0)]


def test_a_file_sweeps_its_lists_and_the_command_line_wins(stub, tmp_path):
    content = {"timesteps": [12, 24], "sizes": [5, 6], "test_fraction": "lin:0.1:0.2:2", "csv": "co2", "horizon": 3}
    grid, fixed = read_grid(str(stub), [content], [], [])
    assert grid == {"timesteps": [12, 24], "test_fraction": "lin:0.1:0.2:2"}
    assert fixed == {"sizes": [5, 6], "csv": "co2", "horizon": 3}
    grid, fixed = read_grid(str(stub), [content, {"sizes": [[1], [2, 3]]}], [("horizon", "1,2")], [("timesteps", "9")])
    assert grid == {"sizes": [[1], [2, 3]], "test_fraction": "lin:0.1:0.2:2", "horizon": "1,2"}
    assert fixed == {"csv": "co2", "timesteps": "9"}


def test_csv_files_come_from_a_list_or_a_pattern(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv"):
        Path(name).touch()
    Path("list.txt").write_text("# mine\nb.csv\n\nnone.csv\n")
    assert list_csvs("*.csv") == ["a.csv", "b.csv"]
    assert list_csvs("list.txt") == ["b.csv", "none.csv"]
    for source in ("*.tsv", "none.txt", "."):
        with pytest.raises(RequestError, match=re.escape(f"{source}: ")):
            list_csvs(source)


BAD = {  # what the command says, and what the one line says
    "no grid": ((), "nothing is swept; wanted at least one parameter with values, such as -g units 16,32"),
    "no values": (("-g", "x", ","), "parameter x: no values"),
    "unknown parameter": (("-g", "xx", "1"), "small has no parameter 'xx'"),
    "wrong type": (("-g", "y", "1,b"), "parameter y: 'b' should be a valid integer"),
    "wrong fixed type": (("-g", "x", "1", "-p", "y", "b"), "parameter y: 'b' should be a valid integer"),
    "twice": (("-g", "x", "1,2", "-g", "x", "3"), "-g x: given twice"),
    "a value twice": (("-g", "x", "1,2,1.0"), "parameter x: 1.0 stands there twice"),
    "ignored": (("-g", "unread", "1,2"), "small ignores its parameter 'unread': no cell reads it"),
    "too many": (("-g", "y", "int:1:10001"), "the grid makes 10,001 runs; --yes if you want them all"),
    "unknown figure": (
        ("-g", "x", "1", "--by", "-scor"),
        "--by -scor: the chapter records no 'scor'; did you mean 'score'",
    ),
    "both": (("-g", "x", "1", "--workers", "2", "--scheduler", "tcp://x:1"), "--workers counts .* choose one"),
    "a value missing": (("-g", "x"), "-g x: a value is missing; wanted -g NAME VALUE"),
    "very many": (
        ("-g", "y", "int:1:1000000000000"),
        "'int:1:1000000000000' is more than 100,000 values; wanted fewer",
    ),
    "from nowhere": (("-g", "x", "lin:-inf:1:5"), "parameter x: 'lin:-inf:1:5' is no range"),
    "an empty name": (("--csv-list", ""), "can't be read .*; wanted a list of CSV files"),
    "no csv": (("--csv-list", "*.csv"), "small has no parameter 'csv'"),
    "a folder": (
        ("-g", "text", "folder,x", "--scheduler", "tcp://x:1"),
        "parameter text: .*folder is a folder, and only",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD.keys())
def test_what_makes_no_sense_is_refused_before_any_run(small, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("my.csv").touch()
    Path("folder").mkdir()
    monkeypatch.setattr(cluster, "connect", lambda *_: pytest.fail("workers were started"))
    code, error = call(monkeypatch, capsys, small, *arguments, "--out", "out")
    assert code == 2
    assert re.fullmatch(rf"lstm-tutorial: .*{message}.*\n", error)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--csv-list", "list.txt"), "gone.csv: no such file"),
        (("--csv-list", "a.csv", "-p", "csv", "a.csv"), "parameter csv: given beside a list"),
        (
            ("-g", "timesteps", "5,80", "-p", "csv", "a.csv"),
            "a.csv: column 'v' has 90 values; timesteps=80, .* need at least",
        ),
        (("-g", "csv", "a.csv,text.csv"), "text.csv: row 2, column 'v': 'x' is not a number"),
        (
            ("-g", "csv", "text.csv,a.csv,gone.csv,b.csv"),
            "'x' is not a number.*; 2 more of the 4 can't be used: gone.csv, b.csv",
        ),
        (("-g", "test_fraction", "0.2,0.95"), "validation_fraction . test_fraction is 1.05"),
    ],
)
def test_each_series_is_checked_with_all_that_it_is_cut_by(reader, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(ROWS)
    Path("text.csv").write_text(ROWS.replace(",0", ",x", 1))
    Path("list.txt").write_text("a.csv\ngone.csv\n")
    monkeypatch.setattr(cluster, "connect", lambda *_: pytest.fail("workers were started"))
    code, error = call(monkeypatch, capsys, reader, *arguments, "--out", "out")
    assert code == 2
    assert re.fullmatch(rf"lstm-tutorial: .*{message}.*\n", error)
    assert not Path("out").exists()


def test_a_series_is_read_once_for_all_that_it_is_cut_by(reader, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(ROWS)
    read, original = [], data.read_columns
    monkeypatch.setattr(data, "read_columns", lambda *arguments: read.append(1) or original(*arguments))
    grid = grid_of(reader, {"timesteps": "int:1:9", "sizes": "1;2"}, csvs=[tmp_path / "a.csv", "co2"])
    material = data.gather(grid, tmp_path / "out", remote=True)
    assert len(read) == 2
    assert list(material.prints) == [str(tmp_path / "a.csv")]
    assert material.travels(1) == ("csv",)
    assert material.travels(len(grid)) == ()


def test_a_chapter_that_records_nothing_is_refused(small, monkeypatch, capsys):
    notebook = nbformat.read(small, as_version=4)
    notebook.cells.pop()
    nbformat.write(notebook, small)
    code, error = call(monkeypatch, capsys, small, "-g", "x", "1")
    assert (code, "small: has no results cell" in error) == (2, True)


def test_the_books_chapters_can_be_swept_over_what_they_use():
    for name in ("workflow/train", "workflow/keras", "workflow/tune", "scratch/cell", "applications/translation"):
        chapter = find_chapter(name)
        notebook = read_notebook(chapter)
        assert recorded(notebook) is not None
        check_use(chapter, notebook, [one for one in chapter.parameters if one != "folder"])


def test_a_chapter_that_looks_its_parameters_up_uses_them(small):
    notebook = nbformat.read(small, as_version=4)
    notebook.cells[2].source += "\n%matplotlib inline\nprint(globals()['unread'])"
    nbformat.write(notebook, small)
    assert len(grid_of(small, {"unread": "1,2"})) == 2


def claim(path, grid, identity, force=False):
    place = SweepFolder(path, grid)
    with place.claim(identity, {}, force):
        return place


def test_a_folder_of_something_else_is_left_alone(small, tmp_path):
    grid = grid_of(small, {"x": "1,2"})
    same = {
        "chapter": "small",
        "cells": "1",
        "grid": {"x": [1, 2]},
        "fixed": {},
        "data": {},
        "versions": {"numpy": "2"},
    }
    (tmp_path / "file").touch()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "text.txt").touch()
    for name, message in (("file", "a file; name a folder"), ("thesis", "not empty, and not a sweep's folder")):
        with pytest.raises(RequestError, match=message):
            claim(tmp_path / name, grid, same)
    place = claim(tmp_path / "out", grid, same)
    (tmp_path / "out" / "0001").mkdir()
    (tmp_path / "out" / "0002.part").mkdir()
    claim(tmp_path / "out", grid, same)
    assert place.finished() == {}
    assert not (tmp_path / "out" / "0002.part").exists()
    others = {
        "of keras": {"chapter": "keras"},
        "the chapter's cells have changed": {"cells": "2"},
        r"x \[1, 2, 3\], here \[1, 2\]": {"grid": {"x": [1, 2, 3]}},
        "it sweeps x and seed, this one x": {"grid": {"x": [1, 2], "seed": [1]}},
        "my.csv has changed since": {"data": {"my.csv": "1"}},
        "numpy 1, here 2": {"versions": {"numpy": "1"}},
    }
    for message, other in others.items():
        (tmp_path / "out" / "sweep.json").write_text(json.dumps(same | other))
        mine = same | ({"data": {"my.csv": "2"}} if "data" in other else {})
        with pytest.raises(
            RequestError, match=rf"out: holds another sweep \(.*{message}.*\); name another folder, or use"
        ):
            claim(tmp_path / "out", grid, mine)
    for name in ("database.csv", "notes.txt"):
        (tmp_path / "out" / name).touch()
    (tmp_path / "out" / "2024").mkdir()
    (tmp_path / "out" / "0001" / "run.json").touch()
    claim(tmp_path / "out", grid, same, force=True)
    for name in ("database.csv", "notes.txt"):
        (tmp_path / "out" / name).unlink()
    (tmp_path / "out" / "2024").rmdir()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["sweep.json", "sweep.lock"]
    assert (
        difference(same | {"grid": {"y": [1], "x": [1]}}, same | {"grid": {"x": [1], "y": [1]}}) == "in the order y, x"
    )


def test_two_sweeps_in_one_folder_are_one_too_many(small, tmp_path, monkeypatch, capsys):
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / "sweep.lock"):
        code, error = call(monkeypatch, capsys, small, "-g", "x", "1", "--out", tmp_path / "out")
    assert (code, error) == (
        2,
        f"lstm-tutorial: {tmp_path}/out: another sweep is writing there; wait for its end, or name another\n",
    )


@pytest.fixture
def table(small, tmp_path):
    """Of eight runs: six done, one failed, one not run."""
    grid = grid_of(small, {"x": "log:1:1000:4", "y": "1,2"}, {"kind": "<b>"})
    runs = {n: Settled({"name": "<i>", "score": 10.0 / n, "y": n}, 1.5, "tcp://a") for n in range(1, 7)}
    runs[7] = Settled(None, 2.5, "tcp://b", "small failed in cell [2]: E: <x>")
    return SweepFolder(tmp_path / "out", grid).table(runs), grid


def test_the_table_has_a_row_for_each_run(table):
    table, _ = table
    first = ["run", "x", "y", "state", "name", "score", "recorded_y", "seconds", "worker", "error", "notebook"]
    assert list(table.columns) == first
    assert table["state"].tolist() == ["done"] * 6 + ["failed", "not run"]
    assert table["notebook"].tolist()[5:] == ["0006/small.ipynb", "0007/small.ipynb", ""]
    assert table["recorded_y"].tolist()[:6] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("by", "key", "order"),
    [
        (None, "score", [6, 5, 4, 3, 2, 1, 7, 8]),
        ("-score", "score", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("-y", "recorded_y", [6, 5, 4, 3, 2, 1, 7, 8]),
        ("name", "name", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_runs_are_sorted_by_their_key_figure(table, by, key, order):
    table, grid = table
    found = key_figure(table, grid, by)
    assert found[0] == key
    assert sort_runs(table, found)["run"].tolist() == order


def test_the_page_needs_no_other_file_and_says_what_failed(table):
    page = render_overview(*table, None, {"numpy": "2"})
    assert not re.findall(r"<(?:script|link)[^>]+(?:src|href)", page)
    assert not re.findall(r"url\((?!data:)|https?://|@import", page)
    links = re.findall(r'href="([^"]+)"', page)
    assert links[:3] == ["runs.csv", "0006/small.html", "0006/small.ipynb"]
    assert "0008/small.html" not in links
    assert "6 done, 1 failed, 1 not run yet" in page
    assert "small failed in cell [2]: E: &lt;x&gt;" in page
    assert "<i>" not in page
    assert "<b>" not in page
    assert 'aria-sort="ascending">score<' in page
    alts = re.findall(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)">', page)
    assert len(alts) == 3
    assert alts[0].startswith("Upright axes for x, y and score; each of 6 runs is a line")
    assert "against x, 3 values spaced by ratio" in alts[1]
    assert len(page) < 400_000


def test_a_page_of_very_many_runs_stays_small(small, tmp_path):
    grid = grid_of(small, {"y": "int:1:6001"})
    runs = {n: Settled({"name": "a", "score": float(n)}, 1.0, "tcp://a") for n in range(1, 6002)}
    page = render_overview(SweepFolder(tmp_path, grid).table(runs), grid, None, {})
    assert page.count("<tr><td>") == 5000
    assert "The last 1001 of them are left out here" in page
    assert len(page) < 3_000_000


def test_the_functions_can_be_called_by_the_names_of_their_modules():
    from lstm_tutorial.reruns.edition import edition
    from lstm_tutorial.reruns.run import run
    from lstm_tutorial.reruns.sweep import sweep

    assert reruns.run.run is run
    assert reruns.edition.edition is edition
    assert reruns.sweep.sweep is sweep
    with pytest.raises(RequestError, match="no chapter 'none'"):
        reruns.sweep("none")
    with pytest.raises(RequestError, match="no chapter 'none'"):
        reruns.run("none")
    with pytest.raises(RequestError, match=r"none\.csv: "):
        reruns.edition("none.csv", "out")
    with pytest.raises(AttributeError, match="no attribute 'swep'"):
        _ = reruns.swep
