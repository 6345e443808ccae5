"""The grid of a maze: its cells, the shortest way, the way that is marked, and the turns on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from midtrace.extractors.maze import Direction, Turn

from ._maze_conventions import Cell

MAX_CELLS = 250_000
"""Cells of a grid."""

_DELTAS: dict[Direction, tuple[int, int]] = {"up": (-1, 0), "right": (0, 1), "down": (1, 0), "left": (0, -1)}
_CLOCKWISE: tuple[Direction, ...] = ("up", "right", "down", "left")
Rows: TypeAlias = tuple[str, ...]


class Turns(NamedTuple):
    """How often a way turns right and left."""

    right: int
    left: int


def find(rows: Sequence[str], symbol: str) -> list[Cell]:
    """The cells with that symbol."""
    return [Cell(r, c) for r, row in enumerate(rows) for c, each in enumerate(row) if each == symbol]


def is_open(rows: Rows, wall: str, cell: Cell) -> bool:
    """Whether the cell lies in the grid and is no wall."""
    return 0 <= cell.row < len(rows) and 0 <= cell.column < len(rows[cell.row]) and rows[cell.row][cell.column] != wall


def moved(cell: Cell, direction: Direction) -> Cell:
    """The cell one further in that direction."""
    down, right = _DELTAS[direction]
    return Cell(cell.row + down, cell.column + right)


def heading(origin: Cell, target: Cell) -> Direction | None:
    """The direction from one cell to another in the same row or column."""
    if (origin.row == target.row) == (origin.column == target.column):
        return None
    if origin.row == target.row:
        return "right" if target.column > origin.column else "left"
    return "down" if target.row > origin.row else "up"


def turning(before: Direction | None, after: Direction) -> Turn | None:
    """The turn between two moves; None where the second undoes the first."""
    if before is None or before == after:
        return "straight"
    quarter = (_CLOCKWISE.index(after) - _CLOCKWISE.index(before)) % 4
    return {1: "right", 3: "left"}.get(quarter)  # type: ignore[return-value]


def turns(moves: Sequence[Direction]) -> Turns:
    """The turns between the moves."""
    found = [turning(before, after) for before, after in pairwise(moves)]
    return Turns(found.count("right"), found.count("left"))


@lru_cache(maxsize=64)
def distance(rows: Rows, wall: str, start: Cell, goal: Cell) -> int | None:
    """The fewest moves from start to goal; None where there is no way."""
    steps = {start: 0}
    waiting = deque([start])
    while waiting:
        cell = waiting.popleft()
        if cell == goal:
            return steps[cell]
        for each in neighbours(rows, wall, cell):
            if each not in steps:
                steps[each] = steps[cell] + 1
                waiting.append(each)
    return None


def neighbours(rows: Rows, wall: str, cell: Cell) -> Iterator[Cell]:
    """The open cells beside a cell."""
    for direction in _CLOCKWISE:
        beside = moved(cell, direction)
        if is_open(rows, wall, beside):
            yield beside


def marked_way(rows: Rows, mark: str, start: Cell, goal: Cell) -> tuple[Direction, ...] | None:
    """The moves along the marked cells, if they are a single way from start to goal; None otherwise."""
    marked = {*find(rows, mark), goal}
    cell, moves = start, []
    while cell != goal:
        onward = [direction for direction in _CLOCKWISE if moved(cell, direction) in marked]
        if len(onward) > 1 and len(marked) > 1:
            onward = [direction for direction in onward if moved(cell, direction) != goal]
        if len(onward) != 1:
            return None
        moves.append(onward[0])
        cell = moved(cell, onward[0])
        marked.discard(cell)
    return tuple(moves) if not marked - {goal} else None
