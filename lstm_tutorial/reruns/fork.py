"""The process that kernels are copies of: it has imported what chapters import, which takes a kernel seconds.

Run as a program, it reads a line of JSON for each kernel on standard input, and answers with the kernel's process id.
It ends when its input does, and its kernels with it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

# None of them may start a thread that a copy would miss.
IMPORTED = ("ipykernel.kernelapp", "keras", "optuna", "lstm_tutorial.workflow.evaluate", "lstm_tutorial.plots")


def main() -> None:
    """Import, then fork a kernel for each line, until there are no more."""
    if sys.path[0] in ("", os.getcwd()):  # a kernel looks in its own folder, not in that of whoever started this
        del sys.path[0]
    for name in IMPORTED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so no kernel is left as a zombie
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become_kernel(**json.loads(line))
        print(child, flush=True)


def _become_kernel(connection: str, cwd: str, env: Mapping[str, str]) -> Any:
    """What `python -m ipykernel_launcher` does, in a session of its own; never returns."""
    from ipykernel.kernelapp import launch_new_instance

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    # It ends when the original is no longer its parent.
    sys.argv = ["ipykernel_launcher", "-f", connection, f"--IPKernelApp.parent_handle={os.getppid()}"]
    sys.exit(launch_new_instance())


if __name__ == "__main__":
    main()
