"""What the conformance functions say: the promise that is broken, or a report of those that are kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Promise: TypeAlias = Literal[
    "protocol",  # it has the method, and is no coroutine function
    "travels",  # it can be sent to another process, and what it gives can be sent back
    "worker",  # it does there what it does here, and does not take its process down
    "in time",  # it ends within its deadline
    "right",  # the examples come out as their author says
    "pure",  # the same input, the same answer: again, in another order, from a fresh copy
    "untouched",  # it leaves its input as it was
    "verdict",  # what it gives is a verdict that makes sense
    "robust",  # hostile text is a state, None or Unparsed
    "spans",  # spans lie in the unit, in characters of the whole generated text
    "linear",  # time grows in proportion to the text
    "stream",  # a source gives text
    "closes",  # a stream that is closed ends at once, and leaves nothing behind
    "independent",  # two streams of one source do not meet
    "resumes",  # a prefix that holds the start of the text is continued by the rest of it
    "prompts",  # any prompt is answered, or refused with SourceError
    "boundaries",  # they only grow, and come with the text that proves them
    "chunking",  # chunks do not matter
    "value",  # it never changes, and equal ones are one
]
"""What can be broken; the comment beside each says what keeping it means."""


class ConformanceError(AssertionError):
    """Raised for the first promise that is found broken; `promise` is its name, the text says what was seen."""

    def __init__(self, subject: object, promise: Promise, finding: str) -> None:
        super().__init__(f"{shown(subject)} breaks the promise {promise!r}: {finding}")
        self.promise = promise


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds that a call takes: the median and the worst of `calls`."""

    calls: int
    median: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """Sum up at least one call."""
        return cls(len(seconds), statistics.median(seconds), max(seconds))

    def __str__(self) -> str:
        return f"median {self.median * 1e3:.3g} ms, worst {self.worst * 1e3:.3g} ms of {self.calls} calls"


@dataclass(frozen=True, slots=True)
class Report:
    """All promises were kept.

    `here` is what a call takes in this process, `worker` in a worker (None: not measured). Times are for reading:
    they depend on the machine.
    """

    subject: str
    kept: tuple[Promise, ...]
    here: Latency | None = None
    worker: Latency | None = None

    def __str__(self) -> str:
        parts = [f"{self.subject} keeps {', '.join(self.kept)}"]
        parts += [f"here: {self.here}"] if self.here else []
        parts += [f"in a worker: {self.worker}"] if self.worker else []
        return "; ".join(parts)


def shown(value: object) -> str:
    """A value in a message: its repr, cut short."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  (what is checked may be broken anywhere)
        text = f"<{type(value).__name__} whose repr fails>"
    return text if len(text) <= 120 else f"{text[:117]}..."
