"""Kernels that are copies of one process are as good as new ones, and none is left behind."""

import os
import signal
import sys
import threading
import time

import nbformat
import psutil
import pytest

from lstm_tutorial.reruns import kernels
from lstm_tutorial.reruns.errors import ChapterFailed
from lstm_tutorial.reruns.execute import execute
from lstm_tutorial.reruns.kernels import original
from lstm_tutorial.reruns.results import read_results
from lstm_tutorial.reruns.side_by_side import end_kernel, side_by_side
from tests.reruns.processes import wait

CELLS = [
    "loaded = 'keras' in __import__('sys').modules\nimport os, sys, matplotlib",
    "import numpy as np, pathlib, keras\nkeras.utils.set_random_seed(0)",
    "x = float(keras.random.normal((3,))[0])\nfresh = 'mine' not in globals()\nmine = 1",
    "from lstm_tutorial.reruns.results import record\nrecord(loaded=loaded, x=x, fresh=fresh, cwd=os.getcwd(), "
    "backend=matplotlib.get_backend(), quiet=os.environ['TF_CPP_MIN_LOG_LEVEL'], path=sys.path, pid=os.getpid(), "
    "group=os.getpgid(0))\nprint('said')",
]

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")


def notebook(cells):
    new = nbformat.v4
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells], metadata=kernel)


@pytest.fixture
def source():
    with original() as found:
        yield found


@linux
def test_a_copy_is_as_good_as_a_new_kernel(source, tmp_path):
    made = [execute(notebook(CELLS), "one", {}, cwd=tmp_path, source=one) for one in (None, source, source)]
    new, first, second = (read_results(one) for one in made)
    assert (new["loaded"], first["loaded"], second["loaded"]) == (False, True, True)
    for name in ("x", "fresh", "cwd", "backend", "quiet", "path"):
        assert new[name] == first[name] == second[name], name
    assert first["fresh"] and first["cwd"] == str(tmp_path) and "inline" in first["backend"]
    assert first["pid"] == first["group"] != second["pid"]  # with what it starts, it can be ended
    assert [one.cells[-1].outputs[-1]["text"] for one in made] == ["said\n"] * 3
    wait(lambda: not any(psutil.pid_exists(one["pid"]) for one in (first, second)), 30)


@linux
def test_an_error_and_a_death_in_a_copy_are_told(source, tmp_path):
    with pytest.raises(ChapterFailed, match=r"one failed in cell \[1\]: ZeroDivisionError: division by zero"):
        execute(notebook(["1 / 0"]), "one", {}, cwd=tmp_path, source=source)
    with pytest.raises(ChapterFailed, match="one: its kernel died; perhaps the machine ran out of memory"):
        execute(notebook(["import os; os.kill(os.getpid(), 9)"]), "one", {}, cwd=tmp_path, source=source)
    source.close()
    with pytest.raises(ChapterFailed, match="no kernel can be started"):
        execute(notebook(["1"]), "one", {}, cwd=tmp_path, source=source)


@linux
def test_the_end_of_the_original_is_that_of_its_copies(tmp_path):
    begun = []
    with original() as source, pytest.raises(ChapterFailed, match="its kernel died"):
        cells = ["import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)"]
        execute(notebook(cells), "one", {}, cwd=tmp_path, source=source, on_kernel=begun.append)
    wait(lambda: not psutil.pid_exists(begun[0]), 30)


@linux
def test_signals_to_a_copy_that_has_just_ended_are_no_error(source, tmp_path):
    process = source.copy(str(tmp_path / "none.json"), str(tmp_path), dict(os.environ))
    copied = kernels._Copied(process)
    copied.kill()
    assert copied.wait() == 0 and copied.poll() == 0
    copied.terminate()
    copied.kill()
    end_kernel(process.pid)


def test_notebooks_that_are_executed_leave_the_process_in_its_folder(tmp_path, monkeypatch):
    moves, move = [], os.chdir
    monkeypatch.setattr("os.chdir", lambda path: (moves.append(path), move(path)))

    def work(name, source, on_kernel):
        execute(notebook(["1"]), name, {}, cwd=tmp_path, target=tmp_path / f"{name}.ipynb", source=source)

    side_by_side(work, ["one", "two"], {}, 2)
    assert moves == [] and (tmp_path / "one.ipynb").exists() and (tmp_path / "two.ipynb").exists()


def test_what_waits_for_another_begins_after_it(monkeypatch):
    order = []

    def work(name, source, on_kernel):
        order.append(f"{name}<")
        time.sleep({"slow": 0.4, "quick": 0.1}.get(name, 0))
        order.append(f"{name}>")

    side_by_side(work, ["slow", "quick", "last", "free"], {"last": "slow", "slow": "not asked for"}, 2)
    assert order.index("slow>") < order.index("last<")
    assert order.index("free<") < order.index("slow>")  # nobody stands idle because "last" has to wait
    assert len(order) == 8


def test_what_fails_stops_only_what_waits_for_it():
    done = []

    def work(name, source, on_kernel):
        if name == "first":
            raise ChapterFailed("first: as asked")
        done.append(name)

    with pytest.raises(ChapterFailed, match="first: as asked"):
        side_by_side(work, ["first", "second", "third", "fourth"], {"second": "first", "third": "second"}, 1)
    assert done == ["fourth"]


def test_an_interrupt_ends_all_kernels(tmp_path):
    begun = []

    def work(name, source, on_kernel):
        if name == "stop":
            wait(lambda: begun)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            return

        def note(kernel):
            begun.append(kernel)
            on_kernel(kernel)

        execute(notebook(["import time; time.sleep(100)"]), name, {}, cwd=tmp_path, on_kernel=note, source=source)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, ["one", "stop"], {}, 2)
    assert time.monotonic() - started < 60
    assert not psutil.pid_exists(begun[0])
