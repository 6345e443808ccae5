"""What a trace says of a maze: where things are, the routes and walks that it traces, and its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from midtrace import Span, View

from . import _context as context
from ._maze_routes import read_routes
from ._maze_state import CellRoute, ClaimedMaze, Counts, DirectionRoute, MazeAnswer, Place, Route, WalkStep, Waypoint
from ._maze_steps import read_walk
from ._maze_words import PAIR, Direction, Pair, Turn, directions
from ._stated_answers import StatedAnswer, stated_answer
from ._step_lines import StepLine, step_lines

__all__ = [
    "CellRoute",
    "ClaimedMaze",
    "Counts",
    "Direction",
    "DirectionRoute",
    "MazeAnswer",
    "MazeClaims",
    "Pair",
    "Place",
    "Route",
    "Turn",
    "WalkStep",
    "Waypoint",
]


@dataclass(frozen=True, slots=True)
class MazeClaims:
    """Reads the cells that are named for start and goal, routes that are meant as they stand, walks, and the answer."""

    def extract(self, view: View, /) -> ClaimedMaze | None:
        """What the complete lines of the view say, or None if that is nothing. Never raises; time is linear."""
        lines = [line for line in step_lines(view) if len(line.text) <= MAX_LINE]
        walk = read_walk(lines, view.start)
        prose = list(_prose(lines, view.before))
        places = tuple(place for line in prose for place in _places(line, view.start))
        routes = read_routes(view.text, prose, view.start)
        found = stated_answer(view)
        answer = None if found is None else _answer(found, view.start)
        if answer is not None and answer.marked:
            routes = tuple(route for route in routes if not _overlap(route.span, answer.span))
        if not walk and not places and not routes and answer is None:
            return None
        return ClaimedMaze(places, routes, walk, answer, indexed=_INDEXED.search(view.text) is not None)


MAX_LINE = 200_000
"""Characters of a line; a longer one is not read."""

_INDEXED = re.compile(r">>>[^\n]{0,60}\b0-indexed\b")
_LINKS = (
    r"(?:\s*(?:\b(?:position|point|location|cell|is|at|located|found)\b|[:=]|\*\*|\(?['\"`][^\s]['\"`]\)?"
    r"|\((?:start|goal)\))){1,7}\s*"
)
_PLACE = re.compile(
    rf"(?:\b(?P<key>start(?:ing)?|goal|exit|destination)\b|(?<!\w)['\"`](?P<quoted>\S)['\"`]|(?<![\w'\"`])(?P<bare>(?![aAI])[A-Za-z])(?=\s))"
    rf"(?P<links>{_LINKS})(?:{PAIR}|row\s+(?P<row>[0-9]{{1,4}}),?\s+(?:and\s+)?col(?:umn)?\s+(?P<column>[0-9]{{1,4}}))(?P<behind>\s*(?:→|->)?)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"['\"`](\S)['\"`]")
_TOLD = re.compile(r"\b(?:is|at|position|located|found)\b|[:=]", re.IGNORECASE)
_SUPPOSED = re.compile(
    r"\b(?:assum\w*|suppos\w*|not|if\ we\ (?:denote|call)|let's|denote\w*|would|should|could)\b|n't\b|\?",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(
    r"(?:(?:the\s+)?(?:minimum|shortest|total)\b[^0-9\n]{0,60})?(-?[0-9]{1,9})\s*(?:steps?|moves?|turns?)?(?:\s+(?:in\s+)?total)?[.!]?",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?:option\s+)?\(?([A-Z])\)?(?:[.):].{0,80})?", re.DOTALL)
_NONE = re.compile(
    r"\W{0,4}(?:infeasible|impossible|no\s+(?:path|route|solution)\b.{0,60}|unreachable)\W{0,4}", re.IGNORECASE
)
_PAIRS = re.compile(PAIR)
_ROUTE = re.compile(r"[\s,;→>=\[\]-]*")


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _prose(lines: Sequence[StepLine], before: str) -> Iterator[StepLine]:
    """The lines outside of code, and of grids, which stand between the same marks."""
    fence = context.Fence().after(before)
    for line in lines:
        if context.is_fence(line.text):
            fence = fence.after(line.text)
        elif not fence.opened:
            yield line


def _places(line: StepLine, base: int) -> Iterator[Place]:
    """The cells that a line names for something, unless it supposes them."""
    if _SUPPOSED.search(line.text) is not None:
        return
    for match in _PLACE.finditer(line.text):
        if _TOLD.search(match["links"]) is None or match["behind"].strip():
            continue
        what = _named(match)
        rows = match["row"] is not None
        pair = (int(match["row"]), int(match["column"])) if rows else (int(match[5]), int(match[6]))
        at = base + line.at
        yield Place(Span(at + match.start(), at + match.end() - len(match["behind"])), what, pair, rows)


def _named(match: re.Match[str]) -> str:
    if match["key"]:
        return "start" if match["key"].lower().startswith("start") else "goal"
    inner = _QUOTED.search(match["links"])  # "- 'x' is at": the dash is a bullet
    return inner[1] if inner is not None else match["quoted"] or match["bare"]


def _answer(found: StatedAnswer, base: int) -> MazeAnswer | None:
    text = re.sub(r"\\text\s{0,4}\{([^{}]{0,200})\}", r"\1", found.text).strip(" .*$")
    span = Span(base + found.at, base + found.end)
    number = _NUMBER.fullmatch(text)
    letter = _LETTER.fullmatch(text)
    pairs = _PAIRS.findall(text)
    cells = tuple((int(a), int(b)) for a, b in pairs) if _ROUTE.fullmatch(_PAIRS.sub("", text)) is not None else ()
    answer = MazeAnswer(
        span,
        found.text,
        number=int(number[1]) if number is not None else None,
        letter=letter[1] if letter is not None else None,
        moves=directions(text),
        cells=cells,
        none=_NONE.fullmatch(text) is not None,
        marked=found.how != "last line",
    )
    told = answer.number is not None or answer.letter or answer.moves or answer.cells or answer.none
    return answer if told or found.how == "marked" else None
