"""The search for better settings: Optuna proposes them, stretches before the test part judge them."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_tutorial.checkpoint import Run, fingerprint, refuse_another
from lstm_tutorial.settings import Settings
from lstm_tutorial.training import quiet
from lstm_tutorial.workflow import judge
from lstm_tutorial.workflow.plan import BATCH_SIZES, RANGES, Plan, load_optuna, make_plan
from lstm_tutorial.workflow.together import (
    EXAMPLE,
    FIRST,
    Shared,
    make_pruner,
    measure,
    open_study,
    search_together,
    this_process,
    write_url,
)
from lstm_tutorial.workflow.train import ELSEWHERE

if TYPE_CHECKING:
    import optuna


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

    @property
    def late(self) -> bool:
        """Whether half of what the best trial gained over the first was not there after half of the trials."""
        errors = self.trials["error"][self.trials["state"] == "complete"]
        best, early = errors.min(), errors.loc[: max(1, len(self.trials) // 2)].min()
        return bool(2 * early > errors.iloc[0] + best)


def tune(
    data: pd.Series | pd.DataFrame, settings: Settings, folder: str | Path | None = None, plan: Plan | None = None
) -> Study:
    """Try `settings.trials` settings, or as many as start within `settings.minutes`; the given ones are the first.

    Each is judged by short trainings on stretches that end before the test part, which is not looked at; they are
    those of `plan`, what `make_plan` made of the same data and settings. A trial that is worse after a stretch than
    the median of the complete ones before it was there is pruned.

    With a `folder`, the study is kept there, for Optuna, in `study.db`. Stopped at any moment and called again, the
    search keeps finished trials, repeats the one that was running, and finds what it would have found undisturbed.
    With several `settings.workers`, or a `settings.scheduler`, trials are tried side by side (see `together`), in a
    study of which others may be part: that in the database `settings.storage`, or in the folder. What is proposed then
    depends on what has ended by then. A trial whose worker died is tried again, beyond the number asked for.
    Draws a progress bar on stderr unless the environment variable LSTM_TUTORIAL_PROGRESS is 0.
    Raises `DataError` for data that are too short, ValueError if the folder or database holds another study, or for a
    cluster that can't be used.
    """
    start, known, folds = plan = plan or make_plan(data, settings)
    run = settings.model_dump(exclude=ELSEWHERE) | {
        "search": [RANGES, BATCH_SIZES, list(folds), judge.EPOCHS, judge.PATIENCE, judge.ROWS, judge.WINDOWS],
        "columns": [str(name) for name in known.columns],
        "rows": [len(data), str(known.index[0]), str(known.index[-1])],
        "data": fingerprint([known.to_numpy(float)]),
    }
    several = start.workers > 1 or start.scheduler is not None or start.storage is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as nowhere:
        path = _database(folder or nowhere) if folder or several else None
        shared = Shared(start.storage or write_url(path), f"tune-{run['data'][:12]}" if start.storage else "tune")
        with _open(shared if path else None, path, run) as study, _bar(start.trials) as show:
            if several:
                search_together(shared, plan, show)
            else:
                _search(study, plan, show)
            importance = _importance(study, list(plan.space), settings.seed)
            best = start.model_copy(update=study.best_trial.params)
            return Study(start, best, _table(study, start), importance)


def _search(study: optuna.Study, plan: Plan, show: Callable[[optuna.Study], None]) -> None:
    """Until as many trials as `plan.start` asks for are done, or its time is up; one trial is always finished."""
    import optuna
    from optuna.trial import TrialState

    start, begin = plan.start, time.monotonic()
    for other in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if _died(other.user_attrs.get("process")):
            study.tell(other.number, state=TrialState.FAIL)
    while True:
        show(study)
        states = [other.state for other in study.get_trials(deepcopy=False)]
        begun = sum(state not in (TrialState.FAIL, TrialState.WAITING) for state in states)
        late = start.minutes is not None and time.monotonic() - begin > 60 * start.minutes
        if TrialState.COMPLETE in states and (begun >= start.trials or late):
            return
        if all(state == TrialState.FAIL for state in states):
            study.enqueue_trial({name: getattr(start, name) for name in plan.space})
        # What is proposed follows from the seed and the trials so far, after an interruption as without one.
        seed = np.random.SeedSequence([start.seed, begun]).generate_state(1)
        study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]), multivariate=True)
        trial = study.ask(plan.space)
        try:
            study.tell(trial, measure(trial, plan))
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except BaseException:
            study.tell(trial, state=TrialState.FAIL)
            raise


@contextmanager
def _bar(trials: int) -> Iterator[Callable[[optuna.Study], None]]:
    """A progress bar for people, as a function of the study."""
    from optuna.trial import TrialState
    from tqdm import tqdm

    def show(study: optuna.Study) -> None:
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        bar.update(sum(state in (TrialState.COMPLETE, TrialState.PRUNED) for state in states) - bar.n)
        if TrialState.COMPLETE in states:
            bar.set_postfix(error=f"{study.best_value:.4f}")

    with tqdm(total=trials, unit="trial", leave=False, disable=quiet()) as bar:
        yield show


def _database(folder: str | Path) -> Path:
    """The file of the study in a folder, which is made."""
    path = Path(folder) / "study.db"
    if path.parent.exists() and not path.parent.is_dir():
        raise ValueError(f"{folder} is a file; wanted a folder for the study")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _open(shared: Shared | None, path: Path | None, run: Run) -> Iterator[optuna.Study]:
    """A study in memory, or the one in a database; that it is this one is seen to."""
    load_optuna()
    import optuna
    from sqlalchemy.exc import ArgumentError, DatabaseError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if shared is None:
        yield optuna.create_study(pruner=make_pruner())
        return
    try:
        with open_study(shared) as study:
            if "run" not in study.user_attrs:
                study.set_user_attr("run", run)
            where = path.parent if path and shared.name == "tune" else Path(shared.url.rpartition("@")[2])
            refuse_another(where, study.user_attrs["run"], run)
            yield study
    except DatabaseError as error:
        if shared.name != "tune":
            why = str(error.__cause__ or error).strip().splitlines()[0]
            raise ValueError(f"storage {_hide(shared.url)}: can't be used ({why})") from None
        raise ValueError(f"{path} is damaged, or no study; name another folder, or delete this file") from None
    except ArgumentError:
        raise ValueError(f"storage {_hide(shared.url)}: no such kind of database; wanted {EXAMPLE}") from None
    except ImportError:
        driver = "there is no driver for that database here; for PostgreSQL: pip install 'psycopg[binary]'"
        raise ValueError(f"storage {_hide(shared.url)}: {driver}") from None


def _hide(url: str) -> str:
    """A database's address without the password that may be in it."""
    return re.sub(r"(?<=:)[^:@/]*(?=@)", "...", url)


def _died(process: list[Any] | None) -> bool:
    """Whether a process ran on this machine and is gone."""
    import psutil

    host, number, created = process or this_process()
    if process and host != socket.gethostname():
        return False
    try:
        other = psutil.Process(number)
        return not process or other.create_time() != created or other.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _table(study: optuna.Study, start: Settings) -> pd.DataFrame:
    """The trials that ended, the one with the settings given first: a dead worker's may come late."""
    rows = []
    trials = study.get_trials(deepcopy=False)
    for trial in sorted(trials, key=lambda trial: any(getattr(start, n) != v for n, v in trial.params.items())):
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
