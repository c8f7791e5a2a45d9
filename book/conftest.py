"""Chapters are compared in the environment that stored their outputs."""

from lstm_tutorial.reruns.environment import quiet

quiet()
