"""Checkpoints where a JSON object or array closes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ..chunks import Token
from .composition import Composable
from .protocol import Boundary, Scanner

DEPTH = 200
SCALAR = 100
"""Brackets within brackets, and characters of a number, beyond which text is not taken for JSON."""

_OPENS = re.compile(r"(?<!\S)[\[{]")
_STRING_STOPS = re.compile(r'["\\\x00-\x1f]')
_TOKEN = re.compile(r"(?P<space>[ \t\r\n]+)|(?P<scalar>[-+.0-9A-Za-z]+)|(?P<mark>.)", re.DOTALL)
_IS_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")

Due: TypeAlias = Literal["nothing", "value", "value or end", "key", "key or end", "colon", "comma or end"]
"""What the grammar wants next; "nothing" outside a candidate."""

_AFTER_OPENING: dict[str, Due] = {"[": "value or end", "{": "key or end"}
_AFTER_COMMA: dict[str, Due] = {"[": "value", "{": "key"}
_VALUES = ("value", "value or end")


@dataclass(frozen=True, slots=True)
class JsonBlock(Composable):
    """A checkpoint after each JSON object or array that starts a line or follows white space.

    What starts like one and breaks JSON's grammar is dropped there, whatever it held: no text is read twice.
    """

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line."""
        return _START


class _JsonScanner(NamedTuple):
    due: Due
    open: str  # brackets open, outermost first
    scalar: str  # the open number or word
    string: Literal["", "open", "escape"]
    spaced: bool  # the last character is white space

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not text:
            return self, ()
        spaced = text[-1].isspace()
        if self.due == "nothing" and "{" not in text and "[" not in text:
            return (self if spaced == self.spaced else self._replace(spaced=spaced)), ()
        reading = _Reading(self)
        ends = reading.read(text, spaced=self.spaced)
        return reading.scanner(spaced=spaced), [Boundary(offset + end, offset + end) for end in ends]

    def restart(self) -> Scanner:
        return _START


_START = _JsonScanner("nothing", "", "", "", spaced=True)


class _Reading:
    """A scanner at work on one text."""

    def __init__(self, scanner: _JsonScanner) -> None:
        self.due = scanner.due
        self.open = list(scanner.open)
        self.scalar = scanner.scalar
        self.string = scanner.string

    def scanner(self, *, spaced: bool) -> _JsonScanner:
        return _JsonScanner(self.due, "".join(self.open), self.scalar, self.string, spaced)

    def read(self, text: str, *, spaced: bool) -> list[int]:
        """The places in `text` after which an outermost bracket is closed."""
        ends: list[int] = []
        at = 0
        while at < len(text):
            if self.due == "nothing":
                opening = _OPENS.search(text, at if at or spaced else 1)
                if opening is None:
                    break
                self._push(opening[0])
                at = opening.end()
            elif self.string:
                at = self._in_string(text, at)
            else:
                token = _TOKEN.match(text, at)
                assert token is not None, "any character is a token"
                if self._take(token):
                    at = token.end()
                    if not self.open:
                        self._drop()
                        ends.append(at)
                else:
                    self._drop()  # and look at the same place for another candidate
        return ends

    def _in_string(self, text: str, at: int) -> int:
        if self.string == "escape":
            self.string = "open"
            return at + 1
        stop = _STRING_STOPS.search(text, at)
        if stop is None:
            return len(text)
        match stop[0]:
            case '"':
                self.string = ""
            case "\\":
                self.string = "escape"
            case _:
                self._drop()
        return stop.end()

    def _take(self, token: re.Match[str]) -> bool:
        """Go over one token; False if the grammar does not allow it."""
        if token.lastgroup == "scalar":
            if not self.scalar and self.due not in _VALUES:
                return False
            self.due = "comma or end"
            self.scalar += token[0][: SCALAR + 1]
            return len(self.scalar) <= SCALAR
        if self.scalar and not _IS_SCALAR.fullmatch(self.scalar):
            return False
        self.scalar = ""
        return token.lastgroup == "space" or self._mark(token[0])

    def _mark(self, mark: str) -> bool:
        due = self.due
        match mark:
            case '"' if due in _VALUES or due in ("key", "key or end"):
                self.string = "open"
                self.due = "comma or end" if due in _VALUES else "colon"
            case "[" | "{" if due in _VALUES and len(self.open) < DEPTH:
                self._push(mark)
            case "]" if self.open[-1] == "[" and due in ("value or end", "comma or end"):
                self._pop()
            case "}" if self.open[-1] == "{" and due in ("key or end", "comma or end"):
                self._pop()
            case "," if due == "comma or end":
                self.due = _AFTER_COMMA[self.open[-1]]
            case ":" if due == "colon":
                self.due = "value"
            case _:
                return False
        return True

    def _push(self, bracket: str) -> None:
        self.open.append(bracket)
        self.due = _AFTER_OPENING[bracket]

    def _pop(self) -> None:
        self.open.pop()
        self.due = "comma or end"

    def _drop(self) -> None:
        self.open.clear()
        self.due = "nothing"
        self.scalar = ""
        self.string = ""
