"""Experiments that made the LSTM known, under the stop rules of their papers. HS97 and the tasks: see tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from lstm_tutorial.scratch import tasks
from lstm_tutorial.scratch.cell import LSTMCell, sigmoid
from lstm_tutorial.scratch.checks import check_size
from lstm_tutorial.scratch.losses import mean_squared_error, sigmoid_cross_entropy, softmax_cross_entropy
from lstm_tutorial.scratch.network import Stack
from lstm_tutorial.scratch.seeds import Design, SideBySide

Array = np.ndarray
Generator = np.random.Generator
RECENT = 2000  # the rules look at so many sequences


@dataclass(frozen=True)
class Task:
    """What to draw, how to learn it, and when it is learned.

    A sequence is right if every output errs by less than `tolerance`. The rule is met when, of the last 2000 sequences,
    each judged before it was learned from, at most `wrong` are not right and the mean error is below `mean_error`.
    """

    draw: Callable[[int, Generator], tuple[Array, Array]]
    tolerance: float
    mean_error: float = np.inf
    wrong: int = 0
    classes: bool = False  # outputs go through a sigmoid, and the loss is its cross-entropy; else squared error

    def judge(self, prediction: Array, y: Array) -> tuple[Array, Array]:
        """From predictions (networks, batch, outputs) to the largest errors (networks, batch) and the gradient."""
        _, dprediction = (sigmoid_cross_entropy if self.classes else mean_squared_error)(prediction, y)
        output = sigmoid(prediction) if self.classes else prediction
        return abs(output - y).max(axis=-1), dprediction * len(prediction)


def adding(length: int = 100) -> Task:
    """HS97, experiment 4."""
    return Task(partial(tasks.adding, length), tolerance=0.04, mean_error=0.01)


def multiplication(length: int = 100, wrong: int = 12) -> Task:
    """HS97, experiment 5: stopped once fewer than 140, or once fewer than 13, of 2000 are wrong."""
    return Task(partial(tasks.multiplication, length), tolerance=0.04, wrong=wrong)


def temporal_order(relevant: int = 2) -> Task:
    """HS97, experiment 6a or, with three relevant symbols, 6b."""
    return Task(partial(tasks.temporal_order, relevant), tolerance=0.3, mean_error=0.1, classes=True)


@dataclass(frozen=True)
class Trial:
    """How one network fared: was the rule met, after how many sequences, and the mean error of each batch till then."""

    solved: bool
    sequences: int
    errors: Array
    network: Stack


def learn(task: Task, design: Design, seeds: Sequence[int], limit: int = 20_000, batch: int = 16) -> list[Trial]:
    """Train a network for each seed, in batches, until it meets the task's rule, but for at most `limit` sequences.

    Raises ValueError for a limit below one batch.
    """
    check_size("batch", batch)
    if limit < batch:
        raise ValueError(f"limit: got {limit}, wanted at least the {batch} sequences of a batch")
    rng = np.random.default_rng(list(seeds))
    x, y = task.draw(1, rng)
    networks = SideBySide(design, x.shape[2], y.shape[1], seeds)
    recent, errors, met = np.full((len(seeds), RECENT), np.inf), [], dict[int, int]()
    for sequences in range(batch, limit + 1, batch):
        x, y = deal(task.draw(len(seeds) * batch, rng), len(seeds))
        prediction, _ = networks.forward(x)
        error, dprediction = task.judge(prediction, y)
        errors.append(error.mean(axis=1))
        recent = np.concatenate([recent[:, batch:], error], axis=1)
        good = (recent.mean(axis=1) < task.mean_error) & ((recent >= task.tolerance).sum(axis=1) <= task.wrong)
        met = {int(number): sequences for number in np.flatnonzero(good)} | met
        if len(met) == len(seeds):
            break
        networks.update(dprediction, set(range(len(seeds))) - set(met))
    return _trials(networks, met, sequences, np.array(errors), batch)


def test(task: Task, trial: Trial, count: int = 2560, seed: int = 0) -> int:
    """How many of `count` fresh sequences a network gets wrong. The papers test with 2560."""
    rng, wrong = np.random.default_rng(seed), 0
    for _ in range(count // 16):
        x, y = task.draw(16, rng)
        prediction, _ = trial.network.forward(x)
        error, _ = task.judge(prediction[None], y[None])
        wrong += int((error >= task.tolerance).sum())
    return wrong


def learn_reber(design: Design, seeds: Sequence[int], limit: int = 3000, every: int = 50) -> list[Trial]:
    """Embedded Reber grammar, one of 256 strings at a time, until all symbols of these and 256 others are predicted.

    A symbol is predicted if those that may come have the largest outputs. Checked after each `every` strings; the
    errors are the shares of strings that are not yet right. HS97, experiment 1.
    """
    rng = np.random.default_rng(list(seeds))
    training = tasks.reber_strings(256, rng)
    both = tasks.encode([*training, *tasks.reber_strings(256, rng, exclude=training)])
    networks = SideBySide(design, both[0].shape[2], both[0].shape[2], seeds, every_step=True)
    errors, met = [], dict[int, int]()
    for strings in range(1, limit + 1):
        length = len(rng.choice(training))  # one length at a time, and no string is drawn more often than another
        drawn = [*rng.choice([string for string in training if len(string) == length], len(seeds))]
        x, following, _, _ = deal(tasks.encode(drawn), len(seeds))
        follow(networks, x, following, set(range(len(seeds))) - set(met))
        if strings % every == 0:
            x, _, legal, mask = both
            prediction, _ = networks.forward(np.stack([x] * len(seeds)))
            right = are_most_active(prediction, legal) | ~mask
            errors.append(1 - right.all(axis=2).mean(axis=1))
            met = {int(number): strings for number in np.flatnonzero(errors[-1] == 0)} | met
        if len(met) == len(seeds):
            break
    return _trials(networks, met, strings, np.array(errors), every)


def learn_stream(
    design: Design, seeds: Sequence[int], updates: int = 400, streams: int = 16, steps: int = 50
) -> tuple[SideBySide, Array]:
    """Continual embedded Reber grammar: one update after each `steps` symbols of `streams` endless streams a network.

    States are handed on from update to update, gradients are not. Each update starts one of the streams afresh, state
    and all, or the beginning of a stream would be learned only once. Also returns the losses, (updates, networks).
    """
    count, rng, states = len(seeds), np.random.default_rng(list(seeds)), None
    networks = SideBySide(design, 7, 7, seeds, every_step=True)
    stream = tasks.ReberStream(count * streams, rng)
    losses = np.empty((updates, count))
    for update in range(updates):
        x, following, _ = deal(stream.draw(steps), count)
        losses[update], states = follow(networks, x, following, range(count), states)
        afresh = update % streams
        stream.restart(np.arange(count) * streams + afresh)
        for part in states[0]:
            part[afresh] = 0
    return networks, losses


def predict_stream(
    networks: SideBySide, steps: int = 10_000, streams: int = 10, seed: int = 0, at_once: int = 100
) -> tuple[Array, Array]:
    """How many symbols of fresh streams are predicted before the first error, at most `steps`: (networks, streams).

    Also the largest size of a state in each network after every `at_once` steps: (steps / at_once, networks).
    """
    count, states, sizes, right = networks.count, None, [], []
    stream = tasks.ReberStream(count * streams, np.random.default_rng(seed))
    for _ in range(steps // at_once):
        x, _, legal = deal(stream.draw(at_once), count)
        prediction, states = networks.forward(x, states)
        right.append(are_most_active(prediction, legal))
        sizes.append(abs(states[0][-1]).reshape(streams, count, -1).max(axis=(0, 2)))
    wrong = np.concatenate([~np.concatenate(right, axis=2), np.ones((count, streams, 1), bool)], axis=2)
    return wrong.argmax(axis=2), np.array(sizes)


def try_stream(design: Design, seeds: Sequence[int]) -> tuple[Array, Array]:
    """What `predict_stream` finds after `learn_stream`."""
    networks, _ = learn_stream(design, seeds)
    return predict_stream(networks)


def ablate(variant: str, seeds: Sequence[int]) -> tuple[Array, Array]:
    """A variant on two tasks: mean errors on adding after 4,800 sequences, symbols of a stream before an error.

    Adding has length 60, forget bias 5 and input bias -5, errors are those of the last 2000; the stream, 1 and 0.
    Both results have an entry for each seed; the second is the mean over streams.
    """
    trials = learn(adding(60), Design(variant, 5, -5), seeds, limit=4800)
    lengths, _ = try_stream(Design(variant), seeds)
    return np.array([trial.errors[-125:].mean() for trial in trials]), lengths.mean(axis=1)


def run_all(jobs: Sequence[Callable[[], Any]], processes: int = 2) -> list[Any]:
    """What each of the jobs returns, in their order, run in several processes at once."""
    # One thread for each process, or they get into each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        futures = [pool.submit(job) for job in jobs]
        return [future.result() for future in futures]


def follow(
    networks: SideBySide, x: Array, following: Array, numbers: Iterable[int], states: Any = None
) -> tuple[Array, Any]:
    """One update of these networks towards the symbols that follow; the loss of each, and the last states."""
    prediction, states = networks.forward(x, states)
    both = [softmax_cross_entropy(own, symbols) for own, symbols in zip(prediction, following, strict=True)]
    networks.update(np.stack([gradient for _, gradient in both]), numbers)
    return np.array([loss for loss, _ in both]), states


def are_most_active(prediction: Array, legal: Array) -> Array:
    """Is each output for a legal symbol larger than that for any other? Symbols are the last axis."""
    least, most = np.where(legal, prediction, np.inf).min(axis=-1), np.where(legal, -np.inf, prediction).max(axis=-1)
    return least > most


def deal(drawn: Sequence[Array], count: int) -> list[Array]:
    """Arrays of `count` times as many sequences as one network needs, among networks: (networks, batch, ...)."""
    return [array.reshape(count, -1, *array.shape[1:]) for array in drawn]


def trace(network: Stack, x: Array) -> dict[str, Array]:
    """Each unit's gates i, f and o, candidate g and cell state c, (time, units), over one sequence x (time, inputs)."""
    layer = network.layers[0]
    cell = LSTMCell(x.shape[1], layer.hidden_size, dtype=np.float32)
    for name, weights in cell.params.items():
        weights[...] = layer.params[name]
    state = tuple(np.zeros((2, 1, layer.hidden_size), np.float32))
    steps = []
    for x_t in x:
        state, (_, _, _, i, f, g, c, o, _) = cell.forward(x_t[None], state)
        steps.append(np.stack([i[0], f[0], g[0], o[0], c[0]]))
    return dict(zip("ifgoc", np.stack(steps, axis=1), strict=True))


def _trials(networks: SideBySide, met: dict[int, int], last: int, errors: Array, batch: int) -> list[Trial]:
    ends = [met.get(number, last) for number in range(networks.count)]
    return [
        Trial(number in met, end, errors[: end // batch, number], networks.alone(number))
        for number, end in enumerate(ends)
    ]
