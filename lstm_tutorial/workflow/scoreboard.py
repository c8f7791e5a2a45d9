"""The blend beside the best of its rivals on several series, losses first."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lstm_tutorial.workflow import metrics
from lstm_tutorial.workflow.evaluate import CLOSE, ENOUGH, FEW, Evaluation


def scoreboard(evaluations: Mapping[str, Evaluation]) -> pd.DataFrame:
    """A row for each series, the largest loss first.

    "ratio" is the blend's RMSE divided by that of the best of the others, "share" that of the LSTMs in the blend,
    "windows" counts those for validation, "80 % held" is the coverage of the 80 % interval.
    """
    rows = {}
    for name, each in evaluations.items():
        rmse, compared = each.rmse(), each.compare(each.best_other)
        rows[name] = {
            "the blend is": compared.verdict,
            "ratio": rmse["blend"] / rmse[each.best_other],
            "p": compared.p_value,
            "best other": each.best_other,
            "share": each.weight,
            "windows": len(each.prepared.validation.first),
            "80 % held": metrics.coverage(each.truth, *each.interval(0.8)),
        }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("ratio", ascending=False)


def losses(board: pd.DataFrame) -> str:
    """A scoreboard in three sentences: where the blend is behind, how often by more than chance, where it is close."""
    behind = board.index[board["ratio"] > 1]
    named = ", ".join(f"{name} ({board.loc[name, 'best other']})" for name in behind) or "none"
    counts = board["the blend is"].value_counts()
    better, worse, tied, few = (counts.get(verdict, 0) for verdict in ("better", "worse", "tied", "too few"))
    close = ", ".join(board.index[(board["ratio"] > 1 - CLOSE) & (board["ratio"] < 1)])
    return (
        f"**Losses first.** The best of the others has the smaller RMSE on {len(behind)} of {len(board)}: {named}. "
        f"Beyond chance, the blend is better on {better} and worse on {worse}; on {tied} the windows can't tell them "
        f"apart, on {few} there are too few windows to try."
        + (f" A lead below {CLOSE:.0%}, as on {close}, another seed may take away." if close else "")
    )


def basis(board: pd.DataFrame, checked: pd.Index) -> str:
    """On how many series of a scoreboard the book's claim rests, and for which it promises nothing."""
    short = board["windows"][board["windows"] < FEW]
    least = f": the LSTMs' share comes from a handful of windows, at the least {short.min()}" if len(short) else ""
    samples = f"{len(checked)} sample{'s' * (len(checked) != 1)} ({', '.join(checked) or 'none'})"
    return (
        f"It rests on {samples}. Between {FEW} and {ENOUGH} windows nothing is promised, and below {FEW} "
        f"({', '.join(short.index) or 'none'}) no ranking is safe{least}."
    )


def lost(board: pd.DataFrame, evaluations: Mapping[str, Evaluation]) -> str:
    """A list: where the blend is behind, how little it is ahead elsewhere, what intervals of short series hold."""
    ahead = list(board.index[board["ratio"] < 1])
    scores = [evaluations[name].rmse() for name in ahead]
    text = f"- On {len(board) - len(ahead)} of {len(board)} series a simpler method has the smaller error."
    if ahead:
        most = max(1 - rmse["blend"] / rmse["ridge"] for rmse in scores)
        text += f"\n- Where the blend leads ({', '.join(ahead)}), it is {most:.1%} ahead of its linear half at most."
    short = board["80 % held"][board["windows"] < FEW]
    if len(short):
        text += f"\n- With fewer than {FEW} windows, the 80 % intervals held {short.min():.0%} ({short.idxmin()}) to "
        text += f"{short.max():.0%} ({short.idxmax()}) of the values."
    return text
