"""Mazes from their text: the grid, what its symbols stand for, and what is asked."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from midtrace import UsageError

Question: TypeAlias = Literal["steps", "path", "right turns", "left turns", "turns", "position"]
"""What is asked: the fewest steps, a shortest way, the turns on a way, or whether the goal lies somewhere."""

OPPOSITE = {"up": "down", "left": "right"}


class Problem(NamedTuple):
    """What a text says."""

    rows: tuple[str, ...]
    start: str
    goal: str
    wall: str
    question: Question
    mark: str | None = None
    options: tuple[str, ...] = ()
    position: tuple[str, ...] = ()


_LETTERED = re.compile(r"from '(.)' \(start\) to '(.)' \(goal\)", re.DOTALL)
_LEGEND = re.compile(r"\n```\s*\n\s*Legend:\s*'(.)' = Wall,\s*'(.)' = Passage", re.DOTALL)
_LISTED = re.compile(r"^\s*-\s*(\S)\s*:\s*(?:an?\s+|your\s+)?(starting|destination|open|blocked)\b", re.MULTILINE)
_ASCII = re.compile(r"#[# XSE]{1,998}#")
_OPTION = re.compile(r"(?<![A-Za-z])\(?([A-F])[.)]\s*(-?[0-9]{1,9}|yes|no)\b", re.IGNORECASE)
_PLACES = {
    "above": ("up",), "below": ("down",), "left": ("left",), "right": ("right",),
    "top left": ("up", "left"), "top right": ("up", "right"),
    "bottom left": ("down", "left"), "bottom right": ("down", "right"),
    "upper left": ("up", "left"), "upper right": ("up", "right"),
    "lower left": ("down", "left"), "lower right": ("down", "right"),
}  # fmt: skip
_POSITION = re.compile(
    r"\bis the exit\b.{0,30}?\b(?:directly\s+)?(?:to\s+the\s+)?"
    r"((?:top|bottom|upper|lower)[\s-]+(?:left|right)|above|below|left|right)\b",
    re.IGNORECASE | re.DOTALL,
)


def read_maze(text: str) -> Problem:
    """The maze that a text shows. Raises `UsageError` where it cannot be read for certain."""
    if (ends := _LETTERED.search(text)) is not None:
        return _lettered(text, ends)
    if len({kind for _, kind in _LISTED.findall(text)}) == 4:
        return _spaced(text)
    return _ascii(text)


def _lettered(text: str, ends: re.Match[str]) -> Problem:
    opening = text.find("```\n", ends.end())
    legend = _LEGEND.search(text, max(opening, 0))
    if opening < 0 or legend is None:
        raise UsageError("expected a grid between ``` and a legend such as \"Legend: '#' = Wall, '.' = Passage\"")
    start, goal = ends[1], ends[2]
    wall, passage = legend[1], legend[2]
    rows = tuple(text[opening + 4 : legend.start()].split("\n"))
    strange = set("".join(rows)) - {start, goal, wall, passage}
    if strange:
        raise UsageError(f"the grid holds {min(strange)!r}, which the legend does not name")
    return Problem(rows, start, goal, wall, _asked(text[legend.end() :]))


def _spaced(text: str) -> Problem:
    """A matrix with a space between its cells, its symbols named in a list."""
    symbols = {kind: symbol for symbol, kind in _LISTED.findall(text)}
    cells = set(symbols.values())
    rows = [tuple(line.split()) for line in text.split("\n")]
    grid = [("".join(row)) for row in rows if row and all(len(cell) == 1 and cell in cells for cell in row)]
    return Problem(tuple(grid), symbols["starting"], symbols["destination"], symbols["blocked"], "path")


def _ascii(text: str) -> Problem:
    """The last maze of `#`, spaces, S, E and X in the text; a line of it ends where something else begins."""
    mazes: list[list[str]] = [[]]
    end = 0
    for line in text.split("\n"):
        row = _ASCII.match(line.strip("`"))
        if row is None:
            mazes.append([])
        else:
            mazes[-1].append(row.group())
            end = text.find(line, end) + len(line)
    found = [maze for maze in mazes if len(maze) > 2 and "S" in "".join(maze) and "E" in "".join(maze)]
    if not found:
        raise UsageError("found no maze: expected lines of '#' (wall), ' ' (free), 'S' (start), 'E' (exit)")
    rows = tuple(found[-1])
    mark = "X" if any("X" in row for row in rows) else None
    question = text[end:]
    options = tuple(value.lower() for _, value in sorted(set(_OPTION.findall(question))))
    asked = _asked(question)
    place = _POSITION.search(question)
    if asked == "position" and place is None:
        raise UsageError("expected a question such as 'Is the exit (E) directly below the starting point (S)?'")
    position = _PLACES[" ".join(re.split(r"[\s-]+", place[1].lower()))] if asked == "position" and place else ()
    return Problem(rows, "S", "E", "#", asked, mark, options, position)


def _asked(question: str) -> Question:
    words = question.lower()
    if "right turn" in words:
        return "right turns"
    if re.search(r"\btotal\b[^.?]{0,40}\bturns?\b", words) or (" turns" in words and "left turn" not in words):
        return "turns"
    if "left turn" in words:
        return "left turns"
    if re.search(r"\b(?:number of|how many)\s+(?:steps|moves)\b|\blength of\b", words):
        return "steps"
    if _POSITION.search(words) is not None:
        return "position"
    if re.search(r"\b(?:path|route|sequence|directions|moves)\b", words):
        return "path"
    raise UsageError(
        "found no question about the maze: expected the fewest steps, a shortest path, turns or a position"
    )
