"""Pictures of the chapter on language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, SIZE, TRUTH, enlarge, new_figure, show


def bits_curve(history: Mapping[str, Sequence[float]], best_epoch: int, start: float, counted: float) -> None:
    """Bits on training and validation text by epoch, the latter from the `start` on, and what counting gets there."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure(height=3.2)
    # A start from nothing would squeeze all that follows.
    after = {0: start} if start < 1.1 * min(history["val_loss"]) else {}
    after |= dict(enumerate(history["val_loss"], 1))
    axes.axhline(counted, color=GRAY, linestyle="--", label="counting, validation")
    axes.plot(np.arange(len(history["loss"])) + 0.5, history["loss"], color=TRUTH, marker="o", label="training")
    axes.plot(list(after), list(after.values()), color=RULES[0], marker="o", label="validation")
    axes.axvline(best_epoch, color=MODEL, linestyle=":", label="weights kept")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("bits a symbol")
    enlarge(axes)
    figure.legend(loc="outside upper left", ncols=2, fontsize=SIZE, frameon=False)
    show(
        figure,
        alt=f"Bits a symbol by epoch: on training text from {history['loss'][0]:.2f} to {history['loss'][-1]:.2f}, on "
        f"validation text {'; '.join(f'{value:.2f} after epoch {epoch}' for epoch, value in after.items())}. A dashed "
        f"line: counting, {counted:.2f} on validation text. A dotted line: the epoch whose weights were kept.",
        caption="On training text the mean during each epoch, on validation text after it. The weights kept are those "
        f"after epoch {best_epoch}.",
    )


def bits_saved(saved: Sequence[float], counts: Sequence[int], noun: str) -> None:
    """How many bits one model saves over another at the first symbol of a `noun`, the second and so on: bars."""
    figure, axes = new_figure(height=3)
    places = np.arange(1, len(counts) + 1)
    axes.bar(places, saved, color=[MODEL if value >= 0 else RULES[0] for value in saved])
    axes.axhline(0, color=GRAY, linewidth=0.8)
    axes.set_xlabel(f"place in the {noun}")
    axes.set_ylabel("bits saved")
    enlarge(axes)
    show(
        figure,
        alt=f"Bits that the network saves over counting, by place in the {noun}: "
        + ", ".join(f"{place}: {value:.2f}" for place, value in zip(places, saved, strict=True))
        + ".",
        caption=f"What the network saves over counting at each place. The last bar rests on {counts[-1]:,} symbols.",
    )


def cells(texts: Sequence[str], states: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Letters on the color of one unit's cell state after each, a panel for each unit."""
    shown = len(states)
    figure, panels = new_figure(height=0.6 + 2.6 * shown, ratios=(1,) * shown)
    widest = max(map(len, texts))
    for axes, (name, values) in zip(np.atleast_1d(panels), states.items(), strict=True):
        table = np.full((len(texts), widest), np.nan)
        for line, each in zip(table, values, strict=True):
            line[: len(each)] = each
        limit = float(np.nanmax(np.abs(table)))
        axes.imshow(table, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
        for row, (text, each) in enumerate(zip(texts, values, strict=True)):
            for place, letter in enumerate(text[: len(each)]):
                dark = abs(each[place]) > 0.6 * limit
                axes.text(
                    place, row, letter, ha="center", va="center", fontsize=SIZE, color="white" if dark else "black"
                )
        axes.set_title(name, fontsize=SIZE, loc="left")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    show(
        figure,
        alt="Rows of letters, each on a color from red (negative) over white to blue (positive): the cell state of "
        f"one unit after that letter. Panels: {', '.join(states)}. Texts: {', '.join(texts)}.",
        caption="The cell state of one unit after each letter: blue above zero, red below; each panel has its own "
        "scale.",
    )
