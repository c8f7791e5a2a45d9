"""A search for settings, and what new data are worth to a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, PALE, RULES, SIZE, TRUTH, enlarge, legend, new_figure, show

_BY_RATIO = ("units", "learning_rate", "batch_size")


def search(trials: pd.DataFrame) -> None:
    """The error of each trial in order, the best so far, and which trials were pruned (columns error, state)."""
    figure, axes = new_figure(height=3.2)
    complete = trials["state"] == "complete"
    best = trials["error"].where(complete).cummin().ffill()
    axes.step(trials.index, best, where="post", color=MODEL, label="best so far")
    axes.plot(trials.index[complete], trials["error"][complete], "o", color=TRUTH, markersize=5, label="complete")
    pruned = trials[~complete]
    axes.plot(pruned.index, pruned["error"], "x", color=RULES[0], markersize=6, label="pruned")
    axes.set_xlabel("trial")
    axes.set_ylabel("RMSE / naive RMSE")
    axes.xaxis.get_major_locator().set_params(integer=True)
    enlarge(axes)
    legend(figure, SIZE)
    show(
        figure,
        alt=f"Error of {len(trials)} trials in the order they ran, {complete.sum()} complete and {len(pruned)} pruned; "
        "a line that only goes down marks the smallest error of a complete trial so far.",
        caption="Each trial's error, as a share of the naive forecast's. Trial 1 has the given settings. A cross is "
        "the mean of fewer stretches than a dot: do not compare the two.",
    )


def importance(shares: pd.Series) -> None:
    """What share of the errors' variance goes with each setting, as bars; largest first."""
    figure, axes = new_figure(height=0.8 + 0.35 * len(shares))
    names, values = list(shares.index)[::-1], shares.fillna(0).to_numpy()[::-1]
    axes.barh(names, values, color=BARS, height=0.65)
    for row, value in enumerate(values):
        axes.text(value, row, f" {value:.2f}", va="center", fontsize=SIZE)
    axes.set_xlim(0, 1.08)
    axes.set_xlabel("share of the variance of the errors")
    enlarge(axes)
    show(
        figure,
        alt=f"Bars for {', '.join(shares.index)}: shares of the variance of the errors, the largest first.",
        caption="How much of the complete trials' errors goes with each setting, as a forest of trees sees it.",
    )


def parallel(trials: pd.DataFrame, names: Sequence[str]) -> None:
    """Each trial as a line through its settings `names` to its error; the better half stands out."""
    figure, axes = new_figure(height=4)
    places = np.arange(len(names) + 1)
    heights = np.column_stack([_height(trials[name], name in _BY_RATIO) for name in (*names, "error")])
    complete = trials["error"].where(trials["state"] == "complete")
    best, better = complete.argmin(), complete <= complete.median()
    groups = {
        "pruned": (complete.isna(), {"color": PALE, "linewidth": 1, "linestyle": ":"}),
        "other half": (complete.notna() & ~better, {"color": GRAY, "linewidth": 1}),
        "better half": (better, {"color": MODEL, "linewidth": 1.5}),
    }
    for name, (inside, style) in groups.items():
        for number, line in enumerate(heights[inside]):
            axes.plot(places, line, label="" if number else name, **style)
    axes.plot(places, heights[best], color=RULES[0], linewidth=2, label="best")
    for place, name in zip(places, (*names, "error"), strict=True):
        axes.axvline(place, color=GRAY, linewidth=0.8, zorder=0)
        low, high = trials[name].min(), trials[name].max()
        axes.text(place, -0.04, f"{low:.3g}", ha="center", va="top", fontsize=SIZE - 2)
        axes.text(place, 1.04, f"{high:.3g}", ha="center", va="bottom", fontsize=SIZE - 2)
    axes.set_xticks(places, [name.replace("_", "\n") for name in (*names, "error")])
    axes.tick_params(length=0, pad=16, labelsize=SIZE - 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    legend(figure, SIZE)
    show(
        figure,
        alt=f"Upright axes for {', '.join(names)} and the error, each from its least to its greatest value; each of "
        f"{len(trials)} trials is a line across them. The line of the best one stands out.",
        caption="Each trial is a line through its settings to its error; in blue the better half of the complete ones. "
        "Numbers are the ends of each axis; units, learning rate and batch size are spaced by ratio.",
    )


def seed_spread(groups: Mapping[str, Mapping[str, np.ndarray]], unit: str = "") -> None:
    """RMSE of each seed as a dot: a panel for each group, such as a part of the data, a row for each setting."""
    names = list(next(iter(groups.values())))
    ratios = (1,) * (-(-len(groups) // 2))
    height = len(ratios) * (1.1 + 0.35 * len(names))
    figure, panels = new_figure(height, ratios, columns=min(2, len(groups)), sharex=False, sharey=True)
    panels = np.atleast_1d(panels)
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    for axes, (part, rows) in zip(panels, groups.items(), strict=False):
        for place, errors in enumerate(rows.values()):
            color = MODEL if place else TRUTH
            axes.plot(errors, np.full(len(errors), -place), "o", color=color, markersize=6, alpha=0.7)
            axes.plot([np.mean(errors)] * 2, [-place - 0.25, -place + 0.25], color=GRAY, linewidth=1.5)
        axes.set_yticks([-place for place in range(len(rows))], names)
        axes.set_ylim(0.5 - len(rows), 0.5)
        axes.margins(x=0.15)
        axes.xaxis.get_major_locator().set_params(nbins=3)
        axes.set_title(part, fontsize=SIZE)
        axes.set_xlabel(f"RMSE ({unit})" if unit else "RMSE")
        enlarge(axes)
    show(
        figure,
        alt=f"Dots of RMSE by seed for {', '.join(names)}, with a mark at each mean; a panel each for "
        f"{', '.join(groups)}.",
        caption="RMSE, a dot for each seed, a mark at their mean. Each panel has its own scale.",
    )


def _height(values: pd.Series, by_ratio: bool) -> np.ndarray:
    """From 0 at the least to 1 at the greatest value."""
    numbers = np.log(values.to_numpy(float)) if by_ratio else values.to_numpy(float)
    spread = np.ptp(numbers)
    return (numbers - numbers.min()) / spread if spread else np.full(len(numbers), 0.5)
