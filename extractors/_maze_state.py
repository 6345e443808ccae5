"""What a trace says of a maze. All spans are offsets in the generated text; pairs are as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from midtrace import Span

from ._maze_words import Direction, Pair, Turn


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said to be: `start`, `goal` or a symbol; `rows` says that row and column are named."""

    span: Span
    what: str
    pair: Pair
    rows: bool = False


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A cell of a route, and the direction in which it is said to be entered."""

    span: Span
    pair: Pair
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class CellRoute:
    """A route told by its cells."""

    span: Span
    points: tuple[Waypoint, ...]


@dataclass(frozen=True, slots=True)
class DirectionRoute:
    """A route from the start, told by its directions."""

    span: Span
    moves: tuple[Direction, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Turns counted so far; None: not said."""

    span: Span
    right: int | None = None
    left: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One step of a walk that is told in full: `Move DOWN from (1, 1) to (2, 1)` and the lines that belong to it."""

    span: Span
    number: int
    direction: Direction
    origin: Pair
    target: Pair
    current: Pair | None = None
    before: Direction | None = None
    heading: Direction | None = None
    turn: Turn | None = None
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class MazeAnswer:
    """The answer, however it can be read: a number, an option's letter, moves, cells, or that there is no way.

    `marked` says that the trace says that it is the answer; otherwise it is only what stands last.
    """

    span: Span
    text: str
    number: int | None = None
    letter: str | None = None
    moves: tuple[Direction, ...] = ()
    cells: tuple[Pair, ...] = ()
    none: bool = False
    marked: bool = True


Route: TypeAlias = CellRoute | DirectionRoute


@dataclass(frozen=True, slots=True)
class ClaimedMaze:
    """The state that `MazeClaims` reads, each part in the order of the text.

    `walk` holds the steps that stand: one that is told again replaces itself and what followed it. `indexed` says that
    the trace says that it counts rows and columns from 0.
    """

    places: tuple[Place, ...] = ()
    routes: tuple[Route, ...] = ()
    walk: tuple[WalkStep, ...] = ()
    answer: MazeAnswer | None = None
    indexed: bool = False
