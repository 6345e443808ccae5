"""A clock that does not make tests wait: seconds of the event loop pass as soon as nothing else is to do."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import selectors
import time
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, cast

import anyio.to_thread
from anyio import CapacityLimiter

from ..errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def virtual_time(function: Callable[P, Coroutine[object, object, T]]) -> Callable[P, T]:
    """Make an async function an ordinary one that runs on a `VirtualTimeLoop` of its own; for tests, as a decorator.

    A test of a limit of 60 seconds, or of a retry's back-off, then takes milliseconds. What it makes raises
    `UsageError` where a loop is running already.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            raise UsageError("virtual_time: expected no event loop that runs already; call it from a plain function")
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(function(*args, **kwargs))

    return run


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time starts at 0 and jumps to the next timer when nothing else is ready.

    That covers `loop.time()`, `call_later`, `asyncio.sleep`, `asyncio.timeout` and the scopes of anyio. Timers run in
    the order of their times. While work is under way in a thread of `anyio.to_thread`'s own limit, `asyncio.to_thread`
    or `run_in_executor`, time passes as on any other loop, so that a limit does not overtake real work. Nothing else
    holds time up: a callback from any other thread (`call_soon_threadsafe`) or a socket arrives at whatever time it is
    by then. `time.monotonic()` and `time.perf_counter()` stay what they are.
    """

    def __init__(self) -> None:
        self._virtual = _JumpingSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since the loop was made, slept or not."""
        return self._virtual.now

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """As on any loop; the first task also finds out which threads are anyio's, which only a task can ask."""
        asking = self._virtual.threads is None
        return super().create_task(self._asking(coro) if asking else coro, name=name, context=context)

    async def _asking(self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T]) -> T:
        self._virtual.threads = anyio.to_thread.current_default_thread_limiter()
        return await cast("Coroutine[Any, Any, T]", coro)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """As on any loop; time does not jump until the future is done."""
        future = super().run_in_executor(executor, func, *args)
        self._virtual.working += 1
        future.add_done_callback(self._worked)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  (asyncio's name)
        """Wait for the threads, however long: a time limit would be over at once."""
        await super().shutdown_default_executor()

    def _worked(self, _future: object) -> None:
        self._virtual.working -= 1


class _JumpingSelector(selectors.DefaultSelector):
    """Where the loop would sleep, it asks its selector to; this one turns its clock forward instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.working = 0
        self.threads: CapacityLimiter | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        if timeout is not None and not self._threads_work():
            ready = super().select(0)
            if not ready:
                self.now += timeout
            return ready
        began = time.monotonic()
        ready = super().select(timeout)
        # Slept to its end, the loop is due at that very time; a clock that reads less would have it sleep again.
        self.now += timeout if not ready and timeout is not None else time.monotonic() - began
        return ready

    def _threads_work(self) -> bool:
        return self.working > 0 or (self.threads is not None and self.threads.borrowed_tokens > 0)
