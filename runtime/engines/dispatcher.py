"""The checks thread: takes checks from many sessions, has them run, answers each exactly once.

One thread owns all state here and in the departments; everybody else only puts messages into its inbox.
"""

from __future__ import annotations

import functools
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable

from ..errors import EngineError
from ..logs import logger
from ..machine.messages import CheckResult
from ..resources import ORDINARY, Resources
from ..verdicts import Unknown, Violation
from .department import Department
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
    Recalled,
    Replied,
    Submitted,
    Waiting,
    Worker,
)
from .inline import Inline
from .parcels import Reply
from .protocol import Deliver
from .scale import IDLE, Bounds

STARTING = 60.0
"""Seconds that a worker may take to be ready."""

FIRST = 120.0
"""Seconds that the first worker may take: a machine may be busy with starting the rest of an engine."""

SPECIAL = 30.0
"""The same for checks with needs of their own, which wait meanwhile."""

CLOSING = 60.0
"""Seconds to wait for the checks thread when the engine closes: Ray may keep it for long, where a cluster is sick."""

REJOINING = 15.0
"""Seconds between attempts to get back an engine that is lost, or workers of a kind that could not be started."""

log = logger("midtrace.engines")


class Dispatcher:
    """The checks thread of an engine; `hire` starts a worker that will post into the inbox it is given.

    Checks that declare no resources have `workers` and `spares` from the start; those with other needs get as many
    workers as they come to need. Workers above the least go after `idle` seconds without work; one that is not ready
    after `patience` seconds counts as dead.

    `begin` and `end` run in the thread, before the first worker is hired and after the last is gone: what they start
    has a thread that lives as long as it does. Where all workers are lost for long they run again, to get the engine
    back. With `fallback`, checks go to workers that it hires instead, for good.
    """

    def __init__(
        self,
        hire: Hire,
        *,
        workers: Bounds,
        spares: int = 1,
        idle: float = IDLE,
        patience: float = STARTING,
        linger: float = 0.0,
        begin: Callable[[], None] | None = None,
        end: Callable[[], None] | None = None,
        fallback: Hire | None = None,
    ) -> None:
        self._hire = hire
        self._begin = begin
        self._end = end
        self._fallback = fallback
        self._workers = workers
        self._spares = spares
        self._idle = idle
        self._patience = patience
        self._linger = linger
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._departments: dict[Resources, Department] = {}
        self._inline = Inline(self._settle)
        self._answers: dict[DispatcherLine, list[CheckResult]] = {}
        self._broken = ""
        self._closing = False
        self._rejoin_at: float | None = None
        self._retry_at: dict[Resources, float] = {}
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

    def post(self, message: Message) -> None:
        """Tell the checks thread something."""
        self._inbox.put(message)

    def close(self) -> None:
        """End all workers and the thread. Checks still open are answered with `Unknown`."""
        if self._thread.ident is None:  # it was never opened
            return
        self._inbox.put(Closing())
        self._thread.join(CLOSING)
        if self._thread.is_alive():
            log.warning("the checks thread does not end; it is left behind", seconds=CLOSING)
        self._broken = self._broken or "the engine was closed"
        self._started.set()  # somebody may still wait for it to open

    # The thread

    def _serve(self) -> None:
        self._department(ORDINARY).begin()
        try:
            if self._begin is not None:
                self._begin()
        except EngineError as error:
            self._lose(str(error))
        if not self._broken:
            self._tend()
            while not self._closing:
                self._turn_safely()
        self._stop("the engine was closed")
        if self._end is not None:
            self._end()

    def _stop(self, reason: str) -> None:
        for waiting in self._inline.turns.take_all():
            self._settle(waiting, Reply(Unknown(reason, "lost")))
        for department in self._departments.values():
            department.dismiss_all(reason)
        self._give_up(reason)
        self._answer()

    def _turn_safely(self) -> None:
        """No fault of ours may leave sessions waiting: they are told, and what comes later is tried again."""
        try:
            self._turn()
        except Exception:
            log.exception("a fault in the checks thread; open checks are given up")
            self._stop("a fault in the checks thread")

    def _turn(self) -> None:
        for message in self._receive():
            self._take(message)
        self._inline.work()
        for department in self._departments.values():
            department.expire()
        self._answer()
        if self._is_lost():
            self._give_up(self._broken or "the engine is lost")
        else:
            self._tend()
        self._answer()

    def _receive(self) -> Iterable[Message]:
        """The next messages: all that are there, after a moment's wait for company if one of them is a submission."""
        try:
            first = self._inbox.get(timeout=self._wait())
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

    def _wait(self) -> float | None:
        if len(self._inline.turns):
            return 0.0
        lost = self._broken or self._rejoin_at is not None
        due = [self._rejoin_at] if lost else [each.due() for each in self._departments.values()]
        if not lost:
            due += self._retry_at.values()
        times = [each for each in due if each is not None]
        return max(min(times) - time.monotonic(), 0.0) if times else None

    def _take(self, message: Message) -> None:
        match message:
            case Submitted(line, requests, at):
                for request in requests:
                    waiting = Waiting(line, request, at)
                    if self._inline.takes(request):
                        self._inline.turns.add(waiting)
                    else:
                        self._department(request.rule.resources).add(waiting)
            case Cancelled(line, ids):
                self._inline.cancel(line, ids)
                for department in self._departments.values():
                    department.cancel(line, ids)
                if ids is None:
                    self._answers.pop(line, None)
            case Ready(worker, place):
                for department in self._of(worker):
                    department.staff.is_ready(worker, place)
                    self._started.set()
            case Loaded(worker):
                for department in self._of(worker):
                    department.loaded(department.staff.desks[worker])
            case Replied(worker, report):
                for department in self._of(worker):
                    department.replied(department.staff.desks[worker], report)
            case Died(worker, reason):
                for department in self._of(worker):
                    department.died(department.staff.desks[worker], reason)
            case Recalled(resources, workers):
                if resources in self._departments:
                    self._departments[resources].recalled(workers)
            case Closing():
                self._closing = True

    def _of(self, worker: Worker) -> Iterable[Department]:
        """The department that a worker belongs to; none, if it was dismissed."""
        return [each for each in self._departments.values() if worker in each.staff.desks]

    def _department(self, resources: Resources) -> Department:
        found = self._departments.get(resources)
        if found is None:
            ordinary = resources == ORDINARY
            found = self._departments[resources] = Department(
                functools.partial(self._hire, resources, self._inbox.put),
                self._settle,
                bounds=self._workers if ordinary else Bounds(0, self._workers.most),
                spares=self._spares if ordinary else 0,
                idle=self._idle,
                patience=self._patience,
                first=FIRST if ordinary else SPECIAL,
            )
        return found

    # When workers are gone

    def _tend(self) -> None:
        """See to it that there are workers, that nobody waits for ever where there are none, and that they work."""
        for resources, department in self._departments.items():
            department.mend()
            outage = department.staff.outage()
            if outage and resources == ORDINARY:
                self._lose(outage)
                return
            if outage:
                self._wait_for(resources, department, outage)
            department.assign()

    def _wait_for(self, resources: Resources, department: Department, outage: str) -> None:
        """Workers of a kind of their own cannot be had; others can. Whoever waits is told, and it is tried again."""
        department.give_up(outage)
        now = time.monotonic()
        if department.staff.broken and now >= self._retry_at.setdefault(resources, now + REJOINING):
            del self._retry_at[resources]
            department.staff.begin_again()

    def _is_lost(self) -> bool:
        """Whether nobody can work now; gets the engine back if it is time."""
        if self._rejoin_at is not None and not self._broken and time.monotonic() >= self._rejoin_at:
            self._rejoin()
        return bool(self._broken) or self._rejoin_at is not None

    def _lose(self, reason: str) -> None:
        """Nobody works: tell those who wait, or let others do it."""
        if self._fallback is not None:
            log.warning("the engine is lost; checks go on in local processes", reason=reason)
            self._hire, self._fallback = self._fallback, None
            for resources, department in self._departments.items():
                department.dismiss_all(reason, again=True)
                department.staff.replace_by(functools.partial(self._hire, resources, self._inbox.put))
            return
        self._give_up(reason)
        if self._begin is not None and self._started.is_set():
            log.warning("the engine is lost; trying to get it back", reason=reason)
            self._rejoin_at = time.monotonic()
        elif self._departments[ORDINARY].staff.broken or not self._started.is_set():
            self._broken = reason
            self._started.set()

    def _rejoin(self) -> None:
        assert self._begin is not None
        for department in self._departments.values():
            department.dismiss_all("the engine is lost")
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
        for department in self._departments.values():
            department.staff.begin_again()

    def _give_up(self, reason: str) -> None:
        for department in self._departments.values():
            department.give_up(reason)

    # Answers

    def _settle(self, waiting: Waiting, reply: Reply, started: float | None = None, /) -> None:
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
        bad = False
        for line, results in self._answers.items():
            line.deliver(tuple(results))
            bad = bad or any(isinstance(each.verdict, Violation) for each in results)
        self._answers.clear()
        if bad and self._linger:
            time.sleep(self._linger)  # a source is to be closed: its loop shall not wait while we start further checks
