"""Ready monitors."""

from __future__ import annotations

import midtrace as mt

from .extractors import WrittenDates
from .verifiers import Calendar


def calendar() -> mt.Monitor:
    """Every date that a line writes exists."""
    return mt.Monitor("calendar", extract=WrittenDates(), verify=Calendar())
