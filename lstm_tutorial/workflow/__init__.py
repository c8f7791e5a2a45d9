"""How to use an LSTM: one module for each step of the workflow chapters."""
