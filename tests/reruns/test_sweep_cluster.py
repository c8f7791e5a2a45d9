"""Sweeps on a Dask cluster of real processes on loopback, one of which is killed in the middle."""

import json
import os
import signal
import sys

import pandas as pd
import psutil
import pytest
from distributed import Client

from tests.reruns.processes import clean_up, finish, last_line, start, wait

SCHEDULER = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
WORKER = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]


def any_finished(folder):
    return any((folder / "out").glob("*/results.json"))


class Cluster:
    """A scheduler, and workers without a nanny, so that a worker that is killed stays dead."""

    def __init__(self, folder):
        self.folder = folder / "cluster"
        self.folder.mkdir()
        about = self.folder / "scheduler.json"
        self.scheduler = start(self.folder, "--scheduler-file", about, "--no-dashboard", program=SCHEDULER)
        wait(about.exists)
        wait(lambda: about.read_text().endswith("}"))
        self.address = json.loads(about.read_text())["address"]
        self.workers = []

    def add(self, *arguments):
        arguments = self.address, "--local-directory", self.folder, *arguments
        self.workers.append(start(self.folder, *arguments, program=WORKER))
        with Client(self.address) as client:
            client.wait_for_workers(sum(worker.poll() is None for worker in self.workers), timeout=120)

    def kernels(self, number):
        return [child.pid for child in psutil.Process(self.workers[number].pid).children(recursive=True)]


@pytest.fixture
def cluster(tmp_path):
    yield Cluster(tmp_path)
    clean_up()


@pytest.fixture
def held(small, tmp_path):
    """A sweep whose first run ends, and whose others wait until a file is gone; and the folder of that file."""
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "hold").touch()
    (tmp_path / "note.txt").write_text("12345")
    # A folder that is given does not travel. One that is the chapter's own is taken to be there.
    text = small.read_text().replace('marks: str = \\"\\"', f'marks: str = \\"{marks}\\"')
    small.write_text(text)
    return [small, "-g", "x", "1,2,3,4", "-p", "text", "note.txt", "--out", "out"], marks


def test_a_killed_workers_runs_are_run_by_others(cluster, held, tmp_path):
    arguments, marks = held
    cluster.add("--nthreads", "2")
    process = start(tmp_path, *arguments, "--scheduler", cluster.address)
    wait(lambda: any_finished(tmp_path) and len(list(marks.glob("*-*"))) > 2)
    cluster.add("--nthreads", "1")
    os.kill(cluster.workers[0].pid, signal.SIGKILL)
    wait(lambda: len(cluster.kernels(1)) == 1)
    (marks / "hold").unlink()
    code, error = finish(process)
    assert code == 0, error
    table = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert table["score"].tolist() == [2, 4, 6, 8]
    assert table["length"].tolist() == [5] * 4
    assert table["worker"].nunique() == 2
    wait(lambda: not cluster.kernels(1), 60)


def test_the_end_of_the_scheduler_is_told_and_the_sweep_goes_on_without_it(cluster, held, tmp_path):
    arguments, marks = held
    cluster.add("--nthreads", "1")
    process = start(tmp_path, *arguments, "--scheduler", cluster.address)
    wait(lambda: any_finished(tmp_path) and len(list(marks.glob("*-*"))) > 1)
    kernels = cluster.kernels(0)
    os.kill(cluster.scheduler.pid, signal.SIGKILL)
    code, error = finish(process)
    lost = f"the connection to the scheduler {cluster.address} is lost; 1 of 4 runs are kept, the same command goes on"
    assert (code, last_line(error)) == (1, f"lstm-tutorial: {lost}")
    (marks / "hold").unlink()
    code, error = finish(start(tmp_path, *arguments, "--workers", "1"))
    assert code == 0, error
    assert pd.read_csv(tmp_path / "out" / "runs.csv")["score"].tolist() == [2, 4, 6, 8]
    wait(lambda: not any(psutil.pid_exists(kernel) for kernel in kernels), 60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_stop_what_nobody_waits_for_any_more(cluster, held, tmp_path, number):
    arguments, marks = held
    cluster.add("--nthreads", "1")
    process = start(tmp_path, *arguments, "--scheduler", cluster.address)
    wait(lambda: any_finished(tmp_path) and len(list(marks.glob("*-*"))) > 1)
    os.kill(process.pid, number)
    code, error = finish(process)
    assert code == (130 if number == signal.SIGINT else -9)
    if code == 130:
        assert last_line(error) == "lstm-tutorial: interrupted; the same command does what is left"
    wait(lambda: not cluster.kernels(0), 60)
    assert cluster.workers[0].poll() is None


def test_a_worker_with_other_versions_is_named(cluster, small, tmp_path):
    fake = tmp_path / "fake.py"
    fake.write_text(
        "import importlib.metadata as m\nm.real = getattr(m, 'real', m.version)\n"
        "m.version = lambda name: '1.0' if name == 'keras' else m.real(name)\n"
    )
    arguments = [small, "-g", "x", "1,2", "--out", "out", "--scheduler", cluster.address]
    code, error = finish(start(tmp_path, *arguments))
    none = f"has no workers; start some with `dask worker {cluster.address}`"
    assert (code, last_line(error)) == (2, f"lstm-tutorial: scheduler {cluster.address}: {none}")
    cluster.add("--nthreads", "1", "--preload", fake, "--name", "other")

    code, error = finish(start(tmp_path, *arguments))
    assert code == 2, error
    assert "keras 1.0 where this machine has" in last_line(error)
    assert last_line(error).endswith("; install the same versions there")
    assert not list((tmp_path / "out").glob("0*"))
