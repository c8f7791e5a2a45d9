"""The page of commands: each of them prints what the page says, in an empty folder and in this order."""

import re
from pathlib import Path

import pytest
from PIL import Image

from lstm_tutorial.reruns import refresh
from lstm_tutorial.reruns import replay as replay_module
from lstm_tutorial.reruns.replay import commands, replay

PAGE = Path(__file__).parents[2] / "book" / "reruns.md"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?")


def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(list(commands(page))) > 20
    wanted, found = page.splitlines(), replay(page, tmp_path).splitlines()
    assert [NUMBER.sub("#", line) for line in found] == [NUMBER.sub("#", line) for line in wanted]
    for new, old in zip(found, wanted, strict=True):
        numbers = [[float(number.replace(",", "")) for number in NUMBER.findall(line)] for line in (new, old)]
        # Trainings end a little differently on another processor, and after other epochs.
        assert "best_epoch" in old or numbers[0] == pytest.approx(numbers[1], rel=0.05), new


SMALL = """# A page

```console
$ echo a \\
>   b; printf c
old
$ cat notes.txt; false
$ printf '\\r 50%%|####     | 1/2\\n'; printf '\\033[1mdone\\033[0m\\n' >&2
```

```{code-block} text
:caption: later.txt

d
```

```console
$ cat later.txt; sleep 600 &
```
"""


def test_a_page_gets_what_its_commands_print(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept\n")
    page = replay(SMALL, tmp_path)
    assert "$ echo a \\\n>   b; printf c\na b\nc\n$ cat notes.txt; false\nkept\n" in page
    assert "1/2\\n'; printf '\\033[1mdone\\033[0m\\n' >&2\ndone\n```" in page
    assert "$ cat later.txt; sleep 600 &\nd\n```" in page
    assert replay(page, tmp_path) == page


def test_a_page_whose_shell_ends_is_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "book_folder", lambda: tmp_path)
    page = tmp_path / "reruns.md"
    page.write_text("```console\n$ exit 3\n```\n")
    assert refresh.main(["reruns"]) == 1
    assert capsys.readouterr().err == "reruns: failed, nothing stored\nthe shell ended in exit 3\n"
    assert page.read_text() == "```console\n$ exit 3\n```\n"
    page.write_text("```console\n$ ls -a\n```\n")
    assert refresh.main(["reruns"]) == 0
    assert page.read_text().endswith("\n.\n..\n```\n")


@pytest.mark.skipif(not replay_module.find_browser(), reason="no Chrome or Chromium")
def test_a_page_gets_pictures_of_what_its_commands_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "book_folder", lambda: tmp_path)
    page = tmp_path / "reruns.md"
    page.write_text(
        "```console\n$ echo '<body style=\"background: #0000ff\">' > blue.html\n```\n\n"
        "% A picture of blue.html\n```{figure} blue.png\n:alt: Blue.\n```\n"
    )
    assert refresh.main(["reruns"]) == 0
    picture = Image.open(tmp_path / "blue.png").convert("RGB")
    assert picture.width == replay_module.WIDTH and picture.getpixel((9, 9)) == (0, 0, 255)
    monkeypatch.setenv("LSTM_TUTORIAL_CHROMIUM", "")
    monkeypatch.setattr(replay_module, "BROWSERS", ())
    (tmp_path / "blue.png").write_bytes(b"old")
    assert refresh.main(["reruns"]) == 0 and (tmp_path / "blue.png").read_bytes() == b"old"
