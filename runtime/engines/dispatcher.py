"""The checks thread: takes checks from many sessions, places them on workers, answers each exactly once.

One thread owns all state here; everybody else only puts messages into its inbox. Workers hold one job at a time and
are fed from one queue, which keeps the tail short and makes a kill exact: one check is lost, and it runs again.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from ..errors import EngineError, one_line
from ..logs import logger
from ..machine.messages import CheckResult
from ..verdicts import Unknown
from .bench import RULES
from .protocol import Deliver, Job, Reply, Request

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


class Worker(Protocol):
    """A process that runs one job at a time. Both calls return at once."""

    def send(self, job: Job, /) -> None:
        """Start a job; its end arrives in the inbox as `Replied` or `Died`."""
        ...

    def kill(self) -> None:
        """End the process, whatever it does."""
        ...


class Submitted(NamedTuple):
    """A session wants checks run."""

    line: DispatcherLine
    requests: tuple[Request, ...]
    at: float


class Cancelled(NamedTuple):
    """A session waits no longer; None: for nothing at all."""

    line: DispatcherLine
    ids: frozenset[int] | None


class Ready(NamedTuple):
    """A worker is warm."""

    worker: Worker


class Loaded(NamedTuple):
    """A worker has unpacked the rule of its job, and starts on the check itself."""

    worker: Worker


class Replied(NamedTuple):
    """A worker answered."""

    worker: Worker
    reply: Reply


class Died(NamedTuple):
    """A worker is gone."""

    worker: Worker
    reason: str


class Closing(NamedTuple):
    """The engine is to end."""


Message: TypeAlias = Submitted | Cancelled | Ready | Loaded | Replied | Died | Closing
Post: TypeAlias = Callable[[Message], None]
Hire: TypeAlias = Callable[[Post], Worker]


class _Waiting(NamedTuple):
    line: DispatcherLine
    request: Request
    at: float
    attempts: int


class _Running(NamedTuple):
    waiting: _Waiting
    started: float
    kill_at: float


@dataclass(eq=False)
class _Desk:
    """What the dispatcher knows of one worker."""

    worker: Worker
    ready: bool = False
    running: _Running | None = None
    known: OrderedDict[str, None] = field(default_factory=OrderedDict)


class DispatcherLine:
    """One session's line; see `Line`."""

    def __init__(self, post: Post, deliver: Deliver) -> None:
        self._post = post
        self.deliver = deliver
        self.queue: deque[_Waiting] = deque()

    def submit(self, requests: Iterable[Request], /) -> None:
        """Hand checks over; costs a put into a queue."""
        self._post(Submitted(self, tuple(requests), time.monotonic()))

    def cancel(self, ids: Iterable[int], /) -> None:
        """Drop checks and answers."""
        self._post(Cancelled(self, frozenset(ids)))

    def close(self) -> None:
        """Drop everything."""
        self._post(Cancelled(self, None))


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
        self._desks: dict[Worker, _Desk] = {}
        self._lines: deque[DispatcherLine] = deque()
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
                self._give_up(desk.running.waiting, "the engine was closed")
        for line in self._lines:
            for waiting in line.queue:
                self._give_up(waiting, "the engine was closed")
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
                if line not in self._lines:
                    self._lines.append(line)
                for request in requests:
                    waiting = _Waiting(line, request, at, 0)
                    if self._broken:
                        self._give_up(waiting, self._broken)
                    else:
                        line.queue.append(waiting)
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
                    deadline = desk.running.waiting.request.deadline
                    desk.running = desk.running._replace(started=now, kill_at=now + deadline + GRACE)
            case Replied(worker, reply):
                desk = self._desks.get(worker)
                if desk is not None and desk.running is not None:
                    running, desk.running = desk.running, None
                    self._settle(running.waiting, reply, started=running.started)
            case Died(worker, reason):
                desk = self._desks.pop(worker, None)
                if desk is not None:
                    self._bury(desk, reason)
            case Closing():
                self._closing = True

    def _cancel(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        kept = [] if ids is None else [w for w in line.queue if w.request.check.id not in ids]
        line.queue = deque(kept)
        for desk in self._desks.values():
            running = desk.running
            if running is None or running.waiting.line is not line:
                continue
            if ids is None or running.waiting.request.check.id in ids:
                # It runs on to its end or deadline; a kill would cost more than it saves. Its answer is dropped.
                desk.running = running._replace(waiting=running.waiting._replace(line=_NOBODY))
        if ids is None and line in self._lines:
            self._lines.remove(line)
            self._answers.pop(line, None)

    def _bury(self, desk: _Desk, reason: str) -> None:
        if not desk.ready:
            self._failed_starts += 1
            log.warning("a worker died before it was ready", reason=reason)
            if self._failed_starts >= FAILED_STARTS:
                self._break(f"no worker can be started: {reason}")
        running = desk.running
        if running is not None:
            waiting = running.waiting
            over = time.monotonic() >= running.started + waiting.request.deadline
            if waiting.line is _NOBODY:
                pass
            elif over:
                self._settle(waiting, _timeout(waiting), started=running.started)
            elif waiting.attempts >= ATTEMPTS or self._broken:
                self._give_up(waiting, f"its worker was lost {waiting.attempts} times: {reason}")
            else:
                waiting.line.queue.appendleft(waiting)
        if not self._broken and not self._closing:
            self._hire_one()

    def _break(self, reason: str) -> None:
        self._broken = reason
        self._started.set()
        for line in self._lines:
            while line.queue:
                self._give_up(line.queue.popleft(), reason)

    def _hire_one(self) -> None:
        try:
            worker = self._hire(self._inbox.put)
        except Exception as error:  # noqa: BLE001  (an engine that cannot start a worker is a state, not a crash)
            self._break(f"no worker can be started: {one_line(error)}")
            return
        self._desks[worker] = _Desk(worker)

    def _expire(self) -> None:
        now = time.monotonic()
        for desk in [d for d in self._desks.values() if d.running and d.running.kill_at <= now]:
            running = desk.running
            assert running is not None
            del self._desks[desk.worker]
            desk.worker.kill()
            self._settle(running.waiting, _timeout(running.waiting), started=running.started)
            if not self._broken:
                self._hire_one()

    def _assign(self) -> None:
        idle = [desk for desk in self._desks.values() if desk.ready and desk.running is None]
        busy = sum(desk.running is not None for desk in self._desks.values())
        while idle and busy < self._workers:
            waiting = self._next()
            if waiting is None:
                return
            rule = waiting.request.rule
            desk = next((d for d in idle if rule.key in d.known), idle[0])
            idle.remove(desk)
            busy += 1
            self._start(desk, waiting)

    def _next(self) -> _Waiting | None:
        """The next check, one from each session in turn."""
        for _ in range(len(self._lines)):
            line = self._lines[0]
            self._lines.rotate(-1)
            if line.queue:
                return line.queue.popleft()
        return None

    def _start(self, desk: _Desk, waiting: _Waiting) -> None:
        rule, deadline = waiting.request.rule, waiting.request.deadline
        new = rule.key not in desk.known
        if new:
            while len(desk.known) >= RULES:
                desk.known.popitem(last=False)
            desk.known[rule.key] = None
        else:
            desk.known.move_to_end(rule.key)
        now = time.monotonic()
        due = now + (LOADING if new else deadline + GRACE)
        desk.running = _Running(waiting._replace(attempts=waiting.attempts + 1), now, due)
        desk.worker.send(Job(rule.key, rule.blob if new else None, waiting.request.view(), deadline))

    # Answers

    def _give_up(self, waiting: _Waiting, reason: str) -> None:
        self._settle(waiting, Reply(Unknown(reason, "lost")))

    def _settle(self, waiting: _Waiting, reply: Reply, *, started: float | None = None) -> None:
        if waiting.line is _NOBODY:
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


def _timeout(waiting: _Waiting) -> Reply:
    # What a killed process used is not known; all of its time is the honest bound.
    deadline = waiting.request.deadline
    return Reply(Unknown(f"ran longer than {deadline:g} s", "timeout"), ran=deadline, cpu=deadline)


def _drop(_results: tuple[CheckResult, ...]) -> None:
    """Nobody waits for these."""


_NOBODY = DispatcherLine(lambda _message: None, _drop)
