"""Triggers: where checkpoints are."""

from __future__ import annotations

from .lines import AtEnd, EveryLine
from .protocol import Boundary as Boundary
from .protocol import Scanner as Scanner
from .protocol import Trigger as Trigger


def every_line() -> Trigger:
    """A checkpoint after every line that holds more than white space."""
    return EveryLine()


def at_end() -> Trigger:
    """No checkpoint before the end of the trace."""
    return AtEnd()


__all__ = ["Boundary", "Scanner", "Trigger", "at_end", "every_line"]
