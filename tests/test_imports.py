"""Light things stay light, and imports point down the house's floors only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_tutorial

PACKAGE = Path(lstm_tutorial.__file__).parent
HEAVY = {"tensorflow", "keras", "pandas", "matplotlib", "sklearn", "scipy", "statsmodels", "papermill", "pydantic"}
HEAVY |= {"torch", "onnx", "onnxruntime", "tf2onnx"}
READ_BY_ALL = ("scratch/cell.py", "scratch/lstm.py", "workflow/prepare.py")
SCRATCH = sorted(path.stem for path in (PACKAGE / "scratch").glob("*.py"))
FLOORS = [
    {"scratch", "numbers"},
    {"settings", "plots", "text", "checkpoint", "environment"},
    {"training", "cluster"},
    {"workflow", "applications"},
    {"reruns"},
    {"arguments", "forecasters"},
    {"cli"},
]
ALLOWED = {"reruns": {"settings", "environment", "numbers", "cluster", "workflow.prepare", "plots.sweep"}}


def loaded_by(code: str) -> set[str]:
    check = f"{code}\nimport sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", ["lstm_tutorial", "lstm_tutorial.scratch"])
def test_importing_the_package_loads_nothing_heavy(module):
    assert not loaded_by(f"import {module}") & HEAVY


def test_what_each_chapter_records_with_does_not_load_the_notebook_format():
    # Its schemas cost each kernel of a rerun two seconds, and no kernel reads notebooks.
    assert not loaded_by("import lstm_tutorial.reruns.results") & {*HEAVY, "nbformat", "jsonschema"}


def test_the_scratch_wing_loads_numpy_and_nothing_heavy():
    code = "".join(f"import lstm_tutorial.scratch.{module}\n" for module in SCRATCH if module != "__init__")
    loaded = loaded_by(code)
    assert "numpy" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("module", SCRATCH)
def test_the_scratch_wing_imports_numpy_only(module):
    tree = ast.parse((PACKAGE / "scratch" / f"{module}.py").read_text(encoding="utf-8"))
    inside = {node for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) for node in ast.walk(one)}
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and node not in inside:
            names |= {node.module} if isinstance(node, ast.ImportFrom) else {part.name for part in node.names}
    tops = {name.split(".")[0] for name in names if not name.startswith("lstm_tutorial.scratch")}
    assert tops <= {"numpy", *sys.stdlib_module_names}, f"{module} imports {tops}"


def test_tensorflow_is_loaded_only_by_the_functions_that_need_it():
    paths = [path for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
    assert len(paths) > 50
    names = (".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in paths)
    loaded = loaded_by("".join(f"import lstm_tutorial.{name}\n" for name in sorted(names)))
    assert not loaded & {"tensorflow", "keras", "torch", "statsforecast", "optuna"}


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
    assert lines <= (150 if path.relative_to(PACKAGE).as_posix() in READ_BY_ALL else 250)
