"""The verdicts are those that the figures bear out, from forecasts that knew nothing of the test part."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.numbers import write_number
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import baselines, evaluate, intervals, metrics, residuals, words
from lstm_tutorial.workflow.blend import Blend, fit_blend
from lstm_tutorial.workflow.linear import fit_linear, refit_linear
from lstm_tutorial.workflow.prepare import prepare, read_series
from lstm_tutorial.workflow.scoreboard import basis, losses, lost, scoreboard


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
    said, called = words.verdict(evaluation), words.CALLED.get(best, best)
    assert said.startswith(("**The blend won.** The best", words.DOUBT, "**No winner can be named.** The best"))
    assert f"{called}, with an RMSE of {write_number(rmse[best])}" in said
    assert f"it is **better than** {called}, by more than chance (p <0.001)" in said or f"apart from** {called}" in said
    assert f"seasonal naive, has {write_number(rmse['seasonal naive'])}" in said
    harmful = replace(evaluation, forecasts=evaluation.forecasts | {"blend": evaluation.truth + 5.0}, weight=0.9)
    assert "share is 0.90" in words.worth(harmful)
    assert "the LSTM did harm" in words.worth(harmful)
    assert f"**use {called}**" in words.verdict(harmful)
    assert words.verdict(harmful).startswith(f"**The winner is {called}.**")
    same = replace(evaluation, forecasts=evaluation.forecasts | {"blend": evaluation.forecasts["ridge"]}, weight=0.1)
    assert "within chance: nothing here speaks for the cost of 2 networks" in words.worth(same)
    without = words.worth(replace(same, weight=0.0))
    assert "added nothing to the linear model, so the blend is the linear model. Alone," in without
    assert "networks" not in without


def test_what_the_lstm_was_worth_is_said_in_the_data_s_unit_and_left_to_the_reader(evaluation):
    truth = evaluation.truth
    forecasts = evaluation.forecasts | {
        "blend": truth + 1.0,
        "ridge": truth + np.linspace(1.2, 1.3, len(truth))[:, None],
    }
    said = words.worth(replace(evaluation, forecasts=forecasts, weight=0.5))
    assert "which is 0.25 MW or 20.0% less than the linear model" in said
    assert "more than chance. But seasonal naive, which needs no network either, has" in said
    assert "beside it, nothing speaks for the cost of 2 networks." in said
    del forecasts["seasonal naive"], forecasts["persistence"]
    said = words.worth(replace(evaluation, forecasts=forecasts, weight=1.0))
    assert said.startswith("The LSTMs' share is 1: on the validation part the linear model added nothing to them")
    assert "more than chance. Whether it is worth 2 networks depends on what 0.25 MW is worth to you" in said


def test_a_brief_says_where_plain_and_squared_misses_disagree(evaluation):
    truth, step = evaluation.truth, np.arange(evaluation.truth.shape[1])
    rare = truth + np.where(step == 0, 4.0, 0.1)
    forecasts = {"blend": rare, "ridge": truth + 2.0, "LSTM": rare}
    said = words.brief(replace(evaluation, forecasts=forecasts))
    assert re.search(r"in its 80 % intervals, which reach ±\S+, \d+ in its 95 % intervals\. Beside it: ridge", said)
    assert "large misses more" not in said
    forecasts["blend"] = truth + np.where(step == 0, 5.5, 0.1)
    assert (forecasts["blend"] - truth).mean() < 2 < np.sqrt(((forecasts["blend"] - truth) ** 2).mean())
    said = words.brief(replace(evaluation, forecasts=forecasts))
    assert said.endswith(
        "(RMSE, which counts large misses more, puts ridge (the linear model) and the blend the other way round.)"
    )


def test_a_rival_that_scores_the_same_and_is_not_told_apart_is_named(evaluation):
    """The verdict beside the best rival may hang on a hair."""
    rng, truth = np.random.default_rng(0), evaluation.truth
    best, near = (truth + 1.1, truth + 1.1 * rng.choice([0.2, 1.45], size=(len(truth), 1)))
    rmse = np.sqrt(np.mean((near - truth) ** 2))
    near = truth + (near - truth) * 1.105 / rmse
    forecasts = {"blend": truth + 1.09, "ridge": best, "seasonal naive": near}
    said = words.verdict(replace(evaluation, forecasts=forecasts))
    assert "**better than** ridge (the linear model)" in said and said.startswith("**The blend is ahead, not beyond")
    assert "seasonal naive scores within 1% of that, and beside it the same test says **tied**" in said
    forecasts["seasonal naive"] = truth + 2 * (near - truth)
    assert "scores within" not in words.verdict(replace(evaluation, forecasts=forecasts))


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
    rows = (100 + 6) / prepared.settings.validation_fraction
    assert f"windows: with fewer than 100, no weight and no ranking is safe. That takes about {rows:,.0f} rows." in (
        evaluation.warning()
    )
    test = prepared.test
    many = prepared.validation._replace(first=np.arange(100)), test._replace(first=np.arange(100))
    enough = replace(evaluation, prepared=replace(prepared, validation=many[0], test=many[1]))
    assert enough.warning() == ""


def test_the_scoreboard_shows_the_largest_loss_first(evaluation):
    worse = {**evaluation.forecasts, "blend": evaluation.truth + 5.0}
    bad = replace(evaluation, forecasts=worse)
    board = scoreboard({"good": evaluation, "bad": bad})
    assert list(board.index) == ["bad", "good"]
    assert board.loc["bad", "the blend is"] == "worse"
    said = losses(board)
    assert "smaller RMSE on" in said
    assert "bad (" in said
    assert "worse on 1" in said
    rmse = bad.rmse()
    assert board.loc["bad", "ratio"] == pytest.approx(rmse["blend"] / rmse[bad.best_other])
    assert board.loc["good", "80 % held"] == metrics.coverage(evaluation.truth, *evaluation.interval(0.8))


def test_a_lead_that_a_seed_may_take_away_is_named():
    rows = {"ratio": [0.997, 0.9], "the blend is": ["better", "better"], "best other": ["ridge", "ridge"]}
    said = losses(pd.DataFrame(rows, index=["narrow", "clear"]))
    assert "on 0 of 2: none" in said
    assert "A lead below 1%, as on narrow, another seed may take away." in said


def test_score_tables_are_those_of_metrics(monthly):
    forecasts = evaluate.simple_rules(monthly, monthly.test)
    assert list(forecasts) == [name for name in baselines.SIMPLE if name != "weekly naive"]
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
    clean = residuals.residual_checks(rng.normal(size=(2000, 2)), np.arange(2000))
    assert (clean["mean error"].abs() < 3 * clean["standard error"]).all()
    assert (clean["correlation of errors"].abs() < 1.5 * clean["95 % limit"]).all()
    learnable = rng.normal(size=2001)
    learnable = (learnable[1:] + 0.7 * learnable[:-1])[:, None] + 1
    found = residuals.residual_checks(learnable, np.arange(2000))
    assert found["mean error"].iloc[0] > 5 * found["standard error"].iloc[0]
    assert found["correlation of errors"].iloc[0] > 5 * found["95 % limit"].iloc[0]
    assert residuals.ljung_box(learnable[:, 0], 10) < 1e-6 < residuals.ljung_box(rng.normal(size=2000), 10)


def test_autocorrelations_and_limits_agree_with_statsmodels():
    from statsmodels.tsa.stattools import acf

    values = np.random.default_rng(0).normal(size=300).cumsum()
    wanted, confidence = acf(values, nlags=9, alpha=0.05, qstat=True)[:2]
    np.testing.assert_allclose(residuals.autocorrelations(values, 9), wanted)
    limit = residuals.residual_checks(np.tile(values[:, None], (1, 9)), np.arange(300))["95 % limit"]
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


def test_places_that_are_left_out_are_counted(prepared, evaluation):
    n = len(prepared.test.first)
    assert f"{n} of {n} places. " in words.opening(evaluation)
    fewer = replace(evaluation, prepared=replace(prepared, test=prepared.test.take(slice(3, None))))
    assert f"{n - 3} of {n} places (the others' windows touch a gap" in words.opening(fewer)
    settings = prepared.settings.model_copy(update={"windows": n - 3})
    drawn = replace(evaluation, prepared=replace(fewer.prepared, settings=settings))
    assert f"{n - 3} of {n} places, drawn at random. " in words.opening(drawn)


def test_forecasts_that_came_out_the_same_are_named(evaluation):
    assert "came out the same" not in words.rivals(evaluation)
    forecasts = evaluation.forecasts | {"ETS": evaluation.forecasts["persistence"] + 1e-9}
    same = replace(evaluation, forecasts=forecasts)
    assert "ETS came out the same as persistence: AutoETS chose to repeat the last value" in words.rivals(same)


def test_a_lead_is_measured_against_the_spread_of_the_seeds(evaluation):
    truth = evaluation.truth
    forecasts = {"blend": truth + 1.0, "ridge": truth + 1.5}
    near = replace(evaluation, forecasts=forecasts, members=[truth + 1.0, truth + 1.1])
    said = words.seeds(near)
    assert (
        "RMSEs that are 0.10 apart, 10.0%; the blend and ridge (the linear model) are 0.50 apart, which is more."
        in said
    )
    far = replace(evaluation, forecasts=forecasts, members=[truth + 1.0, truth + 2.0])
    assert "which is **not more**" in words.seeds(far)
    assert "nobody knows" in words.seeds(replace(evaluation, members=[truth]))


def test_lateness_tells_one_step_late_from_a_copy():
    said = words.lateness(np.array([1, 1, 0, 0, 5, 6]))
    assert "in time at 2, one step late at 2, later at 2 (lags 5 to 6). On the diagonal, as a copy" in said
    assert "lies at 3 of them" in said
    assert "later at 0. On the" in words.lateness(np.array([0, 0, 0]))
    assert "later at 2 (lag 12). On" in words.lateness(np.array([0, 12, 12]))
    assert "later at 2 (lag 12), by whole seasons: there" in words.lateness(np.array([0, 12, 12]), 12)
    assert "seasons" not in words.lateness(np.array([0, 11, 12]), 12)


def test_leftovers_are_counted(evaluation):
    errors = np.random.default_rng(0).normal(size=(500, 3))
    errors -= errors.mean(axis=0)
    errors += np.array([0.0, 0.0, 9.0])
    checks = residuals.residual_checks(errors, np.arange(500))
    assert words.bias(checks).endswith("at 1 of 3 steps ahead: there the forecasts are too low, by 9.0 at most.")
    mixed = words.bias(residuals.residual_checks(errors - [0, 4, 0], np.arange(500)))
    assert "at 2 of 3 steps ahead: there the forecasts are too low at 1 and too high at 1, by 9.0 at most." in mixed
    assert words.bias(checks.head(2)).startswith("The mean error is more than twice its standard error at 0 of 2 steps")
    slight = pd.DataFrame({"mean error": [0.5, 1.5], "standard error": [1.0, 1.0]})
    assert words.bias(slight).endswith(
        "at 0 of 2 steps ahead; they are too low at all of them, by 1.0 on average, which may be chance."
    )
    one_of_many = pd.DataFrame({"mean error": [3.0] + [0.1] * 23, "standard error": [1.0] * 24})
    assert words.bias(one_of_many).endswith("too low, by 3.0 at most, which is about as many steps as chance gives.")
    said = words.leftovers(checks, errors, 24)
    assert "At 0 of 3 steps ahead, errors are correlated over more steps than they overlap." in said
    assert "all lags up to 24 together, does not find" in said
    drawn = residuals.residual_checks(errors, np.sort(np.random.default_rng(0).choice(5000, 500, replace=False)))
    assert drawn["95 % limit"].isna().all() and drawn["mean error"].notna().all()
    said = words.leftovers(drawn, errors, 24)
    assert said.startswith("Windows were drawn at random") and "Ljung" not in said
    assert "of 3 steps ahead: there" in words.bias(drawn)


def test_what_intervals_held_is_said_by_step_and_in_one_sentence(evaluation):
    held = metrics.coverage(evaluation.truth, *evaluation.interval(0.8))
    low, high = (end[:, 0] for end in evaluation.interval(0.8))
    first = np.mean((low <= evaluation.truth[:, 0]) & (evaluation.truth[:, 0] <= high))
    said = words.promise(evaluation, evaluation.interval_table())
    assert f"held {held:.1%} of the values: {first:.1%} one step ahead" in said
    table = evaluation.interval_table()
    table["interval score"] = [10.0, 9.0, 20.0, 20.2]
    assert "by -10.0% and +1.0%: it matters here" in words.scaling(table)
    table["interval score"] = 1.0
    assert "hardly matters" in words.scaling(table)
    mae = np.mean(np.abs(evaluation.forecasts["blend"] - evaluation.truth))
    brief = words.brief(evaluation)
    assert (
        f"forecast of load (MW) is off by {write_number(mae, 3)} on average, and {100 * held:.0f} of 100 values"
        in brief
    )
    best = evaluation.best_other
    others = np.mean(np.abs(evaluation.forecasts[best] - evaluation.truth))
    assert (
        f"Beside it: {words.CALLED.get(best, best)} by {write_number(others, 3)}" in brief
        and f"{evaluation.best_rule} by" in brief
    )


def test_short_series_are_promised_nothing_and_what_lost_is_listed(evaluation):
    truth = evaluation.truth
    ahead = replace(evaluation, forecasts={"blend": truth + 0.9, "ridge": truth + 1.0})
    behind = replace(evaluation, forecasts={"blend": truth + 2.0, "ridge": truth + 1.0})
    both = {"wins": ahead, "fails": behind}
    board = scoreboard(both)
    assert "rests on 0 samples (none)" in basis(board, board.index[:0])
    assert "below 100 (fails, wins) no ranking is safe: the LSTMs' share" in basis(board, board.index[:0])
    said = lost(board, both)
    assert "On 1 of 2 series a simpler method" in said
    assert "(wins), it is 10.0% ahead of its linear half at most" in said
    assert f"held {board['80 % held'].min():.0%} (fails) to" in said


def test_a_difference_that_rounds_to_nothing_is_called_none(evaluation):
    truth = evaluation.truth
    blends = {0.99999: "practically as much", 0.9: "10.0% less", 1.1: "10.0% more"}
    for error, said in blends.items():
        forecasts = {"blend": truth + error, "ridge": truth + 1.0, "LSTM": truth + 2.0, "persistence": truth + 3.0}
        found = replace(evaluation, forecasts=forecasts, weight=0.5)
        assert f", {said}: " in words.verdict(found)
        wanted = (
            "1.000, practically as much as the linear model" if error > 0.99 and error < 1 else f"or {said} than the"
        )
        assert wanted in words.worth(found)
