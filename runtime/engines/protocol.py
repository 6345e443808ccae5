"""What an engine is to a session, and what travels to a worker."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

import cloudpickle

from ..errors import UsageError, one_line
from ..machine.messages import Check, CheckResult
from ..monitors import Monitor
from ..verdicts import Pass, Unknown, Verdict
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
    """One check to run. What it sees is read from the check's snapshot when a worker is free, not before."""

    check: Check
    rule: PackedRule
    deadline: float

    def view(self) -> View:
        """What the extractor will see; the prompt travels with the rule."""
        return self.check.view("")


class Task(NamedTuple):
    """One check as it travels: the key of its rule, what a `View` holds but for the prompt, and its deadline."""

    key: str
    text: str
    start: int
    before: str
    final: bool
    deadline: float

    @classmethod
    def of(cls, request: Request, view: View) -> Task:
        """The check that `request` asks for, of what `view` shows."""
        return cls(request.rule.key, view.text, view.start, view.before, view.final, request.deadline)

    def view(self, prompt: str) -> View:
        """What the extractor sees."""
        return View(self.text, self.start, self.before, prompt, self.final)


class Job(NamedTuple):
    """What a worker gets: checks to run one after another, and the rules among theirs that it has not seen yet."""

    rules: tuple[PackedRule, ...]
    tasks: tuple[Task, ...]


class Reply(NamedTuple):
    """What a worker gives back: the verdict, and the seconds that the check ran, wall and processor time."""

    verdict: Verdict
    ran: float = 0.0
    cpu: float = 0.0


def encoded(replies: Sequence[Reply]) -> bytes:
    """Replies as they travel. A verdict that does not pickle (its evidence is a user's) becomes `Unknown`."""
    try:
        return pickle.dumps([_packed(reply) for reply in replies])
    except Exception:  # noqa: BLE001  (third-party objects may raise anything here)
        return pickle.dumps([_packed(_sendable(reply)) for reply in replies])


def decoded(data: bytes) -> tuple[Reply, ...]:
    """Replies that have arrived from a worker of our own."""
    return tuple(
        Reply(Pass(verdict) if isinstance(verdict, int) else verdict, ran, cpu)
        for verdict, ran, cpu in pickle.loads(data)  # noqa: S301
    )


def _packed(reply: Reply) -> tuple[int | Verdict, float, float]:
    # Nearly all are a pass, which travels as its number of claims: that takes a fraction of the time.
    verdict, ran, cpu = reply
    return (verdict.checked if type(verdict) is Pass else verdict), ran, cpu


def _sendable(reply: Reply) -> Reply:
    try:
        pickle.dumps(reply)
    except Exception as error:  # noqa: BLE001  (as above)
        return reply._replace(verdict=Unknown(f"the verdict cannot be sent back: {one_line(error)}", "crashed"))
    return reply


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
