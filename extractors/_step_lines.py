"""The lines of a trace, each with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from midtrace import View


class StepLine(NamedTuple):
    """One line: its text without the line end, its offset in the view's text, and whether its end was seen.

    `number` counts all lines of the view, from 1. An open line is the last one of a final view: what stands at its end
    may have been going on.
    """

    text: str
    at: int
    open: bool = False
    number: int = 1


def step_lines(view: View) -> Iterator[StepLine]:
    """The lines that are not blank and cannot grow any more: the last one only if its end, or the trace's, is seen."""
    at = 0
    for number, raw in enumerate(view.text.split("\n"), 1):
        end = at + len(raw)
        last = end == len(view.text)
        if raw.strip() and (view.final or not last):
            yield StepLine(raw, at, last, number)
        at = end + 1
