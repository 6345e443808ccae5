"""A violation in its context, for people: the line, what is wrong in it, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator

from ..outcome import StandingViolation

AROUND = 60
"""Characters of a long line that are shown on each side of what is wrong."""


def explained(text: str, name: str, standing: StandingViolation) -> Iterator[str]:
    """Lines that show one violation; `name` says which text it is in."""
    start, end = standing.span
    number = text.count("\n", 0, start) + 1
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    stop = len(text) if stop < 0 else stop
    left, right = max(begin, start - AROUND), min(stop, max(end, start) + AROUND)
    before = ("…" if left > begin else "") + _visible(text[left:start])
    wrong = _visible(text[start : min(end, stop, right)])
    after = _visible(text[min(end, stop, right) : right]) + ("…" if right < stop else "")
    margin = " " * len(str(number))
    violation = standing.violation
    yield f"{name}, line {number}, characters {start} to {end} ({standing.monitor})"
    yield f" {number} | {before}{wrong}{after}"
    yield f" {margin} | {' ' * len(before)}{'^' * max(len(wrong), 1)} {_visible(violation.message)}"
    if violation.hint:
        yield f" {margin} = right: {_visible(violation.hint)}"
    for fact, value in violation.evidence.items():
        yield f" {margin} = {_visible(fact)}: {_visible(value)}"


def _visible(text: str) -> str:
    """Text of a model without what a terminal would obey."""
    return "".join(character if character.isprintable() else " " if character.isspace() else "�" for character in text)
