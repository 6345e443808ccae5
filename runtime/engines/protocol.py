"""What an engine is to a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias

from ..forks.protocol import Answer
from ..machine.messages import Check, CheckResult
from ..resources import Resources
from ..views import View
from .parcels import PackedRule

Deliver: TypeAlias = Callable[[tuple[CheckResult, ...]], None]
"""Takes the verdicts that are there; called from any thread, must not block."""


class Request(NamedTuple):
    """One check to run. What it sees is read from the check's snapshot when a worker is free, not before.

    `answers` are what the model said to a monitor that asks it.
    """

    check: Check
    rule: PackedRule
    deadline: float
    answers: tuple[Answer, ...] = ()

    def view(self, prompt: str = "") -> View:
        """What the extractor will see; on its way the prompt travels apart."""
        return self.check.view(prompt).with_answers(self.answers)


class Line(Protocol):
    """One session's connection to an engine. Nothing here blocks or waits."""

    def submit(self, requests: Iterable[Request], /) -> None:
        """Have checks run; each is answered exactly once, unless it is cancelled first."""
        ...

    def cancel(self, ids: Iterable[int], /) -> None:
        """Drop checks that have not started, and the answers of those that have."""
        ...

    def close(self) -> None:
        """The session is over: cancel everything."""
        ...


class Engine(Protocol):
    """Runs checks."""

    @property
    def elsewhere(self) -> bool:
        """Whether checks run in other processes, which may find other modules than this one."""
        ...

    def connect(self, deliver: Deliver, /) -> Line:
        """A line for one session."""
        ...

    def lacks(self, resources: Resources, /) -> str:
        """What of `resources` no worker of this engine can have, in words; empty if nothing. May block."""
        ...
