"""Texts become codes and back, in three parts that share no line; contexts are those that a slow look finds."""

import re

import numpy as np
import pytest

from lstm_tutorial.applications.corpus import END, Contexts, read_text, read_words

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


def test_contexts_are_those_that_a_slow_look_finds():
    sequences = [np.array([0, 1, 0, 1, 2]), np.array([1]), np.array([0, 1, 1])]
    contexts = Contexts.of(sequences, 3, 3)
    numbers, symbols = contexts.before(sequences)
    assert symbols.tolist() == [0, 1, 0, 1, 2, 1, 0, 1, 1]
    keys = {}
    for row, (sequence, place) in zip(numbers, [(s, i) for s in sequences for i in range(len(s))], strict=True):
        padded = [-1, -1, -1, *sequence]
        for length, number in enumerate(row, 1):
            key = (length, *padded[place + 3 - length : place + 3])
            assert number > 0
            assert keys.setdefault((length, int(number)), key) == key
    assert len(set(keys.values())) == len(keys)
    assert contexts.sizes == [1 + sum(key[0] == length for key in keys.values()) for length in (1, 2, 3)]


def test_a_context_never_seen_in_training_has_number_zero():
    contexts = Contexts.of([np.array([0, 1, 2])], 3, 2)
    numbers, _ = contexts.before([np.array([2, 1, 0])])
    assert (numbers > 0).tolist() == [[True, True], [False, False], [True, False]]


def test_a_rare_context_has_number_zero_too():
    sequences = [np.array([0, 1, 0, 1, 2, 0])]
    numbers, _ = Contexts.of(sequences, 3, 2, least=2).before(sequences)
    assert (numbers > 0).tolist() == [
        [False] * 2,
        [True, False],
        [True, True],
        [True, False],
        [True, True],
        [False] * 2,
    ]
    assert not Contexts.of(sequences, 3, 2, least=9).before(sequences)[0].any()


def test_contexts_after_a_history_are_those_before_the_next_symbol():
    sequence = np.array([2, 0, 1, 1, 0])
    contexts = Contexts.of([sequence, np.array([1, 2])], 3, 3)
    numbers, _ = contexts.before([sequence])
    for length in range(len(sequence)):
        np.testing.assert_array_equal(contexts.after(sequence[None, :length])[0], numbers[length])
