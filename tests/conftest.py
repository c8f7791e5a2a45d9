"""Tests run in the environment that the chapters run in."""

import signal

from hypothesis import settings

from lstm_tutorial.environment import quiet

quiet()
# A shell that starts the tests in the background has them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
# The first example pays for heavy imports: no deadline. Derandomized: the same examples on every machine.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
