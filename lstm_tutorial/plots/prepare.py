"""What data look like before they are windows, and what the windows know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, RULES, SIZE, TRUTH, date_axis, enlarge, new_figure, show

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def missing(table: pd.DataFrame, name: str) -> None:
    """Where each column of a table (index: times or row numbers) has no value; absent rows are to be there as NaN."""
    import matplotlib.dates as mdates

    figure, axes = _new_figure(height=0.9 + 0.28 * table.shape[1])
    empty = table.isna().to_numpy().T
    cells = np.array_split(empty, min(empty.shape[1], 200), axis=1)
    shares = np.stack([part.mean(axis=1) for part in cells], axis=1)
    timed = hasattr(table.index, "year")
    left, right = mdates.date2num(table.index[[0, -1]]) if timed else (0, len(table))
    axes.imshow(
        np.where(shares > 0, 0.6 + 0.4 * shares, 0),  # one missing value is to be seen, too
        cmap="Greys",
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(left, right, 0, len(empty)),
    )
    date_axis(axes, table.index)
    names = [f"{column} {share:.1%}" for column, share in table.isna().mean().items()]
    axes.set_yticks(np.arange(len(names))[::-1] + 0.5, names)
    show(
        figure,
        alt=f"One strip for each of {len(names)} columns of {name} over {len(table)} steps, gray where some values are "
        f"missing and black where all are: {', '.join(names)}.",
        caption=f"Where values of {name} are missing, by column, and which share of them. Gray: some of the steps "
        "that one line stands for, black: all.",
    )


def autocorrelation(panels: Mapping[str, Sequence[float]], name: str, season: int | None = None) -> None:
    """Correlation with itself 0, 1, 2... steps earlier, a panel for each of `panels`; seasons are marked by dots."""
    figure, rows = _new_figure(height=0.7 + 1.7 * len(panels), ratios=(1,) * len(panels))
    ranges = []
    for axes, (title, values) in zip(np.atleast_1d(rows), panels.items(), strict=True):
        lags = np.arange(len(values))
        axes.axhline(0, color=GRAY, linewidth=0.8)
        axes.vlines(lags, 0, values, color=MODEL, linewidth=min(2.5, 250 / len(lags)))
        if season:
            places = lags[season::season]
            axes.plot(places, np.asarray(values)[places], "o", color=RULES[0], markersize=5)
        axes.set_ylim(min(-0.2, min(values)), 1.05)
        axes.set_title(title, fontsize=SIZE, loc="left")
        ranges.append(f"of {title} between {min(values):.2f} and {max(values):.2f}")
    axes.set_xlabel("steps apart")
    marked = f"; a dot every {season} steps" if season else ""
    show(
        figure,
        alt=f"Correlations of {name} with itself, 0 to {lags[-1]} steps apart, as thin vertical lines{marked}: "
        f"{'; '.join(ranges)}.",
        caption=f"Correlation of {name} with itself some steps earlier{marked}; peaks at a distance tell of a season.",
    )


def normalized(prepared: Any, count: int = 6) -> None:
    """Some training windows and their targets, in the data's units and relative to each one's own starting point."""
    figure, panels = _new_figure(height=2.9, columns=2)
    scaler, windows = prepared.scaler, prepared.train
    steps, horizon = scaler.timesteps, scaler.horizon
    places = np.linspace(0, len(windows.first) - 1, count).astype(int)
    columns = len(prepared.schema.columns)
    for color, place in zip(_shades(count), places, strict=True):
        first = windows.first[place]
        inside = windows.x[place].reshape(steps, columns)[:, 0]
        panels[0].plot(np.arange(-steps, 0), prepared.values[first - steps : first], color=color, linewidth=1)
        panels[0].plot(np.arange(horizon), prepared.values[first : first + horizon], color=RULES[0], linewidth=1)
        panels[1].plot(np.arange(-steps, 0), inside, color=color, linewidth=1)
        panels[1].plot(
            np.arange(horizon), windows.y[place], color=RULES[0], linewidth=1, marker="." if horizon == 1 else ""
        )
    unit = prepared.schema.unit
    panels[0].set_title(f"as measured{f' ({unit})' if unit else ''}", fontsize=SIZE, loc="left")
    panels[1].set_title("as the model sees them", fontsize=SIZE, loc="left")
    for axes in panels:
        axes.axvline(-0.5, color=GRAY, linewidth=0.8, linestyle=":")
        axes.set_xlabel("steps from now")
    what = {
        "mean": "less the mean of the training part",
        "last": "less the last value",
        "season": "less the last value, targets less the value a season earlier",
        "ratio": "less the last value, targets less the last value and its change a season earlier",
    }[scaler.anchor]
    logs = ", as logarithms" if scaler.log else ""
    show(
        figure,
        alt=f"Two panels with the same {count} windows of {steps} values and the {horizon} to forecast after each: on "
        f"the left as measured, at their own heights; on the right as the model sees them, {what}{logs}.",
        caption=f"{count} windows from the whole training part, and in orange what is to be forecast: as measured, "
        f"and {what}{logs}, in units of a typical change.",
    )


def influence(panels: Mapping[str, Mapping[str, np.ndarray]], split: int, ahead: int) -> None:
    """What windows with `ahead` targets are made of, by preparation: what `leaks.influence` returned for each.

    Red is an input that knows its own first target or a later row, and whatever a training window knows of rows from
    `split` on. Dark is a row that moves a window about as much as any does, pale one that moves it a little.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    names = {"a little, by the scaler": "#e4e9ee", "input": "#7b8ea3", "target": RULES[0], "from the future": "#b3123a"}
    lines = -(-len(panels) // 2)
    figure, axes = _new_figure(height=0.7 + 2.1 * lines, ratios=(1,) * lines, columns=2, sharey=True)
    leaks = {}
    for panel, (name, rows) in zip(np.atleast_1d(axes), panels.items(), strict=False):
        inputs, targets, first = rows["inputs"], rows["targets"], rows["first"][:, None]
        places = np.arange(inputs.shape[1])
        much = (inputs > 0) & (inputs >= 0.4 * inputs.max(axis=1, keepdims=True))
        later = rows["training"][:, None] & (places >= split)
        known = (inputs > 0) & (places >= np.maximum(first, split)) | ((inputs > 0) | (targets > 0)) & later
        known |= much & (places >= first)
        own = (targets > 0) & (places >= first) & (places < first + ahead)
        cells = np.select([known, own, much, (inputs > 0) | (targets > 0)], [4, 3, 2, 1], 0)
        panel.imshow(cells, cmap=ListedColormap(["white", *names.values()]), vmin=0, vmax=4, aspect="auto")
        panel.axvline(split - 0.5, color=TRUTH, linewidth=0.8, linestyle=":")
        panel.set_title(name, fontsize=SIZE, loc="left")
        leaks[name] = int(known.any(axis=1).sum())
    for panel in np.atleast_1d(axes)[-2:]:
        panel.set_xlabel("row")
    for panel in np.atleast_1d(axes)[::2]:
        panel.set_ylabel("window")
    figure.legend(
        handles=[Patch(color=color, label=name) for name, color in names.items()],
        loc="outside upper left",
        ncols=2,
        fontsize=SIZE,
        frameon=False,
    )
    found = "; ".join(f"{name}: {count}" for name, count in leaks.items())
    show(
        figure,
        alt="Panels with a row of cells for each window and a column for each row of the data, colored where a change "
        "of the data changes the window's inputs or targets, and red where that is news from the future. Windows "
        f"with red cells: {found}.",
        caption="Found by changing one row after another: which rows (across) each window (down) is made of. Training "
        f"ends at the dotted line. Windows that know of the future: {found}.",
    )


def attempts(scores: pd.DataFrame, label: str, name: str) -> None:
    """One dot for each attempt (column) at each of several ways (rows), and a line at the mean of the first row."""
    figure, axes = _new_figure(height=0.8 + 0.32 * len(scores))
    first = float(scores.iloc[0].mean())
    axes.axvline(first, color=GRAY, linewidth=0.8, linestyle=":")
    for place, (_, row) in enumerate(scores.iterrows()):
        axes.plot(row, [-place] * len(row), "o", color=BARS, markersize=6)
        axes.plot(row.mean(), -place, "|", color=MODEL, markersize=16, markeredgewidth=2.5)
    axes.set_yticks(-np.arange(len(scores)), list(scores.index))
    axes.set_xlabel(label)
    axes.locator_params(axis="x", nbins=5)
    axes.margins(x=0.1, y=0.15)
    means = ", ".join(f"{way} {mean:.3g}" for way, mean in scores.mean(axis=1).items())
    show(
        figure,
        alt=f"Dots for {scores.shape[1]} attempts and a bar for their mean in each of {len(scores)} rows; means of "
        f"{label}: {means}.",
        caption=f"{label} on {name}: {scores.shape[1]} seeds (dots), their mean (bar); dotted: the first row's.",
    )


def _new_figure(
    height: float, ratios: Sequence[int] = (1,), columns: int = 1, sharey: bool = False
) -> tuple[Figure, Any]:
    """As `new_figure`, with type that can be read on a phone."""
    figure, panels = new_figure(height, ratios, columns, sharey=sharey)
    for axes in np.atleast_1d(panels):
        enlarge(axes)
    return figure, panels


def _shades(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["Blues"](share) for share in np.linspace(0.35, 1, count)]
