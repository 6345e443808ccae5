"""An open engine, and the runs that share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import anyio.to_thread

from .backlog import Backlog
from .engines.admission import admit
from .engines.protocol import Deliver, Engine, Line
from .errors import UsageError
from .forks.asking import asking_of
from .forks.settings import Forks
from .forks.thread import ForkThread
from .limits import Budget, Limits
from .machine.delivery import Mode
from .mailbox import Mailbox
from .monitors import Monitor
from .outcome import Outcome
from .review import Finding, Review, about, observed
from .session import Prepared, Run, prepare
from .sources.adapting import source_of
from .sources.protocol import GivenSource
from .sources.requirements import requirements


class Runtime:
    """An open engine with warm workers; any number of runs may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mailbox: Mailbox | None = None
        self._reviewing: tuple[Sequence[Monitor], Prepared] | None = None
        self._forks = ForkThread()
        self._closed = False

    @asynccontextmanager
    async def watch(
        self,
        source: GivenSource,
        prompt: str,
        *,
        monitors: Sequence[Monitor],
        delivery: Mode = "live",
        ahead: int | None = None,
        limits: Limits | None = None,
        budget: Budget | None = None,
        backlog: Backlog | None = None,
        forks: Forks | None = None,
    ) -> AsyncIterator[Run]:
        """Start a monitored generation; leaving the block ends it.

        Args:
            source: Continues a prefix; called with `prompt`, and again with more after a rollback. Any call that
                streams text, or a stream that is open already: see `midtrace.sources.adapting.source_of`.
            prompt: What the source continues. No part of the generated text.
            monitors: What is checked.
            delivery: `live` (text at once, `Retracted` after a rollback), `held` (only text that every required
                check has cleared), or `final` (all of it at the end).
            ahead: In live delivery, how many characters may be visible beyond what is cleared; None: all.
            limits: What the run may spend.
            budget: What this run and others may spend together.
            backlog: How many checks may wait, and what happens when the engine cannot keep up.
            forks: Who is asked by monitors that ask (`Fork`), and how much; None: the source itself.

        Raises `UsageError` for arguments that cannot work. What the source or a verifier does wrong ends in the
        outcome, never as an exception.
        """
        self._must_be_open()
        _check_delivery(delivery, ahead)
        _check_types(prompt, limits=limits, budget=budget, backlog=backlog, forks=forks)
        source = source_of(source)
        prepared = await anyio.to_thread.run_sync(self._prepare, monitors, prompt)
        requirements(source, prepared.monitors)
        asks = any(asking_of(monitor.extract) is not None for monitor in prepared.monitors)
        async with AsyncExitStack() as stack:
            connect: Callable[[Deliver], Line] = self._engine.connect
            if asks:
                most = limits.forks if limits is not None else None
                line = self._forks.line(self._engine, source, prompt, prepared.monitors, forks or Forks(), most=most)
                connect = await stack.enter_async_context(line)
            run = Run(
                connect,
                self._mailbox_of(asyncio.get_running_loop()),
                source,
                prompt,
                prepared,
                delivery=delivery,
                ahead=ahead,
                limits=limits if limits is not None else Limits(),
                budget=budget,
                backlog=backlog if backlog is not None else Backlog(),
            )
            failure: Exception | None = None
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run.pump)
                try:
                    yield run
                except Exception as error:  # noqa: BLE001  (kept out of the group, which would wrap it; raised below)
                    failure = error
                finally:
                    run.close()
                    tasks.cancel_scope.cancel()
            if failure is not None:
                raise failure

    async def review(self, text: str, prompt: str = "", *, monitors: Sequence[Monitor]) -> Finding:
        """What the monitors say of text that is already there; their policies do not matter.

        Many texts may be under way at a time. Give the same sequence of monitors for all: what they are made of is then
        made ready only once. Raises `UsageError` for monitors that cannot work.
        """
        self._must_be_open()
        if self._reviewing is None or self._reviewing[0] is not monitors:
            observing = observed(monitors)
            self._reviewing = monitors, await anyio.to_thread.run_sync(self._prepare, observing, prompt)
        prepared = about(self._reviewing[1], prompt)
        return await Review(
            self._engine, self._mailbox_of(asyncio.get_running_loop()), text, prompt, prepared
        ).finding()

    def close(self) -> None:
        """Whoever opened the engine closes it now: no further run starts."""
        self._closed = True

    def _must_be_open(self) -> None:
        if self._closed:
            raise UsageError("the runtime is closed: runs belong inside `async with open_runtime(...) as runtime`")

    def _prepare(self, monitors: Sequence[Monitor], prompt: str) -> Prepared:
        prepared = prepare(monitors, prompt)
        admit(self._engine, prepared)
        return prepared

    def _mailbox_of(self, loop: asyncio.AbstractEventLoop) -> Mailbox:
        if self._mailbox is None or self._mailbox.loop is not loop:
            self._mailbox = Mailbox(loop)
        return self._mailbox

    async def generate(
        self,
        source: GivenSource,
        prompt: str,
        *,
        monitors: Sequence[Monitor],
        limits: Limits | None = None,
        budget: Budget | None = None,
        forks: Forks | None = None,
    ) -> Outcome:
        """A monitored generation from start to end."""
        async with self.watch(source, prompt, monitors=monitors, limits=limits, budget=budget, forks=forks) as run:
            return await run.wait()


def _check_types(prompt: object, **given: object) -> None:
    """Arguments of another type would fail far from here."""
    if not isinstance(prompt, str):
        raise UsageError(f"prompt={prompt!r:.60}: expected text")
    kinds: Mapping[str, type] = {"limits": Limits, "budget": Budget, "backlog": Backlog, "forks": Forks}
    for name, value in given.items():
        if value is not None and not isinstance(value, kinds[name]):
            raise UsageError(f"{name}={value!r:.60}: expected {kinds[name].__name__}(...)")


def _check_delivery(delivery: str, ahead: int | None) -> None:
    if delivery not in ("live", "held", "final"):
        raise UsageError(f"delivery={delivery!r}: expected 'live', 'held' or 'final'")
    if ahead is not None and (delivery != "live" or ahead < 0):
        raise UsageError(f"ahead={ahead}: expected 0 or more, with delivery='live'")
