"""The ways in which two numbers can name a cell: row or column first, from 0 or from 1, rows from above or below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from midtrace.extractors.maze import Pair


class Cell(NamedTuple):
    """A cell by its row from above and its column from the left, both from 0."""

    row: int
    column: int


class Convention(NamedTuple):
    """How a pair is read; the bases are those of rows and of columns."""

    column_first: bool = False
    row_base: int = 0
    column_base: int = 0
    from_below: bool = False

    def cell(self, pair: Pair, height: int) -> Cell:
        """The cell that a pair names in a grid of that height; it need not lie in the grid."""
        row, column = pair[::-1] if self.column_first else pair
        row -= self.row_base
        return Cell(height - 1 - row if self.from_below else row, column - self.column_base)


PLAIN = Convention()


def conventions() -> Iterator[Convention]:
    """All that are plausible, the usual ones first."""
    for below, first, rows, columns in product((False, True), (False, True), (0, 1), (0, 1)):
        yield Convention(first, rows, columns, below)


ALL = tuple(conventions())
NAMED = tuple(convention for convention in ALL if not convention.column_first and not convention.from_below)
"""Where rows and columns are named as such."""
