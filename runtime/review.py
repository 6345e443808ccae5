"""Text that is already there: the machine at its work, with no source to wait for and nothing to interrupt."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from .engines.inline import is_short
from .engines.judging import judge
from .engines.parcels import Part
from .engines.protocol import Engine, Request
from .events import Checked, Intervened, Pressure, Retracted, SafeUpTo, TextDelta
from .limits import Limits
from .machine.machine import Machine
from .machine.messages import (
    CancelChecks,
    Check,
    CheckResult,
    ChunkArrived,
    CloseSource,
    Command,
    Finish,
    OpenSource,
    SourceEnded,
    Submit,
    VerdictsArrived,
)
from .machine.reading import Reading
from .machine.track import Track
from .mailbox import Mailbox
from .monitors import Monitor, Rule
from .outcome import StandingViolation, standing
from .policies import Observe
from .session import Prepared
from .verdicts import Unknown
from .views import View

UNBOUNDED = Limits(characters=None, rollbacks=None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the monitors say of a text: how many checks there were, how many did not decide, and what is wrong."""

    checks: int
    unknown: int
    violations: tuple[StandingViolation, ...]


class Review:
    """The checks of one text, under way. Belongs to the loop that made it.

    Units and verdicts are those of a run that streams the text, for monitors that only observe.
    """

    def __init__(self, engine: Engine, mailbox: Mailbox, text: str, prompt: str, prepared: Prepared) -> None:
        self._prepared = prepared
        self._prompt = prompt
        self._rules = [monitor.rule for monitor in prepared.monitors]
        self._stream = 0
        self._machine = Machine(prompt, prepared.monitors, delivery="final", limits=UNBOUNDED)
        self._line = engine.connect(functools.partial(mailbox.post, self))
        self._asked = False  # else the engine knows nothing of this text, and need not be told that it is done
        self._done: asyncio.Future[Finding] = mailbox.loop.create_future()
        self._reading = Reading()
        self._known: list[CheckResult] = []
        self._carry_out(self._machine.start())
        if text:
            self._carry_out(self._machine.handle(ChunkArrived(self._stream, text)))
        self._carry_out(self._machine.handle(SourceEnded(self._stream)))
        self._take_known()

    async def finding(self) -> Finding:
        """Wait for the last verdict."""
        try:
            return await self._done
        finally:
            if self._asked:
                self._line.close()

    def take(self, results: tuple[CheckResult, ...], /) -> None:
        """Verdicts have come."""
        if not self._done.done():
            self._carry_out(self._machine.handle(VerdictsArrived(results)))
            self._take_known()

    def _take_known(self) -> None:
        """The verdicts of short checks, which are there as soon as they are asked for."""
        known, self._known = self._known, []
        if known:
            self.take(tuple(known))

    def _submit(self, checks: Sequence[Check]) -> None:
        """Short checks are done here and now, as no stream waits meanwhile; the others by the engine."""
        rules, monitors = self._prepared.rules, self._prepared.monitors
        requests: list[Request] = []
        for check in checks:
            packed, monitor = rules[check.monitor], monitors[check.monitor]
            if is_short(packed, check):
                view = self._reading.view(check).with_prompt(self._prompt)
                self._known.append(_judged(self._rules[check.monitor], view, check))
            else:
                requests.append(Request(check, packed, monitor.deadline))
        if requests:
            self._asked = True
            self._line.submit(requests)

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Submit(checks):
                    self._submit(checks)
                case CancelChecks(ids):
                    self._line.cancel(ids)
                case OpenSource(stream=stream):
                    self._stream = stream
                case Finish():
                    self._done.set_result(found(self._machine.tracks))
                case TextDelta() | SafeUpTo() | Checked() | Retracted() | Pressure() | Intervened() | CloseSource():
                    pass  # nobody looks, and a monitor that observes causes none of the last
                case _:
                    assert_never(command)


def _judged(rule: Rule, view: View, check: Check) -> CheckResult:
    began = time.perf_counter()
    try:
        verdict = judge(rule.extract, rule.verify, view)
    except MemoryError:
        verdict = Unknown("ran out of memory", "crashed")
    ran = time.perf_counter() - began
    return CheckResult(check.id, verdict, queued=0.0, ran=ran, cpu=ran, attempts=1)


def found(tracks: Iterable[Track]) -> Finding:
    """What the verdicts of a run say of its text."""
    entries = [(track, entry) for track in tracks for entry in track.entries]
    return Finding(
        checks=len(entries),
        unknown=sum(isinstance(entry.verdict, Unknown) for _, entry in entries),
        violations=standing(tracks),
    )


def observed(monitors: Iterable[Monitor]) -> tuple[Monitor, ...]:
    """The same monitors, which leave the text alone."""
    return tuple(replace(monitor, policy=Observe()) for monitor in monitors)


def about(prepared: Prepared, prompt: str) -> Prepared:
    """The same monitors for another prompt: what takes time to make is kept."""
    part = Part.of(prompt)
    return replace(prepared, rules=tuple(replace(rule, prompt=part) for rule in prepared.rules))
