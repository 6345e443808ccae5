"""Whole generations in one call, and generation calls that are monitored whenever they are made."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType

import anyio

from .forks.settings import Forks
from .limits import Budget, Limits
from .machine.delivery import Mode
from .monitors import Monitor
from .opening import EngineName, open_runtime
from .outcome import Outcome
from .runtime import Runtime
from .session import Run
from .sources.protocol import GivenSource


@asynccontextmanager
async def _given_or_opened(engine: EngineName, runtime: Runtime | None) -> AsyncIterator[Runtime]:
    if runtime is not None:
        yield runtime
        return
    async with open_runtime(engine) as opened:
        yield opened


async def generate(
    source: GivenSource,
    prompt: str,
    *,
    monitors: Sequence[Monitor],
    limits: Limits | None = None,
    budget: Budget | None = None,
    forks: Forks | None = None,
    engine: EngineName = "ray",
    runtime: Runtime | None = None,
) -> Outcome:
    """One monitored generation. Opens an engine for it unless given a `runtime`; for more than one, open your own."""
    async with _given_or_opened(engine, runtime) as opened:
        return await opened.generate(source, prompt, monitors=monitors, limits=limits, budget=budget, forks=forks)


def generate_sync(
    source: GivenSource,
    prompt: str,
    *,
    monitors: Sequence[Monitor],
    limits: Limits | None = None,
    forks: Forks | None = None,
    engine: EngineName = "ray",
) -> Outcome:
    """`generate` for a script without an event loop."""
    return anyio.run(
        functools.partial(generate, source, prompt, monitors=monitors, limits=limits, forks=forks, engine=engine),
        backend="asyncio",
    )


class MonitoredCall:
    """A monitored generation that has not started: await it for its outcome, or enter it for its events."""

    def __init__(self, watch: Callable[[], AbstractAsyncContextManager[Run]]) -> None:
        self._watch = watch
        self._entered: AbstractAsyncContextManager[Run] | None = None

    def __await__(self) -> Generator[object, None, Outcome]:
        return self.outcome().__await__()

    async def outcome(self) -> Outcome:
        """Run it to its end."""
        async with self._watch() as run:
            return await run.wait()

    async def __aenter__(self) -> Run:
        self._entered = self._watch()
        return await self._entered.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._entered is not None
        return await self._entered.__aexit__(kind, error, trace)


def monitored(
    *,
    monitors: Sequence[Monitor],
    delivery: Mode = "live",
    limits: Limits | None = None,
    forks: Forks | None = None,
    engine: EngineName = "ray",
    runtime: Runtime | None = None,
) -> Callable[[Callable[[str], object]], Callable[[str], MonitoredCall]]:
    """Wrap a generation call. The wrapped call is awaited for its `Outcome`, or entered for its events:

    `outcome = await complete(prompt)`, or `async with complete(prompt) as run: async for event in run: ...`
    """

    def wrap(source: Callable[[str], object]) -> Callable[[str], MonitoredCall]:
        @asynccontextmanager
        async def watch(prompt: str) -> AsyncIterator[Run]:
            async with (
                _given_or_opened(engine, runtime) as opened,
                opened.watch(source, prompt, monitors=monitors, delivery=delivery, limits=limits, forks=forks) as run,
            ):
                yield run

        @functools.wraps(source, updated=())
        def call(prompt: str) -> MonitoredCall:
            return MonitoredCall(functools.partial(watch, prompt))

        return call

    return wrap
