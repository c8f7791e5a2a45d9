"""How translations were learned, where the network looked meanwhile, and how many were wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, SIZE, enlarge, legend, new_figure, scale_losses, show

COLORS = (MODEL, *RULES)


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
    """Where the decoder looked, (target, source): a row for each source token, a column for each target token."""
    figure, axes = new_figure(height=1.3 + 0.2 * len(source))
    axes.imshow(weights.T, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axes.set_yticks(range(len(source)), source)
    wide = max(map(len, target), default=1) > 1
    axes.set_xticks(range(len(target)), target, rotation=60 if wide else 0, ha="right" if wide else "center")
    axes.set_xticks(np.arange(len(target) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(source) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=GRAY, linewidth=0.2)
    axes.tick_params(which="both", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    enlarge(axes)
    axes.tick_params(axis="x", labelsize=SIZE if len(target) <= 36 else 9)
    read, wrote = " ".join(source), ("" if not wide else " ").join(target)
    show(
        figure,
        alt=f"A grid with a row for each token of {read!r} and a column for each of {wrote!r}: dark where the decoder "
        "looked when it wrote that token.",
        caption=f"Where the network looked when it wrote “{wrote}” for “{read}”. Each column is a softmax and sums to "
        "one; white is zero, dark is one.",
    )


def errors_by_length(rates: Mapping[str, Mapping[str, float]], counts: Mapping[str, int], label: str) -> None:
    """The share of wrong answers by length, a line for each network: `rates` maps networks to lengths to shares."""
    figure, axes = new_figure(height=3.0)
    places = list(range(len(counts)))
    for color, (name, values) in zip(COLORS, rates.items(), strict=False):
        shares = [100 * values[group] for group in counts]
        axes.plot(places, shares, "o-", color=color, markersize=5, linewidth=1.6, label=name, clip_on=False)
    axes.set_xticks(places, list(counts))
    axes.set_ylim(0, 100)
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
        alt=f"Share of wrong answers by {label}, a line for each network. {told}.",
        caption=f"Wrong answers by {label}, of "
        + ", ".join(f"{count} ({group})" for group, count in counts.items())
        + " texts that were not learned from. An answer is right only to the last character.",
    )
