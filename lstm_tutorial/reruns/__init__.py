"""How to run the chapters again on your own data: `reruns.run(...)`, `edition`, `editions` and `sweep`."""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import signature
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_tutorial.reruns.edition import edition as edition
    from lstm_tutorial.reruns.editions import editions as editions
    from lstm_tutorial.reruns.run import run as run
    from lstm_tutorial.reruns.sweep import sweep as sweep


class _Callable(ModuleType):
    """A module that can be called for the function of its name: `reruns.run` is both, and `run.py` stays `run.py`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*arguments, **options)


def callable_module(name: str) -> None:
    """Let a module be called for the function that has its name, with the function's help."""
    module, function = sys.modules[name], getattr(sys.modules[name], name.rpartition(".")[2])
    module.__class__ = _Callable
    module.__doc__, module.__signature__ = function.__doc__, signature(function)  # type: ignore[attr-defined]


def __getattr__(name: str) -> Any:
    # Not before somebody asks: commands that need none of them start fast.
    if name in ("run", "edition", "editions", "sweep"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
