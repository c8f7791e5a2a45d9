"""Every picture in the book, one call each. Pictures carry their own alt text and caption, true of their data."""

from lstm_tutorial.plots.cell import cell_diagram, gates, squashing_functions
from lstm_tutorial.plots.forecasting import forecasts, future, label, learning_curve, scores, series, windows
from lstm_tutorial.plots.speed import speed_steps
from lstm_tutorial.plots.training import descents, learning_curves, step_sizes

__all__ = ["forecasts", "future", "label", "learning_curve", "scores", "series", "windows"]
__all__ += ["descents", "learning_curves", "step_sizes"]
__all__ += ["speed_steps"]
__all__ += ["cell_diagram", "gates", "squashing_functions"]
