"""Who does the work when there is much of it: processes on this machine, or a Dask cluster that runs already."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lstm_tutorial.environment import KERNEL

if TYPE_CHECKING:
    from distributed import Client

# A worker that has others computes something else, or can't read what it is sent.
PACKAGES: tuple[str, ...] = (
    "lstm-tutorial",
    "numpy",
    "pandas",
    "scikit-learn",
    "statsmodels",
    "statsforecast",
    "keras",
    "tensorflow",
)
PACKAGES += ("optuna", "distributed", "cloudpickle")
SECONDS = 5  # until a scheduler is called unreachable

# Dask looks at what its workers do a hundred times a second, for its dashboard: a tenth of a core for nothing.
FRUGAL = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "500ms"}


class ClusterError(ValueError):
    """A cluster that can't be used: one line that says which, and why."""


@contextmanager
def connect(workers: int | None = None, scheduler: str | None = None) -> Iterator[Client]:
    """A client of `workers` processes on this machine (default: its cores), or of the cluster of a `scheduler`.

    A process on this machine has one thread, for BLAS and TensorFlow too. `scheduler` is an address such as
    "tcp://host:8786". Raises `ClusterError` if nobody answers there within `SECONDS`, if it has no workers, or if
    they lack what is installed here.
    """
    from distributed import Client

    # They tell of each worker that comes and goes.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if scheduler is not None:
        with _reach(scheduler) as client:
            _check(client, scheduler)
            yield client
        return
    from dask import config
    from distributed import LocalCluster

    with (
        config.set(FRUGAL),
        tempfile.TemporaryDirectory(prefix="lstm-tutorial-", ignore_cleanup_errors=True) as folder,
        LocalCluster(
            n_workers=workers or cores(),
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            local_directory=folder,
            # Ctrl-C reaches these processes too. It is for this one alone, which ends them.
            preload=["import signal\nsignal.signal(signal.SIGINT, lambda *_: None)"],
            env=KERNEL | os.environ,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def dashboard(client: Client) -> str | None:
    """Where a browser shows what the cluster does; None where the scheduler lacks what draws it."""
    with _by_value():
        return client.dashboard_link if client.run_on_scheduler(_can_draw) else None


def _can_draw() -> bool:
    from importlib.util import find_spec

    return find_spec("bokeh") is not None


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """What is installed here, of what has to be the same everywhere. Runs on workers, so it stands alone.

    Beside this book's version stands a hash of its code, which may change without another version.
    """
    import hashlib
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec
    from pathlib import Path

    def of(name: str) -> str:
        for each in (name, f"{name}-cpu"):
            try:
                return version(each)
            except PackageNotFoundError:
                continue
        return "none"

    code = hashlib.sha256()
    if (spec := find_spec("lstm_tutorial")) and spec.origin:
        for path in sorted(Path(spec.origin).parent.rglob("*.py")):
            code.update(path.read_bytes())
    found = {"python": platform.python_version().rpartition(".")[0]} | {name: of(name) for name in PACKAGES}
    return found | {"lstm-tutorial": f"{found['lstm-tutorial']} ({code.hexdigest()[:8]})"}


def differences(theirs: dict[str, str]) -> str:
    """What another machine has in other versions than this one, in words; "" if nothing."""
    ours = versions()
    return ", ".join(f"{n} {theirs.get(n)} where this machine has {ours[n]}" for n in ours if theirs.get(n) != ours[n])


@contextmanager
def _reach(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    try:
        # A thread of its own, since this one may have an event loop that runs.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _greet(scheduler)).result()
        client = Client(scheduler, timeout=SECONDS)
    except Exception as error:  # what isn't Dask may answer anything
        why = "no Dask scheduler answers there" if isinstance(error, (OSError, MemoryError)) else "no such address"
        raise ClusterError(f"scheduler {scheduler}: {why}; wanted one such as tcp://host:8786") from None
    with client:
        yield client


async def _greet(scheduler: str) -> None:
    """A client would wait without end for a greeting from what listens and says nothing."""
    from distributed.comm.core import connect

    comm = await asyncio.wait_for(connect(scheduler, timeout=SECONDS), SECONDS)
    await comm.close()


def _check(client: Client, scheduler: str) -> None:
    """That there are workers, and that they have what is installed here."""
    if not client.scheduler_info(n_workers=-1)["workers"]:
        raise ClusterError(f"scheduler {scheduler}: has no workers; start some with `dask worker {scheduler}`")
    try:
        with _by_value():
            found = client.run(versions, on_error="return")
    except Exception as error:  # of which Dask can't make sense here
        why = f"{type(error).__name__} {error}".strip()
        raise ClusterError(f"scheduler {scheduler}: its workers can't be asked for their versions ({why})") from None
    for worker, theirs in found.items():
        differ = str(theirs) if isinstance(theirs, BaseException) else differences(theirs)
        if differ:
            raise ClusterError(f"worker {worker} has {differ}; install the same versions there")


@contextmanager
def _by_value() -> Iterator[None]:
    """Functions of this module travel whole, since who gets them may lack the module."""
    import cloudpickle

    from lstm_tutorial import cluster

    cloudpickle.register_pickle_by_value(cluster)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(cluster)
