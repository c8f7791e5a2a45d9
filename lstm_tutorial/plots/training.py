"""How optimizers walk downhill, and how losses fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, PALE, RULES, TRUTH, legend, new_figure, scale_losses, show

COLORS = (TRUTH, MODEL, *RULES)


def descents(landscapes: Mapping[str, np.ndarray], paths: Mapping[tuple[str, str], np.ndarray]) -> None:
    """Paths on the landscapes ½ pᵀ A p, a column of panels for each landscape, two optimizers in each panel.

    `landscapes` maps names to matrices A (2, 2), `paths` an optimizer's and a landscape's name to places (n, 2).
    """
    optimizers = list(dict.fromkeys(optimizer for optimizer, _ in paths))
    pairs = [optimizers[i : i + 2] for i in range(0, len(optimizers), 2)]
    figure, panels = new_figure(0.6 + 2.5 * len(pairs), ratios=[1] * len(pairs), columns=len(landscapes), sharey=True)
    every = np.concatenate(list(paths.values()))
    (left, bottom), (right, top) = every.min(axis=0) - 0.3, every.max(axis=0) + 0.3
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    places = np.stack([x, y], axis=-1)
    colors = dict(zip(optimizers, COLORS, strict=False))
    for axes, (pair, name) in zip(np.ravel(panels), product(pairs, landscapes), strict=True):
        height = 0.5 * np.einsum("abi,ij,abj->ab", places, landscapes[name], places)
        axes.contour(x, y, height, levels=np.geomspace(0.1, height.max(), 9), colors=PALE, linewidths=0.8)
        for optimizer in reversed(pair):  # the first creeps where the second swings, so it is drawn on top
            path = paths[optimizer, name]
            axes.plot(*path.T, color=colors[optimizer], marker="o", markersize=2, linewidth=1)
        axes.plot(0, 0, color=TRUTH, marker="+", markersize=10)
        axes.set_aspect("equal")
        axes.set_title(f"{name}: {', '.join(pair)}", fontsize=10)
    for optimizer, color in colors.items():
        axes.plot([], [], color=color, marker="o", markersize=2, linewidth=1, label=optimizer)
    legend(figure)
    steps = max(len(path) for path in paths.values()) - 1
    show(
        figure,
        alt=f"Contour lines of {len(landscapes)} landscapes ({', '.join(landscapes)}) and on each the paths of "
        f"{', '.join(optimizers)} from one start toward the lowest point.",
        caption=f"{steps} steps of each optimizer, a dot after each; the cross is the lowest point.",
    )


def step_sizes(
    rates: Sequence[float],
    losses: Mapping[tuple[str, str], Sequence[float]],
    steps: int,
    cliffs: Mapping[str, float],
) -> None:
    """The loss left after `steps` steps by step size, as a share of the first one, on logarithmic axes.

    `losses` maps an optimizer's and a landscape's name to losses, one for each of `rates`; NaN counts as infinite.
    `cliffs` maps optimizers to the step size above which their losses grow without end.
    """
    figure, axes = new_figure(height=3.2)
    optimizers, landscapes = (list(dict.fromkeys(names)) for names in zip(*losses, strict=True))
    colors = dict(zip(optimizers, COLORS, strict=False))
    styles = dict(zip(landscapes, ("-", "--", ":"), strict=False))
    for (optimizer, landscape), left in losses.items():
        color, shown = colors[optimizer], optimizer if landscape == landscapes[0] else None
        line = axes.plot(rates, np.fmin(left, 100), styles[landscape], color=color, linewidth=1.2, label=shown)[0]
        line.set(marker="o", markersize=2.5)
    for landscape, style in styles.items():
        axes.plot([], [], style, color=GRAY, label=landscape)
    for optimizer, rate in cliffs.items():
        axes.axvline(rate, color=colors[optimizer], linewidth=0.7)
    axes.axhline(1, color=GRAY, linewidth=0.7)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(top=10)
    axes.set_xlabel("step size")
    axes.set_ylabel(f"loss after {steps} steps")
    legend(figure)
    show(
        figure,
        alt=f"Loss after {steps} steps against step sizes from {min(rates):g} to {max(rates):g}, both logarithmic, for "
        f"{', '.join(optimizers)} on the landscapes {', '.join(landscapes)}.",
        caption=f"What is left of the first loss after {steps} steps. Above the gray line the loss has grown; right of "
        f"the vertical lines that of {' and '.join(cliffs)} grows without end.",
    )


def learning_curves(runs: Mapping[str, Sequence[Mapping[str, Sequence[float]]]]) -> None:
    """Training and validation losses by epoch, one panel for each of `runs`, one pair of curves for each history."""
    figure, panels = new_figure(height=2.8, columns=len(runs), sharey=True)
    first, *_ = panels = np.atleast_1d(panels)
    for axes, (name, histories) in zip(panels, runs.items(), strict=True):
        for history in histories:
            new = axes is first and history is histories[0]
            epochs = np.arange(1, len(history["loss"]) + 1)
            axes.plot(epochs, history["loss"], color=TRUTH, linewidth=0.9, label="training" if new else None)
            axes.plot(epochs, history["val_loss"], color=RULES[0], linewidth=0.9, label="validation" if new else None)
        scale_losses(axes)
        axes.set_xlabel("epoch")
        axes.set_title(name, fontsize=10)
    first.set_ylabel("mean squared error")
    legend(figure)
    seeds = max(len(histories) for histories in runs.values())
    show(
        figure,
        alt=f"Mean squared error by epoch on a logarithmic axis, training and validation, {seeds} runs in each panel: "
        f"{', '.join(runs)}.",
        caption=f"Loss after each epoch, in scaled units; one pair of curves for each of {seeds} seeds.",
    )
