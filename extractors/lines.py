"""A text by lines and by numbered steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from midtrace import Span, View

from ._step_lines import step_lines

MAX_LINES = 10_000
"""Lines or steps that are read from one view; the first ones."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and where it stands in the generated text. `number` counts from 1 in the unit."""

    text: str
    number: int
    span: Span


Lines: TypeAlias = tuple[Line, ...]
"""The lines of a text that are not blank."""


@dataclass(frozen=True, slots=True)
class TextLines:
    """Reads lines that are complete; blank ones are counted, and left out."""

    inline: ClassVar[bool] = True

    def extract(self, view: View, /) -> Lines | None:
        """The lines of the unit, or None if all are blank. Time is linear in the unit's length."""
        return tuple(_lines(view)) or None


@dataclass(frozen=True, slots=True)
class Step:
    """A numbered step: its number as written, its text with all lines that belong to it, and where that stands."""

    number: int
    text: str
    span: Span


Steps: TypeAlias = tuple[Step, ...]
"""The numbered steps of a text, in text order."""

_STEP = re.compile(
    r"[ \t>]{0,8}(?:[#*_]{1,4}[ \t]?)?"
    r"(?:(?:[Ss]tep|STEP)[ \t]{1,4}(?P<named>[0-9]{1,4})\b[ \t]?[.:)\-–—]?[*_]{0,3}:?[ \t]*"
    r"|(?P<bare>[0-9]{1,3})[.)][*_]{0,3}[ \t]+)"
)


@dataclass(frozen=True, slots=True)
class NumberedSteps:
    """Reads steps that a text numbers itself: `1. ...`, `2) ...`, `Step 3: ...`, `**Step 4**`.

    A step ends where the next one begins, or with the text. The last one is read when the text is at its end, or when
    a blank line has closed it.
    """

    inline: ClassVar[bool] = True

    def extract(self, view: View, /) -> Steps | None:
        """The complete steps of the unit, or None if it has none. Time is linear in the unit's length."""
        return tuple(_steps(view)) or None


def _lines(view: View) -> Iterator[Line]:
    for line in step_lines(view):
        if line.number > MAX_LINES:
            return
        text = line.text.rstrip("\r")
        start = view.start + line.at
        yield Line(text, line.number, Span(start, start + len(text)))


def _steps(view: View) -> Iterator[Step]:
    number = begin = end = 0
    count = 0
    opened = False
    for line in _lines(view):
        mark = _STEP.match(line.text)
        start = line.span.start - view.start
        if mark is not None:
            if opened and count < MAX_LINES:
                yield _step(view, number, begin, end)
                count += 1
            number = int(mark["named"] or mark["bare"])
            begin = start + mark.end()
            opened = True
        end = line.span.end - view.start
    closed = view.final or view.text.rstrip(" \t\r").endswith("\n\n")
    if opened and closed and count < MAX_LINES:
        yield _step(view, number, begin, end)


def _step(view: View, number: int, begin: int, end: int) -> Step:
    return Step(number, view.text[begin:end].strip(), Span(view.start + begin, view.start + max(begin, end)))
