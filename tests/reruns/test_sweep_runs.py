"""Sweeps on this machine, with real processes: what they leave, and what is kept when they are stopped."""

import errno
import json
import os
import re
import signal
from contextlib import nullcontext

import nbformat
import pandas as pd
import pytest

from lstm_tutorial import cluster, reruns
from lstm_tutorial.reruns.errors import SweepStopped
from lstm_tutorial.reruns.task import Job, Outcome, pack, rerun
from tests.reruns.processes import clean_up, finish, last_line, left, start, wait


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    clean_up()


def finished(folder):
    return sorted((folder / "out").glob("*/results.json"))


def packed(path):
    return pack(path.read_bytes())


def test_a_run_reads_copies_of_its_files_and_tells_of_their_places_here(small):
    values = {"x": 2.0, "y": 3, "kind": "k", "text": "/elsewhere/note.txt", "marks": "", "fail": -1.0, "kill": -1.0}
    job = Job(1, "small", "A small stub", "small", values, ("text",))
    outcome = rerun(job, cluster.versions(), packed(small), pack(b"four"))
    assert (outcome.error, outcome.results) == ("", {"name": "k", "score": 6.0, "length": 4})
    assert list(outcome.results or {}) == ["name", "score", "length"]  # the first number is what a sweep is sorted by
    notebook, page = (reruns.task.zlib.decompress(content).decode() for content in outcome.files.values())
    assert nbformat.reads(notebook, as_version=4).cells[3].outputs[0].text == "/elsewhere/note.txt\n"
    assert "run-" not in notebook
    assert '<script src="../mathjax.js">' in page
    assert len(page) < 50_000


def test_a_worker_with_other_versions_says_so_and_runs_nothing(small):
    outcome = rerun(Job(1, "small", "", "small", {}), cluster.versions() | {"numpy": "1.0"}, packed(small))
    assert (outcome.results, outcome.files) == (None, {})
    assert re.fullmatch(r"numpy \S+ where this machine has \S+", outcome.unfit)


def test_failed_runs_stop_no_other_and_only_they_run_again(small, tmp_path):
    (tmp_path / "marks").mkdir()
    (tmp_path / "note.txt").write_text("12345")
    fixed = {"fail": 2, "text": "note.txt", "marks": "marks"}
    pairs = [part for name, value in fixed.items() for part in ("-p", name, value)]
    arguments = [small, "-g", "x", "1,2", "-g", "kind", "a,b", *pairs, "--out", "out", "--workers", "2"]
    code, error = finish(start(tmp_path, *arguments))
    assert code == 1, error
    assert last_line(error) == "lstm-tutorial: 2 of 4 runs failed; out/index.html says in which cell, and why"
    out = tmp_path / "out"
    names = ["index.html", "mathjax.js", "runs.csv", "sweep.json", "sweep.lock"]
    assert sorted(path.name for path in out.iterdir()) == ["0001", "0002", "0003", "0004", *names]
    done = ["parameters.json", "results.json", "run.json", "small.html", "small.ipynb"]
    assert sorted(path.name for path in (out / "0002").iterdir()) == done
    assert sorted(path.name for path in (out / "0003").iterdir()) == ["UNFINISHED.txt", done[0], *done[2:]]
    assert json.loads((out / "0002" / "results.json").read_text()) == {"name": "b", "score": 2.0, "length": 5}
    assert json.loads((out / "0002" / "parameters.json").read_text())["text"] == str(tmp_path / "note.txt")
    table = pd.read_csv(out / "runs.csv")
    assert table["state"].tolist() == ["done", "done", "failed", "failed"]
    assert table["error"][3] == "small failed in cell [3]: ArithmeticError: b and 2"
    assert table["score"].tolist()[:2] == [2, 2]
    assert len(list((tmp_path / "marks").glob("*-*"))) == 4
    page = (out / "index.html").read_text()
    assert all((out / link).exists() for link in re.findall(r'href="(.+?)"', page))
    assert "small failed in cell [3]: ArithmeticError: a and 2" in page

    fixed |= {"text": str(tmp_path / "note.txt"), "marks": str(tmp_path / "marks")}
    axes = {"x": [1, 2], "kind": ["a", "b"]}
    again = reruns.sweep(str(small), axes, out, parameters=fixed, workers=2, by="-score", progress=False)
    assert again.drop(columns=["seconds", "worker"]).to_csv() == table.drop(columns=["seconds", "worker"]).to_csv()
    assert again["seconds"].tolist()[:2] == table["seconds"].tolist()[:2]
    assert len(list((tmp_path / "marks").glob("*-*"))) == 6


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_sweep_leaves_no_process_and_goes_on(small, tmp_path, number, code):
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "hold").touch()
    arguments = [small, "-g", "x", "1,2,3", "-p", "marks", marks, "--out", "out", "--workers", "2"]
    process = start(tmp_path, *arguments)
    wait(lambda: finished(tmp_path) and len(list(marks.glob("*-*"))) > len(finished(tmp_path)))
    (first, *_) = kept = finished(tmp_path)
    # Ctrl-C reaches all processes of a terminal, kill -9 only one.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    found, error = finish(process)
    assert found == code
    if code == 130:
        assert last_line(error) == "lstm-tutorial: interrupted; the same command does what is left"
        states = pd.read_csv(tmp_path / "out" / "runs.csv")["state"].tolist()
        assert sorted(states) == sorted(["done"] * len(kept) + ["not run"] * (3 - len(kept)))
    wait(lambda: not left(tmp_path), 60)
    before = first.stat().st_mtime_ns
    (marks / "hold").unlink()
    code, error = finish(start(tmp_path, *arguments))
    assert (code, first.stat().st_mtime_ns) == (0, before), error
    assert pd.read_csv(tmp_path / "out" / "runs.csv")["score"].tolist() == [2, 4, 6]


def test_a_run_that_kills_its_worker_fails_and_no_other_does(small, tmp_path):
    arguments = [small, "-g", "x", "1,2,3", "-p", "kill", "1", "--out", "out", "--workers", "1"]
    process = start(tmp_path, *arguments, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    code, error = finish(process)
    assert last_line(error) == "lstm-tutorial: 1 of 3 runs failed; out/index.html says in which cell, and why"
    table = pd.read_csv(tmp_path / "out" / "runs.csv")
    assert (code, table["state"].tolist()) == (1, ["failed", "done", "done"])
    assert table["error"][0].startswith("small: each worker that it ran on died")


def test_a_full_disk_is_told_in_one_line_and_what_had_finished_is_kept(small, tmp_path, monkeypatch):
    class Disk:
        full = True

    def outcomes(client, material, notebook, waiting):
        yield from (
            (number, Outcome(1.0, "", {"score": number}, "", {"small.ipynb": pack(b"{}")})) for number in waiting
        )

    def save(path, content, original=reruns.folder.save_json):
        if Disk.full and path.parent.name == "0003.part" and path.name == "results.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(path, content)

    monkeypatch.setattr(reruns.sweep, "_carry_out", outcomes)
    monkeypatch.setattr(cluster, "connect", lambda *_: nullcontext())
    monkeypatch.setattr(cluster, "dashboard", lambda _: None)
    monkeypatch.setattr(reruns.folder, "save_json", save)
    out = tmp_path / "out"
    with pytest.raises(
        SweepStopped, match=r"out: can't be written \(No space .*\); 2 of 4 runs are kept, the same command"
    ):
        reruns.sweep(str(small), {"x": "1,2,3,4"}, out, progress=False)
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["0001", "0002"]
    Disk.full = False
    table = reruns.sweep(str(small), {"x": "1,2,3,4"}, out, progress=False)
    assert table["score"].tolist() == [1, 2, 3, 4]
