"""Forks: the model asked for its state from a checkpoint, beside the stream."""
