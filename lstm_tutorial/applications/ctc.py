"""Connectionist temporal classification: how a network says a short text in many steps, and what that costs.

Loss and gradient after Graves and others 2006, prefix beam search after Hannun and others 2014. One sequence at a time,
in NumPy, to be read; training uses Keras' own loss. Everywhere `log_probs` is (time, classes), class 0 the blank.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import product

import numpy as np

BLANK = 0
Label = tuple[int, ...]
Ids = Sequence[int] | np.ndarray


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the probabilities that the last axis of `logits` stands for."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def collapse(path: Ids) -> Label:
    """What a path, one class a step, says: repeats are merged, then blanks dropped."""
    kept = [here for here, before in zip(path, (BLANK, *path), strict=False) if here != before]
    return tuple(int(one) for one in kept if one != BLANK)


def spell_out(log_probs: np.ndarray) -> dict[Label, float]:
    """The probability of every label, summed over all paths that say it. classes ** time paths: tiny inputs only."""
    sums: defaultdict[Label, float] = defaultdict(float)
    time, classes = log_probs.shape
    for path in product(range(classes), repeat=time):
        sums[collapse(path)] += float(np.exp(log_probs[np.arange(time), path].sum()))
    return dict(sums)


def with_blanks(label: Ids) -> np.ndarray:
    """A label with a blank before, between and after its classes: (2 length + 1,)."""
    states = np.full(2 * len(label) + 1, BLANK)
    states[1::2] = label
    return states


def forward(log_probs: np.ndarray, label: Ids) -> np.ndarray:
    """Log probability of all paths up to each step that end in each state of `with_blanks`: (time, states).

    A path may stay, go to the next state, or leap over a blank between two different classes.
    """
    states = with_blanks(label)
    leaps = np.zeros(len(states), bool)
    leaps[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    reached = np.full((len(log_probs), len(states)), -np.inf)
    reached[0, :2] = log_probs[0, states[:2]]
    for step in range(1, len(log_probs)):
        before = reached[step - 1]
        here = before.copy()
        here[1:] = np.logaddexp(here[1:], before[:-1])
        here[2:] = np.where(leaps[2:], np.logaddexp(here[2:], before[:-2]), here[2:])
        reached[step] = here + log_probs[step, states]
    return reached


def ctc_loss(log_probs: np.ndarray, label: Ids) -> float:
    """Minus the log probability of a label: a path may end in its last class or in the blank behind it.

    Infinite where there are fewer steps than classes and blanks needed between equal neighbors.
    """
    return float(-np.logaddexp.reduce(forward(log_probs, label)[-1, -2:]))


def occupancy(log_probs: np.ndarray, label: Ids) -> np.ndarray:
    """How probable each state is at each step, given the label: (time, states), each row sums to 1.

    Raises ValueError where no path says the label.
    """
    loss = ctc_loss(log_probs, label)
    if not np.isfinite(loss):
        raise ValueError(f"no path of {len(log_probs)} steps says a label of {len(label)} classes")
    # Read from the end, a label is the reversed label; its last step is counted in both directions.
    rest = forward(log_probs[::-1], label[::-1])[::-1, ::-1] - log_probs[:, with_blanks(label)]
    return np.exp(forward(log_probs, label) + rest + loss)


def ctc_gradient(log_probs: np.ndarray, label: Ids) -> np.ndarray:
    """The loss's derivative for the logits, (time, classes): what the network says minus what it should say."""
    wanted = np.zeros_like(log_probs)
    np.add.at(wanted.T, with_blanks(label), occupancy(log_probs, label).T)
    return np.exp(log_probs) - wanted


def greedy(log_probs: np.ndarray) -> Label:
    """The label of the most probable path, which need not be the most probable label."""
    return collapse(log_probs.argmax(axis=-1))


def beam_search(log_probs: np.ndarray, width: int = 10) -> list[tuple[Label, float]]:
    """Labels and the log probability found for each, the best first, keeping `width` beginnings at each step.

    The paths of one beginning are added up, those that end in a blank apart from those that do not: after a blank the
    same class is a new one, without it the old one goes on. The probability found is never more than the true one.
    """
    beams: dict[Label, list[float]] = {(): [0.0, -math.inf]}  # ends in a blank, ends in a class
    for step in log_probs.tolist():
        grown: defaultdict[Label, list[float]] = defaultdict(lambda: [-math.inf, -math.inf])
        for label, (blank, one) in beams.items():
            either, here = _add(blank, one), grown[label]
            here[0] = _add(here[0], either + step[BLANK])
            if label:
                here[1] = _add(here[1], one + step[label[-1]])
            for new in range(1, len(step)):
                longer = grown[(*label, new)]
                longer[1] = _add(longer[1], (blank if label and new == label[-1] else either) + step[new])
        chances = {label: _add(*ends) for label, ends in grown.items()}
        best = sorted((label for label in grown if chances[label] > -math.inf), key=lambda label: -chances[label])
        beams = {label: grown[label] for label in best[:width]}
    return [(label, _add(*ends)) for label, ends in beams.items()]


def _add(a: float, b: float) -> float:
    """`np.logaddexp` of two numbers, without the cost of arrays."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
