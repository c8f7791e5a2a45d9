"""A notebook executed with other parameters: what a rerun, a sweep and an edition have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode

from lstm_tutorial.reruns.errors import ChapterFailed

if TYPE_CHECKING:
    from lstm_tutorial.reruns.kernels import Original


def execute(
    notebook: NotebookNode,
    name: str,
    values: Mapping[str, Any],
    *,
    cwd: str | Path,
    target: str | Path | None = None,
    on_cell: Callable[[], Any] = lambda: None,
    on_kernel: Callable[[int], Any] = lambda _: None,
    source: Original | None = None,
) -> NotebookNode:
    """A copy of `notebook`, executed from top to bottom in the folder `cwd`, with these values as its parameters.

    Saved to `target`, cell by cell, if that is named. `on_cell` is called `count_steps(notebook)` times, after each
    code cell, and may raise to stop; `on_kernel` with the kernel's process id, once it runs. The kernel is a copy of
    the process `source`, if that is given. Raises `ChapterFailed`, which names the notebook by `name`, if a cell
    raises.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.iorw import LocalHandler

    from lstm_tutorial.reruns.kernels import silent_kernel

    # It would change this process's folder for each file that it writes, for all threads; our paths are whole.
    LocalHandler.cwd = lambda *_: None
    # It can't read `str | None` and warns of it; that a kernel died is said below.
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # after Ctrl-C: that nobody waits for the kernel any more
    try:
        return papermill.execute_notebook(
            notebook,
            str(Path(target).resolve()) if target else None,
            dict(values),
            progress_bar=False,  # papermill leaves its bar open when an error passes through
            on_cell_executed=lambda **_: on_cell(),
            kernel_manager_class=silent_kernel(str(cwd), on_kernel, source),
        )
    except PapermillExecutionError as error:
        if error.ename == "KeyboardInterrupt":
            raise KeyboardInterrupt from None
        why = ": ".join([error.ename, *error.evalue.strip().splitlines()[:1]])  # a bare assert says nothing more
        raise ChapterFailed(f"{name} failed in cell [{error.exec_count}]: {why}") from None
    except DeadKernelError:
        raise ChapterFailed(f"{name}: its kernel died; perhaps the machine ran out of memory") from None


def count_steps(notebook: NotebookNode) -> int:
    """How many code cells `execute` runs: those of the notebook, and one that sets its parameters."""
    return sum(cell.cell_type == "code" for cell in notebook.cells) + 1
