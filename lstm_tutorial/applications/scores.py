"""How good translations are, and what the nearest training example would have said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lstm_tutorial.applications.errors import edits
from lstm_tutorial.applications.pairs import Pairs
from lstm_tutorial.text import Unit, split_text


class Scores(NamedTuple):
    """Shares between 0 and 1 (the error rate may exceed 1), but BLEU and chrF as usual, between 0 and 100."""

    exact: float  # share of answers that are right to the last character
    error_rate: float  # edits over tokens of the truth: of characters or words (phonemes)
    bleu: float
    chrf: float


def score(pairs: Pairs, answers: Sequence[str]) -> Scores:
    """Answers to `pairs.sources` against the targets that are right; with several, the one with the fewest edits.

    Where targets are words, both sides are in lower case with spaces around punctuation. BLEU (Papineni and others
    2002) and chrF (Popović 2015) are those of sacrebleu. Raises ValueError if there is not one answer for each source.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    if len(answers) != len(pairs):
        raise ValueError(f"{len(answers)} answers to {len(pairs)} sources; wanted one each")
    truths = [[tidy(text, pairs.units[1]) for text in texts] for texts in pairs.targets]
    wrong = total = 0
    for right, answer in zip(truths, answers, strict=True):
        away, length = min(_compare(text, answer, pairs.units[1]) for text in right)
        wrong, total = wrong + away, total + length
    # With another number of right answers for each text, the first stands in for what is missing.
    most = max(map(len, truths))
    streams = [[right[place] if place < len(right) else right[0] for right in truths] for place in range(most)]
    bleu = BLEU(tokenize="none" if pairs.units[1] == "words" else "13a").corpus_score(answers, streams).score
    chrf = CHRF().corpus_score(answers, streams).score
    return Scores(float(np.mean(is_exact(pairs, answers))), wrong / max(total, 1), bleu, chrf)


def is_exact(pairs: Pairs, answers: Sequence[str]) -> np.ndarray:
    """Which answers are among the right ones, bool (answers,)."""
    right = ([tidy(text, pairs.units[1]) for text in texts] for texts in pairs.targets)
    return np.array([answer in texts for texts, answer in zip(right, answers, strict=True)])


def tidy(text: str, unit: Unit) -> str:
    """A text as a translator writes it: words in lower case, a space between any two tokens."""
    return text if unit == "characters" else " ".join(split_text(text, unit))


def errors_by(groups: Sequence[str], exact: np.ndarray) -> dict[str, float]:
    """The share of answers that are not exact in each group, in the order of their first members."""
    labels = np.asarray(groups)
    return {label: 1 - float(exact[labels == label].mean()) for label in dict.fromkeys(groups)}


def nearest(train: Pairs, sources: Sequence[str]) -> list[str]:
    """The target of the training source with the fewest edits, in tokens, to each source; the first of equals."""
    known = [split_text(text, train.units[0]) for text in train.sources]
    ids = {token: number for number, token in enumerate(sorted({token for text in known for token in text}), 1)}
    lengths = np.array([len(text) for text in known])
    padded = np.zeros((int(lengths.max()), len(known)), np.int16 if len(ids) < 32_000 else np.int32)
    for column, text in enumerate(known):
        padded[: len(text), column] = [ids[token] for token in text]
    answers = []
    for source in sources:
        asked = [ids.get(token, -1) for token in split_text(source, train.units[0])]
        answers.append(tidy(train.targets[int(_edits_to_all(asked, padded, lengths).argmin())][0], train.units[1]))
    return answers


def _compare(truth: str, answer: str, unit: Unit) -> tuple[int, int]:
    """Edits, and tokens of the truth."""
    wanted, got = ([*text] if unit == "characters" else text.split() for text in (truth, answer))
    return edits(wanted, got), len(wanted)


def _edits_to_all(asked: Sequence[int], padded: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The edit distances from one sequence to all columns of `padded` (longest, columns) at once."""
    above = np.repeat(np.arange(len(asked) + 1, dtype=np.int16)[:, None], len(lengths), axis=1)
    result = np.where(lengths == 0, above[-1], 0)
    for row, tokens in enumerate(padded, 1):
        here = np.empty_like(above)
        here[0] = row
        for column, token in enumerate(asked, 1):
            here[column] = np.minimum(above[column], here[column - 1]) + 1
            np.minimum(here[column], above[column - 1] + (tokens != token), out=here[column])
        above = here
        result = np.where(lengths == row, above[-1], result)
    return result
