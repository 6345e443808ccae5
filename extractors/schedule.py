"""When a text puts its tasks: `A starts at 9:00`, `A: 3-5`, `A from 9:00 to 10:30`, `A ends at 5`, rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, TypeAlias

from midtrace import Span, View

from ._context import standing

MAX_SLOTS = 400
"""Placements that are read from one view; the first ones."""


@dataclass(frozen=True, slots=True)
class Slot:
    """When a task begins and ends by the text, in its units (minutes where it gives a clock); None: it does not say."""

    task: str
    start: Fraction | None
    end: Fraction | None
    span: Span
    text: str


Slots: TypeAlias = tuple[Slot, ...]
"""What a text places, in text order."""

_TIME = r"[0-9]{1,2}:[0-5][0-9](?: ?[ap]\.?m\.?)?|[0-9]{1,6}(?:\.[0-9]{1,6})?(?![:\w])"
_AT = r"(?:(?:at|on|in|from|day|hour|minute|time|t ?=)\s){0,2}"
_TO = r"\s{0,2}(?:-|–|—|to|until|till|through)\s{0,2}"
_MARK = r"[*_`\"']{0,3}"
_STARTS = (
    rf"{_MARK}\s?(?:starts|begins|is scheduled|runs|scheduled|:|\||=|from|at|\()\s{{0,3}}{_AT}{_MARK}"
    rf"(?P<start>{_TIME})(?:{_TO}(?:day |hour )?(?P<end>{_TIME})|\s?\|\s?(?P<cell>{_TIME}))?"
)
_ENDS = rf"{_MARK}\s?(?:ends|finishes|is done|is finished|completes)\s{{1,3}}{_AT}(?P<ends>{_TIME})"


@dataclass(frozen=True, slots=True)
class ScheduleSlots:
    """Reads when these tasks take place. What is supposed, asked, denied or withdrawn is left out."""

    tasks: tuple[str, ...]

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> Slots | None:
        """The placements of the unit, or None if it has none. Time is linear in the unit's length."""
        found = []
        for slot in self._slots(view):
            found.append(slot)
            if len(found) == MAX_SLOTS:
                break
        return tuple(found) or None

    def _slots(self, view: View) -> Iterator[Slot]:
        text = view.text
        if not self.tasks:
            return
        names = {name.casefold(): name for name in self.tasks}
        alternatives = "|".join(re.escape(name) for name in sorted(self.tasks, key=len, reverse=True))
        pattern = re.compile(rf"(?<![\w-])(?P<task>{alternatives})(?:{_STARTS}|{_ENDS})", re.IGNORECASE)
        for match in pattern.finditer(text):
            if match.end() == len(text) and not view.final:
                continue  # a time may go on
            if not standing(text, *match.span(), view.before):
                continue
            start, end = _time(match["start"]), _time(match["end"] or match["cell"] or match["ends"])
            span = Span(view.start + match.start(), view.start + match.end())
            yield Slot(names[match["task"].casefold()], start, end, span, match.group())


def _time(text: str | None) -> Fraction | None:
    if text is None:
        return None
    clock = re.match(r"([0-9]{1,2}):([0-9]{2})(?: ?([ap]))?", text, re.IGNORECASE)
    if clock is None:
        return Fraction(text)
    hour = int(clock[1])
    if clock[3]:
        hour = hour % 12 + (12 if clock[3].lower() == "p" else 0)
    return Fraction(hour * 60 + int(clock[2]))
