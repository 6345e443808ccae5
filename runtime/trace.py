"""The trace: text that grows at its end and is cut back at rollbacks.

A trace is a chain of pieces, each pointing at the piece before it. A piece never changes once it is made, so any
piece *is* a snapshot of everything up to its end: a checkpoint costs one reference, may be read by another thread,
and stays valid after a rollback. Appending costs O(1), cutting costs the number of pieces cut, reading a span costs
the number of pieces between the span's start and the snapshot's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from .triggers.token_cuts import divide
from .verdicts import Span

if TYPE_CHECKING:
    from .chunks import Token
    from .triggers.lanes import LaneStates


NOTHING = re.compile(r"[^\n]")


class Origin(Enum):
    """Who wrote a piece of the trace. Kept beside the text, so that no text can imitate it."""

    GENERATED = "generated"
    CORRECTION = "correction"
    FEEDBACK = "feedback"
    CLOSING = "closing"


class Piece:
    """One appended text, and through `before` all that precedes it. Never changes after it is made.

    `lanes` is what the triggers knew after this piece; restoring it is all that a rollback needs. `tokens` is what
    the source told of the text, for triggers that must read a part of it again.
    """

    __slots__ = ("before", "end", "lanes", "origin", "start", "text", "tokens")

    def __init__(
        self,
        before: Piece | None,
        text: str,
        origin: Origin,
        lanes: LaneStates,
        tokens: Sequence[Token] = (),
    ) -> None:
        self.tokens = tokens
        self.before = before
        self.text = text
        self.origin = origin
        self.lanes = lanes
        self.start: int = before.end if before is not None else 0
        self.end: int = self.start + len(text)

    def read(self, start: int = 0, end: int | None = None) -> str:
        """The text of `[start, end)`, clamped to what this snapshot holds."""
        stop = self.end if end is None else min(end, self.end)
        if start <= 0 and stop == self.end:
            return "".join([piece.text for piece in self.back_to(0)][::-1])
        parts = [piece.text[max(start - piece.start, 0) : stop - piece.start] for piece in self._within(start, stop)]
        return "".join(reversed(parts))

    def read_without_notes(self, start: int, end: int) -> str:
        """As `read`, with midtrace's own notes blanked: they quote what was wrong, and nobody claims it."""
        parts = [piece.claimed[max(start - piece.start, 0) : end - piece.start] for piece in self._within(start, end)]
        return "".join(reversed(parts))

    @property
    def claimed(self) -> str:
        """The text of this piece, blanked if it is a note."""
        return NOTHING.sub(" ", self.text) if self.origin is Origin.FEEDBACK else self.text

    def _within(self, start: int, stop: int) -> Iterator[Piece]:
        return (piece for piece in self.back_to(start) if piece.start < stop)

    def back_to(self, offset: int) -> Iterator[Piece]:
        """The pieces from this one backwards that hold anything after `offset`."""
        piece: Piece | None = self
        while piece is not None and piece.end > offset:
            yield piece
            piece = piece.before


class Kept(NamedTuple):
    """What a cut leaves: a whole piece, and the text of a piece that the cut went through."""

    tip: Piece
    rest: str
    origin: Origin
    tokens: Sequence[Token] = ()


def cut(tip: Piece, offset: int) -> Kept:
    """Keep `[0, offset)` of the snapshot `tip`; costs the number of pieces cut."""
    piece = tip
    while piece.before is not None and piece.start >= offset:
        piece = piece.before
    if piece.end <= offset or piece.before is None:
        return Kept(piece, "", piece.origin)
    rest = next(divide(piece.text, piece.tokens, [offset - piece.start]))
    return Kept(piece.before, rest.text, piece.origin, rest.tokens)


@dataclass(frozen=True, slots=True)
class Provenance:
    """A stretch of the final text and who wrote it."""

    span: Span
    origin: Origin


def provenance(tip: Piece) -> tuple[Provenance, ...]:
    """The spans of a snapshot in order, neighbours of one origin joined."""
    spans: list[Provenance] = []
    origin, end = tip.origin, tip.end
    for piece in tip.back_to(0):
        if piece.origin is not origin:
            spans.append(Provenance(Span(piece.end, end), origin))
            origin, end = piece.origin, piece.end
    if end > 0:
        spans.append(Provenance(Span(0, end), origin))
    spans.reverse()
    return tuple(spans)
