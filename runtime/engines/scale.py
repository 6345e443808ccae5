"""How many workers of one kind there should be: more while checks wait for long, fewer when some have had no work."""

from __future__ import annotations

import time
from typing import NamedTuple

from ..errors import UsageError

WAITED = 0.1
"""Seconds that a check has waited for a worker when one more is wanted."""

IDLE = 60.0
"""Seconds without work after which a worker is wanted no longer, where nobody says otherwise."""


class Bounds(NamedTuple):
    """How many workers there may be; spares come on top."""

    least: int
    most: int

    @classmethod
    def read(cls, workers: int | tuple[int, int]) -> Bounds:
        """A number, or the least and the most. Raises `UsageError` for what cannot be."""
        match workers:
            case int() if not isinstance(workers, bool):
                bounds = cls(workers, workers)
            case (int(least), int(most)):
                bounds = cls(least, most)
            case _:
                raise UsageError(f"workers={workers!r}: expected a number or (least, most)")
        if not 1 <= bounds.least <= bounds.most:
            expected = "1 or more" if isinstance(workers, int) else "(least, most) with 1 <= least <= most"
            raise UsageError(f"workers={workers}: expected {expected}")
        return bounds


class Scale:
    """Says how many should work at a time, from what it is told of those who wait and those who do not work."""

    def __init__(self, bounds: Bounds, idle: float = IDLE) -> None:
        self.bounds = bounds
        self._idle = idle
        self.workers = bounds.least

    def waits(self, oldest: float | None) -> None:
        """A check has waited since `oldest`, and nobody is about to take it."""
        if oldest is None or self.workers >= self.bounds.most:
            return
        if self.workers == 0 or time.monotonic() >= oldest + WAITED:
            self.workers = min(self.workers + max(self.workers // 2, 1), self.bounds.most)

    def idles(self, since: float) -> bool:
        """A worker has had no work since then. Gives whether it is to go."""
        if self.workers <= self.bounds.least or time.monotonic() < since + self._idle:
            return False
        self.workers -= 1
        return True

    def due(self, oldest: float | None, idle_since: float | None) -> float | None:
        """When to look again."""
        times = []
        if oldest is not None and self.workers < self.bounds.most:
            times.append(oldest + WAITED)
        if idle_since is not None and self.workers > self.bounds.least:
            times.append(idle_since + self._idle)
        return min(times, default=None)
