"""What the command line's parser does not know: options of two values, and files of parameters."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lstm_tutorial.reruns.errors import RequestError

PAIRS = {"-p": "-p", "--parameter": "-p", "-g": "-g", "--grid": "-g"}


def pair(text: str, option: str = "-p") -> tuple[str, str]:
    """Name and value of NAME=VALUE. Raises `RequestError`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise RequestError(f"{option} {text}: a value is missing; wanted {option} NAME VALUE")
    return name, value


def gather(files: Iterable[Path] | None, texts: Iterable[str] | None) -> dict[str, Any]:
    """The parameters of some files and of `-p NAME=VALUE`, which wins. Raises `RequestError`."""
    given: dict[str, Any] = {}
    for path in files or []:
        given.update(read_parameters(path))
    given.update(pair(text) for text in texts or [])
    return given


def join_pairs(arguments: list[str]) -> list[str]:
    """`-p NAME VALUE` as `-p NAME=VALUE`: the parser knows no repeated option of two values."""
    joined: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        joined.append(argument)
        if argument in PAIRS:
            name = next(rest, None)
            value = next(rest, None) if name is not None and name.isidentifier() else None
            if value is not None and not value.startswith("--"):
                name, value = f"{name}={value}", None
            joined.extend(one for one in (name, value) if one is not None)
    return joined


def read_parameters(path: Path) -> dict[str, Any]:
    """The parameters in a YAML or JSON file. Raises `RequestError`."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(f"{path}: can't be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise RequestError(f"{path}: {f'line {mark.line + 1}: ' if mark else ''}not a YAML file") from None
    if not isinstance(content, dict):
        raise RequestError(f"{path}: wanted lines such as 'units: 32'")
    return {str(name): value for name, value in content.items()}
