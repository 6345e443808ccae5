"""The front door: open a runtime, watch a source, or do both in one call."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, TypeAlias, get_args

import anyio
import anyio.to_thread

from .backlog import Backlog
from .engines.admission import admit
from .engines.joining import Address
from .engines.pools import Pool
from .engines.protocol import Deliver, Engine, Line
from .engines.ray_settings import prepare as prepare_for_ray
from .engines.scale import Bounds
from .errors import UsageError, expect_one_of
from .forks.asking import Asks
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

EngineName: TypeAlias = Literal["ray", "local"]

OnEngineLost: TypeAlias = Literal["rejoin", "local"]
"""What to do when Ray is out of reach."""

PRELOAD = ("z3", "sympy")
"""Modules that workers import before their first check: what symbolic verifiers use, and what takes longest."""


class _OpenableEngine(Engine, Protocol):
    def open(self) -> None: ...
    def close(self) -> None: ...


class Runtime:
    """An open engine with warm workers; any number of runs may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mailbox: Mailbox | None = None
        self._reviewing: tuple[Sequence[Monitor], Prepared] | None = None
        self._forks = ForkThread()

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
        _check_delivery(delivery, ahead)
        source = source_of(source)
        requirements(source, monitors)
        prepared = await anyio.to_thread.run_sync(self._prepare, monitors, prompt)
        asks = any(isinstance(monitor.extract, Asks) for monitor in prepared.monitors)
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
        if self._reviewing is None or self._reviewing[0] is not monitors:
            observing = observed(monitors)
            self._reviewing = monitors, await anyio.to_thread.run_sync(self._prepare, observing, prompt)
        prepared = about(self._reviewing[1], prompt)
        return await Review(
            self._engine, self._mailbox_of(asyncio.get_running_loop()), text, prompt, prepared
        ).finding()

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


def _check_delivery(delivery: str, ahead: int | None) -> None:
    if delivery not in ("live", "held", "final"):
        raise UsageError(f"delivery={delivery!r}: expected 'live', 'held' or 'final'")
    if ahead is not None and (delivery != "live" or ahead < 0):
        raise UsageError(f"ahead={ahead}: expected 0 or more, with delivery='live'")


@asynccontextmanager
async def open_runtime(
    engine: EngineName = "ray",
    *,
    workers: int | tuple[int, int] | None = None,
    address: str | None = None,
    preload: Sequence[str] = PRELOAD,
    on_engine_lost: OnEngineLost = "rejoin",
    pool: Pool | None = None,
    ship: Sequence[str | Path] = (),
    runtime_env: Mapping[str, object] | None = None,
) -> AsyncIterator[Runtime]:
    """Start an engine with warm workers, and end it with the block. Takes seconds: open once, not once a run.

    Args:
        engine: `ray` joins `address` or RAY_ADDRESS, else starts a local Ray; `local` does without Ray.
        workers: Checks that run at a time, or the least and the most: then there are more while checks wait, and fewer
            when some have had nothing to do for a minute. Default: cores minus one, at least one. Checks whose verifier
            declares `resources` have workers beside these, as many as they need and no more than the most.
        address: A Ray cluster to join.
        preload: Modules that the workers import before the first check.
        on_engine_lost: Where Ray is lost on the way, or out of reach at the start: `rejoin` answers checks with
            `Unknown` until it is back (and raises at the start), `local` runs them in local processes from then on.
        pool: Share workers with other programs on the same cluster; `workers` then says how many the pool has.
        ship: Wheels, or names of installed distributions, that the workers of a cluster are sent, such as a package of
            verifiers. midtrace itself goes along where they lack this version of it; what it depends on does not.
        runtime_env: A Ray runtime environment for the workers.

    Raises `EngineError` where the engine cannot start, `UsageError` for arguments that cannot work.
    """
    expect_one_of("open_runtime", "on_engine_lost", on_engine_lost, get_args(OnEngineLost))
    _check_types(address, preload, pool, ship, runtime_env)
    asked = _Asked(
        engine=engine,
        workers=Bounds.read(workers if workers is not None else max((os.cpu_count() or 2) - 1, 1)),
        address=address,
        preload=preload,
        fall_back=on_engine_lost == "local",
        pool=pool,
        ship=ship,
        runtime_env=runtime_env,
    )
    make = functools.partial(_make, asked)
    made = await anyio.to_thread.run_sync(make)  # imports, which read files
    try:
        # An engine half started must still be closed, so that no process is left: hence inside.
        await anyio.to_thread.run_sync(made.open)
        _keep_sigterm()
        yield Runtime(made)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(made.close)
        _keep_sigterm()


def _check_types(address: object, preload: object, pool: object, ship: object, runtime_env: object) -> None:
    """Arguments of another type would fail far from here, or be taken for something else."""
    expected = {
        "address": (address is None or (isinstance(address, str) and address), "HOST:PORT or 'auto'"),
        "preload": (_is_list(preload), "a list of modules"),
        "pool": (pool is None or isinstance(pool, Pool), "Pool(NAME)"),
        "ship": (_is_list(ship), "a list of wheels and distributions"),
        "runtime_env": (runtime_env is None or isinstance(runtime_env, Mapping), "a Ray runtime environment"),
    }
    given = {"address": address, "preload": preload, "pool": pool, "ship": ship, "runtime_env": runtime_env}
    for name, (right, what) in expected.items():
        if not right:
            raise UsageError(f"open_runtime({name}={given[name]!r}): expected {what}")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _keep_sigterm() -> None:
    """Put the process's own answer to SIGTERM back: Ray's core installs one that prints a crash report and aborts, and
    takes it out again without a look at what was there before."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


@dataclass(frozen=True, kw_only=True)
class _Asked:
    engine: str
    workers: Bounds
    address: str | None
    preload: Sequence[str]
    fall_back: bool
    pool: Pool | None
    ship: Sequence[str | Path]
    runtime_env: Mapping[str, object] | None


def _make(asked: _Asked) -> _OpenableEngine:
    match asked.engine:
        case "local":
            for name in ("address", "pool", "ship", "runtime_env"):
                if getattr(asked, name):
                    raise UsageError(f"{name}={getattr(asked, name)!r}: expected none with engine='local'")
            from .engines.local import LocalEngine  # noqa: PLC0415  (starts nothing, but keeps imports short)

            return LocalEngine(workers=asked.workers, preload=asked.preload)
        case "ray":
            given = asked.address or os.environ.get("RAY_ADDRESS")
            address = Address.read(given) if given else None
            for name in ("pool", "ship"):
                if getattr(asked, name) and address is None:
                    raise UsageError(f"{name}={getattr(asked, name)!r}: expected it with the address of a cluster")
            prepare_for_ray(address)
            from .engines.ray import RayEngine  # noqa: PLC0415  (imports ray)

            return RayEngine(
                workers=asked.workers,
                address=address,
                preload=asked.preload,
                fall_back=asked.fall_back,
                pool=asked.pool,
                ship=asked.ship,
                runtime_env=asked.runtime_env,
            )
        case _:
            raise UsageError(f"engine={asked.engine!r}: expected 'ray' or 'local'")


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
