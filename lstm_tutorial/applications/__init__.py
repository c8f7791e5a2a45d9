"""What else an LSTM is good for: language models, translation, speech."""
