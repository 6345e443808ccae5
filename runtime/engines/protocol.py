"""What an engine is to a session, and what travels to a worker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

import cloudpickle

from ..errors import UsageError, one_line
from ..machine.messages import Check, CheckResult
from ..monitors import Monitor
from ..verdicts import Verdict
from ..views import View

Deliver: TypeAlias = Callable[[tuple[CheckResult, ...]], None]
"""Takes the verdicts that are there; called from any thread, must not block."""


@dataclass(frozen=True, slots=True)
class PackedRule:
    """Extractor, verifier and prompt as bytes, under a key that their content gives."""

    key: str
    blob: bytes

    @classmethod
    def pack(cls, monitor: Monitor, prompt: str) -> PackedRule:
        """Serialise what a worker needs to run this monitor's checks.

        Raises `UsageError` where extractor or verifier cannot be sent to another process.
        """
        rule = monitor.rule
        try:
            blob = cloudpickle.dumps((rule.extract, rule.verify, prompt))
        except Exception as error:
            raise UsageError(
                f"monitor {monitor.name!r}: its extractor or verifier cannot be sent to a worker process "
                f"({one_line(error)}); expected values that pickle"
            ) from error
        return cls(hashlib.sha256(blob).hexdigest(), blob)


class Request(NamedTuple):
    """One check to run. The view is read from the check's snapshot when a worker is free, not before."""

    check: Check
    rule: PackedRule
    deadline: float

    def view(self) -> View:
        """What the extractor will see; the prompt travels with the rule."""
        return self.check.view("")


class Job(NamedTuple):
    """What a worker gets. `blob` is None where the worker holds the rule already."""

    key: str
    blob: bytes | None
    view: View
    deadline: float


class Reply(NamedTuple):
    """What a worker gives back: the verdict, and the seconds that the check ran, wall and processor time."""

    verdict: Verdict
    ran: float = 0.0
    cpu: float = 0.0


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

    def connect(self, deliver: Deliver, /) -> Line:
        """A line for one session."""
        ...


def with_prompt(view: View, prompt: str) -> View:
    """The view with the prompt put back."""
    return replace(view, prompt=prompt) if prompt else view
