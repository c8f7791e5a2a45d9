"""Every picture in the book, one call each. Pictures carry their own alt text and caption, true of their data."""

from lstm_tutorial.plots.backpropagation import gradient_flow, nudge_sizes, unrolled, wall
from lstm_tutorial.plots.cell import cell_diagram, gates, squashing_functions
from lstm_tutorial.plots.deploy import fan, health
from lstm_tutorial.plots.design import architecture, by_step, designs, starts
from lstm_tutorial.plots.evaluate import errors_by_step, intervals, lags, scoreboard
from lstm_tutorial.plots.forecasting import forecasts, future, label, learning_curve, scores, series, windows
from lstm_tutorial.plots.language_model import bits_curve, bits_saved, cells
from lstm_tutorial.plots.memory import ablation, memory, state_growth, trials
from lstm_tutorial.plots.prepare import attempts, autocorrelation, influence, missing, normalized
from lstm_tutorial.plots.sequences import gradients, recall
from lstm_tutorial.plots.speech import ctc_training, mel_filters, sound, utterance, voice_errors, voices_curve
from lstm_tutorial.plots.speed import speed_ratios, speed_steps
from lstm_tutorial.plots.train import rate_race, rate_sweep, seed_scores
from lstm_tutorial.plots.training import descents, learning_curves, step_sizes
from lstm_tutorial.plots.translation import attention_map, errors_by_length, token_losses
from lstm_tutorial.plots.tune import importance, parallel, search, seed_spread

__all__ = ["forecasts", "future", "label", "learning_curve", "scores", "series", "windows"]
__all__ += ["rate_race", "rate_sweep", "seed_scores"]
__all__ += ["descents", "learning_curves", "step_sizes"]
__all__ += ["speed_ratios", "speed_steps"]
__all__ += ["cell_diagram", "gates", "squashing_functions"]
__all__ += ["gradients", "recall"]
__all__ += ["ablation", "memory", "state_growth", "trials"]
__all__ += ["gradient_flow", "nudge_sizes", "unrolled", "wall"]
__all__ += ["attempts", "autocorrelation", "influence", "missing", "normalized"]
__all__ += ["importance", "parallel", "search", "seed_spread"]
__all__ += ["architecture", "by_step", "designs", "starts"]
__all__ += ["fan", "health"]
__all__ += ["errors_by_step", "intervals", "lags", "scoreboard"]
__all__ += ["attention_map", "errors_by_length", "token_losses"]
__all__ += ["ctc_training", "mel_filters", "sound", "utterance", "voice_errors", "voices_curve"]
__all__ += ["bits_curve", "bits_saved", "cells"]
