"""The tasks are those of the papers: each property of their definitions holds for whatever is drawn."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_tutorial.scratch.tasks import (
    ORDER_SYMBOLS,
    REBER_SYMBOLS,
    ReberStream,
    adding,
    encode,
    multiplication,
    reber_strings,
    temporal_order,
)

lengths = st.integers(20, 300)
batches = st.integers(1, 40)
seeds = st.integers(0, 2**32)

# The grammar once more, as a regular expression read off the drawing in Hochreiter and Schmidhuber 1997, figure 3.
LOOP = "T*V(?:PXT*V)*(?:V|PS)"
INNER = f"B(?:P{LOOP}|TS*X(?:S|X{LOOP}))E"
EMBEDDED = re.compile(f"B([TP]){INNER}\\1E")


def marks(x):
    """The two marked steps of each row, (batch, 2), in the order of time."""
    return np.argwhere(x[..., 1] == 1)[:, 1].reshape(len(x), 2)


def letters(x, symbols):
    return ["".join(symbols[step] for step in row) for row in x.argmax(axis=-1)]


@pytest.mark.parametrize(("task", "lowest"), [(adding, -1), (multiplication, 0)])
@given(length=lengths, batch=batches, seed=seeds)
def test_pairs_hold_a_value_in_range_and_a_mark(task, lowest, length, batch, seed):
    x, y = task(length, batch, np.random.default_rng(seed))
    assert x.dtype == y.dtype == np.float32
    assert x.shape[0] == batch and x.shape[2] == 2 and y.shape == (batch, 1)
    assert length <= x.shape[1] <= length + length // 10
    assert lowest <= x[..., 0].min() and x[..., 0].max() <= 1
    assert (np.count_nonzero(x[..., 1] == 1, axis=1) == 2).all()
    assert (x[:, -1, 1] == -1).all() and np.isin(x[:, 0, 1], (-1, 1)).all()
    assert np.isin(x[:, 1:-1, 1], (0, 1)).all()


@pytest.mark.parametrize("task", [adding, multiplication])
@given(length=lengths, batch=batches, seed=seeds)
def test_both_marks_are_in_the_first_half_and_one_in_the_first_ten(task, length, batch, seed):
    x, _ = task(length, batch, np.random.default_rng(seed))
    early, late = marks(x).T
    assert early.max() < 10
    assert late.max() <= length // 2 - 1
    assert (x.shape[1] - 1 - late).min() >= length // 2


@pytest.mark.parametrize(
    ("task", "combine", "neutral"), [(adding, lambda a, b: 0.5 + (a + b) / 4, 0), (multiplication, np.multiply, 1)]
)
def test_the_target_combines_the_marked_values_and_a_marked_first_pair_is_neutral(task, combine, neutral):
    x, y = task(30, 2000, np.random.default_rng(0))
    marked = np.take_along_axis(x[..., 0], marks(x), axis=1)
    np.testing.assert_allclose(y[:, 0], combine(marked[:, 0], marked[:, 1]), rtol=1e-6)
    at_start = x[:, 0, 1] == 1
    assert 0 < at_start.sum() < 0.4 * len(x)
    assert (x[at_start, 0, 0] == neutral).all()
    assert (x[~at_start, 0, 0] != neutral).all()


def test_marks_and_lengths_take_every_value_they_may():
    rng = np.random.default_rng(0)
    drawn = [adding(40, 200, rng)[0] for _ in range(50)]
    assert {x.shape[1] for x in drawn} == {40, 41, 42, 43, 44}
    assert set(np.concatenate([marks(x).ravel() for x in drawn])) == set(range(20))


def test_guessing_the_mean_of_adding_errs_by_a_twenty_fourth():
    _, y = adding(100, 20_000, np.random.default_rng(0))
    # Each value has variance 1/3; two of them, divided by 4. A marked first pair lowers it a little.
    assert np.var(y) == pytest.approx(2 / 3 / 16, rel=0.1)


@pytest.mark.parametrize(("relevant", "places"), [(2, [(10, 20), (50, 60)]), (3, [(10, 20), (33, 43), (66, 76)])])
def test_temporal_order_is_a_frame_distractors_and_relevant_symbols_in_their_places(relevant, places):
    rng = np.random.default_rng(0)
    seen, steps = set(), [set() for _ in places]
    for _ in range(60):
        x, y = temporal_order(relevant, 30, rng)
        assert x.dtype == y.dtype == np.float32 and y.shape == (30, 2**relevant)
        assert set(x.sum(axis=-1).ravel()) == set(y.sum(axis=-1)) == {1}
        seen.add(x.shape[1])
        for text, label in zip(letters(x, ORDER_SYMBOLS), y.argmax(axis=1), strict=True):
            assert text[0] == "E" and text[-1] == "B"
            assert re.fullmatch("[abcd]+", re.sub("[XY]", "", text[1:-1]))
            found = [match.start() for match in re.finditer("[XY]", text)]
            assert len(found) == relevant
            order = "".join(text[step] for step in found)
            assert label == int(order.replace("X", "0").replace("Y", "1"), 2)
            for step, where in zip(found, steps, strict=True):
                where.add(step)
    assert seen == set(range(100, 111))
    assert steps == [set(range(low, high + 1)) for low, high in places]


def test_classes_of_temporal_order_are_equally_likely():
    _, y = temporal_order(3, 40_000, np.random.default_rng(0))
    np.testing.assert_allclose(y.mean(axis=0), 1 / 8, atol=0.01)


def test_reber_strings_are_in_the_grammar():
    strings = reber_strings(500, np.random.default_rng(0))
    assert len(strings) == 500
    assert all(EMBEDDED.fullmatch(string) for string in strings)
    assert min(map(len, strings)) == 9  # BT BPVVE TE and the like: 9 symbols, the least there are
    assert {string[1] for string in strings} == {"T", "P"}


def test_each_branch_of_the_reber_grammar_is_taken_half_the_time():
    strings = reber_strings(4000, np.random.default_rng(1))
    shares = [np.mean([string[1] == "T" for string in strings]), np.mean([string[3] == "T" for string in strings])]
    loops = [string[4] == "S" for string in strings if string[3] == "T"]
    np.testing.assert_allclose([*shares, np.mean(loops)], 0.5, atol=0.03)


def test_test_strings_are_not_among_the_training_strings():
    rng = np.random.default_rng(0)
    training = reber_strings(256, rng)
    test = reber_strings(256, rng, exclude=training)
    assert len(test) == 256
    assert not set(training) & set(test)


def may_follow(prefix):
    """By trial: the symbols that some string in the grammar has after this prefix."""
    tails = ("BTXSE", "TXSE", "XSE", "VVE", "SE", "VE", "E", "")  # a way home from each state of the inner grammar
    ends = {tail + outer + "E" for tail in tails for outer in "TP"} | {"TBTXSETE", "E", ""}
    return {symbol for symbol in REBER_SYMBOLS if any(EMBEDDED.fullmatch(prefix + symbol + end) for end in ends)}


def test_legal_symbols_are_those_with_which_a_string_can_go_on():
    strings = reber_strings(60, np.random.default_rng(2))
    _, _, legal, _ = encode(strings)
    for string, steps in zip(strings, legal, strict=True):
        for end in range(1, len(string)):
            found = {REBER_SYMBOLS[symbol] for symbol in np.flatnonzero(steps[end - 1])}
            assert found == may_follow(string[:end]), string[:end]


def test_encoding_keeps_the_strings_and_masks_what_is_filled_up():
    strings = ["BTBTXSETE", "BPBTSSSSXSEPE"]
    x, following, legal, mask = encode(strings)
    assert x.shape == legal.shape == (2, 12, 7) and following.shape == mask.shape == (2, 12)
    assert x.dtype == np.float32
    for row, string in enumerate(strings):
        steps = len(string) - 1
        assert letters(x[row : row + 1, :steps], REBER_SYMBOLS) == [string[:-1]]
        assert "".join(REBER_SYMBOLS[symbol] for symbol in following[row, :steps]) == string[1:]
        assert mask[row].tolist() == [True] * steps + [False] * (12 - steps)
        assert not x[row, steps:].any() and not legal[row, steps:].any()
        assert legal[row, np.arange(steps), following[row, :steps]].all()


def test_a_stream_is_strings_one_after_another_however_it_is_cut():
    stream = ReberStream(3, np.random.default_rng(0))
    pieces = [stream.draw(steps) for steps in (1, 7, 400, 92)]
    x, following, legal = (np.concatenate(part, axis=1) for part in zip(*pieces, strict=True))
    np.testing.assert_array_equal(x[:, 1:].argmax(axis=-1), following[:, :-1])
    assert np.take_along_axis(legal, following[..., None], axis=2).all()
    for text in letters(x, REBER_SYMBOLS):
        whole = re.match(f"(?:B(?:T{INNER}T|P{INNER}P)E)*", text).group()
        assert text.startswith("B") and len(whole) > 400
    only_b = np.eye(7, dtype=bool)[REBER_SYMBOLS.index("B")]
    strings_end = (legal == only_b).all(axis=-1) & (x.argmax(axis=-1) == REBER_SYMBOLS.index("E"))
    assert strings_end.sum() > 60


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: adding(19, 4, rng), "length: got 19, wanted at least 20"),
        (lambda rng: adding(2.5, 4, rng), "length: got 2.5, wanted a whole number"),
        (lambda rng: multiplication(100, 0, rng), "batch: got 0, wanted a whole number"),
        (lambda rng: temporal_order(4, 4, rng), r"relevant: got 4, wanted 2 \(experiment 6a\) or 3"),
        (lambda rng: temporal_order(2, -1, rng), "batch: got -1, wanted"),
        (lambda rng: reber_strings(0, rng), "count: got 0, wanted"),
        (lambda rng: ReberStream(0, rng), "batch: got 0, wanted"),
        (lambda rng: ReberStream(1, rng).draw(0), "steps: got 0, wanted"),
        (lambda rng: encode([]), "strings: got none, wanted at least 1"),
        (lambda rng: encode(["BTBTXSEPE"]), "strings: got 'BTBTXSEPE', wanted a string of"),
        (lambda rng: encode(["BTBTXSETEB"]), "strings: got 'BTBTXSETEB', wanted a string of"),
        (lambda rng: encode(["BTBTXS"]), "strings: got 'BTBTXS', wanted a whole string"),
        (lambda rng: encode(["BTQ"]), "strings: got 'BTQ', wanted a string of"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))


def test_a_seed_draws_the_same_task_again():
    for draw in (lambda rng: adding(50, 5, rng)[0], lambda rng: ReberStream(2, rng).draw(30)[0]):
        np.testing.assert_array_equal(draw(np.random.default_rng(3)), draw(np.random.default_rng(3)))
