"""How translations were learned, where the network looked meanwhile, and how many were wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, SIZE, enlarge, legend, new_figure, scale_losses, show

COLORS = (MODEL, *RULES)
WIDEST = 20  # columns that can be read on a phone


def token_losses(losses: Mapping[str, Sequence[float]]) -> None:
    """The validation loss by epoch, a curve for each network; epoch 0 is before training."""
    figure, axes = new_figure(height=3.0)
    for color, (name, values) in zip(COLORS, losses.items(), strict=False):
        axes.plot(range(len(values)), values, "o-", color=color, markersize=4, linewidth=1.6, label=name)
    scale_losses(axes)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("epoch")
    axes.set_ylabel("nats a token")
    enlarge(axes)
    legend(figure, SIZE)
    ends = ", ".join(f"{name} {values[-1]:.2g}" for name, values in losses.items())
    show(
        figure,
        alt=f"Validation loss in nats a token by epoch, on a logarithmic axis, a curve each for {', '.join(losses)}. "
        f"At the end: {ends}.",
        caption="The loss on validation pairs, teacher forced: the mean of minus the logarithm of the probability of "
        "the right token. Epoch 0 is before training; the axis is logarithmic.",
    )


def attention_map(source: Sequence[str], target: Sequence[str], weights: np.ndarray) -> None:
    """Where the decoder looked, (target, source): a row for each source token, a column for each target token.

    More than 20 columns go on in a second panel below the first.
    """
    panels = max(1, -(-len(target) // WIDEST))
    wide, columns = max(map(len, target), default=1) > 1, -(-len(target) // panels)
    height = panels * (0.55 + 0.27 * len(source)) + 0.5 * wide
    figure, grids = new_figure(height, (1,) * panels, sharex=False)
    for panel, axes in enumerate(np.atleast_1d(grids)):
        part = slice(panel * columns, (panel + 1) * columns)
        shown = np.full((len(source), columns), np.nan)
        shown[:, : len(target[part])] = weights[part].T
        axes.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(source)), [_visible(token) for token in source])
        names = [_visible(token) for token in target[part]]
        axes.set_xticks(range(len(names)), names, rotation=60 if wide else 0, ha="right" if wide else "center")
        axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(source) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color=GRAY, linewidth=0.3)
        axes.tick_params(which="both", length=0)
        axes.spines[["left", "bottom"]].set_visible(False)
        enlarge(axes)
        axes.tick_params(axis="x", labelsize=SIZE if wide else SIZE + 2)
    read, wrote = " ".join(source), (" " if wide else "").join(target)
    show(
        figure,
        alt=f"A grid with a row for each token of {read!r} and a column for each of {wrote!r}: dark where the decoder "
        "looked when it wrote that token.",
        caption=f"Where the network looked when it wrote “{wrote}” for “{read}”"
        + (", in lines one below the other" if panels > 1 else "")
        + ". Each column is a softmax and sums to one; white is zero, dark is one.",
    )


def _visible(token: str) -> str:
    return "␣" if token.isspace() else token


def errors_by_length(rates: Mapping[str, Mapping[str, float]], counts: Mapping[str, int], label: str) -> None:
    """The share of wrong answers by length, a bar for each translator: `rates` maps these to lengths to shares."""
    figure, axes = new_figure(height=3.4)
    width = 0.9 / len(rates)
    for place, (color, (name, values)) in enumerate(zip(COLORS, rates.items(), strict=False)):
        shares = [100 * values[group] for group in counts]
        left = np.arange(len(counts)) + (place - (len(rates) - 1) / 2) * width
        bars = axes.bar(left, shares, 0.94 * width, color=color, label=name)
        axes.bar_label(bars, [f"{share:.0f}" for share in shares], padding=1, fontsize=9, color=color)
    axes.set_xticks(range(len(counts)), list(counts))
    axes.set_ylim(0, 105)
    axes.set_yticks(range(0, 101, 25))
    axes.set_xlabel(label)
    axes.set_ylabel("wrong answers, %")
    enlarge(axes)
    legend(figure, SIZE)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{100 * values[group]:.0f} % at {group}" for group in counts)
        for name, values in rates.items()
    )
    show(
        figure,
        alt=f"Share of wrong answers by {label}, a bar each for {', '.join(rates)}. {told}.",
        caption=f"Of a hundred answers, how many are wrong, by {label}. None of these texts was learned from: "
        + ", ".join(f"{group} has {count} of them" for group, count in counts.items())
        + ". An answer is right only to the last character.",
    )
