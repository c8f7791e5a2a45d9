"""The blend beside the best of its rivals on several series, losses first."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lstm_tutorial.workflow import metrics
from lstm_tutorial.workflow.evaluate import CLOSE, Evaluation


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
