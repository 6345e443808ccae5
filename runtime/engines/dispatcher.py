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

from ..errors import EngineError, one_line
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
    Worker,
)
from .protocol import Deliver, Reply
from .turns import Turns

LINGER = 0.001
"""Seconds between the first submission and its dispatch: what else is ready goes with it, and the GIL stays with
the loop that submits."""

GRACE = 0.25
"""Seconds after a check's deadline when its worker is killed from outside."""

LOADING = 30.0
"""Seconds that a worker may take to load a rule it has not seen (it may import a solver)."""

ATTEMPTS = 2
"""How often a check may start before its losses count as its own fault."""

FAILED_STARTS = 3
"""Workers in a row that die before they are ready: then none will be."""

log = logger("midtrace.engines")


class Dispatcher:
    """The checks thread of an engine; `hire` starts a worker that will post into the inbox it is given.

    `begin` and `end` run in the thread, before the first worker is hired and after the last is gone: what they start
    has a thread that lives as long as it does.
    """

    def __init__(
        self,
        hire: Hire,
        *,
        workers: int,
        spares: int = 1,
        begin: Callable[[], None] | None = None,
        end: Callable[[], None] | None = None,
    ) -> None:
        self._begin = begin
        self._end = end
        self._hire = hire
        self._workers = workers
        self._spares = spares
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._desks: dict[Worker, Desk] = {}
        self._turns = Turns()
        self._answers: dict[DispatcherLine, list[CheckResult]] = {}
        self._failed_starts = 0
        self._broken = ""
        self._closing = False
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
            self._break(str(error))
        else:
            self._dispatch()
        if self._end is not None:
            self._end()

    def _dispatch(self) -> None:
        for _ in range(self._workers + self._spares):
            self._hire_one()
        while not self._closing:
            for message in self._receive():
                self._take(message)
            self._expire()
            self._assign()
            self._answer()
        for desk in self._desks.values():
            desk.worker.kill()
            if desk.running is not None:
                self._give_up(desk.running.batch, "the engine was closed")
        self._give_up(self._turns.take_all(), "the engine was closed")
        self._answer()

    def _receive(self) -> Iterable[Message]:
        """The next messages: all that are there, after a moment's wait for company if one of them is a submission."""
        due = min((d.running.kill_at for d in self._desks.values() if d.running), default=None)
        wait = None if due is None else max(due - time.monotonic(), 0.0)
        try:
            first = self._inbox.get(timeout=wait)
        except queue.Empty:
            return
        yield first
        if isinstance(first, Submitted):
            time.sleep(LINGER)
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
                if worker in self._desks:
                    self._desks[worker].ready = True
                    self._failed_starts = 0
                    self._started.set()
            case Loaded(worker):
                desk = self._desks.get(worker)
                if desk is not None and desk.running is not None:
                    now = time.monotonic()
                    patience = _patience(desk.running.batch)
                    desk.running = desk.running._replace(started=now, kill_at=now + patience)
            case Replied(worker, replies):
                desk = self._desks.get(worker)
                if desk is not None and desk.running is not None:
                    running, desk.running = desk.running, None
                    for waiting, reply in zip(running.batch, replies, strict=True):
                        desk.learn(waiting.request.rule, reply)
                        self._settle(waiting, reply, started=running.started)
            case Died(worker, reason):
                desk = self._desks.pop(worker, None)
                if desk is not None:
                    self._bury(desk, reason)
            case Closing():
                self._closing = True

    def _cancel(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        self._turns.drop(line, ids)
        for desk in self._desks.values():
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

    def _bury(self, desk: Desk, reason: str) -> None:
        if not desk.ready:
            self._failed_starts += 1
            log.warning("a worker died before it was ready", reason=reason)
            if self._failed_starts >= FAILED_STARTS:
                self._break(f"no worker can be started: {reason}")
        if desk.running is not None:
            self._recover(desk.running, reason)
        if not self._broken and not self._closing:
            self._hire_one()

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

    def _break(self, reason: str) -> None:
        self._broken = reason
        self._started.set()
        self._give_up(self._turns.take_all(), reason)

    def _hire_one(self) -> None:
        try:
            worker = self._hire(self._inbox.put)
        except Exception as error:  # noqa: BLE001  (an engine that cannot start a worker is a state, not a crash)
            self._break(f"no worker can be started: {one_line(error)}")
            return
        self._desks[worker] = Desk(worker)

    def _expire(self) -> None:
        now = time.monotonic()
        for desk in [d for d in self._desks.values() if d.running and d.running.kill_at <= now]:
            running = desk.running
            assert running is not None
            del self._desks[desk.worker]
            desk.worker.kill()
            self._recover(running, "it overran its time")
            if not self._broken:
                self._hire_one()

    def _assign(self) -> None:
        idle = [desk for desk in self._desks.values() if desk.ready and desk.running is None]
        busy = sum(desk.running is not None for desk in self._desks.values())
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
