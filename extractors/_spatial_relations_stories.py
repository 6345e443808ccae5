"""Statements of StepGame stories, where every thing has one capital letter for a name."""

from __future__ import annotations

import re
from typing import NamedTuple

from ._spatial_relations_words import OVERLAP, Direction, direction


class Relation(NamedTuple):
    """`subject` lies in `direction` of `object`."""

    subject: str
    direction: Direction
    object: str


_NAME = re.compile(r"\b[A-Z]\b(?:'s)?")
_FIRST = re.compile(r"(?:the )?(?:objects?|agents?)? ?(?:labeled )?\Z")


def relation(sentence: str) -> Relation | None:
    """The relation that a sentence of a story states, or None if it states none between two things.

    The sentence names both things once; names that only introduce them ("A and B are parallel, and ...") or repeat the
    second ("A is above B and to the right of B") are allowed besides.
    """
    sentence = sentence.replace("’", "'").replace("over there", "there").rstrip(" .")
    found = list(_NAME.finditer(sentence))
    names = [each.group()[0] for each in found]
    ends = [each.start() for each in found[1:]] + [len(sentence)]
    gaps = [
        re.sub(r"\b(?:object|objects|agent|labeled)\b", "", sentence[each.end() : end].lower())
        for each, end in zip(found, ends, strict=True)
    ]
    if len(set(names)) != 2:
        return None
    if gaps[0].strip(" the") == "and" and len(names) > 2:
        return _introduced(names, gaps)
    if len(names) == 3 and names[2] == names[1]:
        return _one_sided(names[0], names[1], gaps[0], f"{gaps[1]} {gaps[2]}")
    if len(names) != 2:
        return None
    if "there" in gaps[0] or "center of a clock" in gaps[0]:
        return _stated(names[1], direction(gaps[1]), names[0])
    return _one_sided(names[0], names[1], *gaps)


def _introduced(names: list[str], gaps: list[str]) -> Relation | None:
    """The relation behind "A and B are next to each other with ..."."""
    if len(names) == 3:
        other = names[0] if names[2] == names[1] else names[1]
        return _stated(names[2], direction(gaps[2]), other)
    return _one_sided(names[2], names[3], gaps[2], gaps[3]) if len(names) == 4 and names[2] != names[3] else None


def _one_sided(subject: str, other: str, between: str, behind: str) -> Relation | None:
    """The relation of "A `between` B `behind`", where `behind` may go on or say the same from the other side."""
    here, there = direction(between), direction(behind)
    if here is not None and there == Direction(-here.x, -here.y):
        return _stated(subject, here, other)
    return _stated(subject, direction(f"{between} {behind}"), other)


def _stated(subject: str, way: Direction | None, other: str) -> Relation | None:
    return None if way is None or way == OVERLAP else Relation(subject, way, other)
