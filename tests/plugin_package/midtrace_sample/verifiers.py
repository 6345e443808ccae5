"""Whether dates exist."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass

import midtrace as mt

from .extractors import WrittenDate


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every date is a day of the Gregorian calendar."""

    def check(self, state: tuple[WrittenDate, ...], /) -> mt.Verdict:
        """The first date that is none, if any."""
        for date in state:
            if not 1 <= date.month <= 12:
                return mt.Violation(f"there is no month {date.month}", span=date.span)
            days = monthrange(date.year, date.month)[1] if date.year else 0
            if not 1 <= date.day <= days:
                return mt.Violation(f"month {date.month} of {date.year} has {days} days", span=date.span)
        return mt.Pass(checked=len(state))
