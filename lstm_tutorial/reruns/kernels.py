"""Kernels for notebooks that nobody watches: begun anew, or copies of a process that has imported what they need."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any
from uuid import uuid4

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from lstm_tutorial.environment import KERNEL
from lstm_tutorial.reruns.errors import ChapterFailed

# What has to be there before anything is imported: a kernel sets the first too, but matplotlib would not look again.
# The second hands memory that is free back to the system, as Dask has its workers do.
BEFORE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "MALLOC_TRIM_THRESHOLD_": "65536"}


class Original:
    """A process that kernels are copies of; see the module `fork`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lstm_tutorial.reruns.fork"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=KERNEL | BEFORE | os.environ,
            text=True,
            start_new_session=True,  # Ctrl-C is for the process that started it
        )

    def copy(self, connection: str, cwd: str, env: Mapping[str, str]) -> psutil.Process:
        """A kernel that listens as its `connection` file says. Raises `ChapterFailed` if the original has died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        order, answer = json.dumps({"connection": connection, "cwd": cwd, "env": dict(env)}), ""
        with self._lock, suppress(OSError, ValueError):  # it has died, or was closed
            print(order, file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        try:
            return psutil.Process(int(answer))
        except (ValueError, psutil.NoSuchProcess):
            raise ChapterFailed("no kernel can be started; perhaps the machine ran out of memory") from None

    def close(self) -> None:
        """End it, and with it all its copies."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def original() -> Iterator[Original | None]:
    """A process to copy, for several kernels; None where processes can't safely be copied."""
    if sys.platform != "linux":
        yield None
        return
    found = Original()
    try:
        yield found
    finally:
        found.close()


class _Copied:
    """A copy, with what `LocalProvisioner` asks a Popen."""

    stdin = stdout = stderr = None

    def __init__(self, process: psutil.Process) -> None:
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return None if self._process.is_running() else 0

    def wait(self) -> int:
        self._process.wait()
        return 0

    def send_signal(self, number: int) -> None:
        with suppress(psutil.NoSuchProcess):  # it may end at any moment
            self._process.send_signal(number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Copier(LocalProvisioner):
    original: Original
    process: Any

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        assert self.parent is not None
        process = self.original.copy(self.parent.connection_file, options["cwd"], options["env"])
        self.process, self.pid, self.pgid, self.cwd = _Copied(process), process.pid, process.pid, options["cwd"]
        return self.connection_info


def silent_kernel(cwd: str, on_kernel: Callable[[int], Any], source: Original | None) -> type[AsyncKernelManager]:
    """A class of kernels in the folder `cwd`, in their own environment; copies of `source`, if that is given.

    What they say on stderr on their way out is no message for a user. `on_kernel` is given the process id of each.
    """

    class SilentKernel(AsyncKernelManager):
        async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
            # Who sets CUDA_VISIBLE_DEVICES wants a GPU.
            options |= {"stderr": subprocess.DEVNULL, "env": KERNEL | os.environ, "cwd": cwd}
            if source:
                self.provisioner = _Copier(kernel_id=str(uuid4()), kernel_spec=self.kernel_spec, parent=self)
                self.provisioner.original = source
            await super().start_kernel(**options)
            on_kernel(self.provisioner.pid)  # type: ignore[union-attr]

    return SilentKernel
