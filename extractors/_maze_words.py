"""How traces write directions, cells and turns."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["up", "right", "down", "left"]
Turn: TypeAlias = Literal["straight", "right", "left"]
Pair: TypeAlias = tuple[int, int]
"""Two numbers as written: row and column, or the other way round; from 0 or from 1."""

_WORDS: dict[str, Direction] = {
    "up": "up", "down": "down", "left": "left", "right": "right",
    "upward": "up", "downward": "down", "upwards": "up", "downwards": "down", "leftward": "left", "rightward": "right",
    "north": "up", "south": "down", "west": "left", "east": "right",
}  # fmt: skip
_LETTERS: dict[str, Direction] = {
    "U": "up", "D": "down", "L": "left", "R": "right", "N": "up", "S": "down", "W": "left", "E": "right",
}  # fmt: skip

WORD = r"(?:up|down|left|right)(?:wards?)?|north|south|east|west"
PAIR = r"\(\s*([0-9]{1,4})\s*,\s*([0-9]{1,4})\s*\)"
ARROW = r"(?:→|⟶|➔|➜|⇒|-+>|=+>)"
ARROWED = re.compile(ARROW)

_SEPARATED = re.compile(rf"[\s,;.]+|\s*{ARROW}\s*")
_COMPASS = frozenset("NESW")


def direction(word: str) -> Direction | None:
    """What a word (`Up`, `NORTH`) stands for."""
    return _WORDS.get(word.lower())


def directions(text: str) -> tuple[Direction, ...]:
    """The moves that the whole text is: words, or letters of one kind (UDLR or NESW); none where it is not that."""
    parts = [part for part in _SEPARATED.split(text.strip()) if part and part.lower() != "and"]
    if len(parts) == 1 and len(parts[0]) > 1 and direction(parts[0]) is None:
        parts = list(parts[0])
    if not parts:
        return ()
    words = [direction(part) for part in parts]
    if all(len(part) == 1 for part in parts):
        if not (set(parts) <= _COMPASS or set(parts) <= set("UDLR")):
            return ()
        words = [_LETTERS[part] for part in parts]
    return tuple(word for word in words if word is not None) if None not in words else ()


def turn(text: str) -> Turn | None:
    """What a trace calls a turn: `RIGHT_TURN`, `STRAIGHT`, `no turn`; what stands in brackets is ignored."""
    words = re.sub(r"\(.*", "", text.lower()).replace("_", " ").strip(" .*-—")
    if words in {"straight", "none", "no turn", "no", "forward", "straight ahead"}:
        return "straight"
    if words in {"right", "right turn", "clockwise", "turn right"}:
        return "right"
    return "left" if words in {"left", "left turn", "counterclockwise", "counter-clockwise", "turn left"} else None
