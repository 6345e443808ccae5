"""What the user sees, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal, TypeAlias

from ..events import Event, Retracted, SafeUpTo, TextDelta
from ..trace import Piece

Mode: TypeAlias = Literal["live", "held", "final"]

EVERYTHING = 1 << 62


class Delivery:
    """Releases text as the mode allows, and tells `say` of it; costs O(1) a piece, amortised.

    `visible` is where the text that the user has ends, `cautious` says that this depends on how far the text is safe.
    `ahead` bounds, in live mode, how many characters may be visible beyond the safe offset.
    """

    __slots__ = ("_ahead", "_backlog", "_limit", "_mode", "_safe", "_said", "_say", "_wall", "cautious", "visible")

    def __init__(self, mode: Mode, say: Callable[[Event], None], ahead: int | None = None) -> None:
        self._mode = mode
        self._ahead = ahead
        self._say = say
        self._backlog: deque[Piece] = deque()
        self._safe = 0
        self._said = 0
        self._wall = EVERYTHING
        self._limit = self._allowed()
        self.cautious = mode == "held" or ahead is not None
        self.visible = 0

    @property
    def committed(self) -> int:
        """Offset before which nothing can be taken back: held delivery never retracts."""
        return self.visible if self._mode == "held" else 0

    def _allowed(self) -> int:
        match self._mode:
            case "live":
                reach = EVERYTHING if self._ahead is None else self._safe + self._ahead
            case "held":
                reach = self._safe
            case "final":
                reach = 0
        return min(reach, self._wall)

    def append(self, piece: Piece) -> None:
        """The trace grew by `piece`."""
        if piece.start == self.visible and piece.end <= self._limit and piece.text:  # nearly all of a live stream
            self.visible = piece.end
            self._say(TextDelta(piece.text, piece.start, piece.origin))
            return
        self._backlog.append(piece)
        self._release(self._limit)

    def clear(self, safe: int) -> None:
        """Text before `safe` has been cleared."""
        self._safe = safe
        self._limit = self._allowed()
        self._release(self._limit)
        if safe > self._said:
            self._said = safe
            self._say(SafeUpTo(safe))

    def gate(self, wall: int) -> None:
        """Deliver nothing from `wall` on (`EVERYTHING`: no gate)."""
        self._wall = wall
        self._limit = self._allowed()
        self._release(self._limit)

    def cut(self, offset: int) -> None:
        """Text from `offset` on is gone."""
        while self._backlog and self._backlog[-1].start >= offset:
            self._backlog.pop()
        if self._backlog and self._backlog[-1].end > offset:
            last = self._backlog.pop()
            self._backlog.append(Piece(last.before, last.text[: offset - last.start], last.origin, last.lanes))
        self._safe = min(self._safe, offset)
        self._said = min(self._said, offset)
        self._limit = self._allowed()
        if self.visible > offset:
            self.visible = offset
            self._say(Retracted(offset))

    def flush(self) -> None:
        """The run is over and its text stands: release what the mode still holds back."""
        self._release(EVERYTHING)

    def _release(self, limit: int) -> None:
        backlog = self._backlog
        while backlog and self.visible < limit:
            piece = backlog[0]
            skipped = self.visible - piece.start
            stop = min(piece.end, limit)
            text = piece.text[skipped : stop - piece.start] if skipped or stop < piece.end else piece.text
            if text:
                self._say(TextDelta(text, self.visible, piece.origin))
                self.visible = stop
            if stop < piece.end:
                return
            backlog.popleft()
