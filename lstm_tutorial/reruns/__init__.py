"""How to run the chapters again on your own data: `reruns.run(...)`, `reruns.edition(...)`, `reruns.sweep(...)`."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_tutorial.reruns.edition import edition as edition
    from lstm_tutorial.reruns.run import run as run
    from lstm_tutorial.reruns.sweep import sweep as sweep


class _Callable(ModuleType):
    """A module that can be called for the function of its name: `reruns.run` is both, and `run.py` stays `run.py`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*arguments, **options)


def callable_module(name: str) -> None:
    """Let a module be called for the function that has its name."""
    sys.modules[name].__class__ = _Callable


def __getattr__(name: str) -> Any:
    # Not before somebody asks: commands that need none of them start fast.
    if name in ("run", "edition", "sweep"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
