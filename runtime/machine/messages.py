"""Events that go into the machine and commands that come out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ..chunks import Token
from ..events import Event as UserEvent
from ..monitors import Scope
from ..trace import Piece
from ..verdicts import Verdict
from ..views import CONTEXT, View

Status: TypeAlias = Literal["verified", "unverified", "abstained", "exhausted", "failed"]


class Check(NamedTuple):
    """One check of one unit: what to read, from an immutable snapshot of the trace."""

    id: int
    monitor: int
    start: int
    end: int
    needs: int
    revision: int
    snapshot: Piece
    scope: Scope
    final: bool

    def view(self, prompt: str) -> View:
        """Read the unit from the snapshot; costs its length, and is meant for another thread than the caller's."""
        start = 0 if self.scope == "trace" else self.start
        context = max(start - CONTEXT, 0)
        text = self.snapshot.read_without_notes(context, self.end)
        return View(
            text=text[start - context :],
            start=start,
            before=text[: start - context],
            prompt=prompt,
            final=self.final,
        )


class CheckResult(NamedTuple):
    """The verdict on one check, with what it cost and how often it had to run.

    Seconds: `queued` until it started, `ran` from there, `cpu` of processor time (child processes included). `forks`
    are the questions that the model was asked for it, `fork_tokens` what it answered.
    """

    id: int
    verdict: Verdict
    queued: float = 0.0
    ran: float = 0.0
    cpu: float = 0.0
    attempts: int = 1
    forks: int = 0
    fork_tokens: int = 0


# Events


class ChunkArrived(NamedTuple):
    """Stream `stream` gave `text`."""

    stream: int
    text: str
    tokens: tuple[Token, ...] = ()


class SourceEnded(NamedTuple):
    """Stream `stream` came to its own end."""

    stream: int


class SourceFailed(NamedTuple):
    """Stream `stream` broke; `transient` says that trying again can help."""

    stream: int
    reason: str
    transient: bool = False


class VerdictsArrived(NamedTuple):
    """Verdicts that are known together; arbitration sees them as simultaneous."""

    results: tuple[CheckResult, ...]


class Congested(NamedTuple):
    """More checks wait than should: where one can stand for others, it shall."""


class TimeUp(NamedTuple):
    """The wall time is spent; `reason` says whose."""

    reason: str


MachineEvent: TypeAlias = ChunkArrived | SourceEnded | SourceFailed | VerdictsArrived | Congested | TimeUp


# Commands


@dataclass(frozen=True, slots=True)
class Submit:
    """Have these checks run; each must be answered by exactly one result, whatever happens to it."""

    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class CancelChecks:
    """Nobody waits for these any more."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CloseSource:
    """Abort stream `stream`; what it still gives is ignored."""

    stream: int


@dataclass(frozen=True, slots=True)
class OpenSource:
    """Open stream `stream` on the prompt and the text of `tip`.

    `attempt` above 0 asks for another try than the source's plain continuation. `backoff` counts the failures in a
    row that precede this try.
    """

    stream: int
    tip: Piece
    attempt: int = 0
    backoff: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over. Always the last command."""

    status: Status
    reason: str


Command: TypeAlias = UserEvent | Submit | CancelChecks | CloseSource | OpenSource | Finish
"""What to carry out; an event of the user's is the command to hand it over."""
