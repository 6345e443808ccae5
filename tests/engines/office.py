"""A dispatcher whose workers the test plays."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import midtrace as mt
from midtrace.engines.dispatcher import Dispatcher
from midtrace.engines.inbox import Died, DispatcherLine, Post, Ready, Replied
from midtrace.engines.parcels import Job, PackedRule, Part, Reply, Report
from midtrace.engines.protocol import Request
from midtrace.engines.scale import Bounds
from midtrace.machine.messages import Check, CheckResult
from midtrace.trace import Origin, Piece

Start: TypeAlias = Literal["ready", "silent", "dies", "raises"]
"""What a hired worker does first."""

RULE = PackedRule(Part("rule", b""), Part("prompt", b""), mt.Resources())


class Hand:
    """A worker whose answers the test gives."""

    def __init__(self, post: Post, resources: mt.Resources, released: queue.SimpleQueue[Hand]) -> None:
        self.post = post
        self.resources = resources
        self._released = released
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def send(self, job: Job, /) -> None:
        self.jobs.put(job)

    def kill(self) -> None:
        """Nothing to end."""

    def release(self) -> None:
        self._released.put(self)

    def reply(self, job: Job, ran: float = 0.0001) -> None:
        self.post(Replied(self, Report(tuple(Reply(mt.Pass(), ran) for _ in job.tasks))))


class Office:
    """A dispatcher with one worker at a time, and one session."""

    def __init__(
        self,
        *,
        starts: Sequence[Start] = ("ready",),
        spares: int = 0,
        workers: tuple[int, int] = (1, 1),
        idle: float = 60.0,
        patience: float = 60.0,
        begin: Callable[[], None] | None = None,
        fallback: bool = False,
    ) -> None:
        self.hands: queue.SimpleQueue[Hand] = queue.SimpleQueue()
        self.fallback_hands: queue.SimpleQueue[Hand] = queue.SimpleQueue()
        self.released: queue.SimpleQueue[Hand] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[CheckResult, ...]] = queue.SimpleQueue()
        self._starts = list(starts)
        self.dispatcher = Dispatcher(
            self._hire,
            workers=Bounds(*workers),
            spares=spares,
            idle=idle,
            patience=patience,
            begin=begin,
            fallback=self._hire_instead if fallback else None,
        )
        self.dispatcher.open(10)
        self.hand = (self.hands if self.hands.qsize() else self.fallback_hands).get(timeout=10)
        self.line = self.connect()

    def _hire(self, resources: mt.Resources, post: Post) -> Hand:
        start = self._starts.pop(0) if len(self._starts) > 1 else self._starts[0]
        if start == "raises":
            raise OSError("no room")
        hand = Hand(post, resources, self.released)
        self.hands.put(hand)
        match start:
            case "ready":
                post(Ready(hand))
            case "dies":
                post(Died(hand, "stillborn"))
            case "silent":
                pass
        return hand

    def _hire_instead(self, resources: mt.Resources, post: Post) -> Hand:
        hand = Hand(post, resources, self.released)
        self.fallback_hands.put(hand)
        post(Ready(hand))
        return hand

    def die(self) -> None:
        self.hand.post(Died(self.hand, "gone"))

    def close(self) -> None:
        self.dispatcher.close()

    def connect(self) -> DispatcherLine:
        return self.dispatcher.connect(self.answers.put)

    def submit(
        self,
        numbers: Iterable[int],
        line: DispatcherLine | None = None,
        deadline: float = 5.0,
        resources: mt.Resources = RULE.resources,
        rule: PackedRule = RULE,
        text: str = "a line\n",
    ) -> None:
        rule = replace(rule, resources=resources)
        piece = Piece(None, text, Origin.GENERATED, ())
        end = len(text)
        checks = [Check(number, 0, 0, end, end, 0, piece, "unit", final=False) for number in numbers]
        (line or self.line).submit([Request(check, rule, deadline) for check in checks])

    def job(self) -> Job:
        return self.hand.jobs.get(timeout=10)

    def learn(self, ran: float = 0.0001) -> None:
        """Let the dispatcher see what a check of the rule costs."""
        self.submit([0])
        self.hand.reply(self.job(), ran)
        self.answered(1)

    def answered(self, count: int) -> list[CheckResult]:
        found: list[CheckResult] = []
        while len(found) < count:
            found += self.answers.get(timeout=10)
        return found
