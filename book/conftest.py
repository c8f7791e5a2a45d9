"""Chapters are compared in the environment in which their outputs were stored."""

from lstm_tutorial.reruns.environment import quiet

quiet()
