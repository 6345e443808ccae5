"""Tables of a text, by row and column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from midtrace import Span, View

MAX_ROWS = 2_000
"""Rows that are read from one view; the first ones."""

_RULE = re.compile(r"[ \t|:\-+=]{3,}")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text without markup, its column's heading, and where it stands in the generated text."""

    heading: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `table` counts tables from 0, `number` the rows of a table from 1, its heading left out."""

    table: int
    number: int
    cells: tuple[Cell, ...]

    def get(self, heading: str) -> str | None:
        """The text of the cell under a heading, whatever its case; None where there is none."""
        wanted = heading.casefold()
        return next((cell.text for cell in self.cells if cell.heading.casefold() == wanted), None)


Rows: TypeAlias = tuple[Row, ...]
"""The rows of the tables of a text, in text order."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """Reads tables in Markdown: a row of headings, a rule (`|---|`), rows."""

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> Rows | None:
        """The rows of the unit, or None if it has none. Time is linear in the unit's length."""
        return tuple(_rows(view)) or None


def _rows(view: View) -> Iterator[Row]:
    headings: tuple[str, ...] = ()
    above: tuple[str, ...] = ()
    table = -1
    number = count = at = 0
    for raw in view.text.split("\n"):
        end = at + len(raw)
        complete = end < len(view.text) or view.final
        cells = _cells(raw) if complete and "|" in raw and len(raw) < 10_000 else []
        if not cells:
            headings = above = ()
        elif _RULE.fullmatch(raw.strip()) and above:
            headings, above = above, ()
            table += 1
            number = 0
        elif headings and count < MAX_ROWS:
            number += 1
            count += 1
            named = zip(headings, cells, strict=False)
            yield Row(
                table,
                number,
                tuple(
                    Cell(heading, text, Span(view.start + at + begin, view.start + at + stop))
                    for heading, (text, begin, stop) in named
                ),
            )
        else:
            above = tuple(text for text, _, _ in cells)
        at = end + 1


def _cells(line: str) -> list[tuple[str, int, int]]:
    """The texts between bars with their offsets in the line; the empty ones before the first bar and after the last
    one are left out."""
    found: list[tuple[str, int, int]] = []
    at = 0
    for part in line.split("|"):
        found.append((part.strip(" \t*_`"), at, at + len(part)))
        at += len(part) + 1
    if not found[0][0]:
        del found[0]
    if found and not found[-1][0]:
        del found[-1]
    return found
