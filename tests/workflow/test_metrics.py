"""Each score agrees with another's implementation, and the test of two forecasts errs as rarely as it says."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.workflow import metrics

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(20, 5, size=(60, 3))
FORECAST = TRUTH + RNG.normal(1, 2, size=TRUTH.shape)
LOW, HIGH = FORECAST - 2, FORECAST + 3


def table(**columns):
    return pd.DataFrame({"unique_id": 0, "y": TRUTH.ravel(), **{k: v.ravel() for k, v in columns.items()}})


def test_scores_agree_with_utilsforecast():
    from utilsforecast import losses

    past = RNG.normal(size=48).cumsum()
    frame, train = table(model=FORECAST), pd.DataFrame({"unique_id": 0, "y": past})
    got = metrics.scores(TRUTH, FORECAST, metrics.mase_scale(past, 12))
    assert got["MAE"] == pytest.approx(losses.mae(frame, ["model"])["model"][0])
    assert got["RMSE"] == pytest.approx(losses.rmse(frame, ["model"])["model"][0])
    assert got["MASE"] == pytest.approx(losses.mase(frame, ["model"], 12, train)["model"][0])
    assert got["sMAPE"] == pytest.approx(200 * losses.smape(frame, ["model"])["model"][0])


def test_pinball_and_coverage_agree_with_utilsforecast():
    from utilsforecast import losses

    frame = table(low=LOW, high=HIGH)
    for level in (0.1, 0.5, 0.975):
        wanted = losses.quantile_loss(frame, {"low": "low"}, level)["low"][0]
        assert metrics.pinball(TRUTH, LOW, level) == pytest.approx(wanted)
    renamed = frame.rename(columns={"low": "model-lo-80", "high": "model-hi-80"})
    wanted = losses.coverage(renamed, ["model"], 80)["model"][0]
    assert metrics.coverage(TRUTH, LOW, HIGH) == pytest.approx(wanted)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_the_interval_score_is_the_pinball_loss_of_both_ends(level):
    from sklearn.metrics import mean_pinball_loss

    miss = 1 - level
    ends = [(LOW, miss / 2), (HIGH, 1 - miss / 2)]
    wanted = sum(mean_pinball_loss(TRUTH.ravel(), end.ravel(), alpha=share) for end, share in ends) * 2 / miss
    assert metrics.interval_score(TRUTH, LOW, HIGH, level) == pytest.approx(wanted)


def test_scores_by_step_are_those_of_each_column():
    steps = metrics.by_step(TRUTH, FORECAST, 2.0)
    assert list(steps.index) == [1, 2, 3]
    wanted = np.sqrt(((TRUTH - FORECAST) ** 2).mean(axis=0))
    np.testing.assert_allclose(steps["RMSE"], wanted)
    np.testing.assert_allclose(steps["MASE"], steps["MAE"] / 2)


def test_smape_of_two_zeros_is_zero():
    assert metrics.smape(np.zeros((2, 1)), np.array([[0.0], [1.0]])) == 100


def test_the_scale_of_mase_leaves_out_missing_values_and_works_without_a_season():
    values = np.array([1.0, 2.0, np.nan, 4.0, 6.0])
    assert metrics.mase_scale(values, None) == 1.5
    assert metrics.mase_scale(values, 3) == np.mean([3.0, 4.0])
    assert metrics.mase_scale(values, 9) == 1.5


@pytest.mark.parametrize(("horizon", "lag"), [(1, 3), (4, 7), (12, 23)])
def test_diebold_mariano_agrees_with_statsmodels(horizon, lag):
    import statsmodels.api as sm

    losses, others = RNG.gamma(2, size=(80, horizon)), RNG.gamma(2.2, size=(80, horizon))
    gaps = (losses - others).mean(axis=1)
    fitted = sm.OLS(gaps, np.ones(80)).fit(cov_type="HAC", cov_kwds={"maxlags": lag}, use_t=True)
    correction = np.sqrt((81 - 2 * horizon + horizon * (horizon - 1) / 80) / 80)
    got = metrics.diebold_mariano(losses, others)
    assert got.difference == pytest.approx(fitted.params[0])
    assert got.statistic == pytest.approx(fitted.tvalues[0] * correction)


def test_diebold_mariano_finds_few_differences_where_there_are_none():
    """Errors 24 steps ahead overlap: 40 lags of correlation that a plain t-test takes for evidence."""
    from scipy.stats import ttest_1samp

    noise = np.cumsum(np.random.default_rng(1).normal(size=(400, 1200)), axis=1)
    gaps = (noise[:, 24:] - noise[:, :-24])[..., None].repeat(24, axis=2)
    found = np.mean([metrics.diebold_mariano(gap, np.zeros_like(gap)).p_value < 0.05 for gap in gaps])
    naive = np.mean([ttest_1samp(gap.mean(axis=1), 0).pvalue < 0.05 for gap in gaps])
    assert found < 0.12
    assert naive > 0.5


def test_a_verdict_says_who_is_better_and_needs_evidence():
    losses = RNG.gamma(2, size=(300, 1))
    assert metrics.diebold_mariano(losses, losses).verdict == "tied"
    more = losses + RNG.gamma(1, size=losses.shape)
    assert metrics.diebold_mariano(losses, more).verdict == "better"
    assert metrics.diebold_mariano(more, losses).verdict == "worse"
    assert metrics.diebold_mariano(losses, RNG.permutation(losses)).verdict == "tied"
    assert metrics.diebold_mariano(losses[:9], losses[:9] + 1).verdict == "too few"
    assert metrics.diebold_mariano(losses[:10], losses[:10] + 1).verdict == "better"  # by the same, each time


def test_a_p_value_is_never_written_as_zero():
    assert [metrics.write_p(p) for p in (0.1649, 0.001, 4e-9, 0.0, np.nan)] == [
        "0.165",
        "0.001",
        "<0.001",
        "<0.001",
        "",
    ]
