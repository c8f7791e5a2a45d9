"""Light things stay light, and imports point down the house's floors only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_tutorial

PACKAGE = Path(lstm_tutorial.__file__).parent
HEAVY = {"tensorflow", "keras", "pandas", "matplotlib", "sklearn", "scipy", "statsmodels", "papermill", "pydantic"}
FLOORS = [{"scratch"}, {"settings", "plots"}, {"workflow", "applications"}, {"reruns"}, {"cli"}]
ALLOWED = {"reruns": {"settings", "workflow.prepare"}}


def loaded_by(code: str) -> set[str]:
    check = f"{code}\nimport sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", ["lstm_tutorial"])
def test_importing_the_package_loads_nothing_heavy(module):
    assert not loaded_by(f"import {module}") & HEAVY


@pytest.mark.parametrize(
    "module", ["workflow.prepare", "workflow.design", "workflow.train", "workflow.evaluate", "cli"]
)
def test_tensorflow_is_loaded_only_by_the_functions_that_need_it(module):
    assert not loaded_by(f"import lstm_tutorial.{module}") & {"tensorflow", "keras"}


def floor(part: str) -> int:
    return next(number for number, parts in enumerate(FLOORS) if part in parts)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    here = path.relative_to(PACKAGE).with_suffix("").parts[0]
    if here == "__init__":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("lstm_tutorial."):
            continue
        imported = node.module.removeprefix("lstm_tutorial.")
        there = imported.split(".")[0]
        assert there == here or floor(there) < floor(here), f"{imported} is not below {here}"
        if here in ALLOWED and there != here:
            assert imported in ALLOWED[here], f"{here} may import {ALLOWED[here]} only"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_are_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= (150 if path.name in ("cell.py", "lstm.py", "prepare.py") else 250)
