"""The search for better settings: Optuna proposes them, stretches before the test part judge them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_tutorial.checkpoint import Run, fingerprint, refuse_another
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import judge
from lstm_tutorial.workflow.plan import BATCH_SIZES, RANGES, Plan, load_optuna, make_plan
from lstm_tutorial.workflow.train import ELSEWHERE

if TYPE_CHECKING:
    import optuna

FIRST = 4  # complete trials before any is pruned


@dataclass(frozen=True)
class Study:
    """What a search found.

    `start` are the settings it started from, `best` those with the smallest error; neither leaves anything open that
    the data decide. `trials` has a row for each trial, counted from 1: the searched settings, "error" (RMSE as a
    share of the anchor's, mean over the folds it got to), "folds", and "state" ("complete" or "pruned").
    `importance` is the share of each setting in the variance of the complete trials' errors, by Optuna's fANOVA
    (Hutter, Hoos and Leyton-Brown 2014, https://proceedings.mlr.press/v32/hutter14.html); NaN with fewer than `FIRST`.
    """

    start: Settings
    best: Settings
    trials: pd.DataFrame
    importance: pd.Series


def tune(
    data: pd.Series | pd.DataFrame, settings: Settings, folder: str | Path | None = None, plan: Plan | None = None
) -> Study:
    """Try `settings.trials` settings, or as many as start within `settings.minutes`; the given ones are the first.

    Each is judged by short trainings on stretches that end before the test part, which is not looked at; they are
    those of `plan`, what `make_plan` made of the same data and settings. A trial that is worse after a stretch than
    the median of the complete ones before it was there is pruned.

    With a `folder`, the study is kept there, for Optuna, in `study.db`. Stopped at any moment and called again, the
    search keeps finished trials, repeats the one that was running, and finds what it would have found undisturbed.
    Draws a progress bar on stderr unless the environment variable LSTM_TUTORIAL_PROGRESS is 0.
    Raises `DataError` for data that are too short, ValueError if the folder holds another study.
    """
    start, known, folds = plan = plan or make_plan(data, settings)
    run = settings.model_dump(exclude=ELSEWHERE) | {
        "search": [RANGES, BATCH_SIZES, list(folds), judge.EPOCHS, judge.PATIENCE, judge.ROWS, judge.WINDOWS],
        "columns": [str(name) for name in known.columns],
        "rows": [len(data), str(known.index[0]), str(known.index[-1])],
        "data": fingerprint([known.to_numpy(float)]),
    }

    def measure(trial: optuna.Trial) -> float:
        def report(error: float, done: int) -> None:
            import optuna

            trial.report(error, done)
            if done < len(stretches) and trial.should_prune():
                raise optuna.TrialPruned

        stretches = folds[trial.params["timesteps"]]
        return judge.error_on(stretches, start.model_copy(update=trial.params), report)

    with _open(folder, run) as study:
        _search(study, measure, plan.space, start)
        importance = _importance(study, list(plan.space), settings.seed)
        best = start.model_copy(update=study.best_trial.params)
        return Study(start, best, _table(study), importance)


def _search(
    study: optuna.Study, measure: Callable[[optuna.Trial], float], space: dict[str, Any], start: Settings
) -> None:
    """Until as many trials as `start` asks for are done, or its time is up; one trial is always finished."""
    import optuna
    from optuna.trial import TrialState
    from tqdm import tqdm

    begin, quiet = time.monotonic(), os.environ.get("LSTM_TUTORIAL_PROGRESS", "1") == "0"
    for other in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _died(other.user_attrs.get("process")):
            study.tell(other.number, state=TrialState.FAIL)
    with tqdm(total=start.trials, unit="trial", leave=False, disable=quiet) as bar:
        while True:
            states = [other.state for other in study.get_trials(deepcopy=False)]
            begun = sum(state not in (TrialState.FAIL, TrialState.WAITING) for state in states)
            bar.update(begun - bar.n)
            if TrialState.COMPLETE in states:
                bar.set_postfix(error=f"{study.best_value:.4f}")
                late = start.minutes is not None and time.monotonic() - begin > 60 * start.minutes
                if begun >= start.trials or late:
                    return
            if all(state == TrialState.FAIL for state in states):
                study.enqueue_trial({name: getattr(start, name) for name in space})
            # What is proposed follows from the seed and the trials so far, after an interruption as without one.
            seed = np.random.SeedSequence([start.seed, begun]).generate_state(1)
            study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]), multivariate=True)
            trial = study.ask(space)
            trial.set_user_attr("process", _process())
            try:
                study.tell(trial, measure(trial))
            except optuna.TrialPruned:
                study.tell(trial, state=TrialState.PRUNED)
            except BaseException:
                study.tell(trial, state=TrialState.FAIL)
                raise


@contextmanager
def _open(folder: str | Path | None, run: Run) -> Iterator[optuna.Study]:
    """A study in memory, or the one in this folder."""
    load_optuna()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=FIRST)
    if folder is None:
        yield optuna.create_study(pruner=pruner)
        return
    from sqlalchemy.exc import DatabaseError

    path = Path(folder) / "study.db"
    if path.parent.exists() and not path.parent.is_dir():
        raise ValueError(f"{folder} is a file; wanted a folder for the study")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}", {"connect_args": {"timeout": 60}})
    except DatabaseError:
        raise ValueError(f"{path} is damaged, or no study; name another folder, or delete this file") from None
    try:
        study = optuna.create_study(storage=storage, study_name="tune", pruner=pruner, load_if_exists=True)
        if "run" not in study.user_attrs:
            study.set_user_attr("run", run)
        refuse_another(path.parent, study.user_attrs["run"], run)
        yield study
    finally:
        storage.engine.dispose()


def _process() -> list[Any]:
    """What tells this process from all others."""
    import psutil

    process = psutil.Process()
    return [socket.gethostname(), process.pid, process.create_time()]


def _died(process: list[Any] | None) -> bool:
    """Whether a process ran on this machine and is gone."""
    import psutil

    host, number, created = process or _process()
    if process and host != socket.gethostname():
        return False
    try:
        other = psutil.Process(number)
        return not process or other.create_time() != created or other.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _table(study: optuna.Study) -> pd.DataFrame:
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name in ("COMPLETE", "PRUNED"):
            folds, error = max(trial.intermediate_values.items())
            rows.append(trial.params | {"error": error, "folds": folds, "state": trial.state.name.lower()})
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="trial"))


def _importance(study: optuna.Study, names: list[str], seed: int) -> pd.Series:
    """The largest first."""
    import optuna
    from optuna.trial import TrialState

    errors = [trial.value for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))]
    shares = pd.Series(np.nan, index=names, name="importance")
    if len(errors) >= FIRST and len(set(errors)) > 1:
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
        shares.update(pd.Series(optuna.importance.get_param_importances(study, evaluator=evaluator)))
    return shares.sort_values(ascending=False)
