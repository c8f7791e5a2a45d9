"""The companion package of the book "LSTM, end to end".

Four wings, the same as the book's: `scratch` (NumPy only), `workflow`, `applications` and `reruns`.
Importing this package loads none of them.
"""

__version__ = "0.1.0"
