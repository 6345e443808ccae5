"""Extractors: one file a way of reading state."""
