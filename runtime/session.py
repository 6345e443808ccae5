"""The async shell of a run: reads the source, carries out the machine's commands, hands events to the user.

One task per run reads the source. Verdicts come in as callbacks on the loop; a violation cancels the reading at
once. The user's own loop over the events runs in the user's task, so nothing is ever yielded inside a task group.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, assert_never, runtime_checkable

import anyio

from .backlog import Backlog, OpenChecks
from .certificate import Attested, attest
from .chunks import TURN, Chunk, Resampling, Source, Token, Usage, must_say_something
from .engines.parcels import PackedRule, Part
from .engines.protocol import Deliver, Line, Request
from .errors import MidtraceError, SourceError, one_line
from .events import Checked, Event, Intervened, Pressure, Retracted, SafeUpTo, TextDelta
from .forks.line import ForkLine
from .limits import Budget, Limits
from .machine.delivery import Mode
from .machine.machine import Machine
from .machine.messages import (
    CancelChecks,
    Check,
    CheckResult,
    CloseSource,
    Command,
    Congested,
    Finish,
    OpenSource,
    SourceEnded,
    SourceFailed,
    Submit,
    TimeUp,
    VerdictsArrived,
)
from .mailbox import Mailbox
from .monitors import Monitor, check_names
from .outcome import Outcome
from .sources.protocol import Conversing, passages
from .summary import Measured, summarise

BUFFER = 1_024
"""Events that may wait for the user before the source is read no further."""

CLOSING = 5.0
"""Seconds that a source may take to close."""

BACKOFF = 0.2
"""Seconds before the first retry of a source that failed in passing, at most; doubles with each."""


@runtime_checkable
class _Closeable(Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a run needs that takes time to make: its rules as bytes, and what its monitors are made of."""

    monitors: tuple[Monitor, ...]
    rules: tuple[PackedRule, ...]
    attested: tuple[Attested, ...]


def prepare(monitors: Sequence[Monitor], prompt: str) -> Prepared:
    """Make ready, off the loop: pickles, and reads the versions of what is installed.

    Raises `UsageError` for monitors that cannot work together or cannot travel to a worker.
    """
    check_names(monitors)
    packed = Part.of(prompt)
    rules = tuple(PackedRule.pack(monitor, packed) for monitor in monitors)
    return Prepared(tuple(monitors), rules, tuple(attest(monitor) for monitor in monitors))


class Run:
    """A run in progress: iterate over it for its events; afterwards `outcome` says what it ended as."""

    def __init__(
        self,
        connect: Callable[[Deliver], Line],
        mailbox: Mailbox,
        source: Source,
        prompt: str,
        prepared: Prepared,
        *,
        delivery: Mode,
        ahead: int | None,
        limits: Limits,
        budget: Budget | None,
        backlog: Backlog,
    ) -> None:
        self._source = source
        self._prompt = prompt
        self._prepared = prepared
        self._machine = Machine(prompt, prepared.monitors, delivery=delivery, ahead=ahead, limits=limits, budget=budget)
        self._loop = asyncio.get_running_loop()
        self._line = connect(functools.partial(mailbox.post, self))
        self._events: deque[Event] = deque()
        self._open_checks = OpenChecks(backlog, self._announce)
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._opening: OpenSource | None = None
        self._scope: anyio.CancelScope | None = None
        self._pump_wake: asyncio.Future[None] | None = None
        self._interventions: list[Intervened] = []
        self._outcome: Outcome | None = None
        self._measured = Measured()
        self._ended_at: float | None = None
        self._cut_at: float | None = None
        self._began = time.perf_counter()
        self._closed = False

    # For the user

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._outcome is not None or self._closed:
                raise StopAsyncIteration
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        event = self._events.popleft()
        if self._writer is not None and len(self._events) < BUFFER // 2:
            _wake(self._writer)
        return event

    async def wait(self) -> Outcome:
        """Let the run come to its end without looking at its events."""
        async for _ in self:
            pass
        return self.outcome

    @property
    def outcome(self) -> Outcome:
        """What the run ended as. Raises `MidtraceError` while it has not ended."""
        if self._outcome is None:
            raise MidtraceError("the run has not ended: iterate over its events to the end, or await run.wait()")
        return self._outcome

    # The pump

    async def pump(self) -> None:
        """Read the source and let the machine work until the run is over."""
        timer: asyncio.TimerHandle | None = None
        left = self._machine.spent.time_left(self._loop.time())
        if left is not None:
            timer = self._loop.call_later(left.seconds, self._on_time_up, left.reason)
        try:
            self._carry_out(self._machine.start())
            while self._outcome is None:
                opening, self._opening = self._opening, None
                if opening is not None:
                    await self._read(opening)
                else:
                    self._pump_wake = self._loop.create_future()
                    await self._pump_wake
        finally:
            if timer is not None:
                timer.cancel()
            self.close()

    def close(self) -> None:
        """Nothing more will happen: let go of the engine, and of a user who waits."""
        if not self._closed:
            self._closed = True
            self._line.close()
        if self._reader is not None:
            _wake(self._reader)

    async def _read(self, opening: OpenSource) -> None:
        stream = opening.stream
        machine, measured = self._machine, self._measured
        turn = idle = 0
        usage = Usage(0)
        with anyio.CancelScope() as scope:
            self._scope = scope
            try:
                if opening.backoff:
                    await anyio.sleep(_pause(opening.backoff))
                chunks = await self._open(opening)
                try:
                    async for item in chunks:
                        if self._cut_at is not None:
                            measured.restarting += time.perf_counter() - self._cut_at
                            self._cut_at = None
                        if type(item) is Usage:
                            usage = item
                            idle += 1
                        else:
                            started = time.perf_counter()
                            text, tokens = _said(item)
                            idle = 0 if text else idle + 1
                            self._carry_out(machine.text(stream, text, tokens))
                            measured.handling += time.perf_counter() - started
                        if idle:
                            must_say_something(idle)
                        if scope.cancel_called:
                            break  # a source that never waits would not notice
                        turn += 1
                        if turn % TURN == 0:
                            await asyncio.sleep(0)  # nor would it let a verdict in
                        if len(self._events) >= BUFFER:
                            await self._room()
                        if self._open_checks.held:
                            await self._open_checks.room()
                finally:
                    measured.prompt_tokens += usage.prompt
                    measured.cached_tokens += usage.cached
                    await _close(chunks)
            except BaseException as error:  # noqa: BLE001  (a source is third-party code: its failure is an outcome)
                self._carry_out(machine.handle(_failure(stream, error)))
            else:
                if not scope.cancel_called:
                    self._ended_at = time.perf_counter()
                    self._carry_out(machine.handle(SourceEnded(stream)))
                    if isinstance(self._line, ForkLine):
                        self._line.source_ended()
        self._scope = None

    async def _open(self, opening: OpenSource) -> AsyncIterator[str | Chunk | Usage]:
        source = self._source
        opened: object
        if isinstance(source, Conversing):
            opened = source.converse(self._prompt, passages(opening.tip), opening.attempt)
        elif opening.attempt and isinstance(source, Resampling):
            opened = source.resample(self._prompt + opening.tip.read(), opening.attempt)
        else:
            opened = source(self._prompt + opening.tip.read())
        if inspect.isawaitable(opened):
            opened = await opened
        if not hasattr(opened, "__aiter__"):
            raise SourceError(f"expected an async iterable of strings from the source, got {type(opened).__name__}")
        return aiter(opened)

    async def _room(self) -> None:
        self._writer = self._loop.create_future()
        try:
            await self._writer
        finally:
            self._writer = None

    # Verdicts and time, on the loop

    def take(self, results: tuple[CheckResult, ...]) -> None:
        """Verdicts have come; called on the loop."""
        if not self._closed:
            self._open_checks.remove(result.id for result in results)
            self._carry_out(self._machine.handle(VerdictsArrived(results)))

    def _on_time_up(self, reason: str) -> None:
        self._carry_out(self._machine.handle(TimeUp(reason)))

    # Commands

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case TextDelta() | SafeUpTo() | Checked() | Retracted() | Pressure():
                    self._events.append(command)
                case Intervened():
                    self._events.append(command)
                    self._interventions.append(command)
                case Submit(checks):
                    self._submit(checks)
                case CancelChecks(ids):
                    self._open_checks.remove(ids)
                    self._line.cancel(ids)
                case CloseSource():
                    self._stop_reading()
                case OpenSource() as opening:
                    self._reopen(opening)
                case Finish() as finish:
                    self._end(finish)
                case _:
                    assert_never(command)
        if commands and self._reader is not None:
            _wake(self._reader)

    def _announce(self, event: Event) -> None:
        self._events.append(event)
        if self._reader is not None:
            _wake(self._reader)

    def _submit(self, checks: Sequence[Check]) -> None:
        rules, monitors = self._prepared.rules, self._prepared.monitors
        requests = [Request(check, rules[check.monitor], monitors[check.monitor].deadline) for check in checks]
        accepted, refused = self._open_checks.add(requests)
        if accepted:
            self._line.submit(accepted)
        if refused:
            self._loop.call_soon(self.take, refused)
        if self._open_checks.coalescing:
            self._carry_out(self._machine.handle(Congested()))

    def _stop_reading(self) -> None:
        self._cut_at = time.perf_counter()
        if self._scope is not None:
            self._scope.cancel()

    def _reopen(self, opening: OpenSource) -> None:
        self._opening = opening
        if isinstance(self._line, ForkLine):
            self._line.source_goes_on()
        if self._ended_at is not None:
            self._measured.settling += time.perf_counter() - self._ended_at
            self._ended_at = None
            self._cut_at = time.perf_counter()
        self._wake_pump()

    def _wake_pump(self) -> None:
        if self._pump_wake is not None:
            _wake(self._pump_wake)

    def _end(self, finish: Finish) -> None:
        now, measured = time.perf_counter(), self._measured
        if self._ended_at is not None:
            measured.settling += now - self._ended_at
        measured.wall = now - self._began
        self._outcome = summarise(
            finish,
            self._machine,
            self._prompt,
            self._prepared.attested,
            interventions=self._interventions,
            forks=self._line.costs if isinstance(self._line, ForkLine) else (),
            measured=measured,
        )
        self._wake_pump()


def _pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row: at random, so that those who failed together come back apart."""
    most: float = BACKOFF * 2 ** (failures - 1)
    return random.uniform(most / 2, most)  # noqa: S311  (nothing secret)


def _failure(stream: int, error: BaseException) -> SourceFailed:
    """What a source raised, also a cancelling that nobody asked for. Raises what is none of its doing."""
    task = asyncio.current_task()
    called_off = task is not None and task.cancelling() > 0
    if not isinstance(error, Exception) and (called_off or isinstance(error, KeyboardInterrupt | SystemExit)):
        raise error
    if isinstance(error, SourceError):
        return SourceFailed(stream, str(error), error.transient)
    return SourceFailed(stream, f"the source raised {one_line(error)}")


def _said(item: object) -> tuple[str, tuple[Token, ...]]:
    """The text of a chunk, and what is known of its tokens. Raises `SourceError` for what is none."""
    if type(item) is str:
        return item, ()
    if isinstance(item, Chunk):
        return item.text, item.tokens
    if isinstance(item, str):
        return str(item), ()
    raise SourceError(f"expected text from the source, got {type(item).__name__}")


async def _close(chunks: object) -> None:
    """Close a stream, also while being cancelled, but do not wait for ever."""
    if isinstance(chunks, _Closeable):
        with anyio.move_on_after(CLOSING, shield=True):
            await chunks.aclose()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
