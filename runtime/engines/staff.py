"""Who works: hires workers, replaces those that are gone or worn out, and says when nobody is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from ..errors import one_line
from ..logs import logger
from .desk import Desk
from .inbox import Worker

OUTAGE = 15.0
"""Seconds without any worker after which checks wait no longer: a fresh worker takes one to ten."""

FAILED_STARTS = 3
"""Workers in a row that die before they are ready, while nobody else works: then none will be."""

PAUSE = 0.2
"""Seconds between a failed start and the next try; doubles with each."""

LONGEST_PAUSE = 30.0

log = logger("midtrace.engines")


class Staff:
    """The workers of one kind; belongs to the checks thread.

    `size` is how many there should be, spares included. A worker that is not ready after `patience` seconds counts as
    dead. Where there has been none yet, it is an outage after `first` seconds.
    """

    def __init__(self, hire: Callable[[], Worker], *, patience: float, first: float) -> None:
        self.desks: dict[Worker, Desk] = {}
        self.broken = ""
        self.size = 0
        self.patience = patience
        self._first = first
        self._hire = hire
        self._failures = 0
        self._not_before = 0.0
        self._dark_since: float | None = None
        self._had_any = False

    def __iter__(self) -> Iterator[Desk]:
        return iter(list(self.desks.values()))

    def replace_by(self, hire: Callable[[], Worker]) -> None:
        """Hire elsewhere from now on, as if nothing had happened yet. Whoever is here must have been dismissed."""
        assert not self.desks
        self._hire = hire
        self.begin_again()

    def begin_again(self) -> None:
        """Forget failures."""
        self.broken = ""
        self._failures = 0
        self._not_before = 0.0
        self._dark_since = None
        self._had_any = False

    def fill(self) -> None:
        """Hire until there are enough."""
        while len(self.desks) < self.size and not self.broken and time.monotonic() >= self._not_before:
            try:
                worker = self._hire()
            except Exception as error:  # noqa: BLE001  (an engine that cannot start a worker is a state, not a crash)
                self._failed(one_line(error))
            else:
                self.desks[worker] = Desk(worker)
        self._look()

    def is_ready(self, worker: Worker, place: str) -> None:
        """Note that a worker is warm."""
        desk = self.desks[worker]
        desk.ready = True
        desk.place = place
        desk.idle_since = time.monotonic()
        self._failures = 0
        self._dark_since = None
        self._had_any = True

    def is_dead(self, worker: Worker, reason: str) -> None:
        """Note that a worker is gone, or of no more use."""
        worker.kill()  # it may only be out of reach, and what was lent must be known to be lost
        if not self.desks.pop(worker).ready:
            log.warning("a worker died before it was ready", reason=reason)
            self._failed(reason)
        self._look()

    def dismiss(self, desk: Desk) -> None:
        """End a worker."""
        del self.desks[desk.worker]
        desk.worker.kill()
        self._look()

    def release(self, desk: Desk) -> None:
        """Let a worker go that is well and has nothing to do; it is not replaced."""
        del self.desks[desk.worker]
        desk.worker.release()

    def retire(self, desk: Desk) -> None:
        """End a worker that is worn out, as soon as another one is there for its work."""
        if sum(each.ready for each in self.desks.values()) > 1:
            log.info("a worker is replaced", checks=desk.answered, grown=desk.grown)
            self.dismiss(desk)

    def late(self) -> list[Desk]:
        """Workers that should have been ready by now."""
        now = time.monotonic()
        return [desk for desk in self.desks.values() if not desk.ready and now >= desk.hired + self.patience]

    def outage(self) -> str:
        """What to tell those who wait, where nobody has worked for too long; else nothing."""
        if self.broken or self._dark_since is None or time.monotonic() < self._dark_since + self._bearable:
            return self.broken
        return f"no worker has been ready for {self._bearable:g} s"

    def due(self) -> float | None:
        """When somebody here must be looked at again."""
        times = [desk.running.kill_at for desk in self.desks.values() if desk.running]
        times += [desk.hired + self.patience for desk in self.desks.values() if not desk.ready]
        if self._dark_since is not None and not self.outage():
            times.append(self._dark_since + self._bearable)
        if len(self.desks) < self.size and not self.broken:
            times.append(self._not_before)
        return min(times, default=None)

    @property
    def _bearable(self) -> float:
        return OUTAGE if self._had_any else self._first

    def _look(self) -> None:
        if self.size == 0:
            self._dark_since = None
        elif self._dark_since is None and not any(desk.ready for desk in self.desks.values()):
            self._dark_since = time.monotonic()

    def _failed(self, reason: str) -> None:
        self._failures += 1
        self._not_before = time.monotonic() + min(PAUSE * 2 ** (self._failures - 1), LONGEST_PAUSE)
        # Who has worked before may come back: those who wait are told when the outage has lasted.
        if self._failures >= FAILED_STARTS and not self._had_any:
            self.broken = f"no worker can be started: {reason}"
