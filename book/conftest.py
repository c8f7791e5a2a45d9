"""Chapters are compared in the environment that stored their outputs."""

from lstm_tutorial.environment import quiet

quiet()
