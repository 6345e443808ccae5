"""Mazes: what a trace says of cells, routes, walks and turns is replayed on the grid, and the answer compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, assert_never, get_args

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors.maze import CellRoute, ClaimedMaze, DirectionRoute, MazeAnswer, Place, WalkStep, Waypoint

from ._findings import together
from ._maze_conventions import ALL, NAMED, PLAIN, Cell, Convention
from ._maze_grid import MAX_CELLS, Turns, distance, find, marked_way, turns
from ._maze_problems import Question, read_maze
from ._maze_replay import Board, cells_fault, end_of, moves_fault, walk_end, walk_faults


@dataclass(frozen=True, slots=True)
class Maze:
    """Checks what a trace says of a maze.

    Args:
        rows: The lines of the grid.
        start: The symbol of the cell where one starts.
        goal: The symbol of the cell where one wants to go.
        wall: The symbol of a wall; everything else can be walked on.
        question: What is asked.
        mark: The symbol of the cells of the given path; walks must keep to it, and turns are counted on it.
        options: The values of the options A, B, ...; none: the answer is the value itself.
        position: Where the goal is asked to be: `("up",)` is directly above the start, `("up", "left")` above and left.
        reveal: Whether a hint gives the answer away.

    A cell is named by two numbers, row or column first, from 0 or from 1, rows counted from above or from below: a
    claim is wrong only if it is wrong in all of these readings. Moves are up, down, left and right. Raises
    `UsageError` for a grid that is too large or has not one start and one goal.
    """

    rows: tuple[str, ...]
    start: str = "S"
    goal: str = "E"
    wall: str = "#"
    question: Question = "steps"
    mark: str | None = None
    options: tuple[str, ...] = ()
    position: tuple[str, ...] = ()
    reveal: bool = False

    def __post_init__(self) -> None:
        if sum(map(len, self.rows)) > MAX_CELLS:
            raise UsageError(f"Maze: expected at most {MAX_CELLS} cells")
        if self.question not in get_args(Question):
            raise UsageError(f"Maze(question={self.question!r}): expected one of {', '.join(get_args(Question))}")
        for name, symbol in (("start", self.start), ("goal", self.goal)):
            count = len(find(self.rows, symbol))
            if count != 1:
                raise UsageError(f"Maze({name}={symbol!r}): expected one such cell in the grid, got {count}")

    @classmethod
    def of(cls, problem: str, *, reveal: bool = False) -> Self:
        """The maze of a problem: a grid with its legend, a matrix of symbols, or lines of `#` with S and E.

        Raises `UsageError` where the grid, its symbols or the question cannot be read for certain.
        """
        found = read_maze(problem)
        return cls(
            found.rows,
            found.start,
            found.goal,
            found.wall,
            found.question,
            found.mark,
            found.options,
            found.position,
            reveal,
        )

    def check(self, state: ClaimedMaze, /) -> Verdict:
        """Pass with the number of claims that hold, or the first that does not with the others in `also`."""
        board = _board(self)
        plausible = (PLAIN,) if state.indexed else ALL
        verdicts: list[Verdict] = list(self._places(state.places, plausible))
        settled = self._settled(state.places, plausible)
        for route in state.routes:
            match route:
                case CellRoute():
                    verdicts.append(cells_fault(board, route, settled) or Pass())
                case DirectionRoute(span, moves):
                    verdicts.append(moves_fault(board, moves, span) or Pass())
                case _:
                    assert_never(route)
        sound = True
        if state.walk:
            fault = walk_faults(board, state.walk, settled)
            sound = fault is None
            verdicts.append(fault or Pass(checked=len(state.walk)))
        if state.answer is not None:
            verdicts.append(self._answered(state.answer, state.walk if sound else (), settled))
        violations = sorted((each for each in verdicts if isinstance(each, Violation)), key=_start)
        if violations:
            return together(violations)
        unknown = next((each for each in verdicts if isinstance(each, Unknown)), None)
        return unknown or Pass(checked=sum(each.checked for each in verdicts if isinstance(each, Pass)))

    def _places(self, places: Sequence[Place], plausible: Sequence[Convention]) -> Iterator[Verdict]:
        """The last place that is named for start and goal each: earlier ones were given up."""
        for what, place in self._named(places).items():
            cell = _board(self).start if what == "start" else _board(self).goal
            readings = NAMED if place.rows else plausible
            if any(reading.cell(place.pair, len(self.rows)) == cell for reading in readings):
                yield Pass()
            else:
                symbol = self.start if what == "start" else self.goal
                yield Violation(f"{symbol!r} is not at ({place.pair[0]}, {place.pair[1]})", span=place.span)

    def _named(self, places: Sequence[Place]) -> dict[str, Place]:
        names = {"start": "start", "goal": "goal", self.start: "start", self.goal: "goal"}
        return {names[place.what]: place for place in places if place.what in names}

    def _settled(self, places: Sequence[Place], plausible: Sequence[Convention]) -> Sequence[Convention]:
        """The readings in which start and goal are where the trace says; all, where there is none."""
        named = self._named(places)
        cells = {"start": _board(self).start, "goal": _board(self).goal}
        fitting = [
            reading
            for reading in plausible
            if all(
                reading.cell(place.pair, len(self.rows)) == cells[what]
                for what, place in named.items()
                if not place.rows
            )
        ]
        same = len({(place.what, place.pair) for place in places}) == len({place.what for place in places})
        return fitting if fitting and same else plausible

    def _answered(self, answer: MazeAnswer, walk: Sequence[WalkStep], settled: Sequence[Convention]) -> Verdict:
        board = _board(self)
        if walk and self.question != "position" and not walk_end(board, walk, settled):
            last = walk[-1]
            return Violation(
                f"the walk stops at ({last.target[0]}, {last.target[1]}), before the goal is reached", span=answer.span
            )
        match self.question:
            case "steps":
                if answer.number is None and answer.none:
                    return self._compared(answer, None)
                steps = len(answer.moves) if answer.number is None and answer.moves else answer.number
                return self._compared(answer, steps)
            case "path":
                return self._way(answer, settled)
            case "position":
                return self._chosen(answer, "yes" if self._lies() else "no")
            case "right turns" | "left turns" | "turns":
                counted = self._turns(walk)
                if counted is None:
                    return Unknown("the grid marks no single path, and the trace walks none to the goal")
                value = {"right turns": counted.right, "left turns": counted.left, "turns": sum(counted)}[self.question]
                return self._chosen(answer, str(value))
            case _:
                assert_never(self.question)

    def _compared(self, answer: MazeAnswer, told: int | None) -> Verdict:
        board = _board(self)
        if told is None and not answer.none:
            return _unread(answer, "is no number of steps")
        fewest = distance(self.rows, self.wall, board.start, board.goal)
        if (fewest is None and (told is None or told < 0)) or told == fewest:
            return Pass()
        if told is None:
            return Violation("there is a way to the goal", span=answer.span)
        right = "no way leads to the goal" if fewest is None else str(fewest)
        return self._wrong(answer, f"{told} is not the fewest steps to the goal", right)

    def _way(self, answer: MazeAnswer, settled: Sequence[Convention]) -> Verdict:
        """A way from start to goal, and none longer than it must be."""
        board = _board(self)
        fewest = distance(self.rows, self.wall, board.start, board.goal)
        if answer.none:
            return Pass() if fewest is None else Violation("there is a way to the goal", span=answer.span)
        if answer.cells:
            return self._named_way(answer, settled, fewest)
        if answer.number is not None and not answer.moves:
            return Violation("expected the way itself, not a number", span=answer.span)
        if not answer.moves:
            return _unread(answer, "is no sequence of moves")
        fault = moves_fault(board, answer.moves, answer.span)
        if fault is not None:
            return fault
        if end_of(board, answer.moves) != board.goal:
            return Violation("the moves do not end at the goal", span=answer.span)
        if fewest is not None and len(answer.moves) > fewest:
            return self._wrong(answer, f"there is a way with fewer than {len(answer.moves)} moves", f"{fewest} moves")
        return Pass()

    def _named_way(self, answer: MazeAnswer, settled: Sequence[Convention], fewest: int | None) -> Verdict:
        """A way that is told by its cells, from the start to the goal."""
        board = _board(self)
        route = CellRoute(answer.span, tuple(Waypoint(answer.span, cell) for cell in answer.cells))
        ends = (answer.cells[0], answer.cells[-1])
        fitting = [
            reading
            for reading in settled
            if tuple(reading.cell(end, len(self.rows)) for end in ends) == (board.start, board.goal)
        ]
        if not fitting:
            return Violation("the cells do not lead from the start to the goal", span=answer.span)
        fault = cells_fault(board, route, fitting)
        if fault is not None:
            return fault
        if fewest is not None and len(answer.cells) - 1 > fewest:
            return self._wrong(
                answer, f"there is a way with fewer than {len(answer.cells) - 1} moves", f"{fewest} moves"
            )
        return Pass()

    def _lies(self) -> bool:
        board = _board(self)
        down, right = board.goal.row - board.start.row, board.goal.column - board.start.column
        vertical = {"up": down < 0, "down": down > 0}
        horizontal = {"left": right < 0, "right": right > 0}
        fits = [(vertical | horizontal)[each] for each in self.position]
        level = not vertical.keys() & set(self.position) and down != 0
        plumb = not horizontal.keys() & set(self.position) and right != 0
        return all(fits) and not level and not plumb

    def _turns(self, walk: Sequence[WalkStep]) -> Turns | None:
        board = _board(self)
        if self.mark is not None:
            way = marked_way(self.rows, self.mark, board.start, board.goal)
            return None if way is None else turns(way)
        return turns([step.direction for step in walk]) if walk else None

    def _chosen(self, answer: MazeAnswer, value: str) -> Verdict:
        """The answer against the right value, by its letter where there are options."""
        told = answer.text.strip(" .*$").lower()
        if self.options:
            index = -1 if answer.letter is None else ord(answer.letter.upper()) - ord("A")
            if 0 <= index < len(self.options):
                told = self.options[index]
            if value not in self.options:
                return Unknown(f"none of the options is {value}")
        elif answer.number is not None:
            told = str(answer.number)
        if told == value:
            return Pass()
        if told not in {*self.options, "yes", "no"} and not told.isdigit():
            return _unread(answer, "is none of the options")
        return self._wrong(answer, f"{answer.text.strip()[:60]} is not right", value)

    def _wrong(self, answer: MazeAnswer, message: str, right: str) -> Violation:
        return Violation(message, span=answer.span, hint=right if self.reveal else None, evidence={"right": right})


@lru_cache(maxsize=64)
def _board(maze: Maze) -> Board:
    start, goal = find(maze.rows, maze.start)[0], find(maze.rows, maze.goal)[0]
    way: frozenset[Cell] | None = None
    if maze.mark is not None:
        way = frozenset({*find(maze.rows, maze.mark), start, goal})
    return Board(maze.rows, maze.wall, start, goal, way)


def _unread(answer: MazeAnswer, why: str) -> Verdict:
    return Unknown(f"the answer {answer.text[:60]!r} {why}") if answer.marked else Pass(checked=0)


def _start(violation: Violation) -> int:
    return 0 if violation.span is None else violation.span.start
