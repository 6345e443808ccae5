"""Verdicts on their way from other threads to an event loop: however many come, they wake it once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple, Protocol

from .machine.messages import CheckResult

AT_ONCE = 256
"""Letters that are handed out before the loop gets its turn."""


class Reader(Protocol):
    """Who gets verdicts, on the loop."""

    def take(self, results: tuple[CheckResult, ...], /) -> None:
        """Take what has come since the last time."""
        ...


class _Letter(NamedTuple):
    to: Reader
    results: tuple[CheckResult, ...]


class Mailbox:
    """One loop's letters, for all runs on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._letters: deque[_Letter] = deque()
        self._rung = False

    def post(self, to: Reader, results: tuple[CheckResult, ...]) -> None:
        """Send `results`; from any thread, and without waiting."""
        self._letters.append(_Letter(to, results))
        # Appended before it is asked, and unset before letters are taken: whoever sees it set will be read.
        if not self._rung:
            self._ring()

    def _ring(self) -> None:
        self._rung = True
        try:
            self.loop.call_soon_threadsafe(self._hand_out)
        except RuntimeError:
            # The loop is closed: its user is gone, and so is everyone who would care for a verdict.
            self._letters.clear()

    def _hand_out(self) -> None:
        self._rung = False
        piles: dict[Reader, list[CheckResult]] = {}
        for _ in range(min(len(self._letters), AT_ONCE)):
            to, results = self._letters.popleft()
            piles.setdefault(to, []).extend(results)
        if self._letters and not self._rung:
            self._ring()
        for to, pile in piles.items():
            to.take(tuple(pile))
