"""What an evaluation says, in sentences that stay true of any series."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from lstm_tutorial.numbers import write_number
from lstm_tutorial.workflow import baselines, metrics, residuals
from lstm_tutorial.workflow.evaluate import CLOSE, Evaluation, score_table

HEAD = {
    "better": "**The blend won.**",
    "worse": "**The winner is {other}.**",
    "tied": "**No winner can be named.**",
    "too few": "**No winner can be named.**",
}
DOUBT = "**The blend is ahead, not beyond doubt.**"
BEST = {
    "better": "it is **better than** {other}, by more than chance (p {p})",
    "worse": "it is worse than {other}, by more than chance (p {p}): **use {other}**",
    "tied": "it is **not told apart from** {other}, since these windows can't tell that from chance (p {p})",
    "too few": "there are **too few windows** to tell that from chance",
}
WORTH = {
    "better": "That is more than chance. Whether it is worth {networks} depends on what {gain} is worth to you.",
    "worse": "That is more than chance: here, the LSTM did harm.",
    "tied": "That is within chance: nothing here speaks for the cost of {networks}.",
    "too few": "There are too few windows to tell that from chance.",
}
ANYWAY = (
    " But {best}, which needs no network either, has {error}: beside it, nothing speaks for the cost of {networks}."
)
SHARES = {
    0.0: "The LSTMs' share is 0: on the validation part they added nothing to the linear model, so the blend is the "
    "linear model.",
    1.0: "The LSTMs' share is 1: on the validation part the linear model added nothing to them, so they are the blend.",
}
CALLED = {"ridge": "ridge (the linear model)"}


def verdict(evaluation: Evaluation) -> str:
    """Who won, in a few sentences for people who read no table."""
    rmse, best = evaluation.rmse(), evaluation.best_other
    compared, gap = evaluation.compare(best), rmse["blend"] / rmse[best] - 1
    other = CALLED.get(best, best)
    said = BEST[compared.verdict].format(other=other, p=metrics.write_p(compared.p_value))
    limit = (1 + CLOSE) * rmse[best]
    near = {name: evaluation.compare(name) for name in baselines.METHODS if rmse.get(name, np.inf) < limit}
    near = {name: found for name, found in near.items() if found.verdict != compared.verdict}
    head = DOUBT if near and compared.verdict == "better" else HEAD[compared.verdict].format(other=other)
    text = (
        f"{head} The best of the others is {other}, with an RMSE of "
        f"{write_number(rmse[best])}. The blend has {write_number(rmse['blend'])}, {metrics.write_gap(gap)}: {said}."
    )
    for name, found in near.items():
        text += f" {CALLED.get(name, name)} scores within {CLOSE:.0%} of that, and beside it the same test says "
        text += f"**{found.verdict}** (p {metrics.write_p(found.p_value)})."
    if naive := evaluation.best_rule:
        text += f" The best rule without any fitting, {naive}, has {write_number(rmse[naive])}."
    return text


def worth(evaluation: Evaluation) -> str:
    """What the LSTMs added to the linear model, in three sentences. Needs "ridge" among the forecasts."""
    rmse, count, best = evaluation.rmse(), len(evaluation.members), evaluation.best_other
    linear, lstms = write_number(rmse["ridge"]), write_number(rmse["LSTM"])
    alone = f"Alone, the linear model has an RMSE of {linear}, the LSTMs have {lstms}."
    if not evaluation.weight:
        return f"{SHARES[0]} {alone}"
    gap, unit = rmse["blend"] - rmse["ridge"], evaluation.prepared.schema.unit
    gain = f"{write_number(abs(gap), 2)}{' ' * bool(unit)}{unit}"
    difference = metrics.write_gap(gap / rmse["ridge"])
    networks = f"{count} network{'s' * (count > 1)}"
    found = evaluation.compare("ridge").verdict
    said = WORTH[found].format(networks=networks, gain=gain)
    if found == "better" and best != "ridge" and evaluation.compare(best).verdict != "better":
        said = f"That is more than chance.{ANYWAY.format(best=best, error=write_number(rmse[best]), networks=networks)}"
    share = SHARES.get(evaluation.weight, f"The LSTMs' share is {evaluation.weight:.2f}.")
    return (
        f"{share} {alone} The blend has {write_number(rmse['blend'])}, "
        + (f"which is {gain} or {difference} than" if difference[0].isdigit() else f"{difference} as")
        + " the linear model. "
        + said
    )


def opening(evaluation: Evaluation) -> str:
    """How many forecasts there are, from how many places, and what is missing."""
    prepared = evaluation.prepared
    parts, steps, few = prepared.split, prepared.scaler.horizon, evaluation.warning()
    places = parts.length - steps + 1 - max(parts.test, prepared.scaler.reach)
    used = len(prepared.test.first)
    left_out = " (the others' windows touch a gap or start from an interpolated value)" if used < places else ""
    if used == prepared.settings.windows:
        left_out = ", drawn at random"
    return (
        f"Scored were forecasts of {_name(evaluation)}, {_steps(steps)} ahead, from {used:,} of {places:,} "
        f"places{left_out}. {len(prepared.validation.first):,} windows before them said how to blend."
        + (f" **{few}**" if few else "")
    )


def rivals(evaluation: Evaluation) -> str:
    """A list of the baselines, which of them came out the same, and why seasonal naive's MASE is not 1."""
    forecasts, season = evaluation.forecasts, evaluation.prepared.schema.season
    listed = [name for name in baselines.CLASSICAL if name in forecasts]
    text = "\n".join(f"- **{name}**: {baselines.RULES[name]}" for name in listed) + "\n"
    near = 1e-3 * float(evaluation.truth.std())
    for one, two in combinations(listed, 2):
        if np.allclose(forecasts[one], forecasts[two], rtol=0, atol=near):
            chose = ": AutoETS chose to repeat the last value" if (one, two) == ("persistence", "ETS") else ""
            text += f"\nHere, {two} came out the same as {one}{chose}."
    if "seasonal naive" in forecasts and season and evaluation.truth.shape[1] <= season:
        table = score_table(evaluation.prepared, evaluation.prepared.test, forecasts)
        moved = table.loc["seasonal naive", "MASE"]
        text += f"\nSeasonal naive has a MASE of {moved:.2f}: over a season, values change {moved:.2f} times as much "
        text += "in the test part as in training."
    return text


def seeds(evaluation: Evaluation) -> str:
    """Whether the blend and the best of the others are farther apart than blends with one network each."""
    if len(evaluation.members) < 2:
        return "With one network nobody knows how far another seed's would be from it: see `members`."
    spread, rmse, best = evaluation.spread, evaluation.rmse(), evaluation.best_other
    gap = abs(rmse["blend"] - rmse[best])
    return (
        "Blends with one network each, which differ in its seed alone, have RMSEs that are "
        f"{write_number(spread, 2)} apart, {spread / rmse['blend']:.1%}; the blend and {CALLED.get(best, best)} are "
        f"{write_number(gap, 2)} apart, which is "
        f"{'more' if gap > spread else '**not more**: another training may turn the order round'}."
    )


def lateness(lags: np.ndarray, season: int | None = None) -> str:
    """At how many steps ahead a forecast is in time, and how late it is at the others, from its best lags."""
    ahead, later = np.arange(1, len(lags) + 1), lags[lags > 1]
    first, last = (later.min(), later.max()) if len(later) else (0, 0)
    span = f" (lag{f's {first} to' if first < last else ''} {last})" if len(later) else ""
    span += ", by whole seasons: there it follows the season" * bool(season and span and not (later % season).any())
    return (
        f"Of {_steps(len(lags))} ahead, the blend is in time at {np.sum(lags == 0)}, one step late at "
        f"{np.sum(lags == 1)}, later at {len(later)}{span}. On the diagonal, as a copy of the last value would be, it "
        f"lies at {np.sum(lags == ahead)} of them."
    )


def bias(checks: pd.DataFrame) -> str:
    """At how many steps ahead `residual_checks` find a mean error beyond chance, which way and how large."""
    biased = checks["mean error"][checks["mean error"].abs() > 2 * checks["standard error"]]
    text = f"The mean error is more than twice its standard error at {len(biased)} of {_steps(len(checks))} ahead"
    low, high = (biased > 0).sum(), (biased < 0).sum()
    if len(biased):
        way = f"low at {low} and too high at {high}" if low and high else "low" if low else "high"
        text += f": there the forecasts are too {way}, by {write_number(biased.abs().max(), 2)} at most"
        text += ", which is about as many steps as chance gives" * (len(biased) <= len(checks) / 20)
    mean = checks["mean error"]
    if not len(biased) and len(mean) > 1 and (mean > 0).all() | (mean < 0).all():
        text += f"; they are too {'low' if mean.iloc[0] > 0 else 'high'} at all of them, by "
        text += f"{write_number(mean.abs().mean(), 2)} on average, which may be chance"
    return f"{text}."


def leftovers(checks: pd.DataFrame, errors: np.ndarray, season: int | None) -> str:
    """Whether `residual_checks` of errors (n, horizon) find a correlation beyond chance."""
    if checks["95 % limit"].isna().all():
        return "Windows were drawn at random, so of correlation between neighbors nothing can be said."
    left = checks["correlation of errors"].abs() > checks["95 % limit"]
    p = residuals.ljung_box(errors[:, 0], season or 10)
    return (
        f"At {left.sum()} of {_steps(len(checks))} ahead, errors are correlated over more steps than they overlap. One "
        f"step ahead, the Ljung-Box test, which takes all lags up to {season or 10} together, "
        f"{'finds' if p < metrics.SIGNIFICANCE else 'does not find'} correlation (p {metrics.write_p(p)})"
        + (": there is something left to learn." if p < metrics.SIGNIFICANCE else ".")
    )


def promise(evaluation: Evaluation, table: pd.DataFrame) -> str:
    """What the intervals held, by step ahead, from `interval_table`."""
    low, high = evaluation.interval(0.8)
    held = ((low <= evaluation.truth) & (evaluation.truth <= high)).mean(axis=0)
    by_step = f"{held[0]:.1%} one step ahead, {held[len(held) // 2]:.1%} in the middle, {held[-1]:.1%} at the last step"
    return (
        f"Renewed with each forecast, the 80 % intervals held {held.mean():.1%} of the values"
        + (f": {by_step}. " if len(held) > 2 else ". ")
        + "The 95 % intervals held "
        f"{table.loc[('95%', 'scaled'), 'coverage']:.1%}."
    )


def scaling(table: pd.DataFrame) -> str:
    """Whether the scaling of intervals mattered, from `interval_table`."""
    scaled, constant = (table.xs(width, level="width")["interval score"] for width in ("scaled", "constant"))
    changes = scaled / constant - 1
    return (
        "Against constant width, scaling changed the interval score "
        f"by {' and '.join(f'{change:+.1%}' for change in changes)}: it "
        f"{'hardly matters' if changes.abs().max() < 0.03 else 'matters'} here."
    )


def brief(evaluation: Evaluation) -> str:
    """The forecast in one sentence, for people who read no more."""
    (low, high), truth = evaluation.interval(0.8), evaluation.truth
    mae = {name: float(np.mean(np.abs(made - truth))) for name, made in evaluation.forecasts.items()}
    held, best = metrics.coverage(truth, low, high), evaluation.best_other
    others = dict.fromkeys(name for name in (best, "ridge", evaluation.best_rule) if name)
    off = ", ".join(f"{CALLED.get(name, name)} by {write_number(mae[name], 3)}" for name in others)
    rmse, ends = evaluation.rmse(), evaluation.interval(0.95)
    turned = (rmse["blend"] < rmse[best]) != (mae["blend"] < mae[best])
    why = f" (RMSE, which counts large misses more, puts {CALLED.get(best, best)} and the blend the other way round.)"
    return (
        f"Up to {_steps(truth.shape[1])} ahead, the blend's forecast of {_name(evaluation)} is off by "
        f"{write_number(mae['blend'], 3)} on average, and {100 * held:.0f} of 100 values lay in its 80 % intervals, "
        f"which reach ±{write_number(np.mean(high - low) / 2, 2)}, {100 * metrics.coverage(truth, *ends):.0f} in its "
        f"95 % intervals. Beside it: {off}.{why * turned}"
    )


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count > 1)}"


def _name(evaluation: Evaluation) -> str:
    schema = evaluation.prepared.schema
    return schema.target.replace("_", " ") + (f" ({schema.unit})" if schema.unit else "")
