"""The search looks at nothing but the past, repeats for a seed, and goes on after a crash as if there were none."""

import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import optuna
import pandas as pd
import psutil
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import judge, plan, together, tune
from lstm_tutorial.workflow.choose import choose
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.prepare import prepare, read_frame

FRAME = read_frame("sunspots")
# All that is open is set, so that the choice, which has tests of its own, takes no time.
SETTINGS = Settings(csv="sunspots", timesteps=6, horizon=2, units=4, anchor="last", log=False, level=False, trials=8)
KEYS = ["timesteps", *tune.RANGES, "batch_size"]

SEARCH = """
import sys
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import judge
from lstm_tutorial.workflow.prepare import read_frame
from lstm_tutorial.workflow.tune import tune

judge.EPOCHS, judge.PATIENCE = 1, 1
settings = Settings.model_validate_json(sys.argv[2])
print(tune(read_frame("sunspots"), settings, sys.argv[1]).trials.to_json())
"""


@pytest.fixture(autouse=True)
def short_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "EPOCHS", 2)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Settings]]:
    """Errors by a formula, fold by fold, in place of training; the settings that were tried."""
    tried: list[Settings] = []

    def error_on(folds, settings, report):
        tried.append(settings)
        error = abs(np.log(settings.learning_rate / 0.01)) + settings.dropout + 0.1 * settings.layers
        for done in range(1, len(folds) + 1):
            report(error / 10, done)
        return error / 10

    monkeypatch.setattr(judge, "error_on", error_on)
    yield tried


def test_every_range_is_within_the_limits_of_settings():
    for name, (low, high, _) in tune.RANGES.items():
        for value in (low, high):
            assert getattr(Settings.model_validate({name: value}), name) == value
    assert all(Settings(batch_size=size) for size in tune.BATCH_SIZES)


def test_the_given_settings_are_the_first_trial_and_the_best_is_never_worse(cheap):
    study = tune.tune(FRAME, SETTINGS)
    assert {name: study.trials.loc[1, name] for name in KEYS} == {name: getattr(SETTINGS, name) for name in KEYS}
    complete = study.trials[study.trials["state"] == "complete"]
    best = complete["error"].idxmin()
    assert complete.loc[best, "error"] <= study.trials.loc[1, "error"]
    assert {name: study.trials.loc[best, name] for name in KEYS} == {name: getattr(study.best, name) for name in KEYS}
    assert len(study.trials) == SETTINGS.trials


def test_settings_outside_the_ranges_widen_them(cheap):
    odd = SETTINGS.model_copy(update={"units": 200, "dropout": 0.8, "batch_size": 7, "learning_rate": 0.5, "trials": 2})
    study = tune.tune(FRAME, odd)
    assert study.trials.loc[1, KEYS].tolist() == [6, 1, 200, 0.8, 0.5, 7]


def test_the_best_settings_are_ready_to_prepare_and_leave_nothing_open(cheap):
    best = tune.tune(FRAME, Settings(csv="sunspots", trials=3)).best
    may_be_open = {"csv", "time", "target", "known", "timezone", "windows", "minutes", "scheduler", "storage", "folder"}
    assert None not in best.model_dump(exclude=may_be_open).values()
    assert prepare(FRAME, best).settings == best
    assert Settings.model_validate(best.model_dump()) == best


def test_windows_are_whole_seasons_folded_as_the_given_ones(cheap):
    frame = read_frame("elnino")
    given = Settings(horizon=12, anchor="last", log=False, level=False, trials=15)
    tune.tune(frame, given)
    assert {12, 24, 36} <= {settings.timesteps for settings in cheap} <= {12, 24, 36, 48, 84}
    assert {settings.fold for settings in cheap} == {1}
    cheap.clear()
    tune.tune(frame, given.model_copy(update={"timesteps": 48, "fold": 24}))
    assert {settings.timesteps for settings in cheap} == {24, 48}
    assert {settings.fold for settings in cheap} == {24}


def test_a_seed_repeats_the_search_and_another_differs():
    short = SETTINGS.model_copy(update={"trials": 3})
    first = tune.tune(FRAME, short).trials
    pd.testing.assert_frame_equal(tune.tune(FRAME, short).trials, first)
    other = tune.tune(FRAME, short.model_copy(update={"seed": 1})).trials
    assert not other.loc[2, KEYS].equals(first.loc[2, KEYS])


def test_what_comes_in_the_test_part_changes_nothing(tmp_path):
    short = Settings(csv="sunspots", units=4, trials=2)
    study = tune.tune(FRAME, short, tmp_path)
    other = FRAME.copy()
    other.attrs = FRAME.attrs
    test = prepare(FRAME, short).split.test
    other.iloc[test:] = -1e6
    pd.testing.assert_frame_equal(tune.tune(other, short).trials, study.trials)
    # The folder takes it for the same study, too.
    pd.testing.assert_frame_equal(tune.tune(other, short, tmp_path).trials, study.trials)
    other.iloc[test - 1] += 1
    with pytest.raises(ValueError, match="holds another run"):
        tune.tune(other, short, tmp_path)


def test_all_folds_end_before_the_test_part_and_all_lengths_have_the_same_targets():
    known = FRAME.iloc[:247]
    lengths = [SETTINGS.model_copy(update={"timesteps": timesteps}) for timesteps in (6, 3, 12)]
    folds = judge.cut_folds(known, [choose(FRAME, one.model_copy(update={"fold": 1})) for one in lengths], None)
    assert list(folds) == [6, 3, 12]
    for one, two, three in zip(*folds.values(), strict=True):
        assert one.validation.first.max() + 1 < 247
        np.testing.assert_array_equal(one.validation.first, two.validation.first)
        np.testing.assert_array_equal(one.validation.first, three.validation.first)
        assert one.train.first.max() + 1 < one.validation.first.min()


def test_windows_too_long_for_the_folds_are_not_tried():
    known = FRAME.iloc[:60]
    lengths = [SETTINGS.model_copy(update={"timesteps": timesteps, "fold": 1}) for timesteps in (3, 40)]
    assert list(judge.cut_folds(known, lengths, None)) == [3]


def test_data_too_short_for_a_fold_are_refused_in_one_line():
    with pytest.raises(DataError, match="the 9 values before the test part leave no stretch") as error:
        judge.cut_folds(FRAME.iloc[:9], [SETTINGS.model_copy(update={"timesteps": 9, "fold": 1})], None)
    assert "\n" not in str(error.value)


def test_long_data_are_judged_by_some_of_their_windows():
    frame = pd.DataFrame({"load": np.sin(np.arange(30_000.0))})
    (folds,) = judge.cut_folds(frame, [SETTINGS.model_copy(update={"fold": 1})], None).values()
    assert all(len(fold.train.y) <= judge.WINDOWS and len(fold.validation.y) <= judge.WINDOWS for fold in folds)
    assert folds[-1].validation.first.max() > judge.ROWS - 100


def test_some_windows_are_of_all_hours_of_the_day():
    """Every second or third would begin at a half or a third of the hours."""
    frame = pd.DataFrame({"load": np.sin(np.arange(5_000.0))})
    tried = [SETTINGS.model_copy(update={"timesteps": timesteps, "fold": 1}) for timesteps in (6, 24)]
    folds = judge.cut_folds(frame, tried, None)
    for one, other in zip(*folds.values(), strict=True):
        for windows in (one.train, one.validation, other.train):
            hours = np.bincount(windows.first % 24, minlength=24)
            assert hours.sum() == judge.WINDOWS
            assert hours.min() > judge.WINDOWS / 24 / 3
            assert (np.diff(windows.first) > 0).all()
        np.testing.assert_array_equal(one.validation.first, other.validation.first)


def test_a_plan_says_what_the_search_uses(cheap):
    planned = plan.make_plan(FRAME, SETTINGS)
    tried = planned.tried()
    assert list(tried.index) == KEYS
    assert tried.loc["timesteps"].tolist() == ["3, 6, 12", 3]
    assert tried.loc["layers"].tolist() == ["1 to 2", 2]
    assert tried.loc["learning_rate"].tolist() == ["0.0003 to 0.03 by ratio", np.inf]
    stretches = planned.stretches()
    assert stretches["judged by"].tolist() == [len(fold.validation.y) for fold in planned.folds[6]]
    assert stretches["to"].iloc[-1] == str(planned.known.index[-1])[:10]
    assert tune.tune(FRAME, SETTINGS, plan=planned).trials.equals(tune.tune(FRAME, SETTINGS).trials)


def test_rows_of_a_long_plan_are_those_of_the_frame():
    frame = pd.DataFrame({"load": np.sin(np.arange(60_000.0))})
    settings = SETTINGS.model_copy(update={"features": [], "fold": 1})
    planned = plan.Plan(settings, frame, judge.cut_folds(frame, [settings], None))
    assert 59_900 < int(planned.stretches()["to"].iloc[-1]) < 60_000


def test_the_noise_of_a_trial_is_what_other_seeds_make_of_it():
    (folds,) = judge.cut_folds(FRAME.iloc[:247], [SETTINGS.model_copy(update={"fold": 1})], None).values()
    start = SETTINGS.model_copy(update={"fold": 1, "learning_rate": 0.02, "batch_size": 8})
    errors = judge.seed_errors(folds, start, 2)
    assert errors[0] == pytest.approx(judge.error_on(folds, start), rel=1e-6)
    assert errors[1] == pytest.approx(judge.error_on(folds, start.model_copy(update={"seed": 1})), rel=1e-6)
    assert errors[0] != errors[1]


def test_an_error_of_one_is_that_of_the_anchor():
    (folds,) = judge.cut_folds(FRAME.iloc[:247], [SETTINGS.model_copy(update={"fold": 1})], None).values()
    diverging = SETTINGS.model_copy(update={"learning_rate": 10.0, "fold": 1})
    assert judge.error_on(folds, diverging) == pytest.approx(1, abs=1e-3)
    learning = SETTINGS.model_copy(update={"learning_rate": 0.02, "fold": 1, "batch_size": 8})
    assert judge.error_on(folds, learning) < 0.98


def test_bad_trials_are_pruned_and_cost_fewer_folds(cheap, monkeypatch):
    study = tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 15}))
    pruned = study.trials[study.trials["state"] == "pruned"]
    assert 2 <= len(pruned) <= 11
    assert (pruned["folds"] < 3).all()
    assert (study.trials.loc[: tune.FIRST, "state"] == "complete").all()


def test_time_is_a_budget_too_but_one_trial_is_always_finished(cheap):
    assert len(tune.tune(FRAME, SETTINGS.model_copy(update={"minutes": 1e-9})).trials) == 1


def test_importance_names_each_setting_and_the_one_that_matters_first(cheap):
    shares = tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 25})).importance
    assert sorted(shares.index) == sorted(KEYS)
    assert shares.index[0] == "learning_rate"
    assert shares.sum() == pytest.approx(1)
    assert tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 2})).importance.isna().all()


def test_a_study_goes_on_where_it_was_and_may_be_extended(cheap, tmp_path):
    whole = tune.tune(FRAME, SETTINGS).trials
    tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 3}), tmp_path)
    cheap.clear()
    pd.testing.assert_frame_equal(tune.tune(FRAME, SETTINGS, tmp_path).trials, whole)
    assert len(cheap) == SETTINGS.trials - 3
    cheap.clear()
    pd.testing.assert_frame_equal(tune.tune(FRAME, SETTINGS, tmp_path).trials, whole)
    assert not cheap


def test_an_error_in_a_trial_is_told_and_the_trial_is_repeated(cheap, tmp_path, monkeypatch):
    whole, formula = tune.tune(FRAME, SETTINGS).trials, judge.error_on

    def stop_at_third(folds, settings, report):
        if len(cheap) == SETTINGS.trials + 2:
            raise KeyboardInterrupt
        return formula(folds, settings, report)

    monkeypatch.setattr(judge, "error_on", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        tune.tune(FRAME, SETTINGS, tmp_path)
    monkeypatch.setattr(judge, "error_on", formula)
    pd.testing.assert_frame_equal(tune.tune(FRAME, SETTINGS, tmp_path).trials, whole)


def test_killed_and_started_again_a_search_finds_the_same_as_undisturbed(tmp_path):
    settings = SETTINGS.model_copy(update={"trials": 3})
    command = [sys.executable, "-c", SEARCH, str(tmp_path / "killed"), settings.model_dump_json()]
    database = tmp_path / "killed" / "study.db"
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None:
        time.sleep(0.05)
        if database.exists() and b"COMPLETE" in database.read_bytes():
            killed.kill()
            break
    killed.wait()
    assert killed.returncode == -9, "it ended before it could be killed"
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    whole = subprocess.run(
        [*command[:3], str(tmp_path / "whole"), command[4]], capture_output=True, text=True, check=True
    )
    assert again.stdout == whole.stdout
    storage = optuna.storages.RDBStorage(f"sqlite:///{database}")
    states = [trial.state.name for trial in optuna.load_study(study_name="tune", storage=storage).trials]
    storage.engine.dispose()
    assert "RUNNING" not in states
    assert len(states) - states.count("FAIL") == 3


def test_a_trial_that_a_living_process_runs_is_left_to_it():
    assert not tune._died(together.this_process())
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    host, _, created = together.this_process()
    assert tune._died([host, int(ended.stdout), created])
    assert not tune._died(["another machine", int(ended.stdout), created])
    assert tune._died(None)


@pytest.mark.parametrize("change", [{"units": 5}, {"horizon": 3}, {"seed": 1}])
def test_a_folder_with_another_study_is_refused_in_one_line(cheap, tmp_path, change):
    tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 1}), tmp_path)
    with pytest.raises(ValueError, match="holds another run") as error:
        tune.tune(FRAME, SETTINGS.model_copy(update=change), tmp_path)
    assert "\n" not in str(error.value)
    assert next(iter(change)) in str(error.value)


def test_a_file_for_a_folder_or_a_damaged_study_is_refused_in_one_line(cheap, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="wanted a folder"):
        tune.tune(FRAME, SETTINGS, tmp_path / "file")
    (tmp_path / "study.db").write_bytes(b"no database" * 1000)
    with pytest.raises(ValueError, match="is damaged, or no study") as error:
        tune.tune(FRAME, SETTINGS, tmp_path)
    assert "\n" not in str(error.value)


def test_a_progress_bar_is_drawn_for_people_only(cheap, capsys, monkeypatch):
    tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 2}))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("LSTM_TUTORIAL_PROGRESS", "1")
    tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 2}))
    assert "2/2" in capsys.readouterr().err


def test_one_compiled_model_serves_folds_of_different_lengths(monkeypatch):
    (folds,) = judge.cut_folds(FRAME.iloc[:247], [SETTINGS.model_copy(update={"fold": 1})], None).values()
    built = []
    monkeypatch.setattr(judge, "build", lambda *given, build=judge.build: built.append(1) or build(*given))
    together = judge.error_on(folds, SETTINGS.model_copy(update={"fold": 1}))
    assert len(folds) == 3
    assert len(built) == 1
    alone = [judge.error_on([fold], SETTINGS.model_copy(update={"fold": 1})) for fold in folds]
    assert together == pytest.approx(np.mean(alone), rel=1e-6)


TOGETHER = """
import os, signal, sys, time
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import together
from lstm_tutorial.workflow.prepare import read_frame
from lstm_tutorial.workflow.tune import tune

if __name__ == "__main__":
    print(tune(read_frame("sunspots"), Settings.model_validate_json(sys.argv[2]), sys.argv[1]).trials.to_json())
"""


def search(folder, settings, **options) -> subprocess.Popen:
    code = folder.parent / "go.py"
    code.write_text(TOGETHER)
    environment = os.environ | {"LSTM_TUTORIAL_PROGRESS": "0"}
    command = [sys.executable, str(code), str(folder), settings.model_dump_json()]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, **options)


def ask(folder, query: str) -> list[tuple]:
    """Rows from the study's database; none before it is there."""
    if not (folder / "study.db").exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{folder}/study.db?mode=ro", uri=True, timeout=60)) as database:
        try:
            return database.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


STATES = "SELECT state FROM trials ORDER BY number"
RUNNING = """
SELECT value_json FROM trial_user_attributes JOIN trials USING (trial_id) WHERE state = 'RUNNING' AND key = 'process'
"""


def states(folder) -> list[str]:
    """Those of the trials so far."""
    return [state for (state,) in ask(folder, STATES)]


def stop_one(folder) -> psutil.Process:
    """A worker in the middle of a trial, stopped so that it can't end it before it is killed."""
    for _ in range(1200):
        for (value,) in ask(folder, RUNNING) if "COMPLETE" in states(folder) else []:
            worker = psutil.Process(json.loads(value)[1])
            worker.suspend()
            if (value,) in ask(folder, RUNNING):
                return worker
            worker.resume()
        time.sleep(0.1)
    raise AssertionError("no trial ran")


def test_two_processes_share_a_study_and_a_killed_ones_trial_is_tried_again(tmp_path):
    settings = SETTINGS.model_copy(update={"workers": 2, "trials": 5})
    process = search(tmp_path / "study", settings)
    stop_one(tmp_path / "study").kill()
    found = pd.read_json(io.StringIO(process.communicate(timeout=300)[0]))
    assert process.returncode == 0
    assert len(found) >= 5 and set(found["state"]) <= {"complete", "pruned"}
    assert found["state"].iloc[0] == "complete" and found["units"].iloc[0] == settings.units
    ended = states(tmp_path / "study")
    assert ended.count("FAIL") == 1 and "RUNNING" not in ended and "WAITING" not in ended


def test_workers_that_do_not_find_the_study_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(together, "_finds", lambda shared: False)
    settings = SETTINGS.model_copy(update={"workers": 1, "storage": f"sqlite:///{tmp_path}/elsewhere.db"})
    with pytest.raises(
        ValueError, match=r"worker tcp://\S+ does not find the study in .*elsewhere.db; name a database"
    ):
        tune.tune(FRAME, settings, tmp_path)


def test_an_unreachable_scheduler_is_told_in_one_line():
    settings = SETTINGS.model_copy(update={"scheduler": "tcp://127.0.0.1:9"})
    with pytest.raises(ValueError, match=r"scheduler tcp://127\.0\.0\.1:9: no Dask scheduler answers there"):
        tune.tune(FRAME, settings)


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (
            "sqlite:////nowhere/x.db",
            r"storage sqlite:////nowhere/x\.db: can't be used \(unable to open database file\)",
        ),
        (
            "lotus://me:secret@host/x",
            r"storage lotus://me:\.\.\.@host/x: no such kind of database; wanted postgresql://",
        ),
        ("no address", r"storage no address: no such kind of database; wanted postgresql://user@host/name"),
        ("postgresql+none://u@host/x", r"storage postgresql\+none://u@host/x: no such kind of database"),
        (
            "mssql+pymssql://me:secret@host/x",
            r"storage mssql\+pymssql://me:\.\.\.@host/x: there is no driver .* pip install",
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(storage, message):
    with pytest.raises(ValueError, match=message) as error:
        tune.tune(FRAME, SETTINGS.model_copy(update={"storage": storage}))
    assert "\n" not in str(error.value) and "secret" not in str(error.value)


def test_a_trial_runs_in_the_environment_of_a_chapter_unless_the_worker_has_its_own(monkeypatch):
    class Seen(Exception):  # noqa: N818
        pass

    def stop(*_):
        raise Seen

    monkeypatch.setattr(together, "open_study", stop)
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(Seen):
        together._try(together.Shared("", ""), None, 0)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0" and os.environ["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_study_is_found_whatever_is_in_its_folders_name(cheap, tmp_path):
    folder = tmp_path / "Q1%20 what? #2 {x} <b>"
    tune.tune(FRAME, SETTINGS.model_copy(update={"trials": 1}), folder)
    assert (folder / "study.db").stat().st_size > 0
    assert together._finds(together.Shared(together.write_url(folder / "study.db"), "tune"))
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize(
    ("errors", "late"),
    [([1.0], False), ([1.0, 1.2], False), ([1.0, 0.8, 0.9, 0.75], False), ([1.0, 0.95, 0.9, 0.7], True)],
)
def test_a_gain_is_late_if_half_of_it_came_in_the_second_half(errors, late):
    index = pd.RangeIndex(1, len(errors) + 1)
    trials = pd.DataFrame({"error": errors, "state": "complete"}, index)
    assert tune.Study(SETTINGS, SETTINGS, trials, pd.Series(dtype=float)).late is late
