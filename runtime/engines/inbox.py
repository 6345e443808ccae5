"""What the checks thread hears from sessions and from workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias

from ..machine.messages import CheckResult
from ..machine.reading import Reading
from ..resources import Resources
from ..views import View
from .parcels import Job, Report
from .protocol import Deliver, Request


class Worker(Protocol):
    """A process that runs one job at a time. No call waits."""

    def send(self, job: Job, /) -> None:
        """Start a job; its end arrives in the inbox as `Replied` or `Died`."""
        ...

    def kill(self) -> None:
        """End the process, whatever it does."""
        ...

    def release(self) -> None:
        """The engine needs it no longer; it is well, and has nothing to do."""
        ...


class Waiting(NamedTuple):
    """A check that wants a worker.

    `at` is when it came, `attempts` how often it was started, `lost_at` the places where it was lost with a worker.
    """

    line: DispatcherLine
    request: Request
    at: float
    attempts: int = 0
    lost_at: frozenset[str] = frozenset()

    @property
    def view(self) -> View:
        """What its extractor will see, without the prompt."""
        return self.line.reading.view(self.request.check).with_answers(self.request.answers)


class Submitted(NamedTuple):
    """A session wants checks run."""

    line: DispatcherLine
    requests: tuple[Request, ...]
    at: float


class Cancelled(NamedTuple):
    """A session waits no longer; None: for nothing at all."""

    line: DispatcherLine
    ids: frozenset[int] | None


class Ready(NamedTuple):
    """A worker is warm; `place` names the machine that it dies with, if that can die alone."""

    worker: Worker
    place: str = ""


class Loaded(NamedTuple):
    """A worker has unpacked the parts of its job, and starts on the checks themselves."""

    worker: Worker


class Replied(NamedTuple):
    """A worker is done with its job."""

    worker: Worker
    report: Report


class Died(NamedTuple):
    """A worker is gone."""

    worker: Worker
    reason: str


class Recalled(NamedTuple):
    """Others need workers with these resources: so many of ours are to be released."""

    resources: Resources
    workers: int


class Closing(NamedTuple):
    """The engine is to end."""


Message: TypeAlias = Submitted | Cancelled | Ready | Loaded | Replied | Died | Recalled | Closing
Post: TypeAlias = Callable[[Message], None]
Hire: TypeAlias = Callable[[Resources, Post], Worker]
"""Starts a worker that has these resources, and gives it at once; whether it is warm or died, it posts."""


class DispatcherLine:
    """One session's line; see `Line`. `deliver` and `reading` belong to the checks thread."""

    def __init__(self, post: Post, deliver: Deliver) -> None:
        self._post = post
        self.deliver = deliver
        self.reading = Reading()

    def submit(self, requests: Iterable[Request], /) -> None:
        """Hand checks over; costs a put into a queue."""
        self._post(Submitted(self, tuple(requests), time.monotonic()))

    def cancel(self, ids: Iterable[int], /) -> None:
        """Drop checks and answers."""
        self._post(Cancelled(self, frozenset(ids)))

    def close(self) -> None:
        """Drop everything."""
        self._post(Cancelled(self, None))


def _drop(_results: tuple[CheckResult, ...]) -> None:
    """Nobody waits for these."""


NOBODY = DispatcherLine(lambda _message: None, _drop)
"""Whose answers are dropped."""
