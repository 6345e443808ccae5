"""Checkpoints at line ends, and at the end of the trace only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..chunks import Token
from .protocol import Boundary, Scanner


@dataclass(frozen=True, slots=True)
class EveryLine:
    """A checkpoint after each line that holds more than white space (a blank line belongs to the next unit)."""

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line."""
        return _BLANK


@dataclass(frozen=True, slots=True)
class _LineScanner:
    filled: bool  # the open line holds more than white space

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        at = text.find("\n")
        if at < 0:
            return (self if self.filled or not text or text.isspace() else _FILLED), ()
        boundaries: list[Boundary] = []
        filled = self.filled
        begin = 0
        while at >= 0:
            if filled or not (at == begin or text[begin:at].isspace()):
                boundaries.append(Boundary(offset + at + 1, offset + at + 1))
            filled = False
            begin = at + 1
            at = text.find("\n", begin)
        rest = text[begin:]
        return (_BLANK if not rest or rest.isspace() else _FILLED), boundaries


_BLANK = _LineScanner(filled=False)
_FILLED = _LineScanner(filled=True)


@dataclass(frozen=True, slots=True)
class AtEnd:
    """No checkpoint before the end of the trace, where every monitor runs anyway."""

    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner that never stops."""
        return _NEVER


@dataclass(frozen=True, slots=True)
class _Never:
    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        return self, ()


_NEVER = _Never()
