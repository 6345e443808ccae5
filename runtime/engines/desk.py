"""What the checks thread knows of one worker: the parts that it holds, what its checks cost, and what it is at."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import NamedTuple

from .inbox import Waiting, Worker
from .parcels import Job, PackedRule, Part, Reply, Task

BATCH = 0.002
"""Seconds that checks which travel together are expected to take; one that takes longer travels alone."""

MOST = 64
"""Checks that travel together at most."""

PARTS = 512
"""Rules and prompts that a worker keeps unpacked, the least recently used go first."""

FORGETTING = 0.9
"""What is left of a rule's worst cost with each check that took less."""

RECYCLE = 20_000
"""Checks after which a worker is worn out: what solvers and a user's code leave behind does not pile up."""

GROWTH = 1 << 30
"""Bytes by which a worker may have grown before it is worn out."""


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
        self.place = ""
        self.answered = 0
        self.grown = 0
        self.idle_since = self.hired
        self.running: Running | None = None
        self._resident = 0
        self._parts: OrderedDict[str, None] = OrderedDict()
        self._costs: dict[str, float] = {}

    @property
    def idle(self) -> bool:
        """Whether it could take a job."""
        return self.ready and self.running is None

    @property
    def worn(self) -> bool:
        """Whether a fresh worker would be better."""
        return self.answered >= RECYCLE or self.grown >= GROWTH

    def knows(self, rule: PackedRule) -> bool:
        """Whether the worker holds this rule unpacked, its solvers warm."""
        return rule.rule.key in self._parts

    def cost(self, waiting: Waiting) -> float | None:
        """Seconds that a check is expected to take here; None: it had better travel alone.

        So does one that was started before: if it took its worker with it, it shall take nothing else.
        """
        return None if waiting.attempts else self._costs.get(waiting.request.rule.rule.key)

    def learn(self, rule: PackedRule, reply: Reply) -> None:
        """Remember what a check of this rule took."""
        self.answered += 1
        key = rule.rule.key
        if key in self._parts:
            self._costs[key] = max(reply.ran, FORGETTING * self._costs.get(key, 0.0))

    def weigh(self, resident: int) -> None:
        """Remember how large the worker is."""
        self._resident = self._resident or resident
        self.grown = resident - self._resident

    def job(self, batch: tuple[Waiting, ...]) -> Job:
        """What to send for these checks: what the worker lacks goes along, and what is too much it forgets."""
        new: list[Part] = []
        for waiting in batch:
            rule = waiting.request.rule
            for part in (rule.rule, rule.prompt):
                if part.key in self._parts:
                    self._parts.move_to_end(part.key)
                else:
                    self._parts[part.key] = None
                    new.append(part)
        forget: list[str] = []
        while len(self._parts) > PARTS:  # never one of this batch: those are the latest
            key, _ = self._parts.popitem(last=False)
            self._costs.pop(key, None)
            forget.append(key)
        tasks = tuple(Task.of(each.request.rule, each.view, each.request.deadline) for each in batch)
        return Job(tuple(forget), tuple(new), tasks)
