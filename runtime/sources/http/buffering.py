"""Whether frames come as they are made, or a proxy keeps them back and lets go of all at once."""

from __future__ import annotations

FEWEST = 32
"""Frames below which nothing is said: a short answer may well come at once."""

APART = 0.000_5
"""Seconds from frame to frame that no generation goes below; what comes closer together had been waiting."""

WAITING = 1.0
"""Seconds that the first frame must have taken: a long generation is what a proxy holds back."""


class Arrivals:
    """When the frames of one answer came. Times are seconds of any clock; `seen` is called once a read."""

    __slots__ = ("_asked", "_first", "_frames", "_last", "_waiting")

    def __init__(self, asked: float, waiting: float = WAITING) -> None:
        self._asked = asked
        self._waiting = waiting
        self._first = self._last = asked
        self._frames = 0

    def seen(self, frames: int, now: float) -> None:
        """So many frames came in one read."""
        if not self._frames:
            self._first = now
        self._last = now
        self._frames += frames

    @property
    def buffered(self) -> bool:
        """Whether all that came seems to have been held back: asked at the end of an answer."""
        return (
            self._frames >= FEWEST
            and self._first - self._asked >= self._waiting
            and self._last - self._first < self._frames * APART
        )
