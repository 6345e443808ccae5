"""Who may use which workers of a shared pool: pure book-keeping, without Ray and without a clock of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from ..resources import ORDINARY, Resources
from .scale import Bounds

H = TypeVar("H")

LEASE = 10.0
"""Seconds after which a driver that has not been heard of is gone; what it held may be in any state, and is ended."""

UNUSED = 60.0
"""Seconds after which a worker that nobody wants is ended, down to the least."""

TURN = 5.0
"""Seconds that a driver keeps its only worker where others have none."""


class Wishes(NamedTuple):
    """What a driver says: how many workers of each kind it wants, those it has included; and what became of some."""

    wanted: Mapping[Resources, int]
    returned: Sequence[str] = ()
    lost: Sequence[str] = ()


class Granted(NamedTuple, Generic[H]):
    """A worker that the driver may use from now on."""

    resources: Resources
    lease: str
    handle: H


class Answer(NamedTuple, Generic[H]):
    """What the driver gets, and how many of each kind it is asked to return."""

    granted: tuple[Granted[H], ...]
    recalled: Mapping[Resources, int]


@dataclass(slots=True)
class _Leased(Generic[H]):
    handle: H
    resources: Resources
    since: float
    driver: str | None = None


@dataclass(slots=True)
class _Driver:
    seen: float
    wanted: Mapping[Resources, int] = field(default_factory=dict)


class Leases(Generic[H]):
    """The workers of a pool. Workers of each kind stay between `bounds`; only ordinary ones are kept without need.

    `spawn` starts a worker, `end` ends it; neither waits. Every method takes the time as `now`, in seconds.
    """

    def __init__(self, bounds: Bounds, spawn: Callable[[Resources], H], end: Callable[[H], None]) -> None:
        self._bounds = bounds
        self._spawn = spawn
        self._end = end
        self._workers: dict[str, _Leased[H]] = {}
        self._drivers: dict[str, _Driver] = {}

    def sync(self, name: str, wishes: Wishes, now: float) -> Answer[H]:
        """Hear what a driver has to say, and answer it. Driving on without this for `LEASE` seconds ends its leases."""
        driver = self._drivers.setdefault(name, _Driver(now))
        driver.seen = now
        driver.wanted = dict(wishes.wanted)
        for lease in wishes.lost:
            self._workers.pop(lease, None)  # the driver has ended it, or somebody else has
        for lease in wishes.returned:
            if lease in self._workers:
                self._free(lease, now)
        self.tick(now)
        granted = tuple(each for resources in driver.wanted for each in self._grant(name, resources, now))
        recalled = {resources: self._recall(name, resources, now) for resources in self._held_kinds(name)}
        if not driver.wanted and not self._leases_of(name):
            del self._drivers[name]  # it has taken its leave
        return Answer(granted, {resources: count for resources, count in recalled.items() if count})

    def tick(self, now: float) -> None:
        """See to what follows from the time alone: drivers that are gone, workers that nobody wants."""
        for name in [name for name, driver in self._drivers.items() if now >= driver.seen + LEASE]:
            del self._drivers[name]
            for lease in self._leases_of(name):
                self._dismiss(lease)
        while self._total(ORDINARY) < self._bounds.least:
            self._start(ORDINARY, now)
        unused = self._of(lambda each: each.driver is None and now >= each.since + UNUSED)
        for lease in unused:
            resources = self._workers[lease].resources
            if resources != ORDINARY or self._total(resources) > self._bounds.least:
                self._dismiss(lease)

    def summary(self) -> Mapping[str, int]:
        """How many workers there are, how many of them are free, and how many drivers."""
        free = sum(each.driver is None for each in self._workers.values())
        return {"workers": len(self._workers), "free": free, "drivers": len(self._drivers)}

    # How

    def _grant(self, name: str, resources: Resources, now: float) -> Iterable[Granted[H]]:
        share = self._share(name, resources)
        while self._held(name, resources) < share:
            free = self._of(lambda each: each.driver is None and each.resources == resources)
            if free:
                lease = free[-1]  # the warmest
            elif self._total(resources) < self._bounds.most:
                lease = self._start(resources, now)
            else:
                return
            worker = self._workers[lease]
            worker.driver, worker.since = name, now
            yield Granted(resources, lease, worker.handle)

    def _share(self, name: str, resources: Resources) -> int:
        """What a driver may have if all get what they want, or else as much as each other; never none at all."""
        left, share = self._bounds.most, 0
        wanted = sorted((each.wanted.get(resources, 0), driver) for driver, each in self._drivers.items())
        for place, (want, driver) in enumerate(wanted):
            share = min(want, max(left // (len(wanted) - place), 1))
            left = max(left - share, 0)
            if driver == name:
                return share
        return share

    def _recall(self, name: str, resources: Resources, now: float) -> int:
        """How many a driver is to return, because another has less than its share and nothing is free for it."""
        short = [
            each
            for each, driver in self._drivers.items()
            if each != name
            and self._held(each, resources) < min(self._share(each, resources), driver.wanted.get(resources, 0))
        ]
        if not short or self._total(resources) < self._bounds.most:
            return 0
        held = self._held(name, resources)
        surplus = held - self._share(name, resources)
        if surplus > 0:
            return surplus
        waits = any(self._held(each, resources) == 0 for each in short)
        since = min(self._workers[lease].since for lease in self._leases_of(name))
        return 1 if waits and now >= since + TURN else 0

    def _held_kinds(self, name: str) -> set[Resources]:
        return {self._workers[lease].resources for lease in self._leases_of(name)}

    def _leases_of(self, name: str) -> list[str]:
        return self._of(lambda each: each.driver == name)

    def _held(self, name: str, resources: Resources) -> int:
        return len(self._of(lambda each: each.driver == name and each.resources == resources))

    def _total(self, resources: Resources) -> int:
        return len(self._of(lambda each: each.resources == resources))

    def _of(self, wanted: Callable[[_Leased[H]], bool]) -> list[str]:
        return [lease for lease, each in self._workers.items() if wanted(each)]

    def _start(self, resources: Resources, now: float) -> str:
        # Not a number: a driver may still speak of those of another pool, which was here before.
        lease = uuid.uuid4().hex
        self._workers[lease] = _Leased(self._spawn(resources), resources, now)
        return lease

    def _free(self, lease: str, now: float) -> None:
        worker = self._workers.pop(lease)
        worker.driver, worker.since = None, now
        self._workers[lease] = worker  # last returned, first granted

    def _dismiss(self, lease: str) -> None:
        self._end(self._workers.pop(lease).handle)
