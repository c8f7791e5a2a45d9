"""One search by several processes or machines: each trial is a task on a Dask cluster, the study a database they share.

Optuna's storage tells them of each other's trials and keeps signs of life: a trial without any for `GRACE` seconds is
failed, and tried again.
"""

from __future__ import annotations

import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lstm_tutorial.cluster import ClusterError, connect
from lstm_tutorial.environment import KERNEL
from lstm_tutorial.workflow import judge
from lstm_tutorial.workflow.plan import Plan, load_optuna

if TYPE_CHECKING:
    import optuna
    from distributed import Client

BEAT, GRACE = 5, 20  # seconds: between a trial's signs of life, and until it is failed for want of them
FIRST = 4  # complete trials before any is pruned
EXAMPLE = "postgresql://user@host/name"
AGAIN = 3  # times that a trial whose worker died is tried again


class Shared(NamedTuple):
    """Where a study is that several work on: the URL of its database, and its name there."""

    url: str
    name: str


def search_together(shared: Shared, plan: Plan, show: Callable[[optuna.Study], None]) -> None:
    """Until as many trials as `plan.start` asks for are done, or its time is up; one trial is always finished.

    `show(study)` is called about once a second. Raises `ClusterError` for workers that can't be used or don't find the
    study.
    """
    import optuna

    start, begin = plan.start, time.monotonic()
    with connect(start.workers, start.scheduler) as client, open_study(shared, BEAT) as study:
        _check_reach(client, shared)
        if not study.get_trials(deepcopy=False):
            study.enqueue_trial({name: getattr(start, name) for name in plan.space})
        # Sent once, and made again should the worker that holds it die.
        sent = client.submit(_same, plan, pure=False)
        running: set[Any] = set()
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                optuna.storages.fail_stale_trials(study)
            show(study)
            count = {state.name: 0 for state in optuna.trial.TrialState}
            for trial in study.get_trials(deepcopy=False):
                count[trial.state.name] += 1
            done = count["COMPLETE"] + count["PRUNED"]
            late = start.minutes is not None and time.monotonic() - begin > 60 * start.minutes
            enough = (done >= start.trials or late) and count["COMPLETE"] > 0
            if enough and not running and not count["RUNNING"] and (late or not count["WAITING"]):
                return
            wanted = 0 if enough and late else max(start.trials - done - len(running), count["WAITING"] - len(running))
            for _ in range(min(wanted, len(client.nthreads()) - len(running))):
                number = len(study.get_trials(deepcopy=False)) + len(running)
                running.add(client.submit(_try, shared, sent, number, pure=False))
            ended, running = _poll(running)
            for future in ended:
                future.result()


def _poll(running: set[Any]) -> tuple[set[Any], set[Any]]:
    """The tasks that have ended within a second, and the others."""
    from distributed import wait

    if not running:
        time.sleep(0.5)
        return set(), running
    try:
        ended, others = wait(running, timeout=1, return_when="FIRST_COMPLETED")
        return ended, others
    except TimeoutError:
        return set(), running


@contextmanager
def open_study(shared: Shared, beat: int | None = None) -> Iterator[optuna.Study]:
    """A study in a database, new or the one that is there; running trials show signs of life, `beat` seconds apart."""
    load_optuna()
    import optuna
    from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = RDBStorage(
            shared.url,
            {"connect_args": {"timeout": 60}} if shared.url.startswith("sqlite") else None,
            heartbeat_interval=beat,
            grace_period=GRACE if beat else None,
            heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(AGAIN) if beat else None,
        )
    try:
        yield optuna.create_study(storage=storage, study_name=shared.name, pruner=make_pruner(), load_if_exists=True)
    finally:
        storage.engine.dispose()


def write_url(path: Path | None) -> str:
    """The address of a SQLite file, whatever characters are in its path."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path)).render_as_string()


def make_pruner() -> optuna.pruners.BasePruner:
    """Prunes a trial that is worse than the median of the complete ones was at the same place."""
    import optuna

    return optuna.pruners.MedianPruner(n_startup_trials=FIRST)


def _check_reach(client: Client, shared: Shared) -> None:
    """That every worker finds the study, since a file on this machine is none on another."""
    for worker, found in client.run(_finds, shared, on_error="return").items():
        if found is not True:
            raise ClusterError(
                f"worker {worker} does not find the study in {shared.url.rpartition('@')[2]}; name a database that all "
                f"can reach with storage, such as {EXAMPLE}"
            )


def _finds(shared: Shared) -> bool:
    """On a worker: whether the study is there. SQLite would make an empty file where there is none."""
    from sqlalchemy.engine import make_url

    if shared.url.startswith("sqlite") and not Path(make_url(shared.url).database or "").exists():
        return False
    with open_study(shared) as study:
        return "run" in study.user_attrs


def _same(plan: Plan) -> Plan:
    return plan


def _try(shared: Shared, plan: Plan, number: int) -> None:
    """On a worker: one trial of the study, from what it knows by now."""
    import optuna

    for name, value in KERNEL.items():  # a worker that somebody else started has not got them
        os.environ.setdefault(name, value)

    with open_study(shared, BEAT) as study:
        seed = np.random.SeedSequence([plan.start.seed, number]).generate_state(1)
        # What runs elsewhere counts as bad until it is known, so that not all try the same.
        study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]), multivariate=True, constant_liar=True)
        study.optimize(lambda trial: measure(trial, plan), n_trials=1)


def measure(trial: optuna.Trial, plan: Plan) -> float:
    """The error of the settings that a trial proposes; prunes it, unless it has the settings given."""
    import optuna

    trial.set_user_attr("process", this_process())
    params = {name: _suggest(trial, name, values) for name, values in plan.space.items()}
    given = all(getattr(plan.start, name) == value for name, value in params.items())
    stretches = plan.folds[params["timesteps"]]

    def report(error: float, done: int) -> None:
        trial.report(error, done)
        if not given and done < len(stretches) and trial.should_prune():
            raise optuna.TrialPruned

    return judge.error_on(stretches, plan.start.model_copy(update=params), report)


def this_process() -> list[Any]:
    """What tells this process from all others, so that a trial says who runs it."""
    import psutil

    process = psutil.Process()
    return [socket.gethostname(), process.pid, process.create_time()]


def _suggest(trial: optuna.Trial, name: str, values: optuna.distributions.BaseDistribution) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(values, CategoricalDistribution):
        return trial.suggest_categorical(name, values.choices)
    assert isinstance(values, IntDistribution | FloatDistribution)
    kind = trial.suggest_int if isinstance(values, IntDistribution) else trial.suggest_float
    return kind(name, values.low, values.high, log=values.log)  # type: ignore[arg-type]
