"""The checks that want one kind of worker, and the workers of that kind.

A worker holds one job at a time and all are fed from one queue, which keeps the tail short. A job is one check, or
several that are known to be short; what a lost worker had is known exactly, and runs again, each check alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..logs import logger
from ..verdicts import Unknown
from .desk import BATCH, MOST, Desk, Running
from .inbox import NOBODY, DispatcherLine, Waiting, Worker
from .parcels import Reply, Report
from .scale import Bounds, Scale
from .staff import Staff
from .turns import Turns

GRACE = 0.25
"""Seconds after a check's deadline when its worker is killed from outside."""

LOADING = 30.0
"""Seconds that a worker may take to load a rule it has not seen (it may import a solver)."""

ATTEMPTS = 2
"""How often a check may start before its losses count as its own fault."""

log = logger("midtrace.engines")


class Settle(Protocol):
    """Takes the reply to a check, and when its run began (None: it never ran)."""

    def __call__(self, waiting: Waiting, reply: Reply, started: float | None = None, /) -> None: ...  # noqa: D102


class Department:
    """Belongs to the checks thread. Who waits is answered through `settle`, exactly once."""

    def __init__(
        self,
        hire: Callable[[], Worker],
        settle: Settle,
        *,
        bounds: Bounds,
        spares: int,
        idle: float,
        patience: float,
        first: float,
    ) -> None:
        self.turns = Turns()
        self.staff = Staff(hire, patience=patience, first=first)
        self._scale = Scale(bounds, idle)
        self._spares = spares
        self._settle = settle

    def begin(self) -> None:
        """Have a worker before anybody asks for it."""
        self._scale.workers = max(self._scale.workers, 1)

    # What has happened

    def add(self, waiting: Waiting) -> None:
        """A check has come."""
        self.turns.add(waiting)

    def cancel(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        """Nobody waits for these any more; None: for none of the session's."""
        self.turns.drop(line, ids)
        for desk in self.staff:
            running = desk.running
            if running is not None and any(each.line is line for each in running.batch):
                # They run on to their end or deadline; a kill would cost more than it saves. Answers are dropped.
                batch = tuple(
                    each._replace(line=NOBODY)
                    if each.line is line and (ids is None or each.request.check.id in ids)
                    else each
                    for each in running.batch
                )
                desk.running = running._replace(batch=batch)

    def loaded(self, desk: Desk) -> None:
        """The parts of a job are there; the clock of its checks starts."""
        if desk.running is not None:
            now = time.monotonic()
            desk.running = desk.running._replace(started=now, kill_at=now + _patience(desk.running.batch))

    def replied(self, desk: Desk, report: Report) -> None:
        """A job is done."""
        if desk.running is None:
            return
        running, desk.running = desk.running, None
        desk.idle_since = time.monotonic()
        for waiting, reply in zip(running.batch, report.replies, strict=True):
            desk.learn(waiting.request.rule, reply)
            self._settle(waiting, reply, running.started)
        desk.weigh(report.resident)
        if desk.worn:
            self.staff.retire(desk)

    def died(self, desk: Desk, reason: str) -> None:
        """A worker is gone."""
        self.staff.is_dead(desk.worker, reason)
        self._recover(desk, reason)

    def recalled(self, count: int) -> None:
        """Others need workers: this many are to go as soon as they have no work."""
        self._scale.workers = max(self._scale.workers - count, min(self._scale.workers, 1))

    # What follows

    def expire(self) -> None:
        """End workers that overrun."""
        now = time.monotonic()
        for desk in [each for each in self.staff if each.running and each.running.kill_at <= now]:
            self.staff.dismiss(desk)
            self._recover(desk, "it overran its time")

    def mend(self) -> None:
        """See to it that there are as many workers as there should be."""
        for desk in self.staff.late():
            self.staff.is_dead(desk.worker, f"it was not ready within {self.staff.patience:g} s")
        self._scale.waits(self._waits_since())
        idle = self._longest_idle()
        if idle is not None and self._scale.idles(idle.idle_since):
            self.staff.release(idle)
        self.staff.size = self._scale.workers + (self._spares if self._scale.workers else 0)
        while len(self.staff.desks) > self.staff.size and (idle := self._longest_idle()) is not None:
            self.staff.release(idle)
        self.staff.fill()

    def assign(self) -> None:
        """Give work to whoever has none."""
        idle = [desk for desk in self.staff if desk.idle]
        busy = self._busy()
        workers = self._scale.workers
        while idle and busy < workers:
            waiting = self.turns.take()
            if waiting is None:
                return
            desk = self._desk_for(waiting, idle)
            if desk is None:
                self.turns.add(waiting, first=True)
                return
            idle.remove(desk)
            busy += 1
            share = len(self.turns) // (min(len(idle), workers - busy) + 1)
            self._start(desk, self._batch(desk, waiting, min(share + 1, MOST)))

    def due(self) -> float | None:
        """When to look here again."""
        idle = self._longest_idle()
        times = (self.staff.due(), self._scale.due(self._waits_since(), idle.idle_since if idle else None))
        return min((each for each in times if each is not None), default=None)

    def give_up(self, reason: str) -> None:
        """Whoever waits waits no longer."""
        for waiting in self.turns.take_all():
            self._lost(waiting, reason)

    def dismiss_all(self, reason: str, *, again: bool = False) -> None:
        """Part with all workers; `again`: what they are at shall run elsewhere."""
        for desk in self.staff:
            if desk.idle:
                self.staff.release(desk)
            else:
                self.staff.dismiss(desk)
            for waiting in desk.running.batch if desk.running is not None else ():
                if again and waiting.line is not NOBODY:
                    self.turns.add(waiting, first=True)
                else:
                    self._lost(waiting, reason)

    # How

    def _waits_since(self) -> float | None:
        """Since when a check has waited that nobody here can take, nor is about to."""
        free = any(desk.idle for desk in self.staff) and self._busy() < self._scale.workers
        starting = any(not desk.ready for desk in self.staff)
        return None if free or starting else self.turns.oldest

    def _busy(self) -> int:
        return sum(desk.running is not None for desk in self.staff)

    def _longest_idle(self) -> Desk | None:
        return min((desk for desk in self.staff if desk.idle), key=lambda desk: desk.idle_since, default=None)

    def _desk_for(self, waiting: Waiting, idle: list[Desk]) -> Desk | None:
        """The best of those that have no work: far from where the check was lost, its rule warm.

        None where it is better to wait for somebody elsewhere. A machine's workers die one by one in what we hear of
        them, and a check must not be lost twice with one machine.
        """
        if waiting.lost_at and any(desk.ready and desk.place not in waiting.lost_at for desk in self.staff):
            idle = [desk for desk in idle if desk.place not in waiting.lost_at]
        rule = waiting.request.rule
        return next((desk for desk in idle if desk.knows(rule)), idle[0] if idle else None)

    def _recover(self, desk: Desk, reason: str) -> None:
        """Deal with the checks of a worker that is gone: late ones have timed out, others run again, alone."""
        running = desk.running
        if running is None:
            return
        alone = len(running.batch) == 1
        place = {desk.place} - {""}
        for waiting in running.batch:
            if waiting.line is NOBODY:
                continue
            if alone and time.monotonic() >= running.started + waiting.request.deadline:
                self._settle(waiting, _timeout(waiting), running.started)
            elif waiting.attempts >= ATTEMPTS:
                self._lost(waiting, f"its worker was lost {waiting.attempts} times: {reason}")
            else:
                self.turns.add(waiting._replace(lost_at=waiting.lost_at | place), first=True)

    def _lost(self, waiting: Waiting, reason: str) -> None:
        self._settle(waiting, Reply(Unknown(reason, "lost")))

    def _batch(self, desk: Desk, first: Waiting, most: int) -> tuple[Waiting, ...]:
        """`first`, and what else goes with it: short checks whose cost is known, no more than `most`."""
        batch = [first]
        cost = desk.cost(first)
        while cost is not None and cost < BATCH and len(batch) < most:
            more = self.turns.take()
            assert more is not None
            extra = desk.cost(more)
            if extra is None:
                self.turns.add(more, first=True)
                break
            batch.append(more)
            cost += extra
        return tuple(batch)

    def _start(self, desk: Desk, batch: tuple[Waiting, ...]) -> None:
        now = time.monotonic()
        job = desk.job(batch)
        due = now + (LOADING if job.parts else _patience(batch))
        desk.running = Running(tuple(each._replace(attempts=each.attempts + 1) for each in batch), now, due)
        desk.worker.send(job)


def _patience(batch: tuple[Waiting, ...]) -> float:
    """Seconds after which a worker has overrun: checks that travel together are done long before one deadline."""
    return max(each.request.deadline for each in batch) + GRACE


def _timeout(waiting: Waiting) -> Reply:
    # What a killed process used is not known; all of its time is the honest bound.
    deadline = waiting.request.deadline
    return Reply(Unknown(f"ran longer than {deadline:g} s", "timeout"), ran=deadline, cpu=deadline)
