"""The thread of the forks: one event loop beside all streams, with the connections of those who are asked."""

from __future__ import annotations

import asyncio
import functools
import math
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import anyio
import anyio.abc
import anyio.to_thread
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..chunks import Source
from ..engines.protocol import Deliver, Engine
from ..errors import one_line
from ..logs import logger
from ..monitors import Monitor
from .book import Terms
from .endpoints import block_of, who_is_asked
from .line import ForkLine, Thread
from .protocol import Askable, Asker
from .settings import Forks

Connect = Callable[[Deliver], ForkLine]

log = logger("midtrace.forks")


class ForkThread:
    """Starts when the first run asks, and ends when the last user has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._users = 0

    def enter(self) -> _Running:
        """Become a user of the thread. Blocks."""
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
        self, engine: Engine, source: Source, prompt: str, monitors: Sequence[Monitor], forks: Forks
    ) -> AsyncIterator[Connect]:
        """What makes the line of a run whose monitors ask; those who are asked are open for as long.

        Raises `UsageError` where a monitor asks and there is nobody to ask.
        """
        asked = who_is_asked(source, monitors, forks)
        terms = Terms(forks.concurrency, forks.share, forks.block or block_of(asked.get(None)))
        running = await anyio.to_thread.run_sync(self.enter)
        try:
            askers: dict[str | None, Asker] = {}
            try:
                for name, askable in asked.items():
                    askers[name] = await anyio.to_thread.run_sync(running.open, askable)
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
                        await anyio.to_thread.run_sync(running.close, asked[name])
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self.leave)


@dataclass(slots=True)
class _Kept:
    """Somebody who can be asked, open for as long as any run wants it."""

    asker: Asker
    unwanted: anyio.Event
    closed: anyio.Event
    users: int = 0


class _Running:
    """The loop, once it runs. All methods block, and are called from other threads."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._opening = anyio.Lock()
        self._ending = anyio.Event()
        self._stack = ExitStack()
        self._portal: BlockingPortal = self._stack.enter_context(
            start_blocking_portal("asyncio", name="midtrace-forks")
        )
        self._loop = self._portal.call(asyncio.get_running_loop)
        self._send, self._receive = anyio.create_memory_object_stream[Callable[[], None]](math.inf)
        self._served, self._tasks = self._portal.start_task(self._serve)
        self.thread = Thread(self._post, self._tasks)

    def stop(self) -> None:
        """End the loop; questions that are still open are called off."""
        self._portal.call(self._ending.set)
        self._served.result()
        self._stack.close()

    def open(self, askable: Askable) -> Asker:
        """Have it ready to be asked."""
        return self._portal.call(self._open, askable)

    def close(self, askable: Askable) -> None:
        """One user less; the last one waits until it is closed."""
        self._portal.call(self._close, askable)

    def _post(self, act: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it all that could be waited for
            self._loop.call_soon_threadsafe(self._send.send_nowait, act)

    # On the loop

    async def _serve(self, *, task_status: anyio.abc.TaskStatus[anyio.abc.TaskGroup]) -> None:
        with self._send, self._receive:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._act)
                task_status.started(tasks)
                await self._ending.wait()
                tasks.cancel_scope.cancel()

    async def _act(self) -> None:
        async for act in self._receive:
            act()

    async def _open(self, askable: Askable) -> Asker:
        async with self._opening:
            kept = self._kept.get(id(askable))
            if kept is None:
                kept = await self._tasks.start(self._keep, askable)
                assert kept is not None
            kept.users += 1
            return kept.asker

    async def _close(self, askable: Askable) -> None:
        async with self._opening:
            kept = self._kept[id(askable)]
            kept.users -= 1
            if not kept.users:
                del self._kept[id(askable)]
                kept.unwanted.set()
                await kept.closed.wait()

    async def _keep(self, askable: Askable, *, task_status: anyio.abc.TaskStatus[_Kept]) -> None:
        """Hold it open in a task of its own: what is entered in a task must be left in it."""
        kept: _Kept | None = None
        try:
            async with askable.asker() as asker:
                kept = self._kept[id(askable)] = _Kept(asker, anyio.Event(), anyio.Event())
                task_status.started(kept)
                await kept.unwanted.wait()
        except Exception as error:
            if kept is None:
                raise  # to whoever wanted it opened
            log.warning("closing who was asked failed", error=one_line(error))
        finally:
            if kept is not None:
                kept.closed.set()
