"""Workers are reached, or one line says which can't be used, and why."""

import socket
import time

import pytest

from lstm_tutorial import cluster


def test_processes_on_this_machine_work_on_one_thread_each():
    with cluster.connect(2) as client:
        workers = client.scheduler_info()["workers"].values()
        assert [worker["nthreads"] for worker in workers] == [1, 1]
        assert all(address.startswith("tcp://127.0.0.1:") for address in client.scheduler_info()["workers"])
        (names,) = {tuple(found.items()) for found in client.run(cluster.versions).values()}
        assert dict(names) == cluster.versions()
        assert client.submit(threads).result() == "1"
        has_bokeh = cluster.dashboard(client) is not None
        assert has_bokeh == cluster._can_draw()


def threads():
    import os

    return os.environ["OMP_NUM_THREADS"]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{}", "127.0.0.1:{}", "tcp://no.such.host.invalid:8786"])
def test_nobody_there_is_said_within_ten_seconds(address):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    address = address.format(port)
    with pytest.raises(cluster.ClusterError) as refused, cluster.connect(scheduler=address):
        pass
    assert str(refused.value).startswith(f"scheduler {address}: no")
    assert str(refused.value).endswith("; wanted one such as tcp://host:8786")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("address", ["nonsense://1", "tcp://", "tcp://host:port"])
def test_what_is_no_address_is_said(address):
    with (
        pytest.raises(cluster.ClusterError, match=r"scheduler .*: no such address"),
        cluster.connect(scheduler=address),
    ):
        pass


def test_something_else_that_listens_is_no_scheduler():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        refused = pytest.raises(cluster.ClusterError, match="no Dask scheduler answers there")
        with refused, cluster.connect(scheduler=address):
            pass


def test_differences_are_told_by_name():
    theirs = cluster.versions()
    assert cluster.differences(theirs) == ""
    assert "python" in theirs
    assert theirs["tensorflow"] != "none"
    ours = theirs["keras"]
    assert cluster.differences(theirs | {"keras": "1.0"}) == f"keras 1.0 where this machine has {ours}"
    assert cluster.differences({}).startswith("python None where")
