"""Texts become codes and back, in three parts that share no line."""

import re

import pytest

from lstm_tutorial.applications.corpus import END, read_text, read_words

LINES = [f"line {number} says größe" for number in range(100)]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(("\r\n".join([*LINES, "", LINES[3]]) + "\r\n").encode("utf-8-sig"))
    return path


def test_words_are_english_and_none_is_in_two_parts():
    corpus = read_words()
    parts = [[corpus.text(codes) for codes in part] for part in (corpus.train, corpus.validation, corpus.test)]
    assert [len(part) for part in parts[1:]] == [3_000, 5_000] and len(parts[0]) > 100_000
    every = [word for part in parts for word in part]
    assert len(every) == len(set(every))
    assert all(re.fullmatch("[a-z]+\n", word) for word in every[:1_000])
    assert {"house\n", "lstm\n"} & set(every) == {"house\n"}
    assert corpus.symbols == (END, *"abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("unit", ["characters", "bytes"])
def test_lines_of_a_file_are_kept_once_and_divided(file, unit):
    corpus = read_text(file, unit)
    parts = [corpus.train, corpus.validation, corpus.test]
    assert [len(part) for part in parts] == [90, 5, 5]
    assert sorted(corpus.text(codes) for part in parts for codes in part) == sorted(line + END for line in LINES)
    assert ("ß" in corpus.symbols) == (unit == "characters")
    assert corpus.as_bytes(corpus.test).decode() == "".join(corpus.text(codes) for codes in corpus.test)


def test_a_running_text_is_cut_in_order_of_time(file):
    corpus = read_text(file, running=True)
    whole = "".join(corpus.text(part[0]) for part in (corpus.train, corpus.validation, corpus.test))
    assert whole.startswith("line 0 says") and whole.endswith(LINES[3] + END)
    assert abs(len(corpus.test[0]) - 0.1 * len(whole)) <= 1


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"too short", {}, r"9 characters are too few"),
        (b"\xff" * 2_000, {}, r"byte 1 is not UTF-8"),
        (b"x" * 2_000, {}, r"1 different lines are too few .* running=True"),
        (b"x" * 2_000, {"unit": "words"}, r"unit is 'words'; wanted characters or bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, content, options, says):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=says) as error:
        read_text(path, **options)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none.txt: No such file .*; wanted a text file"):
        read_text(tmp_path / "none.txt")
