"""What the checks thread knows of one worker: the rules that it holds, what they cost, and what it is at."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import NamedTuple

from .bench import RULES
from .inbox import Waiting, Worker
from .protocol import Job, PackedRule, Reply, Task

BATCH = 0.002
"""Seconds that checks which travel together are expected to take; one that takes longer travels alone."""

MOST = 64
"""Checks that travel together at most."""

FORGETTING = 0.9
"""What is left of a rule's worst cost with each check that took less."""


class Running(NamedTuple):
    """A job at work: its checks, when it started, and when its worker is killed."""

    batch: tuple[Waiting, ...]
    started: float
    kill_at: float


class Desk:
    """One worker."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.hired = time.monotonic()
        self.ready = False
        self.answered = 0
        self.running: Running | None = None
        self._costs: OrderedDict[str, float | None] = OrderedDict()

    def knows(self, rule: PackedRule) -> bool:
        """Whether the worker holds this rule unpacked."""
        return rule.key in self._costs

    def cost(self, waiting: Waiting) -> float | None:
        """Seconds that a check is expected to take here; None: it had better travel alone.

        So does one that was started before: if it took its worker with it, it shall take nothing else.
        """
        return None if waiting.attempts else self._costs.get(waiting.request.rule.key)

    def load(self, rule: PackedRule) -> bool:
        """Note that a check of this rule goes there. Gives whether the rule must go with it."""
        if rule.key in self._costs:
            self._costs.move_to_end(rule.key)
            return False
        while len(self._costs) >= RULES:
            self._costs.popitem(last=False)
        self._costs[rule.key] = None
        return True

    def learn(self, rule: PackedRule, reply: Reply) -> None:
        """Remember what a check of this rule took."""
        self.answered += 1
        if rule.key in self._costs:
            self._costs[rule.key] = max(reply.ran, FORGETTING * (self._costs[rule.key] or 0.0))

    def job(self, batch: tuple[Waiting, ...]) -> Job:
        """What to send for these checks."""
        rules = tuple(each.request.rule for each in batch if self.load(each.request.rule))
        tasks = tuple(Task.of(each.request, each.line.reading.view(each.request.check)) for each in batch)
        return Job(rules, tasks)
