"""A search for settings, and what new data are worth to a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, PALE, RULES, TRUTH, legend, new_figure, show

_BY_RATIO = ("units", "learning_rate", "batch_size")


def search(trials: pd.DataFrame) -> None:
    """The error of each trial in order, the best so far, and which trials were pruned (columns error, state)."""
    figure, axes = new_figure()
    complete = trials["state"] == "complete"
    best = trials["error"].where(complete).cummin().ffill()
    axes.step(trials.index, best, where="post", color=MODEL, label="best so far")
    axes.plot(trials.index[complete], trials["error"][complete], "o", color=TRUTH, markersize=5, label="complete")
    pruned = trials[~complete]
    axes.plot(pruned.index, pruned["error"], "x", color=RULES[0], markersize=6, label="pruned")
    axes.axhline(1, color=GRAY, linestyle=":", linewidth=1)
    axes.set_xlabel("trial")
    axes.set_ylabel("RMSE / that of the anchor")
    axes.xaxis.get_major_locator().set_params(integer=True)
    legend(figure)
    show(
        figure,
        alt=f"Error of {len(trials)} trials in the order they ran, {complete.sum()} complete and {len(pruned)} pruned; "
        "a line that only goes down marks the smallest error of a complete trial so far.",
        caption="Each trial's error, as a share of the anchor's. Trial 1 are the given settings; a pruned trial "
        "shows the mean of the folds that it got to.",
    )


def importance(shares: pd.Series) -> None:
    """What share of the errors' variance goes with each setting, as bars; largest first."""
    figure, axes = new_figure(height=0.7 + 0.3 * len(shares))
    names, values = list(shares.index)[::-1], shares.fillna(0).to_numpy()[::-1]
    axes.barh(names, values, color=BARS, height=0.65)
    for row, value in enumerate(values):
        axes.text(value, row, f" {value:.2f}", va="center", fontsize=9)
    axes.set_xlim(0, 1.08)
    axes.set_xlabel("share of the variance of the errors")
    show(
        figure,
        alt=f"Bars for {', '.join(shares.index)}: shares of the variance of the errors, the largest first.",
        caption="How much of the complete trials' errors goes with each setting, as a forest of trees sees it.",
    )


def parallel(trials: pd.DataFrame, names: Sequence[str]) -> None:
    """Each trial as a line through its settings `names` to its error, the better the darker; pruned ones pale."""
    figure, axes = new_figure(height=3.4)
    places = np.arange(len(names) + 1)
    heights = np.column_stack([_height(trials[name], name in _BY_RATIO) for name in (*names, "error")])
    ranks = trials["error"].rank(pct=True)
    lines = zip(trials["state"] != "complete", heights, ranks, strict=True)
    for pruned, line, rank in sorted(lines, key=lambda each: -each[2]):
        strength = {"color": PALE, "alpha": 0.7} if pruned else {"color": MODEL, "alpha": 1 - 0.75 * rank}
        axes.plot(places, line, linewidth=0.9 if pruned else 1.5, **strength)
    best = trials["error"].where(trials["state"] == "complete").argmin()
    axes.plot(places, heights[best], color=RULES[0], linewidth=2, label=f"best: trial {trials.index[best]}")
    for place, name in zip(places, (*names, "error"), strict=True):
        axes.axvline(place, color=GRAY, linewidth=0.8, zorder=0)
        low, high = trials[name].min(), trials[name].max()
        axes.text(place, -0.04, f"{low:.3g}", ha="center", va="top", fontsize=8)
        axes.text(place, 1.04, f"{high:.3g}", ha="center", va="bottom", fontsize=8)
    axes.set_xticks(places, [name.replace("_", "\n") for name in (*names, "error")])
    axes.tick_params(length=0, pad=12)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    legend(figure)
    show(
        figure,
        alt=f"Upright axes for {', '.join(names)} and the error, each from its least to its greatest value; each of "
        f"{len(trials)} trials is a line across them. The line of the best one stands out.",
        caption="Each trial is a line through its settings to its error; the darker the better, gray if pruned. "
        "Numbers are the ends of each axis; units, learning rate and batch size are spaced by ratio.",
    )


def seed_spread(groups: Mapping[str, Mapping[str, np.ndarray]], unit: str = "") -> None:
    """RMSE of each seed as a dot: a panel for each group, such as a part of the data, a row for each setting."""
    figure, panels = new_figure(height=1.9, columns=len(groups), sharex=False, sharey=True)
    for axes, (part, rows) in zip(np.atleast_1d(panels), groups.items(), strict=True):
        for place, errors in enumerate(rows.values()):
            color = MODEL if place else TRUTH
            axes.plot(errors, np.full(len(errors), -place), "o", color=color, markersize=6, alpha=0.7)
            axes.plot([np.mean(errors)] * 2, [-place - 0.25, -place + 0.25], color=GRAY, linewidth=1.5)
        axes.set_yticks([-place for place in range(len(rows))], list(rows))
        axes.set_ylim(0.6 - len(rows), 0.4)
        axes.margins(x=0.15)
        axes.set_title(part, fontsize=9)
        axes.set_xlabel(f"RMSE ({unit})" if unit else "RMSE")
    names = " and ".join(next(iter(groups.values())))
    show(
        figure,
        alt=f"Dots of RMSE by seed for {names}, with a mark at each mean, on {' and '.join(groups)}.",
        caption=f"RMSE of {names}, a dot for each seed, a mark at the mean. Each panel has its own scale.",
    )


def new_data(table: pd.DataFrame, unit: str = "") -> None:
    """Error by the amount of new data, one line for each column; index (new values, seed), a dot for each seed."""
    figure, axes = new_figure(height=3.2)
    amounts = table.index.get_level_values(0)
    means = table.groupby(level=0).mean()
    colors = (GRAY, RULES[2], MODEL, RULES[0], RULES[1])
    for color, way in zip(colors, table.columns, strict=False):
        axes.plot(means.index, means[way], color=color, linewidth=1.8, label=way)
        axes.plot(amounts, table[way], "o", color=color, markersize=3.5, alpha=0.6)
    axes.set_xscale("log")
    axes.set_xticks(means.index, [f"{amount:,}" for amount in means.index])
    axes.minorticks_off()
    axes.set_xlabel("new values")
    axes.set_ylabel(f"RMSE ({unit})" if unit else "RMSE")
    legend(figure)
    show(
        figure,
        alt=f"RMSE on the test part by the number of new values, {means.index[0]:,} to {means.index[-1]:,}, for a "
        f"network {', '.join(table.columns[:-1])} and for {table.columns[-1]}; dots are seeds, lines their means.",
        caption="What new data are worth, and what to do with them: RMSE on the test part, dots for seeds, lines for "
        "their means.",
    )


def _height(values: pd.Series, by_ratio: bool) -> np.ndarray:
    """From 0 at the least to 1 at the greatest value."""
    numbers = np.log(values.to_numpy(float)) if by_ratio else values.to_numpy(float)
    spread = np.ptp(numbers)
    return (numbers - numbers.min()) / spread if spread else np.full(len(numbers), 0.5)
