"""Who does the work when there is much of it: processes on this machine, or a Dask cluster that runs already."""

from __future__ import annotations

import logging
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lstm_tutorial.environment import KERNEL

if TYPE_CHECKING:
    from distributed import Client

# A worker that has others computes something else, or can't read what it is sent.
PACKAGES = ("lstm-tutorial", "numpy", "pandas", "keras", "tensorflow", "optuna", "distributed", "cloudpickle")
SECONDS = 8  # until a scheduler is called unreachable


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

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells of each worker that comes and goes
    if scheduler is not None:
        with _reach(scheduler) as client:
            _check(client, scheduler)
            yield client
        return
    from distributed import LocalCluster

    with (
        tempfile.TemporaryDirectory(prefix="lstm-tutorial-", ignore_cleanup_errors=True) as folder,
        LocalCluster(
            n_workers=workers or cores(),
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0" if find_spec("bokeh") else None,
            silence_logs=logging.CRITICAL,
            local_directory=folder,
            env=KERNEL | os.environ,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """What is installed here, of what has to be the same everywhere. Runs on workers, so it stands alone."""
    from importlib.metadata import PackageNotFoundError, version

    def of(name: str) -> str:
        for each in (name, f"{name}-cpu"):
            try:
                return version(each)
            except PackageNotFoundError:
                continue
        return "none"

    return {"python": platform.python_version().rpartition(".")[0]} | {name: of(name) for name in PACKAGES}


def differences(theirs: dict[str, str]) -> str:
    """What another machine has in other versions than this one, in words; "" if nothing."""
    ours = versions()
    return ", ".join(f"{n} {theirs.get(n)} where this machine has {ours[n]}" for n in ours if theirs.get(n) != ours[n])


@contextmanager
def _reach(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=SECONDS)
    except Exception as error:  # what isn't Dask may answer anything
        why = "no Dask scheduler answers there" if isinstance(error, (OSError, MemoryError)) else "no such address"
        raise ClusterError(f"scheduler {scheduler}: {why}; wanted one such as tcp://host:8786") from None
    with client:
        yield client


def _check(client: Client, scheduler: str) -> None:
    """That there are workers, and that they have what is installed here."""
    import cloudpickle

    from lstm_tutorial import cluster

    if not client.scheduler_info(n_workers=-1)["workers"]:
        raise ClusterError(f"scheduler {scheduler}: has no workers; start some with `dask worker {scheduler}`")
    # By value, since a worker may lack this very module.
    cloudpickle.register_pickle_by_value(cluster)
    try:
        found = client.run(versions, on_error="return")
    finally:
        cloudpickle.unregister_pickle_by_value(cluster)
    for worker, theirs in found.items():
        differ = str(theirs) if isinstance(theirs, BaseException) else differences(theirs)
        if differ:
            raise ClusterError(f"worker {worker} has {differ}; install the same versions there")
