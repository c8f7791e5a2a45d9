"""The model is the article's; training stops in time, keeps its best weights, and repeats exactly."""

import numpy as np
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.prepare import prepare, read_series
from lstm_tutorial.workflow.train import train

SETTINGS = Settings(csv="sunspots", timesteps=6, units=4, epochs=30, patience=2, learning_rate=0.05)


@pytest.fixture(scope="module")
def prepared():
    return prepare(read_series("sunspots"), SETTINGS)


@pytest.mark.parametrize(("units", "features", "horizon"), [(50, 1, 1), (7, 3, 2)])
def test_the_model_has_the_weights_that_the_formula_counts(units, features, horizon):
    model = build(Settings(units=units, horizon=horizon), features)
    assert model.count_params() == 4 * units * (features + units + 1) + horizon * (units + 1)
    assert model.output_shape == (None, horizon)


def test_the_model_is_fitted_as_in_the_article():
    model = build(Settings(learning_rate=0.02))
    assert model.loss == "mean_squared_error"
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)


def test_training_stops_in_time_with_its_best_weights(prepared):
    trained = train(build(SETTINGS), prepared, SETTINGS)
    losses = trained.history["val_loss"]
    assert len(losses) < SETTINGS.epochs
    assert len(losses) - trained.best_epoch == SETTINGS.patience
    loss = trained.model.evaluate(prepared.validation.x, prepared.validation.y, verbose=0)
    assert loss == pytest.approx(min(losses), rel=1e-5)
    assert min(losses) < losses[0]


def test_a_seed_repeats_to_the_bit_and_another_differs(prepared):
    def weights(seed: int) -> np.ndarray:
        settings = SETTINGS.model_copy(update={"seed": seed, "epochs": 2})
        return np.concatenate([w.ravel() for w in train(build(settings), prepared, settings).model.get_weights()])

    first = weights(0)
    np.testing.assert_array_equal(first, weights(0))
    assert not np.array_equal(first, weights(1))


def test_a_progress_bar_is_drawn_for_people_only(prepared, capsys, monkeypatch):
    settings = SETTINGS.model_copy(update={"epochs": 2})
    train(build(settings), prepared, settings)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("LSTM_TUTORIAL_PROGRESS", "1")
    train(build(settings), prepared, settings)
    assert "2/2" in capsys.readouterr().err
