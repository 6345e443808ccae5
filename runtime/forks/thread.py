"""The thread of the forks: one event loop beside all streams, with the connections of those who are asked."""

from __future__ import annotations

import asyncio
import functools
import math
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread

from ..chunks import Source
from ..engines.protocol import Deliver, Engine
from ..errors import MidtraceError, UsageError, one_line
from ..logs import logger
from ..monitors import Monitor
from .book import Terms
from .endpoints import block_of, who_is_asked
from .line import ForkLine, Thread
from .protocol import Askable, Asker
from .settings import Forks

T = TypeVar("T")
Connect = Callable[[Deliver], ForkLine]

OPENING = 30.0
"""Seconds that it may take to have somebody ready to be asked."""

CLOSING = 5.0
"""Seconds that closing may take; what takes longer is left behind."""

log = logger("midtrace.forks")


class ForkThread:
    """Starts when the first run asks, and ends when the last user has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._users = 0

    def enter(self) -> _Running:
        """Become a user of the thread. Blocks until it runs."""
        with self._lock:
            if self._running is None:
                self._running = _Running()
            self._users += 1
            return self._running

    def leave(self) -> None:
        """Use it no longer. Blocks while it ends."""
        with self._lock:
            self._users -= 1
            if not self._users and self._running is not None:
                running, self._running = self._running, None
                running.stop()

    @asynccontextmanager
    async def line(
        self,
        engine: Engine,
        source: Source,
        prompt: str,
        monitors: Sequence[Monitor],
        forks: Forks,
        *,
        most: int | None = None,
    ) -> AsyncIterator[Connect]:
        """What makes the line of a run whose monitors ask; those who are asked are open for as long.

        `most` bounds the questions of the run.

        Raises `UsageError` where a monitor asks and there is nobody to ask, or who is asked cannot be opened.
        """
        asked = who_is_asked(source, monitors, forks)
        terms = Terms(forks.concurrency, forks.share, forks.block or block_of(asked.get(None)), most)
        running = await anyio.to_thread.run_sync(self.enter)
        try:
            askers: dict[str | None, Asker] = {}
            try:
                for name, askable in asked.items():
                    askers[name] = await running.there(running.open(askable))
                yield functools.partial(
                    ForkLine,
                    running.thread,
                    engine,
                    prompt=prompt,
                    monitors=monitors,
                    askers=askers,
                    terms=terms,
                    timeout=forks.timeout,
                )
            finally:
                with anyio.CancelScope(shield=True):
                    for name in askers:
                        await running.there(running.close(asked[name]))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self.leave)


@dataclass(slots=True)
class _Kept:
    """Somebody who can be asked, open for as long as any run wants it; `error` says why it is not."""

    scope: anyio.CancelScope
    asker: Asker | None = None
    error: MidtraceError | None = None
    settled: anyio.Event = field(default_factory=anyio.Event)
    unwanted: anyio.Event = field(default_factory=anyio.Event)
    closed: anyio.Event = field(default_factory=anyio.Event)
    users: int = 0


class _Running:
    """The loop, in a daemon thread: who does not let go of it must not keep the process from ending."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._ending = anyio.Event()
        self._send, self._receive = anyio.create_memory_object_stream[Callable[[], None]](math.inf)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midtrace-forks", daemon=True)
        self._thread.start()
        self._ready.wait()
        self.thread = Thread(self._post, self._tasks)

    async def there(self, act: Coroutine[object, object, T]) -> T:
        """Await on that loop what is called from another one."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(act, self._loop))

    def stop(self) -> None:
        """End the loop; questions that are still open are called off. Blocks, but not for ever."""
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(CLOSING)
        if self._thread.is_alive():
            log.warning("who was asked does not let go; its thread is left behind", seconds=CLOSING)

    def _post(self, act: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it all that could be waited for
            self._loop.call_soon_threadsafe(self._deposit, act)

    def _deposit(self, act: Callable[[], None]) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # it is about to end
            self._send.send_nowait(act)

    # On the loop

    def _run(self) -> None:
        anyio.run(self._serve, backend="asyncio")

    async def _serve(self) -> None:
        with self._send, self._receive:
            async with anyio.create_task_group() as self._tasks:
                self._loop = asyncio.get_running_loop()
                self._tasks.start_soon(self._act)
                self._ready.set()
                await self._ending.wait()
                self._tasks.cancel_scope.cancel()

    async def _act(self) -> None:
        async for act in self._receive:
            act()

    async def open(self, askable: Askable) -> Asker:
        """Have it ready to be asked. Raises `UsageError` where that cannot be had."""
        kept = self._kept.get(id(askable))
        if kept is None:
            kept = self._kept[id(askable)] = _Kept(anyio.CancelScope())
            self._tasks.start_soon(self._keep, askable, kept)
        kept.users += 1
        try:
            with anyio.move_on_after(OPENING):
                await kept.settled.wait()
        except BaseException:
            self._release(askable, kept)
            raise
        if kept.asker is None or kept.error is not None:
            self._release(askable, kept)
            raise kept.error or UsageError(f"who is asked was not ready within {OPENING:g} s: {askable!r:.100}")
        return kept.asker

    async def close(self, askable: Askable) -> None:
        """One user less; the last one waits until it is closed, but not for ever."""
        kept = self._kept[id(askable)]
        self._release(askable, kept)
        if not kept.users:
            with anyio.move_on_after(2 * CLOSING):
                await kept.closed.wait()

    def _release(self, askable: Askable, kept: _Kept) -> None:
        kept.users -= 1
        if kept.users:
            return
        if self._kept.get(id(askable)) is kept:
            del self._kept[id(askable)]
        kept.unwanted.set()
        if kept.asker is None:
            kept.scope.cancel()

    async def _keep(self, askable: Askable, kept: _Kept) -> None:
        """Hold it open in a task of its own: what is entered in a task must be left in it."""
        try:
            with kept.scope:
                async with askable.asker() as kept.asker:
                    kept.settled.set()
                    await kept.unwanted.wait()
                    kept.scope.deadline = anyio.current_time() + CLOSING
        except BaseException as error:
            if self._tasks.cancel_scope.cancel_called:
                raise
            if kept.asker is None:
                told = error if isinstance(error, MidtraceError) else None
                kept.error = told or UsageError(f"who is asked could not be opened: {one_line(error)}")
            else:
                log.warning("closing who was asked failed", error=one_line(error))
        finally:
            kept.settled.set()
            kept.closed.set()
