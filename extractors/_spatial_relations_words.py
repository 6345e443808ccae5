"""Where one thing lies from another, in words: "above and to the left", "north-east", "between 7 and 8" on a clock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Direction(NamedTuple):
    """Which way one thing lies from another: `x` is 1 to the right (east), `y` is 1 above (north), -1 the other way.

    A 0 means "the same" where places are cells of a grid, and says nothing where they are only in an order.
    """

    x: int
    y: int

    @property
    def words(self) -> str:
        """`left`, `above`, `upper-right`, ..., or `overlap` for (0, 0)."""
        column, row = ("", "right", "left")[self.x], ("", "above", "below")[self.y]
        if column and row:
            return f"{'upper' if self.y > 0 else 'lower'}-{column}"
        return column or row or "overlap"

    @property
    def compass(self) -> str:
        """`north`, `northeast`, ..., or `here` for (0, 0)."""
        return ("", "north", "south")[self.y] + ("", "east", "west")[self.x] or "here"


DIRECTIONS = tuple(Direction(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y)
OVERLAP = Direction(0, 0)

_HORIZONTAL = {
    **dict.fromkeys(("right", "righthand", "east", "eastern"), 1),
    **dict.fromkeys(("left", "lefthand", "west", "western"), -1),
}
_VERTICAL = {
    **dict.fromkeys(("above", "over", "top", "upper", "up", "north", "northern", "front"), 1),
    **dict.fromkeys(("below", "under", "beneath", "underneath", "bottom", "lower", "down", "south", "southern"), -1),
}
_COMPOUND = {
    spelling: (ns, ew)
    for ns in ("north", "south")
    for ew in ("east", "west")
    for spelling in (f"{ns}{ew}", f"{ns[0]}{ew[0]}")
}
_CLOCK = {
    12: Direction(0, 1), 1: Direction(1, 1), 2: Direction(1, 1), 3: Direction(1, 0), 4: Direction(1, -1),
    5: Direction(1, -1), 6: Direction(0, -1), 7: Direction(-1, -1), 8: Direction(-1, -1), 9: Direction(-1, 0),
    10: Direction(-1, 1), 11: Direction(-1, 1),
}  # fmt: skip
_FILLERS = frozenset({
    "a", "about", "also", "an", "and", "angle", "approximately", "are", "at", "between", "both", "center", "clock",
    "corner", "degree", "degrees", "diagonally", "direction", "directly", "exactly", "face", "gap", "horizontal",
    "horizontally", "immediately", "in", "is", "it", "just", "lies", "line", "located", "object", "objects", "of",
    "off", "on", "parallel", "placed", "plane", "position", "positioned", "presents", "relation", "relative",
    "same", "side", "sitting", "situated", "slightly", "small", "stands", "the", "them", "there", "to", "too",
    "vertical", "vertically", "with", "45",
})  # fmt: skip
_WORD = re.compile(r"[a-z]+|\d{1,4}(?::00)?")
_HOUR = re.compile(r"\bbetween (\d{1,2}) and (\d{1,2})\b|\b(\d{1,2})(?::00| o'clock| position)")


def direction(text: str) -> Direction | None:
    """The direction that lower-case `text` names, or None if it names none, two opposite ones, or says more than that.

    Every word must be known: "far above the roof" is not read as "above".
    """
    hour = _HOUR.search(text)
    clock = None
    if hour is not None:
        clock = _at([int(each) for each in hour.groups() if each is not None])
        if clock is None:
            return None
        text = f"{text[: hour.start()]} {text[hour.end() :]}"
    named = _named(_WORD.findall(text))
    if named is None or clock is None:
        return clock if named == OVERLAP else named
    agrees = named.x in (0, clock.x) and named.y in (0, clock.y)
    return clock if agrees else None


def _at(hours: Iterable[int]) -> Direction | None:
    """The direction of an hour, or of what lies between two that follow each other."""
    found = {_CLOCK.get(hour) for hour in hours}
    diagonal = {each for each in found if each is not None and each.x and each.y}
    (way,) = diagonal if len(diagonal) == 1 else found if len(found) == 1 else {None}
    return None if None in found else way


def _named(words: Iterable[str]) -> Direction | None:
    """The direction of the words, (0, 0) if all are fillers, None if one is unknown or two contradict each other."""
    columns: set[int] = set()
    rows: set[int] = set()
    for word in words:
        for part in _COMPOUND.get(word, (word,)):
            if part in _HORIZONTAL:
                columns.add(_HORIZONTAL[part])
            elif part in _VERTICAL:
                rows.add(_VERTICAL[part])
            elif part not in _FILLERS:
                return None
    if len(columns) > 1 or len(rows) > 1:
        return None
    return Direction(sum(columns), sum(rows))
