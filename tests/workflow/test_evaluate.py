"""The verdicts are those that the figures bear out, from forecasts that knew nothing of the test part."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import baselines, evaluate, intervals, metrics, residuals
from lstm_tutorial.workflow.blend import Blend, fit_blend
from lstm_tutorial.workflow.linear import fit_linear, refit_linear
from lstm_tutorial.workflow.prepare import prepare, read_series


def wave(length=900, freq="h", season=24):
    """A daily wave whose errors are twice as large by day as by night."""
    hours, rng = np.arange(length), np.random.default_rng(0)
    noise = rng.normal(size=length) * np.where(hours % 24 < 12, 1.0, 0.3)
    values = 10 + 3 * np.sin(hours * 2 * np.pi / 24) + noise
    series = pd.Series(values, index=pd.date_range("2020-01-01", periods=length, freq=freq), name="load")
    series.attrs = {"notes": [], "filled": np.zeros(length, bool), "season": season, "unit": "MW"}
    return series


@pytest.fixture(scope="module")
def prepared():
    settings = Settings(timesteps=24, horizon=6, anchor="last", log=False, members=2, epochs=3, units=4, fold=24)
    return prepare(wave(), settings)


@pytest.fixture(scope="module")
def evaluation(prepared):
    return evaluate.evaluate(prepared, fit_blend(prepared), ["persistence", "seasonal naive", "ridge"])


@pytest.fixture(scope="module")
def monthly():
    return prepare(read_series("air_passengers"), Settings(timesteps=13, horizon=3, anchor="last", log=False))


def test_an_evaluation_holds_a_forecast_of_every_test_window(prepared, evaluation):
    names = {"blend", "LSTM", "persistence", "seasonal naive", "ridge"}
    assert set(evaluation.forecasts) == names
    assert all(forecast.shape == prepared.test.y.shape for forecast in evaluation.forecasts.values())
    assert len(evaluation.members) == len(evaluation.weights) == 2
    assert 0 <= evaluation.weight <= 1


def test_the_blend_that_is_judged_is_the_one_that_was_given(prepared, evaluation):
    blend = fit_blend(prepared)  # the same seeds: the same weights
    np.testing.assert_allclose(evaluation.forecasts["blend"], blend.predict(prepared, prepared.test), rtol=1e-5)


def test_the_table_ranks_by_rmse_and_says_where_the_blend_stands(evaluation):
    table = evaluation.table()
    assert table["RMSE"].is_monotonic_increasing
    assert table.loc["persistence", "the blend is"] == "better"
    assert table.loc["persistence", "p"] < 0.01
    assert pd.isna(table.loc["blend", "p"])
    assert evaluation.best_other in ("persistence", "seasonal naive", "ridge")


def test_the_verdict_and_the_worth_are_those_of_the_table(evaluation):
    rmse, best = evaluation.table()["RMSE"], evaluation.best_other
    assert rmse[best] == rmse[["persistence", "seasonal naive", "ridge"]].min()
    said = evaluation.verdict()
    assert f"{best}, with an RMSE of {rmse[best]:.4g}" in said
    assert f"**{evaluate.WORDS[evaluation.compare(best).verdict]}** {best}" in said
    assert f"seasonal naive, has {rmse['seasonal naive']:.4g}" in said
    harmful = replace(evaluation, forecasts=evaluation.forecasts | {"blend": evaluation.truth + 5.0}, weight=0.9)
    assert "share is 0.90" in harmful.worth()
    assert "the LSTM did harm" in harmful.worth()
    same = replace(evaluation, forecasts=evaluation.forecasts | {"blend": evaluation.forecasts["ridge"]})
    assert "within chance" in same.worth()


def test_forecasts_of_the_validation_part_come_from_a_model_that_has_not_seen_it(prepared):
    """With no LSTM in it, the blend's validation errors are those of the ridge fitted to the training part."""
    linear = fit_linear(prepared)

    class Still:
        """A network that forecasts no change."""

        inputs = ("windows", "extras")

        def __call__(self, parts):
            return np.zeros((len(parts[0]), 6))

    blend = Blend(refit_linear(prepared, linear.strength), [Still()], 0.0)
    found = evaluate.evaluate(prepared, blend, ["ridge"])
    np.testing.assert_allclose(found.held_out, linear.predict(prepared, prepared.validation))
    np.testing.assert_allclose(found.forecasts["blend"], found.forecasts["ridge"], rtol=1e-5)
    assert found.compare("ridge").verdict == "tied"


def test_intervals_hold_what_they_promise_and_are_wider_where_errors_are_larger(evaluation):
    low, high = evaluation.interval(0.8)
    assert metrics.coverage(evaluation.truth, low, high) == pytest.approx(0.8, abs=0.06)
    table = evaluation.interval_table()
    assert list(table.index) == [("80%", "constant"), ("80%", "scaled"), ("95%", "constant"), ("95%", "scaled")]
    assert (table["coverage"].xs("95%") > table["coverage"].xs("80%")).all()
    width, by_day = (high - low)[:, 0], evaluation.prepared.test.first % 24 < 12
    assert width[by_day].mean() > 1.3 * width[~by_day].mean()


def test_no_interval_depends_on_what_comes_after_its_window(prepared, evaluation):
    place = 60
    spoiled = prepared.table.copy()
    spoiled[prepared.test.first[place] :] += 50
    test = prepared.test._replace(y=prepared.scaler.changes(spoiled, prepared.test.first))
    other = replace(prepared, table=spoiled, test=test)
    size = intervals.fit_size(prepared)
    ends = [
        intervals.rolling_intervals(each, evaluation.held_out, evaluation.changes, 0.8, size)
        for each in (prepared, other)
    ]
    for before, after in zip(*ends, strict=True):
        np.testing.assert_allclose(after[: place + 1], before[: place + 1])


def test_few_windows_are_said_to_be_few(prepared, evaluation):
    assert "windows: with fewer than 100" in evaluation.warning()
    test = prepared.test
    many = prepared.validation._replace(first=np.arange(100)), test._replace(first=np.arange(100))
    enough = replace(evaluation, prepared=replace(prepared, validation=many[0], test=many[1]))
    assert enough.warning() == ""


def test_the_scoreboard_shows_the_largest_loss_first(evaluation):
    worse = {**evaluation.forecasts, "blend": evaluation.truth + 5.0}
    board = evaluate.scoreboard({"good": evaluation, "bad": replace(evaluation, forecasts=worse)})
    assert list(board.index) == ["bad", "good"]
    assert board.loc["bad", "the blend is"] == "worse"
    said = evaluate.losses(board)
    assert "smaller RMSE on" in said
    assert "bad (" in said
    assert "worse on 1" in said
    assert board.loc["bad", "ratio"] == pytest.approx(board.loc["bad", "blend's RMSE"] / board.loc["bad", "its RMSE"])


def test_score_tables_are_those_of_metrics(monthly):
    forecasts = evaluate.simple_rules(monthly, monthly.test)
    assert list(forecasts) == list(baselines.SIMPLE)
    table = evaluate.score_table(monthly, monthly.test, forecasts)
    truth = monthly.values[monthly.test.first[:, None] + np.arange(3)]
    past = monthly.values[: monthly.split.validation]
    scale = np.mean(np.abs(past[12:] - past[:-12]))
    for name, forecast in forecasts.items():
        wanted = metrics.scores(truth, forecast, scale)
        assert table.loc[name].to_dict() == pytest.approx({key: wanted[key] for key in ("MAE", "RMSE", "MASE")})


def test_a_copy_of_the_last_value_is_as_late_as_it_is_far_ahead(prepared):
    test = prepared.test
    copies = residuals.best_lags(prepared, test, baselines.persistence(prepared, test))
    np.testing.assert_array_equal(copies, np.arange(1, 7))
    perfect = residuals.best_lags(prepared, test, prepared.truth(test))
    np.testing.assert_array_equal(perfect, np.zeros(6))
    season = residuals.best_lags(prepared, test, baselines.seasonal_naive(prepared, test))
    np.testing.assert_array_equal(season, np.full(6, 24))


def test_residual_checks_find_a_bias_and_what_is_left_to_learn():
    rng = np.random.default_rng(0)
    clean = residuals.residual_checks(rng.normal(size=(2000, 2)))
    assert (clean["bias"].abs() < 3 * clean["its error"]).all()
    assert (clean["correlation"].abs() < 1.5 * clean["limit"]).all()
    learnable = rng.normal(size=2001)
    learnable = (learnable[1:] + 0.7 * learnable[:-1])[:, None] + 1
    found = residuals.residual_checks(learnable)
    assert found["bias"].iloc[0] > 5 * found["its error"].iloc[0]
    assert found["correlation"].iloc[0] > 5 * found["limit"].iloc[0]
    assert residuals.ljung_box(learnable[:, 0], 10) < 1e-6 < residuals.ljung_box(rng.normal(size=2000), 10)


def test_autocorrelations_and_limits_agree_with_statsmodels():
    from statsmodels.tsa.stattools import acf

    values = np.random.default_rng(0).normal(size=300).cumsum()
    wanted, confidence = acf(values, nlags=9, alpha=0.05, qstat=True)[:2]
    np.testing.assert_allclose(residuals.autocorrelations(values, 9), wanted)
    limit = residuals.residual_checks(np.tile(values[:, None], (1, 9)))["limit"]
    np.testing.assert_allclose(limit, (confidence[1:, 1] - wanted[1:]), rtol=1e-3)


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
    assert metrics.scores(y[months], rule, 1.0)["RMSE"] == pytest.approx(15.93, abs=0.01)
