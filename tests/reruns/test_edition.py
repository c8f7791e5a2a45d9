"""An edition leaves a whole book about the user's data, or a mark; what is done once is not done again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from filelock import FileLock

from lstm_tutorial import cli
from lstm_tutorial.reruns import adapt
from lstm_tutorial.reruns import edition as module
from lstm_tutorial.reruns.chapters import find_chapter, find_chapters
from lstm_tutorial.reruns.claim import LOCK
from lstm_tutorial.reruns.editions import editions
from lstm_tutorial.reruns.errors import ChapterFailed, RequestError
from lstm_tutorial.reruns.estimate import estimate
from lstm_tutorial.reruns.run import Checked
from lstm_tutorial.settings import Settings

MONTHS = pd.date_range("2009-01-01", periods=160, freq="MS")
SALES = "date;sales\n" + "".join(f"{t:%d.%m.%Y};{i % 7},5\n" for i, t in enumerate(MONTHS))

PARAMETERS = """csv: str = "jfk"  # a CSV file, URL, '-' or sample series
target: str | None = None  # column to forecast; None: the only numeric one
folder: str | None = None  # keeps what was trained; None: nothing is kept
{more}"""
MORE = {
    "train": 'most: int = 3000  # windows\nfail: bool = False  # raise\nlog_to: str = ""  # a file to write to',
    "design": "updates: int = 150  # in each comparison",
    "evaluate": 'others: str = "departures elnino"  # also scored',
    "deploy": "networks: str | None = None  # trained already\nforecast_csv: str | None = None  # a file",
}
BODY = {
    "prepare": "from lstm_tutorial.workflow.prepare import read_series\nseries = read_series(csv, None, target)\n"
    "facts = dict(target=str(series.name), first=str(series.index[0]), last=str(series.index[-1]), step='MS')\n"
    "windows = dict(training_windows=10, validation_windows=3, test_windows=3)\n"
    "record(rows=len(series), test_first='2020-01-01', **windows, **facts)",
    "train": "from pathlib import Path\nassert most > 10**6 and units == 8\n"
    "if fail: raise ArithmeticError('as asked')\n"
    "if log_to: print('run', file=open(log_to, 'a'))\nPath(folder, 'trained').touch()\nrecord(best_epoch=3)",
    "evaluate": "from pathlib import Path\nassert others == '' and Path(folder, 'trained').exists()\n"
    "record(rmse_blend=len(csv) % 7 + 1.0, rmse_best_other=2.0, best_other='ridge', verdict='tied', mase_blend=0.9, "
    "coverage_80=0.8)",
    "deploy": "from pathlib import Path\nimport json\n"
    "assert Path(networks, 'trained').exists() and folder.endswith('forecaster')\nPath(folder).mkdir()\n"
    "about = dict(learned=dict(LSTM='2020-01-01 00:00:00', linear='2021-07-01 00:00:00'))\n"
    "about['schema'] = dict(target='sales', features=[], known=['offer'], step='MS')\n"
    "Path(folder, 'forecaster.json').write_text(json.dumps(about))\n"
    "lines = ['time,forecast,lower_80,upper_80'] + [f'{n},{n}.5,{n}.25,{n}.75' for n in range(8)]\n"
    "Path(forecast_csv).write_text('\\n'.join(lines))\nrecord(weight=0.5, reach=48)",
}


def make_chapter(folder, name):
    """A chapter with what an edition drops and keeps, that runs in a moment."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell(f"# The {name} chapter\n\n**What is it?** A promise.\nThe chapter runs in two minutes."),
        new.new_code_cell("from lstm_tutorial.reruns.results import record\nfrom IPython.display import Markdown"),
        new.new_code_cell(PARAMETERS.format(more=MORE.get(name, "")), metadata={"tags": ["parameters"]}),
        new.new_markdown_cell("The airport, as an example.", metadata={"tags": ["book-only"]}),
        new.new_code_cell("display(Markdown('**At the airport.**'))", metadata={"tags": ["book-only"]}),
        new.new_markdown_cell("## Kept, or not?\n\nSee [training](train.ipynb#kept-or-not), [memory](../a.ipynb)."),
        new.new_markdown_cell("[Here](#kept-or-not).<!-- book --> An airport\n\nand more.<!-- /book --> On."),
        new.new_code_cell("first = 1"),
        new.new_code_cell("second = 2"),
        new.new_code_cell(
            f"display(Markdown('So says *{name}*, see [prepare](prepare.ipynb).'))",
            metadata={"tags": ["summary-verdict", "hide-input"]},
        ),
        new.new_markdown_cell("Kept too.\n\n## Exercises\n\n**1. Think.**"),
        new.new_code_cell("raise RuntimeError('a solution was run')", metadata={"tags": ["hide-cell"]}),
        new.new_markdown_cell("## Results"),
        new.new_code_cell(BODY.get(name, "record(one=1)")),
        new.new_markdown_cell("## Summary\n\n- Sources of the book."),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / f"{name}.ipynb"
    nbformat.write(new.new_notebook(cells=cells, metadata=kernel), path)
    return path


@pytest.fixture
def chapters(tmp_path, monkeypatch):
    """Six chapters that run in a moment, in the place of the book's; and the user's folder."""
    folder = tmp_path / "book"
    folder.mkdir()
    for name in module.NAMES:
        make_chapter(folder, name)
    monkeypatch.setattr(module, "find_chapter", lambda name: find_chapter(str(folder / f"{name.split('/')[1]}.ipynb")))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    Path("my.csv").write_text(SALES)
    return folder


def make(out="out", csv="my.csv", workers=2, progress=False, **parameters):
    return module.edition(csv, out, {"units": 8, **parameters}, workers=workers, progress=progress)


def read(path):
    return BeautifulSoup(Path(path).read_text(encoding="utf-8"), "html.parser")


def test_an_edition_is_a_book_of_its_own(chapters):
    results = make(target="sales")
    made = {"index.html", "notebooks", "forecast.csv", "results.json", "forecaster", "edition.json", "trained"}
    assert {path.name for path in Path("out").iterdir()} == made | {f"{name}.html" for name in module.NAMES}
    assert results == json.loads(Path("out/results.json").read_text()) and results["prepare"]["rows"] == 160
    index = read("out/index.html")
    assert index.h1.get_text().startswith("sales: a forecast, and what it is worth")
    text = index.main.get_text()
    assert "160 rows of sales, from 2009-01-01" in text and "At most" not in text
    assert [f"So says {name}" in text for name in module.NAMES] == [True] * 6
    assert not index.main.find_all("details")  # the code of what is said stays in its chapter
    assert [cell.get_text() for cell in index.main.find_all("tr")[6].find_all("td")] == ["5", "5.500", "5.250 to 5.750"]
    assert "The other 2 steps are in forecast.csv" in text and "up to 2020-01-01, its linear model" in text
    assert (
        "the same columns (the time, sales, offer) and at least 48 rows, and below them the rows to be forecast" in text
    )
    assert "although" not in text
    page = read("out/design.html")
    assert page.find(id="kept-or-not").name == "h2" and page.find("a", href="#kept-or-not")
    (both,) = [fold for fold in page.main.find_all("details") if "first" in fold.get_text()]
    assert "second = 2" in both.get_text()
    links = {link["href"] for link in page.find_all("a") if not link["href"].startswith("#")}
    assert links == {"index.html", "train.html#kept-or-not", *(f"{name}.html" for name in module.NAMES)}
    assert page.find(attrs={"aria-current": "page"}).get_text() == "The design chapter"
    for name in module.NAMES:
        text = read(f"out/{name}.html").get_text()
        for gone in ("airport", "A promise", "two minutes", "Think", "Sources"):
            assert gone not in text, (name, gone)
        assert "What is it?" in text and "Kept too." in text and "Here. On." in text
    about = json.loads(Path("out/edition.json").read_text())
    assert about["settings"]["units"] == 8 and len(about["data"]) == 64 and "numpy" in about["versions"]
    assert (about["settings"]["trials"], about["settings"]["updates"]) == (5, 40)  # few rows want less


def test_what_failed_is_told_and_the_rest_is_kept_and_not_run_again(chapters):
    log = str(Path("log").resolve())
    with pytest.raises(ChapterFailed, match=r"workflow/train failed in cell \[\d+\]: ArithmeticError: as asked"):
        make(fail=True, log_to=log)
    assert "as asked" in Path("out/UNFINISHED.txt").read_text()
    kept = {path: path.stat().st_mtime_ns for path in Path("out/notebooks").glob("*.ipynb") if ".part" not in path.name}
    assert {path.stem for path in kept} >= {"prepare", "design", "tune"}
    with pytest.raises(RequestError, match=r"out: holds an unfinished edition with other parameters; name another"):
        make(log_to=log)
    # The reason is gone: a chapter that failed for want of space, say.
    chapter = chapters / "train.ipynb"
    chapter.write_text(chapter.read_text().replace("if fail: raise", "if False: raise"))
    with pytest.raises(RequestError, match="with other chapters"):
        make(fail=True, log_to=log)
    module.edition("my.csv", "out", {"units": 8, "log_to": log}, force=True, progress=False)
    assert Path("log").read_text() == "run\n" and not Path("out/UNFINISHED.txt").exists()
    with pytest.raises(RequestError, match="out: holds a finished edition; name another folder, or use --force"):
        make(log_to=log)


def test_the_same_command_goes_on_after_a_kill(chapters, tmp_path):
    log = tmp_path / "log"
    body = chapters / "evaluate.ipynb"
    text = body.read_text()
    body.write_text(
        text.replace(
            "assert others", "import time; time.sleep(120 if not Path(log_wait).exists() else 0)\\nassert others"
        )
    )
    body.write_text(body.read_text().replace("# also scored", f"# also scored\\nlog_wait: str = '{log}2'  # a file"))
    code = (
        "from lstm_tutorial.reruns import edition as module\n"
        "from lstm_tutorial.reruns.chapters import find_chapter\n"
        f"module.find_chapter = lambda name: find_chapter({str(chapters)!r} + '/' + name.split('/')[1] + '.ipynb')\n"
        "if __name__ == '__main__':\n"
        f"    module.edition('my.csv', 'out', {{'units': 8, 'log_to': {str(log)!r}}}, workers=2, progress=False)\n"
    )
    Path("go.py").write_text(code)
    process = subprocess.Popen([sys.executable, "go.py"], stderr=subprocess.DEVNULL, start_new_session=True)
    done = Path("out/notebooks/train.ipynb")
    for _ in range(600):
        if done.exists() and Path("out/notebooks/tune.ipynb").exists():
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert done.exists() and Path("out/UNFINISHED.txt").exists() and not Path("out/index.html").exists()
    Path(f"{log}2").touch()
    assert subprocess.run([sys.executable, "go.py"], capture_output=True, text=True).returncode == 0
    assert log.read_text() == "run\n"  # trained once
    assert Path("out/index.html").exists() and not Path("out/UNFINISHED.txt").exists()
    assert not list(Path("out/notebooks").glob("*.part*"))


def test_an_edition_is_made_again_from_its_json(chapters):
    first = make(target="sales")
    again = module.reproduce("out/edition.json", "again", progress=False)
    assert again == first
    one, two = (json.loads(Path(folder, "edition.json").read_text()) for folder in ("out", "again"))
    assert one == two
    Path("my.csv").write_text(SALES + "01.05.2022;3,5\n")
    with pytest.raises(RequestError, match=r"my\.csv: not the data that out/edition\.json was made from"):
        module.reproduce("out/edition.json", "third", progress=False)
    Path("broken.json").write_text("{}")
    with pytest.raises(RequestError, match=r"broken\.json: no edition\.json of an edition"):
        module.reproduce("broken.json", "third")
    with pytest.raises(RequestError, match=r"none\.json: can't be read"):
        module.reproduce("none.json", "third")
    assert not Path("third").exists()


BAD = {
    "an unknown parameter": ({"unit": 8}, "an edition has no parameter 'unit'; did you mean 'units'"),
    "what an edition decides": ({"folder": "x"}, "an edition has no parameter 'folder'"),
    "a wrong type": ({"units": "many"}, "parameter units: 'many' should be a valid integer"),
    "no such column": ({"target": "sale"}, "row 1: no column 'sale'; did you mean 'sales'"),
    "too short": ({"timesteps": 150}, "needs? at least"),
}


@pytest.mark.parametrize(("parameters", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_before_anything_runs(chapters, parameters, message):
    with pytest.raises(RequestError, match=message):
        make(**{"target": "sales", **parameters})
    assert not Path("out").exists()


def test_folders_and_presets_that_cannot_be_are_refused(chapters):
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("mine")
    with pytest.raises(RequestError, match="mine: not empty, and no edition; name another folder"):
        make("mine")
    with pytest.raises(RequestError, match=r"my.csv: a file; name a folder"):
        make("my.csv")
    with pytest.raises(RequestError, match="parameter csv: an edition is about the file that is named first"):
        module.edition("my.csv", "out", {"csv": "elnino"})
    with pytest.raises(RequestError, match="preset 'quick': there are normal, fast, thorough"):
        module.edition("my.csv", "out", preset="quick")
    assert Path("mine/thesis.txt").read_text() == "mine"
    Path("mine/UNFINISHED.txt").write_text("This rerun of workflow/keras has not finished.")
    with pytest.raises(RequestError, match="mine: not empty, and no edition"):
        make("mine")


def test_nothing_is_deleted_but_what_an_edition_left(chapters):
    make()
    Path("out/notes.txt").write_text("mine")
    Path("out/extra").mkdir()
    shutil.copy("my.csv", "out/own.csv")
    with pytest.raises(
        RequestError, match=r"out: holds own\.csv, which the edition is to be about; name another folder"
    ):
        module.edition("out/own.csv", "out", force=True, progress=False)
    module.edition("my.csv", "out", {"units": 8}, force=True, progress=False)
    assert Path("out/notes.txt").read_text() == "mine" and Path("out/extra").is_dir() and Path("out/own.csv").exists()
    with FileLock(Path("out", LOCK)), pytest.raises(RequestError, match="out: another edition is being made there"):
        module.edition("my.csv", "out", {"units": 8}, force=True, progress=False)
    assert Path("out/index.html").exists()


def test_what_takes_longer_is_estimated_so():
    def minutes(rows=17_000, columns=2, season=24, workers=2, **settings):
        chosen = Settings(**settings).model_dump() | {"updates": 150}
        return estimate(Checked(rows, columns, season, None), chosen, workers)

    usual = minutes()
    assert 3 <= usual <= 6
    for more in ({"rows": 50_000}, {"columns": 60}, {"season": 1440}, {"workers": 1}, {"members": 30}, {"trials": 150}):
        assert minutes(**more) > usual, more
    assert minutes(rows=300) < usual and minutes(windows=1000) < usual
    assert minutes(rows=1_000_000, windows=3000) < 15


def test_the_estimate_comes_first_and_names_a_quicker_way_where_it_is_long(chapters, capsys, monkeypatch):
    monkeypatch.setattr(module, "_execute", lambda *_: pytest.fail("began"))
    quick = r" \(--preset fast: a minute or two\)"
    for trials, said in (
        (2, "a minute or two"),
        (2000, f"about 4[67] minutes{quick}"),
        (9000, f"about 3 hours{quick}"),
    ):
        with pytest.raises(pytest.fail.Exception, match="began"):
            make(progress=True, out=f"out{trials}", trials=trials)
        assert re.fullmatch(f"160 rows, preset normal: {said}\n", capsys.readouterr().err), trials


SHOPS = "shop;date;sales\n" + "".join(
    f"{shop};{t:%d.%m.%Y};{i % 7},5\n"
    for shop in ("Nord", "a/b", "kurz")
    for i, t in enumerate(MONTHS)
    if shop != "kurz" or i < 4
)


def test_several_series_get_an_edition_each_and_a_page_that_ranks_them(chapters):
    Path("shops.csv").write_text(SHOPS)
    rows = editions("shops.csv", "shop", "out", {"units": 8}, progress=False, workers=2)
    assert [row["series"] for row in rows][2] == "kurz" and "need at least" in rows[2]["error"]
    assert [row["ratio"] for row in rows[:2]] == sorted(row["ratio"] for row in rows[:2])
    index = read("out/index.html")
    assert {link["href"] for link in index.find_all("a")} >= {"Nord/index.html", "a-b/index.html"}
    assert all(Path("out", link["href"]).exists() for link in index.main.find_all("a") if "#" not in link["href"])
    ahead = sum(row["ratio"] < 1 for row in rows[:2])
    assert f"on {ahead} of 2 series" in index.get_text()
    assert "kurz: " in index.get_text()
    assert list(pd.read_csv("out/editions.csv")["series"]) == [row["series"] for row in rows]
    before = {path: path.stat().st_mtime_ns for path in Path("out").glob("*/results.json")}
    assert editions("shops.csv", "shop", "out", {"units": 8}, progress=False, workers=2)[0] == rows[0]
    assert {path: path.stat().st_mtime_ns for path in Path("out").glob("*/results.json")} == before
    with pytest.raises(RequestError, match="row 1: no column 'shops'; did you mean 'shop'"):
        editions("shops.csv", "shops", "other")
    for parameters, message in (
        ({"unit": 3}, "an edition has no parameter 'unit'"),
        ({"target": "slaes"}, "none of 3 series can be used: Nord: row 1: no column 'slaes'; did you mean 'sales'"),
    ):
        with pytest.raises(RequestError, match=message):
            editions("shops.csv", "shop", "other", parameters)
    assert not Path("other").exists()
    Path("data").mkdir()
    Path("data/Nord.csv").write_text("mine")
    with pytest.raises(RequestError, match="not empty, and not a folder of editions; name another"):
        editions("shops.csv", "shop", ".")
    assert Path("data/Nord.csv").read_text() == "mine"


def test_a_series_mistakes_are_found_in_the_file_that_it_came_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{shop};{t:%d.%m.%Y};{i % 7},5" for i, t in enumerate(MONTHS) for shop in ("Nord", "Süd")]
    rows[240] = rows[240].replace(",5", ",x")
    rows[241] = rows[241].replace(",5", ",y")
    Path("shops.csv").write_text("\n".join(["shop;date;sales", *rows]))
    with pytest.raises(
        RequestError, match=r"none of 2 series can be used: Nord: row 242, column 'sales': '\d,x' is not"
    ):
        editions("shops.csv", "shop", "out", {"target": "sales"})
    assert not Path("out").exists()


def test_options_win_over_a_file_of_parameters_and_pairs_over_both(chapters, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "edition", lambda csv, out, given, **_: seen.append(given))
    Path("p.yml").write_text("horizon: 24\nunits: 4\ntarget: cost\n")
    arguments = ["edition", "my.csv", "--horizon", "12", "--target", "sales", "-f", "p.yml", "-p", "target", "costs"]
    monkeypatch.setattr("sys.argv", ["lstm-tutorial", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0 and seen == [{"horizon": 12, "units": 4, "target": "costs"}]


def test_what_is_the_books_own_is_tagged_in_every_workflow_chapter():
    """The adapted chapters use no name that only a dropped cell defines, and say nothing of the book's examples."""
    for name in module.NAMES:
        chapter = adapt.adapt(nbformat.read(find_chapters()[f"workflow/{name}"].path, as_version=4))
        text = "\n".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown")
        assert not re.search(r"JFK|jfk|airport|LaGuardia|nycflights|[Ss]ea temp|carbon|airline|sunspot|elnino", text), (
            name
        )


def test_other_versions_are_told_and_no_reason_to_stop(chapters, capsys):
    first = make(target="sales")
    path = Path("out/edition.json")
    about = json.loads(path.read_text())
    about["versions"] |= {"keras": "1.0"}
    path.write_text(json.dumps(about))
    assert module.reproduce(path, "again") == first
    assert re.search(r"out/edition.json: made with keras 1\.0, here \S+; figures may differ\n", capsys.readouterr().err)


def test_few_rows_take_less_than_the_quick_preset_too(chapters):
    for preset, trials, updates in (("fast", 5, 40), ("thorough", 64, 600)):
        module.edition("my.csv", preset, {"units": 8}, preset=preset, progress=False)
        settings = json.loads(Path(preset, "edition.json").read_text())["settings"]
        assert (settings["trials"], settings["updates"]) == (trials, updates)
