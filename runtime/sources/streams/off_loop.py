"""What blocks, kept off the loop: a call that waits, and iterators that do so at each item.

The threads are daemons of their own: one that never comes back must keep neither the loop nor the process from ending.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import queue
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Generic, Literal, TypeAlias, TypeVar

import anyio
import anyio.to_thread

from ...errors import SourceError, one_line
from ...logs import logger

CLOSING = 1.0
"""Seconds that an iterator may take to give way once its stream is closed; after that its thread is left to itself."""

T = TypeVar("T")
Permit: TypeAlias = Literal["read", "stop"]

log = logger("midtrace.sources")


async def call(function: Callable[[], T]) -> T:
    """What `function` gives, called in a thread. When cancelled, a stream that comes too late is closed unread."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            given = function()
        except BaseException as error:  # noqa: BLE001  (it is raised where the call was made)
            _post(loop, _fail, done, _raisable(error))
            return
        if not _post(loop, _settle, done, given):
            _close(given)

    _start(run)
    try:
        return await done
    except asyncio.CancelledError:
        if done.done() and not done.cancelled() and done.exception() is None:
            _start(functools.partial(_close, done.result()))
        raise


async def read(iterable: Iterable[T]) -> AsyncIterator[T]:
    """The items of `iterable`, read in a thread, at most one ahead of who reads here."""
    reading = _Reading(iterable)
    reading.start()
    try:
        while await reading.ready():
            yield reading.take()
    finally:
        await reading.stop()


class _Reading(Generic[T]):
    def __init__(self, iterable: Iterable[T]) -> None:
        self._iterable = iterable
        self._loop = asyncio.get_running_loop()
        self._permits: queue.SimpleQueue[Permit] = queue.SimpleQueue()
        self._items: deque[T] = deque()
        self._failure: BaseException | None = None
        self._ended = False
        self._wake: asyncio.Future[None] | None = None
        self._thread: threading.Thread | None = None

    # On the loop

    def start(self) -> None:
        self._permits.put("read")
        self._thread = _start(self._run)

    async def ready(self) -> bool:
        """Wait for an item; False at the end. Raises what the iterator raised."""
        while not self._items and not self._ended:
            await self._turn()
        if self._items:
            return True
        if self._failure is not None:
            raise self._failure
        return False

    def take(self) -> T:
        item = self._items.popleft()
        self._permits.put("read")
        return item

    async def stop(self) -> None:
        self._permits.put("stop")
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSING):
            while not self._ended:
                await self._turn()
            assert self._thread is not None
            await anyio.to_thread.run_sync(self._thread.join)  # it has said its last word, and is about to end
            return
        log.warning("a source's iterator does not come back: its thread is left behind", seconds=CLOSING)

    async def _turn(self) -> None:
        self._wake = self._loop.create_future()
        try:
            await self._wake
        finally:
            self._wake = None

    def _arrived(self, item: T) -> None:
        self._items.append(item)
        self._wake_up()

    def _end(self, failure: BaseException | None) -> None:
        self._failure = failure
        self._ended = True
        self._wake_up()

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    # In the thread

    def _run(self) -> None:
        failure: BaseException | None = None
        iterator: object = self._iterable
        try:
            iterator = items = iter(self._iterable)
            while self._permits.get() == "read":
                try:
                    item = next(items)
                except StopIteration:
                    break
                if not _post(self._loop, self._arrived, item):
                    break
        except BaseException as error:  # noqa: BLE001  (it is raised where the items are read)
            failure = _raisable(error)
        for each in (iterator, self._iterable):
            _close(each)
        _post(self._loop, self._end, failure)


def _start(run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="midtrace source", daemon=True)
    thread.start()
    return thread


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *args: object) -> bool:
    """Whether the loop is still there to be told."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        return False
    return True


def _settle(done: asyncio.Future[T], given: T) -> None:
    if done.done():  # nobody waits for it any more
        _start(functools.partial(_close, given))
    else:
        done.set_result(given)


def _fail(done: asyncio.Future[T], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


def _raisable(error: BaseException) -> Exception:
    """An error that a future and a generator can carry."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration | StopAsyncIteration):
        return error
    return SourceError(f"the source raised {one_line(error)}")


def _close(given: object) -> None:
    close = getattr(given, "close", None)
    if close is None or asyncio.iscoroutinefunction(close):
        return
    try:
        close()
    except Exception as error:  # noqa: BLE001  (nobody reads it any more)
        log.debug("a source failed while it was closed", error=one_line(error))
