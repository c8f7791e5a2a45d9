"""Networks as blocks, and designs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, SIZE, TRUTH, enlarge, legend, new_figure, scale_losses, show

if TYPE_CHECKING:
    import keras
    import pandas as pd

COLORS = (MODEL, *RULES)


def architecture(model: keras.Model) -> None:
    """A Keras model as blocks from its inputs (top) to its output, each with its weights and its output's shape.

    For any `Sequential` or functional model in which no layer is used twice.
    """
    from matplotlib.figure import Figure

    blocks = _blocks(model)
    levels = 1 + max(level for level, _ in blocks.values())
    figure = Figure(figsize=(6, 0.4 + 0.72 * levels), layout="constrained")
    axes = figure.subplots()
    places: dict[int, tuple[float, int]] = {}
    # Layers first: they make the column on the left, and inputs that come in later stand beside it.
    for tensor, (level, layer) in sorted(blocks.items(), key=lambda block: (block[1][0], not _sources(block[1][1]))):
        column = sum(place[1] == level for place in places.values())
        places[tensor] = (2.6 * column, level)
        _draw(axes, *places[tensor], layer)
        for source in _sources(layer):
            _arrow(axes, places[id(source)], places[tensor])
    axes.set(xlim=(-1.3, max(3.9, 1.3 + max(x for x, _ in places.values()))), ylim=(levels - 0.5, -0.5))
    axes.axis("off")
    words = [f"{_title(layer)}, {_shape(layer)}" for _, layer in sorted(blocks.values(), key=lambda block: block[0])]
    show(
        figure,
        alt="Blocks from top to bottom, joined by arrows, each with the shape of what it hands on: "
        f"{'; '.join(words)}.",
        caption=f"The network and its {model.count_params():,} weights. In brackets: the shape of what a block hands "
        "on, for one window.",
    )


def designs(tables: Sequence[pd.DataFrame], references: Mapping[str, float]) -> None:
    """Each seed's error as a dot, a row for each design, in percent of the mean of its table's first row.

    A panel for each table, which has a column for each seed; a band over the first row's seeds. `references` are
    errors in the first table's units, drawn there as lines.
    """
    figure, panels = new_figure(height=0.9 + 0.3 * sum(map(len, tables)), ratios=[len(table) for table in tables])
    words = []
    for axes, table in zip(np.atleast_1d(panels), tables, strict=True):
        errors = table.filter(like="seed").to_numpy(float)
        errors *= 100 / errors[0].mean()
        rows = np.arange(len(table))
        axes.axvspan(errors[0].min(), errors[0].max(), color="#e8eef4")
        axes.plot(errors, rows, "o", color=MODEL, markersize=5, alpha=0.75)
        axes.plot(errors.mean(axis=1), rows, "|", color=TRUTH, markersize=15)
        axes.set_yticks(rows, table.index)
        axes.set_ylim(len(table) - 0.5, -0.5)
        enlarge(axes)
        words += [f"{design} {mean:.1f}" for design, mean in zip(table.index, errors.mean(axis=1), strict=True)]
    unit = tables[0].filter(like="seed").iloc[0].mean() / 100
    top = np.atleast_1d(panels)[0]
    for reference, error in references.items():
        top.axvline(error / unit, color=RULES[0], linestyle="--", linewidth=1.3)
        style = {"ha": "center", "va": "bottom", "color": RULES[0], "fontsize": SIZE}
        top.annotate(reference, (error / unit, 1), xycoords=("data", "axes fraction"), **style)
    axes.set_xlabel(f"RMSE, {' or '.join(str(table.index[0]) for table in tables)} = 100", fontsize=SIZE)
    lines = ", ".join(f"{reference} {error / unit:.1f}" for reference, error in references.items())
    show(
        figure,
        alt=f"A row of dots, one a seed, for each design, in percent of the first one's mean RMSE. Means: "
        f"{', '.join(words)}. Dashed: {lines}.",
        caption=f"Validation error in percent of the mean of {' and of '.join(str(table.index[0]) for table in tables)}"
        ": a dot for each seed, a bar at their mean; further left is better. Shaded: the range of the seeds that the "
        f"others are compared with. Dashed: {', '.join(references)}.",
    )


def starts(losses: Mapping[str, np.ndarray], every: int, naive: float) -> None:
    """Validation losses (seeds, checks) of some ways to start, by the number of updates; `naive` is a line."""
    figure, axes = new_figure(height=3.0)
    for color, (name, curves) in zip(COLORS, losses.items(), strict=False):
        for number, curve in enumerate(curves):
            updates = every * np.arange(len(curve))
            axes.plot(updates, curve, color=color, marker=".", linewidth=1.2, label=None if number else name)
    axes.axhline(naive, color=GRAY, linestyle="--", linewidth=1.2, label="naive forecast")
    axes.set_xlabel("updates")
    axes.set_ylabel("validation loss")
    scale_losses(axes)
    enlarge(axes)
    legend(figure, SIZE)
    first = "; ".join(f"{name} {curves[:, 0].mean():.3g}" for name, curves in losses.items())
    show(
        figure,
        alt=f"Validation loss by the number of updates, a line for each seed of {', '.join(losses)}. Before the first "
        f"update, on average: {first}; the naive forecast has {naive:.3g}.",
        caption="Validation loss by the number of updates, a line for each seed, on a logarithmic scale. Dashed: the "
        "naive forecast.",
    )


def by_step(errors: Mapping[str, np.ndarray]) -> None:
    """RMSE (seeds, horizon) of some heads at each step ahead, as a ratio to the first head's mean there.

    The mean as a line, the seeds' range as a band.
    """
    figure, axes = new_figure(height=3.0)
    first = next(iter(errors.values()))
    horizon, unit = first.shape[1], first.mean(axis=0)
    steps = np.arange(1, horizon + 1)
    for color, (head, seeds) in zip(COLORS, errors.items(), strict=False):
        ratios = seeds / unit
        axes.fill_between(steps, ratios.min(axis=0), ratios.max(axis=0), color=color, alpha=0.2, linewidth=0)
        axes.plot(steps, ratios.mean(axis=0), color=color, marker=".", linewidth=1.5, label=head)
    every = max(1, horizon // 4)
    axes.set_xticks(np.arange(every, horizon + 1, every))
    axes.set_xlabel("steps ahead")
    axes.set_ylabel(f"RMSE, {next(iter(errors))} = 1")
    enlarge(axes)
    legend(figure, SIZE)
    ends = "; ".join(
        f"{head} {ratio[0]:.2f} and {ratio[-1]:.2f}"
        for head, ratio in ((head, seeds.mean(axis=0) / unit) for head, seeds in errors.items())
    )
    show(
        figure,
        alt=f"RMSE by the number of steps ahead as a ratio to that of {next(iter(errors))}, a line for each head. At "
        f"the first and the last step: {ends}.",
        caption=f"Validation error of {len(errors)} heads at each step ahead, divided by the mean of "
        f"{next(iter(errors))} there: lines are means, bands the range of the seeds.",
    )


def _blocks(model: keras.Model) -> dict[int, tuple[int, Any]]:
    """By the id of what each block hands on: its level from the top, and the layer (an input: the tensor)."""
    layers = {id(layer.output): layer for layer in model.layers if type(layer).__name__ != "InputLayer"}
    blocks = {id(tensor): (0, tensor) for tensor in model.inputs}
    for tensor, layer in layers.items():
        blocks[tensor] = (1 + max(blocks[id(source)][0] for source in _sources(layer)), layer)
    # An input stands just above the block that takes it.
    for tensor in model.inputs:
        takers = [level for level, layer in blocks.values() if any(s is tensor for s in _sources(layer))]
        blocks[id(tensor)] = (min(takers) - 1, tensor)
    return blocks


def _sources(layer: Any) -> list[Any]:
    """The tensors that a block takes; an input takes none."""
    taken = getattr(layer, "input", [])
    return taken if isinstance(taken, list) else [taken]


def _title(layer: Any) -> str:
    if not hasattr(layer, "output"):
        return "input" if layer.name.startswith("keras_tensor") else f"input: {layer.name}"
    inner = getattr(layer, "forward_layer", layer)
    kind = type(layer).__name__ + (f" {type(inner).__name__}" if inner is not layer else "")
    if hasattr(inner, "units"):
        return f"{kind}, {inner.units} unit{'s' * (inner.units > 1)}"
    return f"{kind}, {layer.rate:g}" if hasattr(layer, "rate") else kind


def _shape(layer: Any) -> str:
    shape = tuple(getattr(layer, "output", layer).shape)[1:]
    return f"({' × '.join(str(size) for size in shape)})"


def _draw(axes: Any, x: float, y: float, layer: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    weights = layer.count_params() if hasattr(layer, "count_params") else 0
    color = MODEL if weights else GRAY
    face = "#e8eef4" if weights else "white"
    frame = FancyBboxPatch((x - 1.1, y - 0.25), 2.2, 0.5, boxstyle="round,pad=0.04", facecolor=face, edgecolor=color)
    axes.add_patch(frame)
    axes.text(x, y - 0.1, _title(layer), ha="center", va="center", fontsize=10, color=TRUTH)
    detail = f"{_shape(layer)}   {weights:,} weights" if weights else _shape(layer)
    axes.text(x, y + 0.14, detail, ha="center", va="center", fontsize=8, color=TRUTH)


def _arrow(axes: Any, source: tuple[float, float], target: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "color": GRAY, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    start, end = (source[0], source[1] + 0.29), (target[0] + 0.35 * np.sign(source[0] - target[0]), target[1] - 0.29)
    axes.annotate("", end, start, arrowprops=style)
