"""Tests run in the environment that the chapters run in."""

from hypothesis import settings

from lstm_tutorial.environment import quiet

quiet()
# The first example pays for heavy imports: no deadline. Derandomized: the same examples on every machine.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
