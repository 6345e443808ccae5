"""Routes and walks replayed on the grid, in every plausible way to read their cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from midtrace import Span, Violation
from midtrace.extractors.maze import CellRoute, Counts, Direction, Pair, WalkStep, Waypoint

from ._maze_conventions import Cell, Convention
from ._maze_grid import Rows, Turns, heading, is_open, moved, turning


class Board(NamedTuple):
    """A grid and its two ends; `way` holds the marked cells, if one may not leave them."""

    rows: Rows
    wall: str
    start: Cell
    goal: Cell
    way: frozenset[Cell] | None = None

    def free(self, cell: Cell) -> bool:
        """Whether one can stand there."""
        return is_open(self.rows, self.wall, cell)

    def inside(self, cell: Cell) -> bool:
        """Whether the cell lies in the grid."""
        return 0 <= cell.row < len(self.rows) and 0 <= cell.column < len(self.rows[cell.row])


class Fault(NamedTuple):
    """What is wrong, and how many parts of the route were right before."""

    right: int
    violation: Violation


def cells_fault(board: Board, route: CellRoute, plausible: Sequence[Convention]) -> Violation | None:
    """What is wrong with a route of cells in the reading in which it goes furthest; None if some reading is right."""
    return _furthest(plausible, lambda convention: _cells(board, route.points, convention))


def walk_faults(board: Board, walk: Sequence[WalkStep], plausible: Sequence[Convention]) -> Violation | None:
    """What is wrong with a walk that starts at the start, likewise."""
    return _furthest(plausible, lambda convention: _walk(board, walk, convention))


def moves_fault(board: Board, moves: Sequence[Direction], span: Span) -> Violation | None:
    """What is wrong with moves from the start."""
    cell = board.start
    for number, direction in enumerate(moves, start=1):
        cell = moved(cell, direction)
        if not board.free(cell):
            what = "runs into a wall" if board.inside(cell) else "leaves the grid"
            return Violation(f"move {number} ({direction}) from the start {what}", span=span)
    return None


def end_of(board: Board, moves: Sequence[Direction]) -> Cell:
    """Where moves from the start lead."""
    cell = board.start
    for direction in moves:
        cell = moved(cell, direction)
    return cell


def walk_end(board: Board, walk: Sequence[WalkStep], plausible: Sequence[Convention]) -> bool:
    """Whether a walk ends at the goal in a reading in which nothing is wrong with it."""
    height = len(board.rows)
    return any(
        convention.cell(walk[-1].target, height) == board.goal
        for convention in plausible
        if _walk(board, walk, convention) is None
    )


def _furthest(plausible: Sequence[Convention], judged: Callable[[Convention], Fault | None]) -> Violation | None:
    worst: Fault | None = None
    for convention in plausible:
        fault = judged(convention)
        if fault is None:
            return None
        if worst is None or fault.right > worst.right:
            worst = fault
    return None if worst is None else worst.violation


def _cells(board: Board, points: Sequence[Waypoint], convention: Convention) -> Fault | None:
    height = len(board.rows)
    before: Cell | None = None
    for number, point in enumerate(points):
        cell = convention.cell(point.pair, height)
        problem = _stand(board, cell, point.pair) or (
            None if before is None else _step(board, before, cell, points[number - 1].pair, point)
        )
        if problem is not None:
            return Fault(number, Violation(problem, span=point.span))
        before = cell
    return None


def _stand(board: Board, cell: Cell, pair: Pair) -> str | None:
    if not board.inside(cell):
        return f"{_shown(pair)} is outside of the grid"
    return None if board.free(cell) else f"{_shown(pair)} is a wall"


def _step(board: Board, before: Cell, cell: Cell, pair: Pair, point: Waypoint) -> str | None:
    """What is wrong with a move along a row or a column; it may take several cells at once."""
    towards = heading(before, cell)
    if cell == before:
        return None
    if towards is None:
        return f"{_shown(point.pair)} is not beside {_shown(pair)}"
    if point.direction is not None and point.direction != towards:
        return f"{_shown(point.pair)} is not {point.direction} of {_shown(pair)}"
    between = moved(before, towards)
    while between != cell:
        if not board.free(between):
            return f"a wall stands between {_shown(pair)} and {_shown(point.pair)}"
        between = moved(between, towards)
    return None


def _walk(board: Board, walk: Sequence[WalkStep], convention: Convention) -> Fault | None:
    """The first fault of a walk."""
    height = len(board.rows)
    at = board.start
    before: Direction | None = None
    counted: Turns | None = Turns(0, 0)
    for index, step in enumerate(walk):
        problem = None
        if convention.cell(step.origin, height) != at:
            where = "the start" if index == 0 else f"where step {walk[index - 1].number} ended"
            problem = f"step {step.number} starts at {_shown(step.origin)}, which is not {where}"
        target = convention.cell(step.target, height)
        if problem is None:
            problem = _entered(board, at, target, step)
        if problem is None and index and step.before is not None and step.before != before:
            problem = f"before step {step.number} the direction was {before}, not {step.before}"
        turn = turning(before, step.direction)
        if problem is None and step.turn is not None and turn is not None and step.turn != turn:
            problem = f"step {step.number} is {'no turn' if turn == 'straight' else f'a {turn} turn'}"
        if problem is not None:
            return Fault(index, Violation(problem, span=step.span))
        if counted is not None:
            # What turning back counts for is nobody's rule.
            counted = (
                None if turn is None else Turns(counted.right + (turn == "right"), counted.left + (turn == "left"))
            )
        miscounted = None if counted is None or step.counts is None else _miscounted(step.counts, counted, step.number)
        if miscounted is not None:
            return Fault(index, miscounted)
        at, before = target, step.direction
    return None


def _entered(board: Board, origin: Cell, target: Cell, step: WalkStep) -> str | None:
    """What is wrong with the move of a step."""
    if step.heading is not None and step.heading != step.direction:
        return f"step {step.number} moves {step.direction}, not {step.heading}"
    if moved(origin, step.direction) != target:
        return f"{_shown(step.target)} is not one {step.direction} of {_shown(step.origin)}"
    if step.current is not None and step.current != step.target:
        return f"step {step.number} ends at {_shown(step.target)}, not {_shown(step.current)}"
    if board.way is not None and board.free(target) and target not in board.way:
        return f"{_shown(step.target)} is not on the marked path"
    return _stand(board, target, step.target)


def _miscounted(counts: Counts, counted: Turns, number: int) -> Violation | None:
    told = {"right": counts.right, "left": counts.left, "total": counts.total}
    values = {"right": counted.right, "left": counted.left, "total": sum(counted)}
    for name, value in values.items():
        if told[name] is not None and told[name] != value:
            return Violation(f"the {name} turns up to step {number} are {value}, not {told[name]}", span=counts.span)
    return None


def _shown(pair: Pair) -> str:
    return f"({pair[0]}, {pair[1]})"
