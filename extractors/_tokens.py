"""Tokens of a line of free text."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """What a token is. `OTHER` is anything that makes an arithmetic reading unsafe beside it."""

    NUMBER = auto()
    WORD = auto()
    OPERATOR = auto()
    OPEN = auto()
    CLOSE = auto()
    EQUALS = auto()
    RELATION = auto()
    CURRENCY = auto()
    PERCENT = auto()
    DEGREE = auto()
    MACRO = auto()
    UNIT = auto()
    STOP = auto()
    BREAK = auto()
    DELIMITER = auto()
    QUOTE = auto()
    OTHER = auto()


class Token(NamedTuple):
    """One token; `start` and `end` are offsets in the line, `tight` says that no space precedes it.

    `text` is normalised: operators to `+ - * / ^`, macros to their bare name, numbers as written.
    """

    kind: Kind
    text: str
    start: int
    end: int
    tight: bool


class Note(NamedTuple):
    """A calculator annotation `<<...>>`: the offsets of what stands inside it."""

    start: int
    end: int
