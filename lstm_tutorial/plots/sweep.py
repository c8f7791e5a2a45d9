"""What a sweep found: its runs as lines through their settings, and the key figure against each setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lstm_tutorial.numbers import write_number
from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, SIZE, as_text, enlarge, new_figure, to_png

Axes = Mapping[str, Sequence[Any]]
MOST = 2000  # lines or dots in a picture; more of them, and nothing is seen


def sweep_lines(axes: Axes, runs: Sequence[Mapping[str, Any]], key: str) -> tuple[bytes, str]:
    """Each run as a line through the swept settings to its key figure, as PNG, and what it shows in words.

    `axes` are the values that each parameter takes, `runs` the settings and key figure of those that have one.
    """
    figure, panel = new_figure(height=4)
    figure.set_figwidth(max(6.0, 1.3 * (len(axes) + 1)))
    runs = _thin(runs)
    figures = np.array([run[key] for run in runs], float)
    scale = np.ptp(figures) or 1.0
    heights = [_heights(values, [run[name] for run in runs]) for name, values in axes.items()]
    rows = np.column_stack([*heights, (figures - figures.min()) / scale])
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection

    places = np.arange(len(axes) + 1)
    order = np.argsort(-figures, kind="stable")  # small ones on top
    lines = [np.column_stack([places, rows[n]]) for n in order]
    shades = colormaps["viridis"](0.9 * (figures[order] - figures.min()) / scale)
    panel.add_collection(LineCollection(lines, colors=shades, linewidths=1.4, alpha=max(0.2, min(0.9, 40 / len(runs)))))
    least, most = write_number(figures.min(), 3), write_number(figures.max(), 3)
    ends = [*map(_ends, axes.values()), (least, most)]
    for place, (low, high) in zip(places, ends, strict=True):
        panel.axvline(place, color=GRAY, linewidth=0.8, zorder=0)
        panel.text(place, -0.04, low, ha="center", va="top", fontsize=SIZE - 2)
        panel.text(place, 1.04, high, ha="center", va="bottom", fontsize=SIZE - 2)
    panel.set_xlim(-0.3, len(axes) + 0.3)
    panel.set_ylim(-0.02, 1.02)
    panel.set_xticks(places, [as_text(name.replace("_", "\n")) for name in (*axes, key)])
    panel.tick_params(length=0, pad=18, labelsize=SIZE - 1)
    panel.set_yticks([])
    panel.spines[["left", "bottom"]].set_visible(False)
    alt = (
        f"Upright axes for {', '.join(axes)} and {key}; each of {len(runs)} runs is a line across them, the darker "
        f"the smaller its {key}, from {least} to {most}."
    )
    return to_png(figure), alt


def sweep_effect(name: str, values: Sequence[Any], runs: Sequence[Mapping[str, Any]], key: str) -> tuple[bytes, str]:
    """The key figure against one setting, a dot for each run, and the median at each value; PNG and words."""
    figure, panel = new_figure(height=3)
    runs = _thin(runs)
    by_ratio, numeric = spaced_by_ratio(values), is_numeric(values)
    place = {_label(value): value if numeric else n for n, value in enumerate(values)}
    x = np.array([place[_label(run[name])] for run in runs], float)
    y = np.array([run[key] for run in runs], float)
    panel.plot(x, y, "o", color=MODEL, markersize=6, alpha=0.5, markeredgewidth=0)
    medians = {value: float(np.median(y[x == value])) for value in np.unique(x)}
    panel.plot(list(medians), list(medians.values()), "-" if numeric else "_", color=RULES[0], markersize=18)
    if by_ratio:
        panel.set_xscale("log")
    if not numeric:
        panel.set_xticks(range(len(values)), [_label(value) for value in values], rotation=30 if len(values) > 4 else 0)
        panel.margins(x=0.1)
    elif len(values) <= 7:
        panel.set_xticks([float(value) for value in values], [f"{value:.3g}" for value in values])
        panel.set_xticks([], minor=True)
    panel.set_xlabel(as_text(name))
    panel.set_ylabel(as_text(key))
    enlarge(panel)
    least = min(medians, key=lambda value: medians[value])
    said = f"{least:.3g}" if numeric else _label(values[int(least)])
    spaced = " spaced by ratio" if by_ratio else ""
    alt = (
        f"Dots: {key} of {len(runs)} runs against {name}, {len(medians)} values{spaced}; "
        f"a line through the medians, the smallest of which, {write_number(medians[least], 3)}, is at {said}."
    )
    return to_png(figure), alt


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all values are numbers."""
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def spaced_by_ratio(values: Sequence[Any]) -> bool:
    """Whether three or more positive numbers are more even in their ratios than in their differences."""
    if not is_numeric(values) or len(set(values)) < 3 or min(values) <= 0:
        return False
    numbers = np.sort(np.array(values, float))
    plain, ratio = np.diff(numbers), np.diff(np.log(numbers))
    return bool(ratio.std() / ratio.mean() < plain.std() / plain.mean() - 1e-9)


def _heights(values: Sequence[Any], chosen: Sequence[Any]) -> np.ndarray:
    """Where `chosen` ones of an axis's values are, from 0 at the first or least to 1 at the last or greatest."""
    if not is_numeric(values):
        places = {_label(value): n for n, value in enumerate(values)}
        return np.array([places[_label(value)] for value in chosen]) / max(1, len(values) - 1)
    scale = np.log if spaced_by_ratio(values) else np.asarray
    low, high = scale(float(min(values))), scale(float(max(values)))
    return (scale(np.array(chosen, float)) - low) / (high - low) if high > low else np.full(len(chosen), 0.5)


def _ends(values: Sequence[Any]) -> tuple[str, str]:
    if is_numeric(values):
        return f"{min(values):.3g}", f"{max(values):.3g}"
    return _label(values[0]), _label(values[-1])


def _label(value: Any) -> str:
    """Short enough for an axis: of a path the file's name."""
    text = Path(value).name if isinstance(value, str) and value else str(value)
    return as_text(text if len(text) <= 18 else f"{text[:17]}…")


def _thin(runs: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return runs[:: -(-len(runs) // MOST)]
