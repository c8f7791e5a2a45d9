"""The command line: what it lists, and one line with exit code 2 for what it can't make sense of."""

import json
import sys

import pytest

from lstm_tutorial import cli


def call(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["lstm-tutorial", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    return stopped.value.code, printed.out, printed.err


def test_chapters_are_listed_with_their_parameters(monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "chapters")
    assert code == 0
    assert "workflow/keras: " in out
    assert any(line.split()[:3] == ["units:", "int", "50"] and "LSTM units" in line for line in out.splitlines())
    code, out, _ = call(monkeypatch, capsys, "chapters", "--json")
    chapters = {chapter["name"]: chapter for chapter in json.loads(out)}
    units = next(p for p in chapters["workflow/keras"]["parameters"] if p["name"] == "units")
    assert units == {"name": "units", "annotation": "int", "default": 50, "help": "LSTM units"}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("run", "-h")])
def test_help_is_shown(monkeypatch, capsys, arguments):
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert (code, err) == (0, "")
    assert "Usage: lstm-tutorial" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rn",), "No such command 'rn'. Did you mean 'run'?"),
        (("run",), "Missing argument 'chapter'."),
        (("run", "workflow/keras", "-p", "units"), "-p units: a value is missing; wanted -p NAME VALUE"),
        (("run", "workflow/keras", "-p", "unit", "3"), "workflow/keras has no parameter 'unit'; did you mean 'units'?"),
        (("run", "workflow/kera"), "no chapter 'workflow/kera'; did you mean 'workflow/keras'?"),
        (("run", "workflow/keras", "-f", "none.yml"), "none.yml: can't be read (No such file or directory)"),
        (("run", "workflow/keras", "--wrong"), "No such option: --wrong"),
    ],
)
def test_a_request_that_makes_no_sense_gets_one_line(monkeypatch, capsys, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert (code, out) == (2, "")
    assert err == f"lstm-tutorial: {message}\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [("units: [", "line 1: not a YAML file"), ("- 3", "wanted lines such as 'units: 32'"), ("", "wanted lines")],
)
def test_a_parameter_file_that_is_none_gets_one_line(monkeypatch, capsys, tmp_path, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more.yml").write_text(content)
    code, _, err = call(monkeypatch, capsys, "run", "workflow/keras", "-f", "more.yml")
    assert code == 2
    assert err.startswith(f"lstm-tutorial: more.yml: {message}")
    assert err.count("\n") == 1


def test_what_nobody_thought_of_is_one_line_too(monkeypatch, capsys):
    def fail():
        raise LookupError("a\nb")

    monkeypatch.setattr("lstm_tutorial.reruns.chapters.find_chapters", fail)
    monkeypatch.setattr("sys.argv", ["lstm-tutorial", "chapters"])
    monkeypatch.delenv(cli.TRACEBACK, raising=False)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = f"lstm-tutorial: LookupError: a b; where, is said with {cli.TRACEBACK}=1 in the environment\n"
    assert (stopped.value.code, capsys.readouterr().err) == (1, said)
    monkeypatch.setenv(cli.TRACEBACK, "1")
    with pytest.raises(LookupError):
        cli.main()
