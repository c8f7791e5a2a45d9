"""A stub chapter that runs in seconds, since what is tested here is not the chapter."""

import gc

import nbformat
import pytest

PARAMETERS = """csv: str = "elnino"  # a CSV file, URL, '-' or sample series
time: str | None = None  # time column; None: find it
target: str | None = None  # column to forecast; None: the only numeric one
timesteps: int = 24  # past values in each input window
horizon: int = 1  # future values forecast at once
test_fraction: float = 0.2  # share of the series held out for scoring
sizes: list[int] = [1, 2]  # a parameter of its own
fail: bool = False  # raise in the next cell
started: str = ""  # a file to make, and then sleep"""
BODY = """import time as clock
from lstm_tutorial.workflow.prepare import read_series
if fail:
    raise ArithmeticError("as asked\\nand a second line")
if started:
    open(started, "x").close()
    clock.sleep(120)
series = read_series(csv, time, target)"""
RESULTS = """from lstm_tutorial.reruns.results import record
record(rows=len(series), total=float(series.sum()), sizes=sum(sizes), name=str(series.name))"""


@pytest.fixture(autouse=True)
def left_open():
    """What a test leaves open is found here, not in whichever test the garbage collector runs in."""
    yield
    gc.collect()


@pytest.fixture
def stub(tmp_path):
    """The path of a notebook with a formula, a picture, a folded solution and results."""
    folder = tmp_path / "chapters"
    folder.mkdir()
    new = nbformat.v4
    cells = [
        new.new_markdown_cell(
            "# A stub\n\nHow long is a series? It has $n$ values. See [the intro](../intro.md), [PEP 8](https://peps.python.org)."
        ),
        new.new_code_cell("print('shown')", metadata={"tags": ["hide-input"]}),
        new.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        new.new_code_cell(BODY),
        new.new_code_cell("from lstm_tutorial import plots\nplots.future(series, series.iloc[-3:])"),
        new.new_code_cell("print('solved')", metadata={"tags": ["hide-cell"]}),
        new.new_code_cell(RESULTS),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new.new_notebook(cells=cells, metadata=kernel), folder / "stub.ipynb")
    return folder / "stub.ipynb"


SMALL_PARAMETERS = """x: float = 1.0  # a factor
y: int = 2  # another
kind: str = "a"  # of no use but to be swept
text: str = ""  # a file to read
marks: str = ""  # a folder to leave a file in; while it holds a file "hold", all runs wait but the first to begin
fail: float = -1.0  # the x that fails
kill: float = -1.0  # the x that kills its worker
unread: int = 0  # nobody asks for it"""
SMALL_BODY = """import os, pathlib, signal, time
if marks:
    pathlib.Path(marks, f"{x:g}-{os.getpid()}").touch()
if x == fail:
    raise ArithmeticError(f"{kind} and {x:g}")
if x == kill:
    os.kill(os.getppid(), signal.SIGKILL)
first = marks and not pathlib.Path(marks, "first").exists()
if first:
    pathlib.Path(marks, "first").touch()
while marks and not first and pathlib.Path(marks, "hold").exists():
    time.sleep(0.1)
if text:
    print(text)"""
SMALL_RESULTS = """from lstm_tutorial.reruns.results import record
record(name=kind, score=x * y, length=len(pathlib.Path(text).read_text()) if text else 0)"""


@pytest.fixture
def small(tmp_path):
    """The path of a notebook that imports nothing heavy, with numbers to sweep over."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell("# A small stub\n\nIt has $n$ values."),
        new.new_code_cell(SMALL_PARAMETERS, metadata={"tags": ["parameters"]}),
        new.new_code_cell(SMALL_BODY),
        new.new_code_cell(SMALL_RESULTS),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new.new_notebook(cells=cells, metadata=kernel), tmp_path / "small.ipynb")
    return tmp_path / "small.ipynb"
