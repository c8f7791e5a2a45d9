"""Several notebooks executed side by side on this machine, each in a kernel of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_tutorial.reruns.kernels import Original

    Work = Callable[[str, Original | None, Callable[[int], None]], None]


def side_by_side(work: Work, names: Sequence[str], after: Mapping[str, str], workers: int) -> None:
    """Call `work(name, source, on_kernel)` for all `names`, `workers` of them at a time, the first ones first.

    A name waits for the one that it comes `after`. `source` and `on_kernel` are for `execute`. Whatever fails, what
    does not wait for it is done; then the first error is raised. An interrupt ends all kernels.
    """
    from lstm_tutorial.reruns.kernels import original

    errors: list[BaseException] = []
    waiting, failed = list(names), set[str]()
    running: dict[Future[None], str] = {}
    kernels: list[int] = []
    with ThreadPoolExecutor(workers) as pool, original() as source:
        try:
            while waiting or running:
                undone = {*waiting, *running.values(), *failed}
                ready = [name for name in waiting if after.get(name) not in undone]
                for name in ready[: workers - len(running)]:
                    waiting.remove(name)
                    running[pool.submit(_carry_out, work, name, source, kernels.append)] = name
                if not running:
                    break
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    name = running.pop(future)
                    if error := future.exception():
                        errors.append(error)
                        failed.add(name)
        except BaseException:
            for kernel in kernels:
                end_kernel(kernel)
            raise
    if errors:
        raise errors[0]


def _carry_out(work: Work, name: str, source: Original | None, on_kernel: Callable[[int], None]) -> None:
    try:
        work(name, source, on_kernel)
    finally:
        with suppress(RuntimeError):  # there is none if no notebook was executed
            asyncio.get_event_loop().close()


def end_kernel(process: int) -> None:
    """End a kernel, and what it has started, at once."""
    with suppress(OSError):
        # A kernel leads a group of its own.
        os.killpg(process, signal.SIGKILL) if hasattr(os, "killpg") else os.kill(process, signal.SIGTERM)
