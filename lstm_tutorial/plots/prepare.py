"""What data look like before they are windows, and what the windows know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, PALE, RULES, TRUTH, legend, new_figure, show

if TYPE_CHECKING:
    import pandas as pd


def missing(table: pd.DataFrame, name: str) -> None:
    """Where each column of a table (index: times or row numbers) has no value; absent rows are to be there as NaN."""
    import matplotlib.dates as mdates

    figure, axes = new_figure(height=0.9 + 0.24 * table.shape[1])
    empty = table.isna().to_numpy().T
    cells = np.array_split(empty, min(empty.shape[1], 400), axis=1)
    shares = np.stack([part.mean(axis=1) for part in cells], axis=1)
    timed = hasattr(table.index, "year")
    left, right = mdates.date2num(table.index[[0, -1]]) if timed else (0, len(table))
    axes.imshow(
        shares,
        cmap="Greys",
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(left, right, 0, len(empty)),
    )
    if timed:
        axes.xaxis_date()
        axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
    names = [f"{column} {share:.1%}" for column, share in table.isna().mean().items()]
    axes.set_yticks(np.arange(len(names))[::-1] + 0.5, names)
    show(
        figure,
        alt=f"One strip for each of {len(names)} columns of {name} over {len(table)} steps, dark where values are "
        f"missing: {', '.join(names)}.",
        caption=f"Where values of {name} are missing (dark), by column, and which share of them.",
    )


def autocorrelation(values: Sequence[float], name: str, season: int | None = None) -> None:
    """Correlation of a series with itself 0, 1, 2... steps earlier; multiples of the season are marked."""
    figure, axes = new_figure(height=2.5)
    lags = np.arange(len(values))
    axes.axhline(0, color=GRAY, linewidth=0.8)
    axes.vlines(lags, 0, values, color=MODEL, linewidth=min(2.5, 250 / len(lags)), label="correlation")
    if season:
        places = lags[season::season]
        axes.plot(places, np.asarray(values)[places], "o", color=RULES[0], markersize=4, label=f"every {season} steps")
    axes.set_xlabel("steps apart")
    axes.set_ylim(min(-0.2, min(values)), 1.05)
    legend(figure)
    marked = f"; every {season} steps a dot" if season else ""
    show(
        figure,
        alt=f"The correlation of {name} with itself, 0 to {lags[-1]} steps apart, as thin vertical lines{marked}. "
        f"It is between {min(values):.2f} and {max(values):.2f}.",
        caption=f"Correlation of {name} with itself some steps earlier; peaks at a distance tell of a season.",
    )


def normalized(prepared: Any, count: int = 6) -> None:
    """Some training windows and their targets, in the data's units and relative to each one's own starting point."""
    figure, panels = new_figure(height=2.9, columns=2, sharex=True)
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
    panels[0].set_title(f"as measured{f' ({unit})' if unit else ''}", fontsize=9, loc="left")
    panels[1].set_title("as the model sees them", fontsize=9, loc="left")
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


def influence(panels: Mapping[str, Mapping[str, np.ndarray]], split: int) -> None:
    """What windows are made of, by preparation: what `leaks.influence` returned for each.

    Red is an input that knows its own first target or a later row, and whatever a training window knows of rows from
    `split` on.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    figure, axes = new_figure(height=2.6, columns=len(panels), sharey=True)
    leaks = {}
    for panel, (name, rows) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        inputs, targets, first = rows["inputs"], rows["targets"], rows["first"]
        places = np.arange(inputs.shape[1])
        later = rows["training"][:, None] & (places >= split)
        known = inputs & (places >= np.maximum(first, split)[:, None]) | (inputs | targets) & later
        cells = np.where(known, 3, np.where(inputs, 1, np.where(targets, 2, 0)))
        panel.imshow(cells, cmap=ListedColormap(["white", PALE, RULES[0], "#b3123a"]), vmin=0, vmax=3, aspect="auto")
        panel.axvline(split - 0.5, color=TRUTH, linewidth=0.8, linestyle=":")
        panel.set_title(name, fontsize=9)
        panel.set_xlabel("row")
        leaks[name] = int(known.any(axis=1).sum())
    np.atleast_1d(axes)[0].set_ylabel("window")
    names = {"input": PALE, "target": RULES[0], "from the future": "#b3123a"}
    figure.legend(
        handles=[Patch(color=color, label=name) for name, color in names.items()],
        loc="outside upper left",
        ncols=3,
        fontsize=9,
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
    figure, axes = new_figure(height=0.8 + 0.32 * len(scores))
    first = float(scores.iloc[0].mean())
    axes.axvline(first, color=GRAY, linewidth=0.8, linestyle=":")
    for place, (_, row) in enumerate(scores.iterrows()):
        axes.plot(row, [-place] * len(row), "o", color=BARS, markersize=6)
        axes.plot(row.mean(), -place, "|", color=MODEL, markersize=16, markeredgewidth=2.5)
    axes.set_yticks(-np.arange(len(scores)), list(scores.index))
    axes.set_xlabel(label)
    axes.margins(x=0.1, y=0.15)
    means = ", ".join(f"{way} {mean:.3g}" for way, mean in scores.mean(axis=1).items())
    show(
        figure,
        alt=f"Dots for {scores.shape[1]} attempts and a bar for their mean in each of {len(scores)} rows; means of "
        f"{label}: {means}.",
        caption=f"{label} on {name}: {scores.shape[1]} seeds (dots), their mean (bar); dotted: the first row's.",
    )


def _shades(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["Blues"](share) for share in np.linspace(0.35, 1, count)]
