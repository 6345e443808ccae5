"""The checks thread: takes checks from many sessions, places them on workers, answers each exactly once.

One thread owns all state here; everybody else only puts messages into its inbox. A worker holds one job at a time and
all are fed from one queue, which keeps the tail short. A job is one check, or several that are known to be short; what
a lost worker had is known exactly, and runs again, each check alone.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable

from ..errors import EngineError
from ..logs import logger
from ..machine.messages import CheckResult
from ..verdicts import Unknown
from .desk import BATCH, MOST, Desk, Running
from .inbox import (
    NOBODY,
    Cancelled,
    Closing,
    Died,
    DispatcherLine,
    Hire,
    Loaded,
    Message,
    Ready,
    Replied,
    Submitted,
    Waiting,
)
from .protocol import Deliver, Reply
from .staff import STARTING, Staff
from .turns import Turns

GRACE = 0.25
"""Seconds after a check's deadline when its worker is killed from outside."""

LOADING = 30.0
"""Seconds that a worker may take to load a rule it has not seen (it may import a solver)."""

ATTEMPTS = 2
"""How often a check may start before its losses count as its own fault."""

REJOINING = 15.0
"""Seconds between attempts to get back an engine that is lost."""

RECYCLE = 20_000
"""Checks after which a worker is replaced: what solvers and a user's code leave behind does not pile up."""

log = logger("midtrace.engines")


class Dispatcher:
    """The checks thread of an engine; `hire` starts a worker that will post into the inbox it is given.

    `begin` and `end` run in the thread, before the first worker is hired and after the last is gone: what they start
    has a thread that lives as long as it does. Where all workers are lost for long they run again, to get the engine
    back. With `fallback`, checks go to workers that it hires instead, for good.
    """

    def __init__(
        self,
        hire: Hire,
        *,
        workers: int,
        spares: int = 1,
        linger: float = 0.0,
        begin: Callable[[], None] | None = None,
        end: Callable[[], None] | None = None,
        fallback: Hire | None = None,
    ) -> None:
        self._begin = begin
        self._end = end
        self._fallback = fallback
        self._workers = workers
        self._linger = linger
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._staff = Staff(hire, self._inbox.put, size=workers + spares)
        self._turns = Turns()
        self._answers: dict[DispatcherLine, list[CheckResult]] = {}
        self._broken = ""
        self._closing = False
        self._rejoin_at: float | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="midtrace-checks", daemon=True)

    # For other threads

    def open(self, timeout: float) -> None:
        """Start, and wait until a worker is warm. Raises `EngineError` where none comes up in `timeout` seconds."""
        self._thread.start()
        if not self._started.wait(timeout):
            self.close()
            raise EngineError(f"no worker was ready within {timeout:g} s")
        if self._broken:
            reason = self._broken
            self.close()
            raise EngineError(reason)

    def connect(self, deliver: Deliver, /) -> DispatcherLine:
        """A line for one session."""
        return DispatcherLine(self._inbox.put, deliver)

    def close(self) -> None:
        """End all workers and the thread. Checks still open are answered with `Unknown`."""
        self._inbox.put(Closing())
        if self._thread.is_alive():
            self._thread.join()
        self._broken = self._broken or "the engine was closed"
        self._started.set()  # somebody may still wait for it to open

    # The thread

    def _serve(self) -> None:
        try:
            if self._begin is not None:
                self._begin()
        except EngineError as error:
            self._lose(str(error))
        if not self._broken:
            self._dispatch()
        if self._end is not None:
            self._end()

    def _dispatch(self) -> None:
        self._staff.fill()
        while not self._closing:
            for message in self._receive():
                self._take(message)
            self._expire()
            self._mend()
            self._assign()
            self._answer()
        self._dismiss_all("the engine was closed")
        self._give_up(self._turns.take_all(), "the engine was closed")
        self._answer()

    def _receive(self) -> Iterable[Message]:
        """The next messages: all that are there, after a moment's wait for company if one of them is a submission."""
        due = [each for each in (self._staff.due(), self._rejoin_at) if each is not None]
        wait = max(min(due) - time.monotonic(), 0.0) if due else None
        try:
            first = self._inbox.get(timeout=wait)
        except queue.Empty:
            return
        yield first
        if self._linger and isinstance(first, Submitted):
            time.sleep(self._linger)
        for _ in itertools.count():
            try:
                yield self._inbox.get_nowait()
            except queue.Empty:
                return

    def _take(self, message: Message) -> None:
        match message:
            case Submitted(line, requests, at):
                coming = [Waiting(line, request, at, 0) for request in requests]
                if self._broken:
                    self._give_up(coming, self._broken)
                else:
                    for waiting in coming:
                        self._turns.add(waiting)
            case Cancelled(line, ids):
                self._cancel(line, ids)
            case Ready(worker):
                if self._staff.is_ready(worker):
                    self._started.set()
            case Loaded(worker):
                desk = self._staff.desks.get(worker)
                if desk is not None and desk.running is not None:
                    now = time.monotonic()
                    patience = _patience(desk.running.batch)
                    desk.running = desk.running._replace(started=now, kill_at=now + patience)
            case Replied(worker, replies):
                desk = self._staff.desks.get(worker)
                if desk is not None and desk.running is not None:
                    running, desk.running = desk.running, None
                    for waiting, reply in zip(running.batch, replies, strict=True):
                        desk.learn(waiting.request.rule, reply)
                        self._settle(waiting, reply, started=running.started)
                    if desk.answered >= RECYCLE:
                        self._staff.retire(desk)
            case Died(worker, reason):
                at_work = self._staff.is_dead(worker, reason)
                if at_work is not None:
                    self._recover(at_work, reason)
            case Closing():
                self._closing = True

    def _cancel(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        self._turns.drop(line, ids)
        for desk in self._staff:
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
        if ids is None:
            self._answers.pop(line, None)

    def _recover(self, running: Running, reason: str) -> None:
        """Deal with the checks of a worker that is gone: late ones have timed out, others run again, alone."""
        alone = len(running.batch) == 1
        for waiting in running.batch:
            if waiting.line is NOBODY:
                continue
            if alone and time.monotonic() >= running.started + waiting.request.deadline:
                self._settle(waiting, _timeout(waiting), started=running.started)
            elif waiting.attempts >= ATTEMPTS or self._broken:
                self._give_up([waiting], f"its worker was lost {waiting.attempts} times: {reason}")
            else:
                self._turns.add(waiting, first=True)

    def _expire(self) -> None:
        now = time.monotonic()
        for desk in [each for each in self._staff if each.running and each.running.kill_at <= now]:
            running = desk.running
            assert running is not None
            self._staff.dismiss(desk)
            self._recover(running, "it overran its time")

    # When workers are gone

    def _mend(self) -> None:
        """See to it that there are workers, and that nobody waits for ever where there are none."""
        if self._broken:
            return
        for desk in self._staff.late():
            desk.worker.kill()
            self._staff.is_dead(desk.worker, f"it was not ready within {STARTING:g} s")
        if self._rejoin_at is None:
            self._staff.fill()
            outage = self._staff.outage()
            if outage:
                self._lose(outage)
        elif time.monotonic() >= self._rejoin_at:
            self._rejoin()
        else:
            self._give_up(self._turns.take_all(), "the engine is lost")

    def _lose(self, reason: str) -> None:
        """Nobody works: tell those who wait, or let others do it."""
        if self._fallback is not None:
            log.warning("the engine is lost; checks go on in local processes", reason=reason)
            fallback, self._fallback = self._fallback, None
            self._dismiss_all(reason, again=True)
            self._staff.replace_by(fallback)
            self._staff.fill()
            return
        self._give_up(self._turns.take_all(), reason)
        if self._begin is not None and self._started.is_set():
            log.warning("the engine is lost; trying to get it back", reason=reason)
            self._rejoin_at = time.monotonic()
        elif self._staff.broken or not self._started.is_set():
            self._broken = reason
            self._started.set()

    def _rejoin(self) -> None:
        assert self._begin is not None
        self._dismiss_all("the engine is lost")
        if self._end is not None:
            self._end()
        try:
            self._begin()
        except EngineError as error:
            log.warning("the engine is still lost", reason=str(error))
            self._rejoin_at = time.monotonic() + REJOINING
            return
        log.info("the engine is back")
        self._rejoin_at = None
        self._staff.begin_again()
        self._staff.fill()

    def _dismiss_all(self, reason: str, *, again: bool = False) -> None:
        for desk in self._staff:
            self._staff.dismiss(desk)
            for waiting in desk.running.batch if desk.running is not None else ():
                if again and waiting.line is not NOBODY:
                    self._turns.add(waiting, first=True)
                else:
                    self._give_up([waiting], reason)

    # Work

    def _assign(self) -> None:
        idle = [desk for desk in self._staff if desk.ready and desk.running is None]
        busy = sum(desk.running is not None for desk in self._staff)
        while idle and busy < self._workers:
            waiting = self._turns.take()
            if waiting is None:
                return
            rule = waiting.request.rule
            desk = next((d for d in idle if d.knows(rule)), idle[0])
            idle.remove(desk)
            busy += 1
            share = len(self._turns) // (min(len(idle), self._workers - busy) + 1)
            self._start(desk, self._batch(desk, waiting, min(share + 1, MOST)))

    def _batch(self, desk: Desk, first: Waiting, most: int) -> tuple[Waiting, ...]:
        """`first`, and what else goes with it: short checks whose cost is known, no more than `most`."""
        batch = [first]
        cost = desk.cost(first)
        while cost is not None and cost < BATCH and len(batch) < most:
            more = self._turns.take()
            assert more is not None
            extra = desk.cost(more)
            if extra is None:
                self._turns.add(more, first=True)
                break
            batch.append(more)
            cost += extra
        return tuple(batch)

    def _start(self, desk: Desk, batch: tuple[Waiting, ...]) -> None:
        now = time.monotonic()
        job = desk.job(batch)
        due = now + (LOADING if job.rules else _patience(batch))
        desk.running = Running(tuple(each._replace(attempts=each.attempts + 1) for each in batch), now, due)
        desk.worker.send(job)

    # Answers

    def _give_up(self, waiting: Iterable[Waiting], reason: str) -> None:
        for each in waiting:
            self._settle(each, Reply(Unknown(reason, "lost")))

    def _settle(self, waiting: Waiting, reply: Reply, *, started: float | None = None) -> None:
        if waiting.line is NOBODY:
            return
        began = time.monotonic() if started is None else started
        result = CheckResult(
            waiting.request.check.id,
            reply.verdict,
            queued=max(began - waiting.at, 0.0),
            ran=reply.ran,
            cpu=reply.cpu,
            attempts=max(waiting.attempts, 1),
        )
        self._answers.setdefault(waiting.line, []).append(result)

    def _answer(self) -> None:
        for line, results in self._answers.items():
            line.deliver(tuple(results))
        self._answers.clear()


def _patience(batch: tuple[Waiting, ...]) -> float:
    """Seconds after which a worker has overrun: checks that travel together are done long before one deadline."""
    return max(each.request.deadline for each in batch) + GRACE


def _timeout(waiting: Waiting) -> Reply:
    # What a killed process used is not known; all of its time is the honest bound.
    deadline = waiting.request.deadline
    return Reply(Unknown(f"ran longer than {deadline:g} s", "timeout"), ran=deadline, cpu=deadline)
