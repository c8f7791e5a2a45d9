"""Scores agree with other implementations, and each rule is what its name says."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import evaluate
from lstm_tutorial.workflow.prepare import prepare, read_series


@pytest.fixture(scope="module")
def monthly():
    return prepare(read_series("air_passengers"), Settings(timesteps=13, horizon=3))


def test_scores_agree_with_utilsforecast(monthly):
    from utilsforecast import losses

    forecast = evaluate.persistence(monthly, monthly.test)
    wanted = evaluate.truth(monthly, monthly.test)
    table = pd.DataFrame({"unique_id": 0, "y": wanted.ravel(), "model": forecast.ravel()})
    past = pd.DataFrame({"unique_id": 0, "y": monthly.values[: monthly.split.validation]})
    got = evaluate.scores(wanted, forecast, evaluate.mase_scale(monthly))
    assert got["MAE"] == pytest.approx(losses.mae(table, ["model"])["model"][0])
    assert got["RMSE"] == pytest.approx(losses.rmse(table, ["model"])["model"][0])
    assert got["MASE"] == pytest.approx(losses.mase(table, ["model"], 12, past)["model"][0])


def test_rules_use_known_values_only_and_the_right_ones(monthly):
    y, windows = monthly.values, monthly.test
    rules = evaluate.simple_rules(monthly, windows)
    assert list(rules) == list(evaluate.RULES)
    for i, first in enumerate(windows.first):
        for step in range(3):
            assert rules["persistence"][i, step] == y[first - 1]
            assert rules["seasonal naive"][i, step] == y[first + step - 12]
            growth = y[first - 1] / y[first - 13]
            assert rules["seasonal ratio"][i, step] == pytest.approx(y[first + step - 12] * growth)
    spoiled = y.copy()
    place = windows.first[5]
    spoiled[place:] = 1.0
    from dataclasses import replace

    for rule in (evaluate.persistence, evaluate.seasonal_naive, evaluate.seasonal_ratio):
        np.testing.assert_array_equal(rule(replace(monthly, values=spoiled), windows)[5], rule(monthly, windows)[5])


def test_seasonal_naive_repeats_the_season_beyond_one_cycle():
    prepared = prepare(read_series("air_passengers"), Settings(timesteps=13, horizon=15, validation_fraction=0.2))
    forecast = evaluate.seasonal_naive(prepared, prepared.test)
    np.testing.assert_array_equal(forecast[:, 12:], forecast[:, :3])


def test_linear_autoregression_finds_a_linear_law():
    values = [1.0, 2.0]
    for _ in range(120):
        values.append(1.6 * values[-1] - 0.95 * values[-2] + 0.1)
    prepared = prepare(pd.Series(values, name="law"), Settings(timesteps=2))
    got = evaluate.linear_autoregression(prepared, prepared.test)
    np.testing.assert_allclose(got, evaluate.truth(prepared, prepared.test), atol=1e-9)


def test_a_series_without_a_season_gets_no_seasonal_rule():
    prepared = prepare(read_series("sunspots"), Settings(timesteps=11))
    assert list(evaluate.simple_rules(prepared, prepared.test)) == ["persistence", "linear autoregression"]
    with pytest.raises(ValueError, match="no season"):
        evaluate.seasonal_naive(prepared, prepared.test)


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [([0.8, 0.84], "beats"), ([0.95, 0.99], "ties with"), ([0.9, 1.1], "ties with"), ([1.1, 1.12], "loses to")],
)
def test_a_difference_below_the_spread_of_seeds_is_a_tie(errors, verdict):
    assert evaluate.verdict(pd.Series(errors), 1.0) == verdict


def test_steps_after_the_last_follow_its_calendar():
    ahead = evaluate.after(read_series("elnino"), np.array([1.0, 2.0]))
    assert list(ahead.index) == [pd.Timestamp("2011-01-01"), pd.Timestamp("2011-02-01")]
    assert list(evaluate.after(pd.Series([5.0, 6.0]), np.array([7.0])).index) == [2]


def test_the_airline_rule_scores_what_the_book_says():
    y = read_series("air_passengers").to_numpy()
    months = np.arange(len(y) - 46, len(y))
    rule = y[months - 12] * y[months - 1] / y[months - 13]
    assert evaluate.scores(y[months], rule, 1.0)["RMSE"] == pytest.approx(15.93, abs=0.01)
