"""Reading many checks off one growing trace."""

from __future__ import annotations

from ..trace import Piece
from ..views import CONTEXT, View
from .messages import Check

KEPT = 4 * CONTEXT
"""Characters that are kept from one check for the next."""


class Reading:
    """Reads checks off the snapshots of one trace, each for the price of the text that is new since the last.

    What it gives is what `Check.view` gives. Checks of one unit share one view.
    """

    __slots__ = ("_place", "_start", "_text", "_tip", "_view")

    def __init__(self) -> None:
        self._tip: Piece | None = None
        self._start = 0
        self._text = ""
        self._place: tuple[Piece, int, int, bool] | None = None
        self._view = View("")

    def view(self, check: Check) -> View:
        """The unit, and what precedes it."""
        if check.scope == "trace":
            return check.view("")
        place = (check.snapshot, check.start, check.end, check.final)
        if place != self._place:
            context = max(check.start - CONTEXT, 0)
            self._read_on(check.snapshot, context)
            text = self._text[context - self._start : check.end - self._start]
            before = check.start - context
            self._place = place
            self._view = View(text[before:], check.start, text[:before], final=check.final)
        return self._view

    def _read_on(self, snapshot: Piece, start: int) -> None:
        """Have the text from `start` (or earlier) to the end of `snapshot` at hand."""
        parts: list[str] = []
        first = start
        piece: Piece | None = snapshot
        joined = self._tip is not None and self._start <= start
        while piece is not None and piece.end > start and not (joined and piece is self._tip):
            parts.append(piece.claimed)
            first = piece.start
            piece = piece.before
        joined = joined and piece is self._tip
        if not joined:
            self._start = first
            self._text = ""
        parts.append(self._text)
        parts.reverse()
        text = "".join(parts)
        surplus = max(min(start - self._start, len(text) - KEPT), 0)
        self._text, self._start, self._tip = text[surplus:], self._start + surplus, snapshot
