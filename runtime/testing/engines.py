"""Engines that run checks in the test's own process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..engines.judging import judge, load_rule, unpack
from ..engines.protocol import Deliver, Request
from ..machine.messages import CheckResult
from ..resources import Resources
from ..verdicts import Unknown, Verdict


@dataclass(frozen=True, slots=True)
class PendingCheck:
    """A check that waits for the test to answer it."""

    request: Request
    deliver: Deliver

    @property
    def text(self) -> str:
        """The unit's text."""
        return self.request.view().text

    def judge(self) -> Verdict:
        """What the monitor's own extractor and verifier say."""
        packed = self.request.rule
        rule = load_rule(unpack(packed.rule), unpack(packed.prompt))
        return rule if isinstance(rule, Unknown) else judge(rule.extract, rule.verify, self.request.view(rule.prompt))

    def answer(self, verdict: Verdict | None = None) -> None:
        """Give a verdict; None: the one that the monitor's own rule gives."""
        given = self.judge() if verdict is None else verdict
        self.deliver((CheckResult(self.request.check.id, given),))


class ManualEngine:
    """Holds every check until the test answers it, in the order that the test wants."""

    elsewhere = False

    def __init__(self) -> None:
        self.pending: list[PendingCheck] = []
        self.cancelled: list[int] = []

    def connect(self, deliver: Deliver, /) -> _ManualLine:
        """A line whose checks end up in `pending`."""
        return _ManualLine(self, deliver)

    def lacks(self, _resources: Resources, /) -> str:
        """Nothing: no check runs."""
        return ""


class _ManualLine:
    def __init__(self, engine: ManualEngine, deliver: Deliver) -> None:
        self._engine = engine
        self._deliver = deliver

    def submit(self, requests: Iterable[Request], /) -> None:
        """Hold the checks."""
        self._engine.pending += [PendingCheck(request, self._deliver) for request in requests]

    def cancel(self, ids: Iterable[int], /) -> None:
        """Drop checks of this line."""
        gone = set(ids)
        self._engine.cancelled += gone
        self._engine.pending = [
            each
            for each in self._engine.pending
            if each.deliver is not self._deliver or each.request.check.id not in gone
        ]

    def close(self) -> None:
        """Drop all checks of this line."""
        self._engine.pending = [each for each in self._engine.pending if each.deliver is not self._deliver]


class InlineEngine:
    """Answers every check at once, on the loop: for tests that are about something else."""

    elsewhere = False

    def connect(self, deliver: Deliver, /) -> _InlineLine:
        """A line without delay."""
        return _InlineLine(deliver)

    def lacks(self, _resources: Resources, /) -> str:
        """Nothing: checks run here and now."""
        return ""


class _InlineLine:
    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver

    def submit(self, requests: Iterable[Request], /) -> None:
        """Run the checks and answer them together."""
        self._deliver(tuple(CheckResult(each.check.id, PendingCheck(each, self._deliver).judge()) for each in requests))

    def cancel(self, ids: Iterable[int], /) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing waits here."""
