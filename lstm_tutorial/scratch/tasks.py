"""The tasks that made the LSTM known, drawn at random as their papers define them.

Sequences of one batch share a length, which is drawn anew for each batch. All inputs are float32.
HS97 is Hochreiter and Schmidhuber 1997, "Long short-term memory", https://doi.org/10.1162/neco.1997.9.8.1735.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lstm_tutorial.scratch.checks import check_size

Array = np.ndarray
Generator = np.random.Generator

ORDER_SYMBOLS = "EBabcdXY"
ORDER_PLACES = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}  # experiments 6a and 6b

REBER_SYMBOLS = "BTPSXVE"
# State by state, each symbol that may come next and the state it leads to; two symbols are equally likely.
REBER = [{"B": 1}, {"T": 2, "P": 3}, {"S": 2, "X": 4}, {"T": 3, "V": 5}, {"X": 3, "S": 6}, {"P": 4, "V": 6}, {"E": 7}]


def adding(length: int, batch: int, rng: Generator) -> tuple[Array, Array]:
    """Adding: x (batch, time, 2) holds values in [-1, 1] and marks, y (batch, 1) is 0.5 + (X1 + X2) / 4.

    `time` is between `length` and `length` + a tenth. Two pairs are marked by 1, one of the first ten and one of the
    first length / 2 - 1 others; the first and the last pair, if unmarked, by -1. X1 and X2 are the marked values; that
    of a marked first pair is 0. So each is at least length / 2 steps from the end. HS97, experiment 4.
    Raises ValueError for a length below 20 or a batch below 1.
    """
    x, first, second = _marked_pairs(length, batch, rng, lowest=-1, neutral=0)
    return x, 0.5 + (first + second) / 4


def multiplication(length: int, batch: int, rng: Generator) -> tuple[Array, Array]:
    """Multiplication: as `adding`, but values are in [0, 1], a marked first value is 1 and y is X1 X2. HS97, exp. 5."""
    x, first, second = _marked_pairs(length, batch, rng, lowest=0, neutral=1)
    return x, first * second


def _marked_pairs(length: int, batch: int, rng: Generator, lowest: float, neutral: float) -> tuple[Array, Array, Array]:
    check_size("length", length)
    check_size("batch", batch)
    if length < 20:
        raise ValueError(f"length: got {length}, wanted at least 20, or the first ten pairs are not in the first half")
    time = rng.integers(length, length + length // 10, endpoint=True)
    x = np.zeros((batch, time, 2), np.float32)
    x[:, :, 0] = rng.uniform(lowest, 1, (batch, time))
    x[:, [0, -1], 1] = -1
    rows = np.arange(batch)
    first = rng.integers(0, 10, batch)
    second = rng.integers(0, length // 2 - 1, batch)
    second += second >= first  # the marked pair does not count
    x[rows, first, 1] = x[rows, second, 1] = 1
    x[x[:, 0, 1] == 1, 0, 0] = neutral
    return x, x[rows, first, :1], x[rows, second, :1]


def temporal_order(relevant: int, batch: int, rng: Generator) -> tuple[Array, Array]:
    """Temporal order: x (batch, time, 8) are symbols of `ORDER_SYMBOLS`, y (batch, classes) their class, both one-hot.

    A sequence of 100 to 110 symbols starts with E, ends with B and is filled with a, b, c and d, but for `relevant`
    symbols, each X or Y, that stand at steps drawn from `ORDER_PLACES`. Their order is the class: XX 0, XY 1, YX 2,
    YY 3; with three, XXX 0 to YYY 7. HS97, experiment 6a (`relevant` 2) and 6b (3).
    Raises ValueError for another `relevant` or a batch below 1.
    """
    check_size("batch", batch)
    if relevant not in ORDER_PLACES:
        raise ValueError(f"relevant: got {relevant!r}, wanted 2 (experiment 6a) or 3 (experiment 6b)")
    time = rng.integers(100, 110, endpoint=True)
    symbols = rng.integers(ORDER_SYMBOLS.index("a"), ORDER_SYMBOLS.index("X"), (batch, time))
    symbols[:, 0], symbols[:, -1] = ORDER_SYMBOLS.index("E"), ORDER_SYMBOLS.index("B")
    classes = np.zeros(batch, np.int64)
    for low, high in ORDER_PLACES[relevant]:
        y_not_x = rng.integers(0, 2, batch)
        places = rng.integers(low, high, batch, endpoint=True)
        symbols[np.arange(batch), places] = ORDER_SYMBOLS.index("X") + y_not_x
        classes = 2 * classes + y_not_x
    return one_hot(symbols, len(ORDER_SYMBOLS)), one_hot(classes, 2**relevant)


def _embed(grammar: Sequence[dict[str, int]]) -> tuple[Array, Array]:
    """The embedded grammar as two tables (state, symbol): may it come, and the state after it; after E, state 0."""
    states: list[dict[str, int]] = [{"B": 1}, {}, {"E": 0}]
    for outer in "TP":
        start = len(states)
        states[1][outer] = start
        states += [{symbol: start + after for symbol, after in state.items()} for state in grammar]
        states.append({outer: 2})
    legal = np.array([[symbol in state for symbol in REBER_SYMBOLS] for state in states])
    after = np.array([[state.get(symbol, 0) for symbol in REBER_SYMBOLS] for state in states])
    return legal, after


LEGAL, AFTER = _embed(REBER)


class ReberStream:
    """Strings of the embedded Reber grammar without end or pause, `batch` streams side by side.

    After a string's E comes the next one's B: the stream says nothing else about where a string ends. The task is to
    predict the next symbol. Gers et al. 2000, "Learning to forget", https://doi.org/10.1162/089976600300015015.
    Raises ValueError for a batch or a number of steps below 1.
    """

    def __init__(self, batch: int, rng: Generator) -> None:
        check_size("batch", batch)
        self.rng = rng
        self.state = np.zeros(batch, np.int64)
        self.symbol = self._next()

    def draw(self, steps: int) -> tuple[Array, Array, Array]:
        """The next steps: symbols x (batch, steps, 7), those that follow (batch, steps), those that could: as x."""
        check_size("steps", steps)
        batch = len(self.state)
        symbols = np.empty((batch, steps + 1), np.int64)
        legal = np.empty((batch, steps, len(REBER_SYMBOLS)), bool)
        symbols[:, 0] = self.symbol
        for step in range(steps):
            legal[:, step] = LEGAL[self.state]
            symbols[:, step + 1] = self.symbol = self._next()
        return one_hot(symbols[:, :-1], len(REBER_SYMBOLS)), symbols[:, 1:], legal

    def restart(self, rows: Array) -> None:
        """Break off these streams; each goes on with the first symbol of a string."""
        self.state[rows] = AFTER[0].max()
        self.symbol[rows] = REBER_SYMBOLS.index("B")

    def _next(self) -> Array:
        chances = LEGAL[self.state] * self.rng.uniform(0.5, 1, (len(self.state), len(REBER_SYMBOLS)))
        symbol: Array = chances.argmax(axis=1)
        self.state = AFTER[self.state, symbol]
        return symbol


def reber_strings(count: int, rng: Generator, exclude: Collection[str] = ()) -> list[str]:
    """`count` random strings of the embedded Reber grammar, none of them in `exclude`. HS97, experiment 1.

    The grammar is that of Reber 1967 between two T or two P, with B before and E after it.
    """
    check_size("count", count)
    excluded, found = set(exclude), list[str]()
    while len(found) < count:
        symbols, state = "", 0
        while not symbols or state:
            symbol = rng.choice(np.flatnonzero(LEGAL[state]))
            symbols += REBER_SYMBOLS[symbol]
            state = AFTER[state, symbol]
        if symbols not in excluded:
            found.append(symbols)
    return found


def encode(strings: Sequence[str]) -> tuple[Array, Array, Array, Array]:
    """Strings of the embedded Reber grammar as arrays: x (batch, time, 7), following and legal symbols, mask.

    Following symbols are (batch, time) numbers in `REBER_SYMBOLS`, legal ones (batch, time, 7); `time` is one less
    than the longest string has symbols. Shorter ones are filled up to it; there the mask (batch, time) is False.
    Raises ValueError for a string that is not in the grammar.
    """
    if not len(strings):
        raise ValueError("strings: got none, wanted at least 1")
    shape = len(strings), max(map(len, strings)) - 1
    symbols = np.zeros((shape[0], shape[1] + 1), np.int64)
    legal, mask = np.zeros((*shape, len(REBER_SYMBOLS)), bool), np.zeros(shape, bool)
    for row, string in enumerate(strings):
        state = 0
        for step, letter in enumerate(string):
            symbol = REBER_SYMBOLS.find(letter)
            ended = step > 0 and state == 0
            if symbol < 0 or ended or not LEGAL[state, symbol]:
                raise ValueError(f"strings: got {string!r}, wanted a string of the embedded Reber grammar")
            symbols[row, step], state = symbol, AFTER[state, symbol]
            legal[row, step : step + 1] = LEGAL[state]
        if state:
            raise ValueError(f"strings: got {string!r}, wanted a whole string of the embedded Reber grammar")
        mask[row, : len(string) - 1] = True
    x = one_hot(symbols[:, :-1], len(REBER_SYMBOLS)) * mask[..., None]
    return x, symbols[:, 1:], legal & mask[..., None], mask


def one_hot(symbols: Array, size: int) -> Array:
    """Numbers below `size`, of any shape, as float32 vectors of that size: a 1 at the number's place, else 0."""
    vectors: Array = np.eye(size, dtype=np.float32)[symbols]
    return vectors
