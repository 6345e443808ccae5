"""Checkpoints at line ends, and at the end of the trace only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from .composition import Composable
from .protocol import Boundary, Scanner


@dataclass(frozen=True, slots=True)
class EveryLine(Composable):
    """A checkpoint after each `lines` lines that hold more than white space (blank lines belong to the next unit)."""

    lines: int = 1

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line."""
        return _LineScanner(self.lines, 0, filled=False)


class _LineScanner(NamedTuple):
    lines: int
    seen: int  # complete lines of the open unit, blank ones not counted
    filled: bool  # the open line holds more than white space

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        lines, seen, filled = self
        at = text.find("\n")
        if at < 0:
            return (self if filled or not text or text.isspace() else _LineScanner(lines, seen, filled=True)), ()
        boundaries: list[Boundary] = []
        begin = 0
        while at >= 0:
            if filled or not (at == begin or text[begin:at].isspace()):
                seen += 1
                if seen == lines:
                    seen = 0
                    boundaries.append(Boundary(offset + at + 1, offset + at + 1))
            filled = False
            begin = at + 1
            at = text.find("\n", begin)
        rest = text[begin:]
        return _LineScanner(lines, seen, filled=bool(rest) and not rest.isspace()), boundaries

    def restart(self) -> Scanner:
        return _LineScanner(self.lines, 0, filled=False)


@dataclass(frozen=True, slots=True)
class AtEnd(Composable):
    """No checkpoint before the end of the trace, where every monitor runs anyway."""

    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner that never stops."""
        return _NEVER


class _Never(NamedTuple):
    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        return self, ()


_NEVER = _Never()


def every_line() -> Composable:
    """A checkpoint after every line that holds more than white space."""
    return EveryLine()


def at_end() -> Composable:
    """No checkpoint before the end of the trace."""
    return AtEnd()
