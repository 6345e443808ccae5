"""A machine with somebody to drive it, for tests that spell out what happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import midtrace as mt
from midtrace.machine.delivery import Mode
from midtrace.machine.machine import Machine
from midtrace.machine.messages import (
    Check,
    CheckResult,
    ChunkArrived,
    Command,
    Finish,
    OpenSource,
    SourceEnded,
    SourceFailed,
    Submit,
    VerdictsArrived,
)

C = TypeVar("C")


class Driver:
    """Gives text, answers checks, and keeps every command."""

    def __init__(
        self,
        *monitors: mt.Monitor,
        delivery: Mode = "live",
        limits: mt.Limits | None = None,
        budget: mt.Budget | None = None,
        prompt: str = "P",
    ) -> None:
        self.machine = Machine(prompt, monitors, delivery=delivery, limits=limits, budget=budget)
        self.commands: list[Command] = []
        self._stream = 0
        self.take(self.machine.start())

    def take(self, commands: Sequence[Command]) -> None:
        self.commands += commands
        self._stream = max((c.stream for c in commands if isinstance(c, OpenSource)), default=self._stream)

    def say(self, text: str, *tokens: mt.Token) -> None:
        self.take(self.machine.handle(ChunkArrived(self._stream, text, tokens)))

    def end(self) -> None:
        self.take(self.machine.handle(SourceEnded(self._stream)))

    def fail(self, *, transient: bool) -> None:
        self.take(self.machine.handle(SourceFailed(self._stream, "broken", transient=transient)))

    def answer(self, *answers: tuple[Check, mt.Verdict], cpu: float = 0.0) -> None:
        results = tuple(CheckResult(check.id, verdict, cpu=cpu) for check, verdict in answers)
        self.take(self.machine.handle(VerdictsArrived(results)))

    def pass_all(self) -> None:
        self.answer(*((check, mt.Pass()) for check in self.open_checks))

    def of(self, kind: type[C]) -> list[C]:
        return [command for command in self.commands if isinstance(command, kind)]

    @property
    def checks(self) -> list[Check]:
        return [check for command in self.of(Submit) for check in command.checks]

    @property
    def open_checks(self) -> list[Check]:
        waits = self.machine._checks.waits
        return [check for check in self.checks if waits(check.id)]

    @property
    def finish(self) -> Finish | None:
        return next(iter(self.of(Finish)), None)

    @property
    def status(self) -> str:
        return self.finish.status if self.finish is not None else "running"


def monitor(name: str = "m", policy: mt.Policy | None = None, **options: object) -> mt.Monitor:
    """A monitor whose verdicts the test gives."""
    return mt.Monitor(name, verify=lambda text: None, policy=policy or mt.Rollback(), **options)  # type: ignore[arg-type]
