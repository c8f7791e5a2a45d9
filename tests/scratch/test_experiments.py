"""Experiments keep the rules of their papers."""

import os
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from lstm_tutorial.scratch import experiments, tasks
from lstm_tutorial.scratch.experiments import Task, adding, learn, multiplication, temporal_order
from lstm_tutorial.scratch.seeds import Design


def last_value(batch, rng):
    """A task that a network of any kind learns at once: repeat the last input."""
    x = rng.uniform(0, 1, (batch, rng.integers(2, 4), 1)).astype(np.float32)
    return x, x[:, -1]


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        (adding(), (0.04, 0.01, 0)),
        (multiplication(), (0.04, np.inf, 12)),
        (multiplication(wrong=139), (0.04, np.inf, 139)),
        (temporal_order(2), (0.3, 0.1, 0)),
        (temporal_order(3), (0.3, 0.1, 0)),
    ],
)
def test_rules_are_those_of_the_paper(task, rule):
    assert (task.tolerance, task.mean_error, task.wrong) == rule


def test_a_task_judges_by_the_largest_error_of_an_output():
    y = np.float32([[[0, 1], [1, 0]]])
    outputs = np.float32([[[0.2, 0.9], [1.0, 0.35]]])
    for task, prediction in (
        (adding(), outputs),
        (temporal_order(), np.log(outputs / (1 - outputs + 1e-7)).astype(np.float32)),
    ):
        errors, gradient = task.judge(prediction, y)
        np.testing.assert_allclose(errors, [[0.2, 0.35]], atol=1e-5)
        assert gradient.shape == prediction.shape


TASK = Task(last_value, tolerance=0.2, mean_error=0.05)
DESIGN = Design("rnn", hidden_size=4)


def test_learning_stops_when_the_last_2000_are_right_and_near_enough():
    trials = learn(TASK, DESIGN, range(3), limit=8000)
    for trial in trials:
        assert trial.solved and 2000 <= trial.sequences < 8000
        assert len(trial.errors) == trial.sequences // 16
        assert trial.errors[-125:].mean() < 0.05 <= trial.errors[:125].mean() + 0.05
        assert experiments.test(TASK, trial) < 26


def test_no_rule_is_met_before_2000_sequences():
    (trial,) = learn(replace(TASK, tolerance=np.inf, mean_error=np.inf), DESIGN, [0], limit=4000)
    assert trial.solved and trial.sequences == 2000


@pytest.mark.parametrize("change", [{"tolerance": 1e-6}, {"mean_error": 1e-6}])
def test_learning_ends_at_the_limit_if_a_half_of_the_rule_is_not_met(change):
    (trial,) = learn(replace(TASK, **change), DESIGN, [0], limit=4000)
    assert not trial.solved and trial.sequences == 4000


def test_a_rule_may_allow_for_wrong_sequences():
    strict, lenient = (
        learn(replace(TASK, tolerance=0.05, mean_error=np.inf, wrong=wrong), DESIGN, [0], limit=12_000)[0]
        for wrong in (0, 400)
    )
    assert lenient.solved and lenient.sequences < strict.sequences


def test_the_same_seeds_learn_the_same():
    first, second = (learn(TASK, DESIGN, [5, 6], limit=480) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.errors, other.errors)
    assert not np.array_equal(first[0].errors, first[1].errors)


def test_legal_symbols_must_all_be_above_all_others():
    legal = np.array([True, False, True, False])
    cases = {(3, 1, 2, 0): True, (3, 2.5, 2, 0): False, (3, 2, 2, 0): False, (0.2, 0.1, 9, -4): True}
    for outputs, expected in cases.items():
        assert experiments.are_most_active(np.array(outputs), legal) == expected


def test_a_reber_trial_is_solved_only_if_every_string_is_predicted():
    trials = experiments.learn_reber(Design(hidden_size=16, learning_rate=0.01), [0, 1], limit=3000)
    assert any(trial.solved for trial in trials)
    rng = np.random.default_rng([0, 1])
    training = tasks.reber_strings(256, rng)
    strings = [*training, *tasks.reber_strings(256, rng, exclude=training)]
    for trial in trials:
        wrong = 0
        for string in strings:
            x, _, legal, _ = tasks.encode([string])
            wrong += not experiments.are_most_active(trial.network.forward(x)[0], legal).all()
        assert trial.solved == (wrong == 0)
        assert trial.errors[-1] == pytest.approx(wrong / 512)
        assert len(trial.errors) == trial.sequences // 50


def test_a_stream_is_read_until_the_first_error():
    networks, losses = experiments.learn_stream(Design(), [0, 1], updates=2, streams=2, steps=10)
    assert losses.shape == (2, 2) and np.isfinite(losses).all()
    lengths, sizes = experiments.predict_stream(networks, steps=60, streams=3, seed=7, at_once=20)
    assert lengths.shape == (2, 3) and sizes.shape == (3, 2)
    x, _, legal = experiments.deal(tasks.ReberStream(6, np.random.default_rng(7)).draw(20), 2)
    for number in range(2):
        prediction, states = networks.alone(number).forward(x[number])
        right = experiments.are_most_active(prediction, legal[number])
        expected = [row.argmin() if not row.all() else 20 for row in right]
        np.testing.assert_array_equal(np.minimum(lengths[number], 20), expected)
        assert sizes[0, number] == pytest.approx(abs(states[0][1]).max(), rel=1e-4)


def test_streams_start_afresh_one_after_another(monkeypatch):
    restarted = []
    monkeypatch.setattr(tasks.ReberStream, "restart", lambda self, rows: restarted.append(rows.tolist()))
    experiments.learn_stream(Design(), [0, 1], updates=4, streams=3, steps=5)
    assert restarted == [[0, 3], [1, 4], [2, 5], [0, 3]]


def test_a_trace_shows_the_state_that_the_network_has():
    network = Design(forget_bias=3, input_bias=-2, hidden_size=4).build(2, 1, 0)
    x, _ = tasks.adding(20, 1, np.random.default_rng(0))
    steps = experiments.trace(network, x[0])
    _, ((h, c),) = network.forward(x)
    assert {name: part.shape for name, part in steps.items()} == dict.fromkeys("ifgoc", (x.shape[1], 4))
    np.testing.assert_allclose(steps["c"][-1], c[0], atol=1e-5)
    np.testing.assert_allclose(steps["o"][-1] * np.tanh(steps["c"][-1]), h[0], atol=1e-5)
    before = np.vstack([np.zeros(4), steps["c"][:-1]])
    np.testing.assert_allclose(steps["c"], steps["f"] * before + steps["i"] * steps["g"], atol=1e-5)


def test_jobs_run_in_other_processes_and_keep_their_order():
    jobs = [partial(len, "abc"), partial(learn, TASK, DESIGN, [0], 480), os.getpid]
    length, (trial,), process = experiments.run_all(jobs)
    (here,) = learn(TASK, DESIGN, [0], 480)
    assert length == 3 and process != os.getpid()
    np.testing.assert_array_equal(trial.errors, here.errors)
    x, _ = last_value(4, np.random.default_rng(0))
    np.testing.assert_array_equal(trial.network.forward(x)[0], here.network.forward(x)[0])


def test_a_limit_below_one_batch_is_refused():
    with pytest.raises(ValueError, match="limit: got 15, wanted at least the 16 sequences of a batch"):
        learn(TASK, DESIGN, [0], limit=15)
