"""How an LSTM works, in NumPy alone."""
