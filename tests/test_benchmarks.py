"""The benchmark compares equals, says what is missing, and judges its figures by the targets."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.measure import Side, Spread, agree, time_blocks, time_calls
from benchmarks.report import SHAPES, STREAM, Row, write_table

ROOT = Path(__file__).parents[1]
TINY = ["--shapes", "2,3,1,4", "--rounds", "1", "--epochs", "1", "--json"]
MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "load": 0.0,
    "python": "3.11",
    "versions": {"numpy": "2"},
    "blas": [],
}
WITHOUT_TORCH = """
import sys
from benchmarks import speed
speed.installed = lambda library: library != "torch"
speed.main(sys.argv[1:])
assert "torch" not in sys.modules
"""


def run(*arguments: str) -> str:
    result = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    # Sides that don't agree would end it with an error.
    path = tmp_path_factory.mktemp("bench") / "new" / "bench.json"
    assert str(path) in run("-m", "benchmarks.speed", *TINY, str(path))
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_part_is_measured_beside_every_library(figures: dict[str, Any]) -> None:
    streaming = ["ONNX Runtime", "torch LSTMCell", "tf.function", "predict_on_batch"]
    expected = {
        "training": ["products", "textbook", "Keras", "torch"],
        "update": ["train_on_batch"],
        "inference": ["Keras", "torch", "ONNX Runtime"],
        "streaming p50": streaming,
        "streaming p99": [*streaming, "its own p50"],
        "example": ["Keras", "torch"],
        "fit": ["plain setup"],
        "start": ["Keras"],
        "serving": ["constant"],
        "memory": ["7 hidden floats"],
    }
    measured: dict[str, list[str]] = {}
    for row in figures["rows"]:
        measured.setdefault(row["part"], []).append(row["other"])
    assert measured == expected


def test_the_ratio_is_that_of_the_figures_beside_it(figures: dict[str, Any]) -> None:
    for row in figures["rows"]:
        if row["theirs"] is None:
            assert row["note"] == "not installed"
            assert row["other"].startswith("torch") and importlib.util.find_spec("torch") is None
            continue
        ours, theirs = row["ours"]["median"], row["theirs"]["median"]
        upside_down = row["other"] in ("its own p50", "7 hidden floats")
        assert row["ratio"] == pytest.approx(ours / theirs if upside_down else theirs / ours)
        assert 0 < row["theirs"]["lower"] <= theirs <= row["theirs"]["upper"]


def test_the_figures_say_where_they_were_measured(figures: dict[str, Any]) -> None:
    machine = figures["machine"]
    assert machine["processor"] and machine["load"] >= 0 and machine["versions"]["numpy"] == np.__version__
    assert all(pool["architecture"] and pool["threads"] == 1 for pool in machine["blas"])
    assert figures["rounds"] == 1


def test_a_library_that_is_absent_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    table = run("-c", WITHOUT_TORCH, "--parts", "inference", "streaming", *TINY, str(path))
    absent = [row for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if row["theirs"] is None]
    assert {row["other"] for row in absent} == {"torch", "torch LSTMCell"}
    assert all(row["ratio"] is row["met"] is None for row in absent)
    assert table.count("not installed") == len(absent) == 3


def test_sides_that_differ_are_not_timed() -> None:
    right = Side("right", lambda: 1.0, lambda h: {"h": np.array([2.0, h])})
    wrong = Side("wrong", lambda: 1.1, lambda h: {"h": np.array([2.0, h])})
    lost = Side("lost", lambda: np.nan, lambda h: {"h": np.array([2.0, h])})
    agree([right, right])
    with pytest.raises(ValueError, match=r"wrong: h differs by 5\.0e-02 from right's"):
        agree([right, wrong])
    with pytest.raises(ValueError, match="lost: h differs by nan"):
        agree([right, lost])


def test_a_side_is_checked_at_each_step() -> None:
    steps = iter([1.0, 1.0, 3.0])
    drifting = Side("drifting", lambda: next(steps), lambda h: {"h": np.array([h])})
    steady = Side("steady", lambda: 1.0, lambda h: {"h": np.array([h])})
    with pytest.raises(ValueError, match="drifting"):
        agree([steady, drifting], runs=3)


def test_sides_take_turns() -> None:
    calls: list[str] = []
    sides = [Side(name, lambda name=name: calls.append(name)) for name in "ab"]  # type: ignore[misc]
    p50, p99 = time_calls(sides, rounds=2, calls=1)
    assert "".join(calls) == ("a" * 11 + "b" * 11) * 2
    assert p50["a"].median == p99["a"].median > 0


def test_a_slower_side_takes_longer() -> None:
    fast = Side("fast", lambda: sum(range(100)))
    slow = Side("slow", lambda: sum(range(100_000)))
    times = time_blocks([fast, slow], rounds=3)
    assert times["slow"].median > 50 * times["fast"].median


def row(part: str, other: str, shape: tuple[int, int, int, int], ours: float, theirs: float) -> Row:
    return Row(part, shape, other, Spread.of([ours]), Spread.of([theirs]))


def test_a_target_is_met_from_its_very_value_on() -> None:
    assert row("training", "Keras", SHAPES[0], 1.0, 1.8).met is True
    assert row("training", "Keras", SHAPES[0], 1.0, 1.79).met is False
    assert row("training", "Keras", SHAPES[2], 1.0, 0.1).met is None
    assert row("streaming p99", "its own p50", STREAM, 3.0, 1.0).met is True
    assert row("streaming p99", "its own p50", STREAM, 3.1, 1.0).met is False


def test_the_table_shows_both_sides_the_ratio_and_the_target() -> None:
    rows = [row("training", "Keras", SHAPES[0], 0.0015, 0.0024), row("memory", "7 hidden floats", SHAPES[0], 2e6, 2e6)]
    training, memory = (" ".join(line.split()) for line in write_table(rows, MACHINE).splitlines()[-2:])
    assert training == "training 32,30,1,50 1.5 ms [1.5, 1.5] Keras 2.4 ms [2.4, 2.4] 1.60 ≥ 1.8 NOT MET"
    assert memory == "memory 32,30,1,50 2 MB 7 hidden floats 2 MB 1.00 ≤ 1.1 met"
