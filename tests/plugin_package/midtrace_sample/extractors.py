"""Dates as they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

import midtrace as mt

ISO = re.compile(r"(?<![0-9-])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9-])")


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """Year, month and day, whether or not there is such a day; `span` is where it is written."""

    year: int
    month: int
    day: int
    span: mt.Span


@dataclass(frozen=True, slots=True)
class WrittenDates:
    """Reads dates like 2024-02-29."""

    def extract(self, view: mt.View, /) -> tuple[WrittenDate, ...] | None:
        """The dates of the unit in their order, or None."""
        dates = (
            WrittenDate(
                int(found[1]),
                int(found[2]),
                int(found[3]),
                mt.Span(view.start + found.start(), view.start + found.end()),
            )
            for found in ISO.finditer(view.text)
        )
        return tuple(dates) or None
