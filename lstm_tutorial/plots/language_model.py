"""Pictures of the chapter on language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import MODEL, RULES, SIZE, enlarge, legend, new_figure, show


def bits_by_place(bits: Mapping[str, Sequence[float]], counts: Sequence[int], symbol: str) -> None:
    """Mean bits of the first symbol of a line, the second and so on, a curve for each model."""
    figure, axes = new_figure(height=3.9)
    places = np.arange(1, len(counts) + 1)
    for color, (name, values) in zip((MODEL, *RULES), bits.items(), strict=False):
        axes.plot(places, values, color=color, marker="o", markersize=4, label=name)
    axes.set_xlabel(f"place of the {symbol} in its line")
    axes.set_ylabel(f"bits a {symbol}")
    axes.set_ylim(bottom=0)
    enlarge(axes)
    legend(figure, SIZE)
    show(
        figure,
        alt=f"Mean bits by place in the line, for places 1 to {places[-1]}: "
        + "; ".join(f"{name} from {values[0]:.2f} to {values[-1]:.2f}" for name, values in bits.items())
        + ".",
        caption=f"How hard each place is to guess. The last one rests on {counts[-1]:,} lines.",
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
        axes.imshow(table, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
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
        alt="Rows of letters, each on a color from blue (negative) over white to red (positive): the cell state of "
        f"one unit after that letter. Panels: {', '.join(states)}. Texts: {', '.join(texts)}.",
        caption="The cell state of one unit after each letter: red above zero, blue below.",
    )
