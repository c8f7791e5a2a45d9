"""The blend starts as a linear model and takes of the LSTM what validation says it is worth."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.blend import Blend, best_weight, fit_blend, predict_mean
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.linear import STRENGTHS, fit_linear, fit_ridge, flat, refit_linear
from lstm_tutorial.workflow.prepare import Prepared, prepare

SETTINGS = Settings(timesteps=8, horizon=2, epochs=3, units=4, anchor="last", log=False, level=True, members=2)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    rng = np.random.default_rng(0)
    series = pd.Series(np.sin(np.arange(200) / 3) + 0.1 * rng.normal(size=200), name="sales")
    series.attrs = {"season": None, "filled": None}
    return prepare(series, SETTINGS)


def test_the_best_weight_makes_the_squared_error_smallest():
    rng = np.random.default_rng(0)
    truth, linear, lstm = rng.normal(size=(3, 50, 4))
    lstm += 0.5 * truth
    w = best_weight(truth, linear, lstm)
    errors = {v: np.sum((truth - linear - v * (lstm - linear)) ** 2) for v in np.linspace(0, 1, 1001)}
    assert 0 < w < 1
    assert w == pytest.approx(min(errors, key=errors.__getitem__), abs=1e-3)


def test_the_weight_stays_between_nothing_and_all():
    truth = np.array([[1.0], [2.0]])
    assert best_weight(truth, truth, truth + 1) == 0
    assert best_weight(truth, truth + 1, truth) == 1
    assert best_weight(truth, truth - 1, truth - 2) == 0
    assert best_weight(truth, truth - 2, truth - 1) == 1
    assert best_weight(truth, truth, truth) == 0


def test_a_ridge_is_that_of_scikit_learn_and_without_penalty_least_squares():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 3))
    ours = fit_ridge(x, y, 10.0)
    assert ours.kernel.shape == (5, 3)
    np.testing.assert_allclose(x @ ours.kernel + ours.bias, Ridge(10.0).fit(x, y).predict(x), rtol=1e-4, atol=1e-5)
    free = fit_ridge(x, y, 1e-9)
    np.testing.assert_allclose(x @ free.kernel + free.bias, LinearRegression().fit(x, y).predict(x), atol=1e-5)


def test_the_strength_is_the_one_that_does_best_on_validation(prepared):
    x, y, held_out = flat(prepared, prepared.train), prepared.train.y, prepared.validation
    errors = {s: np.mean((fit_ridge(x, y, s).predict(prepared, held_out) - held_out.y) ** 2) for s in STRENGTHS}
    assert fit_linear(prepared).strength == min(errors, key=errors.__getitem__)


def test_the_ridge_is_fitted_again_with_validation(prepared):
    again = refit_linear(prepared, 1.0)
    x = np.concatenate([flat(prepared, prepared.train), flat(prepared, prepared.validation)])
    y = np.concatenate([prepared.train.y, prepared.validation.y])
    np.testing.assert_allclose(again.kernel, fit_ridge(x, y, 1.0).kernel)
    assert not np.allclose(again.kernel, fit_ridge(x[: len(prepared.train.y)], prepared.train.y, 1.0).kernel)


def test_an_untrained_network_is_the_naive_forecast(prepared):
    model = build(prepared.settings, prepared.schema)
    forecast = prepared.unscale(predict_mean([model], prepared.test), prepared.test)
    last = prepared.values[prepared.test.first - 1]
    np.testing.assert_allclose(forecast, np.repeat(last[:, None], 2, axis=1))


def test_a_blend_lies_between_its_parts(prepared):
    blend = fit_blend(prepared)
    assert len(blend.models) == 2
    ends = [Blend(blend.linear, blend.models, weight).predict(prepared, prepared.test) for weight in (0.0, 1.0)]
    np.testing.assert_allclose(ends[0], prepared.unscale(blend.linear.predict(prepared, prepared.test), prepared.test))
    mean = predict_mean(blend.models, prepared.test)
    np.testing.assert_allclose(ends[1], prepared.unscale(mean, prepared.test), rtol=1e-5)
    half = Blend(blend.linear, blend.models, 0.5).predict(prepared, prepared.test)
    np.testing.assert_allclose(half, (ends[0] + ends[1]) / 2, rtol=1e-5)


def test_the_weight_comes_from_validation(prepared):
    blend = fit_blend(prepared)
    held_out = prepared.validation
    linear, lstm = fit_linear(prepared).predict(prepared, held_out), predict_mean(blend.models, held_out)
    assert blend.weight == pytest.approx(best_weight(held_out.y, linear, lstm))
