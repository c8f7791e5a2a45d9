"""Fine-tuning starts from what was learned, moves only what it should, and is never told the test part."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import finetune, judge
from lstm_tutorial.workflow.finetune import WAYS, Learner, Move, compare_ways
from lstm_tutorial.workflow.parse import DataError

GIVEN = {"timesteps": 12, "horizon": 3, "fold": 1, "units": 4, "anchor": "last", "log": False, "level": False}
SETTINGS = Settings.model_validate(GIVEN | {"features": [], "dropout": 0.0, "learning_rate": 0.02})


def wave(sign: int, length: int = 400, seed: int = 0) -> pd.DataFrame:
    """A wave that the network can learn to forecast, or, with `sign` -1, another that it cannot know."""
    noise = np.random.default_rng(seed).normal(scale=0.1, size=length)
    values = np.abs(np.sin(np.arange(length) * np.pi / 12)) * sign + noise
    frame = pd.DataFrame({"load": values})
    frame.attrs = {"season": None, "filled": np.zeros(length, bool), "known": []}
    return frame


@pytest.fixture(scope="module")
def fold() -> judge.Fold:
    (folds,) = judge.cut_folds(wave(1), [SETTINGS], None).values()
    return folds[-1]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return compare_ways(Move(wave(1).iloc[:320], wave(-1, seed=1), SETTINGS), [60, 240], seeds=2)


def test_a_tuned_head_leaves_the_lstm_alone_and_full_tuning_does_not(fold):
    for head_only in (True, False):
        learner = Learner(SETTINGS, fold, head_only=head_only)
        before = learner.model.get_weights()
        after = learner.learn(before, fold, seed=0)
        same = [np.array_equal(old, new) for old, new in zip(before, after, strict=True)]
        assert same == ([True, True, True, False, False] if head_only else [False] * 5)


def test_learning_starts_from_the_given_weights_and_ends_no_worse(fold):
    learner = Learner(SETTINGS, fold)
    blank = learner.model.get_weights()
    loss = []
    weights = [blank, learner.learn(blank, fold, seed=0)]
    weights.append(learner.learn(weights[1], fold, seed=1))
    for one in weights:
        loss.append(np.mean((learner.predict(one, fold.validation) - fold.validation.y) ** 2))
    assert loss[1] < 0.7 * loss[0]
    assert loss[2] <= loss[1] * (1 + 1e-5)
    # What was learned in between has left no trace: the same again gives the same.
    for old, new in zip(weights[1], learner.learn(blank, fold, seed=0), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_table_has_a_row_for_each_amount_and_seed_and_a_column_for_each_way(table):
    assert list(table.columns) == list(WAYS)
    assert sorted(table.index) == [(60, 0), (60, 1), (240, 0), (240, 1)]
    assert table.index.names == ["new values", "seed"]
    assert np.isfinite(table.to_numpy()).all()


def test_left_alone_no_amount_of_new_data_matters(table):
    alone = table["left alone"].unstack()
    assert (alone.loc[60] == alone.loc[240]).all()
    assert table["ridge anew"].unstack().nunique(axis=1).tolist() == [1, 1]


def test_where_the_old_rule_is_wrong_tuning_beats_leaving_alone(table):
    means = table.loc[240].mean()
    assert means["all tuned"] < 0.95 * means["left alone"]
    assert means["anew"] < means["left alone"]


def test_what_comes_in_the_test_part_changes_scores_but_no_network(monkeypatch):
    def learn_all(new: pd.DataFrame) -> list[np.ndarray]:
        learned: list[np.ndarray] = []

        def learn(*given):
            learned.extend(original(*given))
            return learned[-5:]

        with monkeypatch.context() as patch:
            patch.setattr(Learner, "learn", learn)
            compare_ways(Move(wave(1).iloc[:320], new, SETTINGS), [100], seeds=1)
        return learned

    original = Learner.learn
    monkeypatch.setattr(finetune, "EPOCHS", 2)
    new = wave(-1, seed=1)
    first = learn_all(new)
    new.iloc[320:] += 5
    again = learn_all(new)
    assert len(first) == 4 * 5
    for old, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(old, other)


def test_too_few_new_data_are_refused_in_one_line():
    with pytest.raises(DataError, match="10 new values leave no window to train on; take 19 or more") as error:
        Move(wave(1).iloc[:320], wave(-1), SETTINGS).newest(10)
    assert "\n" not in str(error.value)


def test_long_data_are_learned_from_at_all_hours_of_the_day(monkeypatch):
    monkeypatch.setattr(finetune, "FEW", 400)
    move = Move(wave(1, 2_000), wave(-1, 2_500), SETTINGS)
    for windows, most in ((move.old.train, 800), (move.newest(1_500).train, 400)):
        hours = np.bincount(windows.first % 24, minlength=24)
        assert hours.sum() == most
        assert hours.min() > most / 24 / 3
        assert (np.diff(windows.first) > 0).all()


def test_few_windows_are_passed_until_they_make_as_many_updates_as_many_windows(fold, monkeypatch):
    made = []
    monkeypatch.setattr(finetune, "fit_briefly", lambda epochs, seed, most, *rest: made.append((most, *rest)))
    learner = Learner(SETTINGS, fold)
    for count in (8, 96, 640):
        some = fold._replace(train=fold.train.take(np.arange(count) % len(fold.train.y)))
        learner.learn(learner.model.get_weights(), some, 0)
        most, _, passes = made[-1]
        updates = passes * count / SETTINGS.batch_size
        assert updates >= finetune.CHECK - 1
        assert most * updates >= finetune.UPDATES - updates
    assert made[-1][0] == finetune.EPOCHS
    assert made[-1][2] == 1
