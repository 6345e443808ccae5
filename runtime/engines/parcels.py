"""What travels between the checks thread and a worker."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from typing import NamedTuple

import cloudpickle

from ..errors import UsageError, one_line
from ..forks.protocol import Answer
from ..monitors import Monitor
from ..resources import Resources
from ..verdicts import Pass, Verdict
from ..views import View


class Part(NamedTuple):
    """What checks need again and again, as bytes under a key that the content gives. A worker is sent it once."""

    key: str
    blob: bytes

    @classmethod
    def of(cls, content: object) -> Part:
        """Pack anything that pickles; raises whatever pickling raises."""
        blob = cloudpickle.dumps(content)
        return cls(hashlib.sha256(blob).hexdigest(), blob)


@dataclass(frozen=True, slots=True)
class PackedRule:
    """Extractor and verifier as one part, the prompt as another: checks of many prompts share one rule.

    `inline` says that a check takes less than the way to a worker would.
    """

    rule: Part
    prompt: Part
    resources: Resources
    inline: bool = False

    @classmethod
    def pack(cls, monitor: Monitor, prompt: Part) -> PackedRule:
        """Serialise what a worker needs to run this monitor's checks.

        Raises `UsageError` where extractor or verifier cannot be sent to another process.
        """
        rule = monitor.rule
        try:
            part = Part.of((rule.extract, rule.verify))
        except Exception as error:
            raise UsageError(
                f"monitor {monitor.name!r}: its extractor or verifier cannot be sent to a worker process "
                f"({one_line(error)}); expected values that pickle"
            ) from error
        return cls(part, prompt, rule.resources, rule.inline)


class Task(NamedTuple):
    """One check as it travels: the keys of its rule and prompt, the rest of its `View`, and its deadline in seconds."""

    rule: str
    prompt: str
    text: str
    start: int
    before: str
    final: bool
    deadline: float
    answers: tuple[Answer, ...] = ()

    @classmethod
    def of(cls, rule: PackedRule, view: View, deadline: float) -> Task:
        """The check of what `view` shows by `rule`."""
        return cls(
            rule.rule.key, rule.prompt.key, view.text, view.start, view.before, view.final, deadline, view.answers
        )

    def view(self, prompt: str) -> View:
        """What the extractor sees."""
        return View(self.text, self.start, self.before, prompt, self.final, self.answers)


class Job(NamedTuple):
    """What a worker gets: parts to forget, parts that are new to it, and checks to run one after another."""

    forget: tuple[str, ...]
    parts: tuple[Part, ...]
    tasks: tuple[Task, ...]


class Reply(NamedTuple):
    """What comes of one check: the verdict, and the seconds that it ran, wall and processor time."""

    verdict: Verdict
    ran: float = 0.0
    cpu: float = 0.0


class Report(NamedTuple):
    """What a worker gives back: one reply a task, in order, and the bytes of memory that it occupies."""

    replies: tuple[Reply, ...]
    resident: int = 0


def encoded(report: Report) -> bytes:
    """A report as it travels; its verdicts hold nothing but plain text and numbers."""
    return pickle.dumps(([_packed(reply) for reply in report.replies], report.resident))


def decoded(data: bytes) -> Report:
    """A report that has arrived from a worker of our own."""
    replies, resident = pickle.loads(data)  # noqa: S301
    return Report(
        tuple(Reply(Pass(verdict) if isinstance(verdict, int) else verdict, ran, cpu) for verdict, ran, cpu in replies),
        resident,
    )


def _packed(reply: Reply) -> tuple[int | Verdict, float, float]:
    # Nearly all are a pass that settles nothing, and travel as its number of claims: that takes a fraction of the time.
    verdict, ran, cpu = reply
    return (verdict.checked if type(verdict) is Pass and not verdict.settled else verdict), ran, cpu
