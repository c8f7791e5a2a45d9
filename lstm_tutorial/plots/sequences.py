"""How far back a network remembers, and how far back its gradient reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, TRUTH, legend, new_figure, show

# One color for a design in all pictures: grays for the RNN, black as it comes.
DESIGNS = {"RNN ×0.5": "#c6ccd3", "RNN ×0.9": "#98a1ab", "RNN": TRUTH, "RNN ×1.0": TRUTH, "RNN ×1.3": "#646e79"}
DESIGNS |= {"LSTM, bias 0": MODEL, "LSTM, bias 1": RULES[0], "LSTM, bias 3": RULES[1]}
OTHERS = (TRUTH, MODEL, *RULES, "#b03a62")


def choose_colors(names: Iterable[str]) -> dict[str, str]:
    """A color for each name: a design of the chapter has its own, others have one by their place."""
    return {name: DESIGNS.get(name, OTHERS[number % len(OTHERS)]) for number, name in enumerate(dict.fromkeys(names))}


def recall(gaps: Sequence[int], shares: Mapping[str, np.ndarray], chance: float) -> None:
    """Shares of right answers by gap: for each name an array (gaps, networks), drawn as dots and their mean."""
    figure, axes = new_figure()
    colors = choose_colors(shares)
    for number, (name, values) in enumerate(shares.items()):
        places = np.arange(len(gaps)) + 0.06 * (number - (len(shares) - 1) / 2)
        axes.plot(places, values.mean(axis=1), color=colors[name], linewidth=1.3, label=name)
        axes.plot(places, values, color=colors[name], marker="o", markersize=3.5, linewidth=0, alpha=0.7)
    axes.axhline(chance, color=GRAY, linestyle=":", label="guessing")
    axes.set_xticks(np.arange(len(gaps)), [str(gap) for gap in gaps])
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("gap: symbols after the one to recall")
    axes.set_ylabel("share recalled")
    legend(figure)
    networks = next(iter(shares.values())).shape[1]
    show(
        figure,
        alt=f"Share of first symbols recalled, from 0 to 1, against gaps of {', '.join(map(str, gaps))} symbols, for "
        f"{', '.join(shares)}; a dot for each network, a line through the means, and a dotted line for guessing.",
        caption=f"Fresh sequences answered right after training, by gap; a dot for each of {networks} networks, lines "
        "through their means.",
    )


def gradients(
    lags: Sequence[int],
    panels: Mapping[str, Mapping[str, np.ndarray]],
    laws: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Norms of gradients by lag, in panels; each curve is log10 of them, (networks, lags), with a band over networks.

    `laws` holds a further curve, log10 as well, (lags,), for names that occur in a panel; it is drawn dotted.
    """
    figure, axes_row = new_figure(height=3.2, columns=len(panels), sharey=True)
    colors = choose_colors(name for curves in panels.values() for name in curves)
    laws, named = laws or {}, set[str]()
    for axes, (title, curves) in zip(np.atleast_1d(axes_row), panels.items(), strict=True):
        for name, values in curves.items():
            label = None if name in named else name
            axes.plot(lags, values.mean(axis=0), color=colors[name], linewidth=1.3, label=label)
            axes.fill_between(lags, values.min(axis=0), values.max(axis=0), color=colors[name], alpha=0.2, linewidth=0)
            if name in laws:
                axes.plot(lags, laws[name], color=colors[name], linestyle=":", linewidth=1.3)
            named.add(name)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("lag (steps)")
        axes.yaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.0f}}}$")
    np.atleast_1d(axes_row)[0].set_ylabel("norm of the gradient")
    legend(figure)
    networks = len(next(iter(next(iter(panels.values())).values())))
    shown = "; ".join(f"{title} ({', '.join(curves)})" for title, curves in panels.items())
    dotted = f"; dotted curves beside {', '.join(laws)}" if laws else ""
    show(
        figure,
        alt=f"Norm of the gradient by the state, on a logarithmic axis, against lags of {min(lags)} to {max(lags)} "
        f"steps; panels: {shown}{dotted}.",
        caption=f"How strongly the output depends on the state a given number of steps before; mean and range over "
        f"{networks} networks{'; dotted: the product of forget gates alone, at their bias' if laws else ''}.",
    )
