"""What a thread makes and an event loop reads: bounded, and with one wake-up for all that came meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import anyio

from ...chunks import Chunk, Usage

BOUND = 256
"""Items that may wait for the reader before nothing more is made."""

CLOSING = 4.0
"""Seconds that closing waits for what is being made to come to its end."""


class Feed:
    """One writer, in a thread; one reader, on the loop that `connect` is called on.

    `room` is called on the loop when half of what filled it is read.
    """

    def __init__(self, room: Callable[[], None], bound: int = BOUND) -> None:
        self._items: deque[Chunk | Usage] = deque()
        self._room = room
        self._bound = bound
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._wanted = False
        self._waits_for_room = False
        self._error: BaseException | None = None
        self.over = False
        self.closed = False

    # In the thread

    def give(self, item: Chunk | Usage) -> None:
        """Hand one item over."""
        self._items.append(item)
        self._wake()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing follows, or an error does."""
        self._error = error
        self.over = True
        self._wake()

    @property
    def full(self) -> bool:
        """Whether the reader is behind; it then says when there is room."""
        if len(self._items) < self._bound:
            return False
        self._waits_for_room = True
        if len(self._items) > self._bound // 2:
            return True
        self._waits_for_room = False  # it read on in between
        return False

    def _wake(self) -> None:
        if self._wanted and self._loop is not None:
            self._wanted = False
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
                self._loop.call_soon_threadsafe(self._woken)

    # On the loop

    def connect(self) -> None:
        """It is this loop that reads."""
        self._loop = asyncio.get_running_loop()

    async def next(self) -> Chunk | Usage | None:
        """The next item; None at the end. Raises what the writer ended with."""
        while not self._items:
            if self.closed:
                return None
            if self.over:
                if self._items:
                    break  # it came just before the end
                error, self._error = self._error, None
                if error is not None:
                    raise error
                return None
            await self._wait(lambda: bool(self._items) or self.over)
        item = self._items.popleft()
        if self._waits_for_room and len(self._items) <= self._bound // 2:
            self._waits_for_room = False
            self._room()
        return item

    async def close(self) -> None:
        """Read no more, and wait until nothing more is made."""
        self.closed = True
        self._room()
        with anyio.move_on_after(CLOSING, shield=True):
            while not self.over:
                await self._wait(lambda: self.over)
        self._items.clear()

    async def _wait(self, come: Callable[[], bool]) -> None:
        assert self._loop is not None
        self._waiting = self._loop.create_future()
        self._wanted = True
        try:
            if not come():  # else it came before it was wanted
                await self._waiting
        finally:
            self._wanted = False
            self._waiting = None

    def _woken(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
