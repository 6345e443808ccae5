"""Reads a number puzzle from its text: the numbers, the target, and whether all numbers must be used."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from midtrace import UsageError

MAX_CHARACTERS = 100_000

_INTEGER = r"(?<![\w.])-?[0-9]{1,9}(?![\w]|\.[0-9])"
_LIST = re.compile(rf"{_INTEGER}(?:(?:\s{{0,2}}[,;]\s{{0,2}}(?:and\s)?|\s{{1,2}}(?:and\s)?){_INTEGER}){{1,23}}")
_TARGET = re.compile(
    r"\b(?:make|obtain|reach|get|gets|form|create|calculate|equals?|equal to|target(?:\snumber)?(?:\sof|\sis|\s?:)?"
    r"|result(?:s? in|\sof|\sis))\s{1,2}(?:exactly\s|the number\s|a total of\s)?"
    rf"({_INTEGER})(?!\s{{0,2}},\s{{0,2}}[0-9])",
    re.IGNORECASE,
)
_INPUT = re.compile(r"\bInput\s?:")
_ALL = re.compile(r"\b(?:all|every|exactly once)\b", re.IGNORECASE)
_SOME = re.compile(
    r"\bsome or all\b|\bany (?:or all )?of (?:the|these|those|your) (?:given )?numbers\b|\bsubset\b|\bnot all\b"
    r"|(?:\bnot|n['’]t) (?:have|need) to use (?:all|every)\b|\bneed not use (?:all|every)\b",
    re.IGNORECASE,
)
_ONCE = re.compile(r"\bat most once\b", re.IGNORECASE)


class Puzzle(NamedTuple):
    """What a problem asks for; no target: the text names none."""

    numbers: tuple[int, ...]
    target: int | None
    use_all: bool


def puzzle(text: str) -> Puzzle:
    """The puzzle that a text poses: in words, as bare numbers (`4 4 7 10`), or as JSON with the names of the fields.

    Where examples precede the puzzle, each with a line `Input: ...`, the last one counts. All numbers must be used
    unless the text says otherwise. Raises `UsageError` where there are no two numbers.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"number puzzle: expected a text of {MAX_CHARACTERS} characters at most, got {len(text)}")
    if text.lstrip().startswith("{"):
        return _from_json(text)
    inputs = [*_INPUT.finditer(text)]
    asked = text[inputs[-1].end() :] if inputs else text
    lists = [*_LIST.finditer(asked)]
    if not lists:
        raise UsageError(f"number puzzle: expected a list of numbers, such as 4, 4, 7, 10, got {text[:80]!r}")
    longest = max(lists, key=lambda match: len(re.findall(_INTEGER, match.group())))
    numbers = tuple(int(number) for number in re.findall(_INTEGER, longest.group()))
    target = _TARGET.search(text)
    return Puzzle(numbers, int(target[1]) if target is not None else None, _uses_all(text))


def _uses_all(text: str) -> bool:
    if _SOME.search(text) is not None:
        return False
    return _ALL.search(text) is not None or _ONCE.search(text) is None


def _from_json(text: str) -> Puzzle:
    try:
        spec = json.loads(text)
    except ValueError:
        spec = None
    match spec:
        case {"numbers": [*numbers], **rest}:
            target, use_all = rest.get("target"), rest.get("use_all", True)
            whole = all(type(number) is int for number in numbers)
            if whole and (target is None or type(target) is int) and isinstance(use_all, bool):
                return Puzzle(tuple(numbers), target, use_all)
        case _:
            pass
    raise UsageError(f'number puzzle: expected {{"numbers": [integers], "target": integer}}, got {text[:80]!r}')
