"""Every picture in the book, one call each. Pictures carry their own alt text and caption, true of their data."""

from lstm_tutorial.plots.backpropagation import gradient_flow, nudge_sizes, unrolled, wall
from lstm_tutorial.plots.cell import cell_diagram, gates, squashing_functions
from lstm_tutorial.plots.forecasting import forecasts, future, label, learning_curve, scores, series, windows
from lstm_tutorial.plots.memory import ablation, memory, state_growth, trials
from lstm_tutorial.plots.sequences import gradients, recall
from lstm_tutorial.plots.speed import speed_ratios, speed_steps
from lstm_tutorial.plots.training import descents, learning_curves, step_sizes

__all__ = ["forecasts", "future", "label", "learning_curve", "scores", "series", "windows"]
__all__ += ["descents", "learning_curves", "step_sizes"]
__all__ += ["speed_ratios", "speed_steps"]
__all__ += ["cell_diagram", "gates", "squashing_functions"]
__all__ += ["gradients", "recall"]
__all__ += ["ablation", "memory", "state_growth", "trials"]
__all__ += ["gradient_flow", "nudge_sizes", "unrolled", "wall"]
