"""A rerun leaves all of its files or a mark that it did not; what it can't do it says before a kernel starts."""

import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lstm_tutorial.reruns import run as module
from lstm_tutorial.reruns.chapters import RequestError
from lstm_tutorial.reruns.page import plain_text, render
from lstm_tutorial.reruns.run import RESULTS, UNFINISHED, ChapterFailed, run

COMMAND = [sys.executable, "-c", "from lstm_tutorial.cli import main; main()"]
MONTHS = pd.date_range("2015-01-01", periods=90, freq="MS")
GOOD = "date;sales\n" + "".join(f"{t:%d.%m.%Y};{i % 7},5\n" for i, t in enumerate(MONTHS))


def command(*arguments, cwd, text=None):
    return subprocess.run([*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, input=text)


def test_a_rerun_leaves_notebook_page_results_and_parameters(stub, tmp_path):
    (tmp_path / "my.csv").write_text(GOOD)
    (tmp_path / "more.yml").write_text("timesteps: 36\nsizes: [5, 6]\n")
    arguments = ["-p", "csv", "my.csv", "-p", "target", "sales", "-p", "timesteps=12", "-f", "more.yml", "--out", "out"]
    done = command("run", stub, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["parameters.json", RESULTS, "stub.html", "stub.ipynb"]
    results = json.loads((out / RESULTS).read_text())
    assert results == {
        "rows": 90,
        "total": pytest.approx(sum(i % 7 + 0.5 for i in range(90))),
        "sizes": 11,
        "name": "sales",
    }
    parameters = json.loads((out / "parameters.json").read_text())
    assert parameters["timesteps"] == 12
    assert parameters["sizes"] == [5, 6]
    assert parameters["csv"] == str(tmp_path / "my.csv")
    notebook = nbformat.read(out / "stub.ipynb", as_version=4)
    assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)
    assert "100%" in done.stderr
    assert done.stdout.splitlines()[-1] == os.path.join("out", "stub.html")

    again = command("run", stub, "-f", "out/parameters.json", "--out", "second", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "second" / RESULTS).read_text()) == results

    refused = command("run", stub, "--out", "out", cwd=tmp_path)
    assert refused.returncode == 2
    assert "out: holds a finished rerun; name another folder, or use --force" in refused.stderr
    assert json.loads((out / RESULTS).read_text()) == results
    forced = command("run", stub, "--out", "out", "--force", cwd=tmp_path)
    assert forced.returncode == 0, forced.stderr
    assert json.loads((out / RESULTS).read_text())["name"] == "sea_temperature"


def test_the_page_needs_no_other_file_and_no_network(stub, tmp_path):
    run(str(stub), out=tmp_path / "out", progress=False)
    page = (tmp_path / "out" / "stub.html").read_text()
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "MathJax" in page
    assert "MathJax" not in markup
    assert not re.findall(r"<script[^>]+src", page)
    assert re.findall(r"(?:src|href)=[\"']?(?!data:|#)([^\"' >]+)", markup) == ["https://peps.python.org"]
    assert not re.findall(r"url\((?!data:)[^)]*\)|@import", markup)
    assert "<title>A stub</title>" in page
    folds = re.findall(r"<details><summary>(.*?)</summary>(.*?)</details>", page, flags=re.DOTALL)
    assert [name for name, _ in folds] == ["Show the code", "Show the solution"]
    assert ["output_stdout" in inside for _, inside in folds] == [False, True]
    assert re.search(r'alt="Line chart of the last 60 known values of sea_temperature', page)
    assert "<figcaption>Beyond the data" in page
    assert 'name="viewport"' in page


def test_standard_input_is_kept_with_the_run(stub, tmp_path):
    done = command("run", stub, "-p", "csv", "-", "--out", "out", cwd=tmp_path, text=GOOD)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "data.csv").read_text() == GOOD
    assert json.loads((tmp_path / "out" / RESULTS).read_text())["rows"] == 90
    again = command("run", stub, "-f", "out/parameters.json", "--out", "out", "--force", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "out" / RESULTS).read_text())["rows"] == 90


def test_a_bare_assert_that_fails_is_named_too(stub, tmp_path):
    notebook = nbformat.read(stub, as_version=4)
    notebook.cells[3].source = "assert not fail"
    nbformat.write(notebook, stub)
    with pytest.raises(ChapterFailed, match=r"stub failed in cell \[4\]: AssertionError$"):
        run(str(stub), {"fail": True}, tmp_path / "out", progress=False)


def test_a_failed_cell_is_named_and_the_folder_stays_marked(stub, tmp_path):
    with pytest.raises(ChapterFailed, match=r"stub failed in cell \[4\]: ArithmeticError: as asked$"):
        run(str(stub), {"fail": True}, tmp_path / "out", progress=False)
    assert "as asked" in (tmp_path / "out" / UNFINISHED).read_text()
    assert not (tmp_path / "out" / RESULTS).exists()
    assert (tmp_path / "out" / "stub.ipynb").exists()
    done = command("run", stub, "-p", "fail", "true", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "lstm-tutorial: stub failed in cell [4]: ArithmeticError: as asked"
    assert run(str(stub), out=tmp_path / "out", progress=False)["rows"] == 732
    assert not (tmp_path / "out" / UNFINISHED).exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_run_is_never_taken_for_finished(stub, tmp_path, number, code):
    arguments = ["run", str(stub), "-p", "started", str(tmp_path / "started"), "--out", "out"]
    with subprocess.Popen([*COMMAND, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(30) == code
        stderr = process.stderr.read()
    assert (tmp_path / "out" / UNFINISHED).exists()
    assert not (tmp_path / "out" / RESULTS).exists()
    if code == 130:
        assert "Traceback" not in stderr
        assert stderr.splitlines()[-1].startswith("lstm-tutorial: interrupted")
    assert run(str(stub), out=tmp_path / "out", progress=False)["rows"] == 732


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(stub, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "save_json", full)
    with pytest.raises(RequestError, match=r"new/out: can't be written \(No space left on device\)"):
        run(str(stub), out=tmp_path / "new" / "out", progress=False)
    assert not (tmp_path / "new").exists()


def test_a_disk_that_fills_up_while_the_notebook_is_saved(stub, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("papermill.iorw.LocalHandler.write", full)
    with pytest.raises(RequestError, match="No space left on device"):
        run(str(stub), out=tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


NO_FOLDER = {
    "a file": lambda path: path.write_text("mine"),
    "someone else's folder": lambda path: (path.mkdir(), (path / "thesis.txt").write_text("mine")),
}


@pytest.mark.parametrize("make", NO_FOLDER.values(), ids=NO_FOLDER.keys())
def test_what_is_not_a_reruns_folder_is_left_alone(stub, tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(RequestError, match=r"out: a file; name a folder|out: not empty, and not a rerun's folder"):
        run(str(stub), out=tmp_path / "out", force=True, progress=False)
    kept = [path for path in (tmp_path / "out", tmp_path / "out" / "thesis.txt") if path.is_file()]
    assert kept[0].read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused(stub, tmp_path):
    if os.geteuid() == 0:
        target = Path("/proc/nowhere/out")  # root may write anywhere else
    else:
        (tmp_path / "locked").mkdir(mode=0o500)
        target = tmp_path / "locked" / "out"
    done = command("run", stub, "--out", target, cwd=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(rf"lstm-tutorial: {target}: can't be written \(.*\)\n", done.stderr)


COLUMNS = "time,load,heat,holiday\n" + "".join(
    f"{t:%Y-%m-%d %H:%M},{i % 7},{i % 5},{i % 3}\n"
    for i, t in enumerate(pd.date_range("2024-05-01", periods=900, freq="h"))
)


@pytest.mark.parametrize("csv", ["my.csv", "-"])
def test_the_check_reads_the_columns_that_the_chapter_will_read(tmp_path, monkeypatch, csv):
    (tmp_path / "my.csv").write_text(COLUMNS)
    monkeypatch.chdir(tmp_path)
    seen = []
    monkeypatch.setattr("lstm_tutorial.workflow.prepare.check", lambda frame, settings: seen.append(frame))
    choices = {"target": "load", "known": ["holiday"], "timezone": "Europe/Berlin"}
    for more in ({}, {"features": None}, {"features": ["heat"], "known": None}):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(COLUMNS.encode())))
        module.check_data({"csv": csv, **choices, **more}, tmp_path / "data.csv")
    # A chapter without `features` uses none.
    assert [list(frame.columns) for frame in seen] == [
        ["load", "holiday"],
        ["load", "heat", "holiday"],
        ["load", "heat"],
    ]
    assert {frame.attrs["timezone"] for frame in seen} == {"Europe/Berlin"}


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"features": ["heet"]}, "my.csv: row 1: no column 'heet'; did you mean 'heat'"),
        ({"known": ["load"]}, "my.csv: column 'load' is the target"),
        ({"timezone": "Berlin"}, "my.csv: no time zone 'Berlin'; did you mean 'Europe/Berlin'"),
    ],
)
def test_covariates_and_zones_that_cannot_be_are_refused(tmp_path, monkeypatch, choices, message):
    (tmp_path / "my.csv").write_text(COLUMNS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=message):
        module.check_data({"csv": "my.csv", "target": "load", **choices}, tmp_path / "data.csv")


BAD = {  # what -p says, what the file holds, what the one line says
    "missing file": ({"csv": "none.csv"}, None, "none.csv: no such file"),
    "directory": ({"csv": "chapters"}, None, "chapters: a directory"),
    "empty": ({}, b"", "my.csv: empty"),
    "binary": ({}, b"\x00\x01\x02", "my.csv: a binary file|my.csv: row 1 is not UTF-8|my.csv: .*binary"),
    "wrong encoding": ({}, "date,größe\n2020-01-01,1\n".encode("latin-1"), "my.csv: row 1 is not UTF-8"),
    "no such column": ({"target": "sale"}, GOOD, "my.csv: row 1: no column 'sale'; did you mean 'sales'"),
    "no such time column": ({"time": "day"}, GOOD, "my.csv: row 1: no column 'day'"),
    "text in a number": ({}, GOOD.replace("3,5", "n.v.", 1), "my.csv: row 5, column 'sales': 'n.v.' is not a number"),
    "all missing": ({}, re.sub(r";.*", ";", GOOD).replace("date;", "date;sales"), "column 'sales' has no values"),
    "mostly missing": (
        {},
        "date;sales\n" + "".join(f"{t:%d.%m.%Y};{i % 7 if i % 3 == 0 else ''}\n" for i, t in enumerate(MONTHS)),
        "column 'sales': 58 of 88 steps are missing; at most half of them may be",
    ),
    "infinite": ({}, GOOD.replace("3,5", "inf", 1), "my.csv: row 5, column 'sales': 'inf' is infinite"),
    "duplicated time": ({}, GOOD + "01.05.2015;9\n", "row 92, column 'date': '01.05.2015' stands in row 6 already"),
    "irregular steps": (
        {},
        "time,v\n" + "".join(f"2020-01-{d:02d} 0{d % 3}:00,{d}\n" for d in range(1, 29)),
        "row [0-9]+, column 'time': .* is off the step",
    ),
    "constant": ({}, re.sub(r";\d,5", ";3,5", GOOD), "my.csv: column 'sales' is constant"),
    "too short": (
        {"timesteps": "80"},
        GOOD,
        "my.csv: column 'sales' has 90 values; timesteps=80, .* need at least [0-9]+",
    ),
    "integers as dates": (
        {"time": "id"},
        "id,v\n" + "".join(f"{i},{i % 5}\n" for i in range(90)),
        "my.csv: column 'id' holds whole numbers",
    ),
    "ambiguous dates": ({}, GOOD.replace(".", "/"), "my.csv: row 3, column 'date': '01/02/2015' may be"),
    "no header": ({}, GOOD.split("\n", 1)[1], "my.csv: row 1 is .* no header"),
    "unknown parameter": ({"timestep": "3"}, GOOD, "stub has no parameter 'timestep'; did you mean 'timesteps'"),
    "wrong type": ({"timesteps": "abc"}, GOOD, "parameter timesteps: 'abc' should be a valid integer"),
    "zero": ({"timesteps": "0"}, GOOD, "parameter timesteps: '0' should be greater than or equal to 1"),
    "negative": ({"timesteps": "-4"}, GOOD, "parameter timesteps: '-4' should be greater than or equal to 1"),
    "fraction of one": ({"test_fraction": "1.0"}, GOOD, "parameter test_fraction: '1.0' should be less than 1"),
    "fraction of zero": ({"test_fraction": "0"}, GOOD, "parameter test_fraction: '0' should be greater than 0"),
    "fractions too large": ({"test_fraction": "0.95"}, GOOD, "validation_fraction . test_fraction is 1.05"),
}


@pytest.mark.parametrize(("parameters", "content", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_before_a_kernel_starts(stub, tmp_path, monkeypatch, capsys, parameters, content, message):
    from lstm_tutorial import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "execute", lambda *arguments, **_: pytest.fail("a kernel was started"))
    if content is not None:
        Path("my.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        parameters = {"csv": "my.csv", **parameters}
    pairs = [part for name, value in parameters.items() for part in ("-p", name, value)]
    monkeypatch.setattr("sys.argv", ["lstm-tutorial", "run", str(stub), *pairs, "--out", "out"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert re.fullmatch(rf"lstm-tutorial: .*({message}).*\n", capsys.readouterr().err)
    assert not Path("out").exists()


def test_a_file_that_a_parameter_names_is_the_same_in_the_chapters_folder(stub, tmp_path, monkeypatch):
    class Seen(Exception):  # noqa: N818
        pass

    def see(notebook, name, values, **_):
        raise Seen(values["started"])

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "execute", see)
    with pytest.raises(Seen, match=r"^notes.txt$"):
        run(str(stub), {"started": "notes.txt"}, "out", progress=False)
    Path("notes.txt").touch()
    with pytest.raises(Seen, match=re.escape(str(tmp_path / "notes.txt"))):
        run(str(stub), {"started": "notes.txt"}, "out", progress=False)


def test_a_name_in_what_a_cell_says_is_text(tmp_path):
    new = nbformat.v4
    said = new.new_output("display_data", {"text/markdown": "**Of** <script>alert(1)</script> and <b>x</b>, p <0.001."})
    title = new.new_markdown_cell(f"# {plain_text('<i>a|b</i> *c* `d` $e$ [f](g)')}")
    page = render(new.new_notebook(cells=[title, new.new_code_cell("", outputs=[said])]), "t")
    assert "<script>alert" not in page and "<b>x" not in page and "<strong>Of</strong>" in page
    heading = BeautifulSoup(page, "html.parser").h1
    assert heading.get_text().startswith("<i>a|b</i> *c* `d` $e$ [f](g)") and not heading.find(["i", "em", "code"])
    assert "MathJax" not in page
