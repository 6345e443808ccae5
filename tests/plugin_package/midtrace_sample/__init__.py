"""Dates that exist."""
