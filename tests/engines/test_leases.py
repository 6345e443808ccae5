"""A shared pool: every worker has one holder, everybody gets a fair share, and who is gone holds nothing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import midtrace as mt
from midtrace.engines.inbox import Message, Recalled
from midtrace.engines.leases import LEASE, TURN, UNUSED, Answer, Leases, Wishes
from midtrace.engines.leasing import Leasing
from midtrace.engines.parcels import Job
from midtrace.engines.scale import Bounds

ORDINARY = mt.Resources()
PROVER = mt.Resources(custom={"prover": 1})
DRIVERS = ("a", "b", "c")


class World(RuleBasedStateMachine):
    """Drivers around one pool; they do as they are asked, sooner or later."""

    @initialize(least=st.integers(1, 2), more=st.integers(0, 3))
    def begin(self, least: int, more: int) -> None:
        self.now = 0.0
        self.alive: dict[int, mt.Resources] = {}
        self.numbers = itertools.count()
        self.most = least + more
        self.least = least
        self.leases: Leases[int] = Leases(Bounds(least, self.most), self.spawn, self.end)
        self.held: dict[str, dict[str, tuple[mt.Resources, int]]] = {name: {} for name in DRIVERS}
        self.wanted: dict[str, dict[mt.Resources, int]] = {name: {} for name in DRIVERS}
        self.seen = dict.fromkeys(DRIVERS, 0.0)

    def spawn(self, resources: mt.Resources) -> int:
        number = next(self.numbers)
        self.alive[number] = resources
        return number

    def end(self, number: int) -> None:
        del self.alive[number]

    def sync(self, name: str, returned: tuple[str, ...] = (), lost: tuple[str, ...] = ()) -> None:
        if self.now >= self.seen[name] + LEASE:
            self.held[name].clear()  # it is told by the deaths of its workers
        for lease in (*returned, *lost):
            self.held[name].pop(lease, None)
        before = {resources: len(self.of(name, resources)) for resources in self.wanted[name]}
        answer = self.leases.sync(name, Wishes(self.wanted[name], returned, lost), self.now)
        self.seen[name] = self.now
        for resources, lease, handle in answer.granted:
            assert self.alive[handle] == resources
            self.held[name][lease] = (resources, handle)
        for resources, wanted in self.wanted[name].items():
            assert len(self.of(name, resources)) <= max(wanted, before[resources]), "nobody gets what he does not want"

    def of(self, name: str, resources: mt.Resources) -> list[str]:
        return [lease for lease, (kind, _) in self.held[name].items() if kind == resources]

    @rule(name=st.sampled_from(DRIVERS), kind=st.sampled_from([ORDINARY, PROVER]), count=st.integers(0, 4))
    def wants(self, name: str, kind: mt.Resources, count: int) -> None:
        self.wanted[name][kind] = count
        surplus = self.of(name, kind)[count:] if self.now < self.seen[name] + LEASE else []
        self.sync(name, returned=tuple(surplus))

    @rule(name=st.sampled_from(DRIVERS), data=st.data())
    def loses_one(self, name: str, data: st.DataObject) -> None:
        if self.held[name] and self.now < self.seen[name] + LEASE:
            handles = sorted(handle for _, handle in self.held[name].values())
            handle = data.draw(st.sampled_from(handles))
            lease = next(lease for lease, (_, each) in self.held[name].items() if each == handle)
            self.end(handle)
            self.sync(name, lost=(lease,))

    @rule(seconds=st.sampled_from([0.5, TURN, LEASE, UNUSED]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds
        self.leases.tick(self.now)

    @rule()
    def all_say_that_they_are_there(self) -> None:
        for name in DRIVERS:
            self.sync(name)

    @precondition(lambda self: hasattr(self, "leases"))
    @invariant()
    def a_worker_has_one_holder(self) -> None:
        holders = [
            handle for name in DRIVERS if self.now < self.seen[name] + LEASE for _, handle in self.held[name].values()
        ]
        assert len(holders) == len(set(holders))
        assert set(holders) <= set(self.alive)

    @precondition(lambda self: hasattr(self, "leases"))
    @invariant()
    def there_are_no_more_than_the_most_of_a_kind(self) -> None:
        for kind in (ORDINARY, PROVER):
            assert sum(each == kind for each in self.alive.values()) <= self.most
        assert self.leases.summary()["workers"] == len(self.alive)

    def teardown(self) -> None:
        """When everybody has gone, the least are left."""
        if hasattr(self, "leases"):
            for step in (LEASE, UNUSED, UNUSED):
                self.now += step
                self.leases.tick(self.now)
            assert self.leases.summary() == {"workers": self.least, "free": self.least, "drivers": 0}


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=100, deadline=None)


class Drivers:
    """Several drivers that return what they are asked for."""

    def __init__(self, most: int) -> None:
        numbers = itertools.count()
        self.ended: list[int] = []
        self.leases: Leases[int] = Leases(Bounds(1, most), lambda _: next(numbers), self.ended.append)
        self.held: dict[str, list[str]] = {}
        self.recalled: dict[str, int] = {}

    def sync(self, name: str, wanted: int, now: float) -> int:
        held = self.held.setdefault(name, [])
        returned = tuple(held[: self.recalled.pop(name, 0)])
        del held[: len(returned)]
        answer = self.leases.sync(name, Wishes({ORDINARY: wanted}, returned), now)
        held += [each.lease for each in answer.granted]
        if ORDINARY in answer.recalled:
            self.recalled[name] = answer.recalled[ORDINARY]
        return len(held)


def test_a_newcomer_gets_its_share() -> None:
    drivers = Drivers(4)
    assert drivers.sync("a", 4, 0) == 4
    assert drivers.sync("b", 4, 1) == 0
    drivers.sync("a", 4, 2)
    drivers.sync("a", 4, 3)
    assert drivers.sync("b", 4, 4) == 2
    assert drivers.sync("a", 4, 5) == 2


def test_who_wants_little_leaves_the_rest_to_others() -> None:
    drivers = Drivers(6)
    drivers.sync("a", 1, 0)
    assert drivers.sync("b", 9, 1) == 5


def test_more_drivers_than_workers_take_turns() -> None:
    drivers = Drivers(1)
    assert drivers.sync("a", 1, 0) == 1
    assert drivers.sync("b", 1, 1) == 0
    drivers.sync("a", 1, 2)
    assert drivers.sync("a", 1, 3) == 1, "its turn is not over"
    drivers.sync("a", 1, TURN + 1)
    assert drivers.sync("a", 0, TURN + 2) == 0
    assert drivers.sync("b", 1, TURN + 3) == 1


def test_a_driver_that_is_not_heard_of_loses_its_workers() -> None:
    drivers = Drivers(2)
    drivers.sync("a", 2, 0)
    drivers.leases.tick(LEASE)
    assert sorted(drivers.ended) == [0, 1]
    assert drivers.sync("b", 2, LEASE) == 2


class Worker:
    """What a lease is for."""

    def __init__(self) -> None:
        self.handle: int | None = None
        self.begun = threading.Event()

    def begin(self, handle: int, /) -> None:
        self.handle = handle
        self.begun.set()

    def send(self, job: Job, /) -> None:
        """Not asked for here."""

    def kill(self) -> None:
        """Not asked for here."""

    def release(self) -> None:
        """Not asked for here."""


@pytest.fixture
def leases() -> Leases[int]:
    numbers = itertools.count()
    return Leases(Bounds(1, 2), lambda _: next(numbers), lambda _: None)


def talking(leases: Leases[int], name: str, said: list[Wishes]) -> Callable[[Wishes], Answer[int]]:
    def sync(wishes: Wishes) -> Answer[int]:
        said.append(wishes)
        return leases.sync(name, wishes, 0.0)

    return sync


def nobody_hears(_message: Message) -> None:
    pass


def test_workers_are_leased_and_given_back(leases: Leases[int]) -> None:
    said: list[Wishes] = []
    leasing = Leasing(talking(leases, "a", said))
    workers = [Worker(), Worker()]
    for worker in workers:
        leasing.hire(worker, ORDINARY, nobody_hears)
        assert worker.begun.wait(10)
    assert leases.summary()["free"] == 0
    leasing.leave(workers[0], well=True)
    leasing.close()
    assert leases.summary() == {"workers": 2, "free": 2, "drivers": 0}


def test_a_worker_that_is_not_wanted_any_more_leaves_no_lease(leases: Leases[int]) -> None:
    said: list[Wishes] = []
    leasing = Leasing(talking(leases, "a", said))
    taken = [Worker(), Worker()]
    waiting = Worker()
    for worker in (*taken, waiting):
        leasing.hire(worker, ORDINARY, nobody_hears)
    for worker in taken:
        assert worker.begun.wait(10)
    leasing.leave(waiting, well=False)
    leasing.leave(taken[0], well=False)
    leasing.close()
    assert not waiting.begun.is_set()
    assert leases.summary() == {"workers": 1, "free": 1, "drivers": 0}


def test_a_pool_that_fails_is_asked_again(leases: Leases[int]) -> None:
    failures = iter([True, True])
    sync = talking(leases, "a", [])

    def fails_twice(wishes: Wishes) -> Answer[int]:
        if next(failures, False):
            raise ConnectionError("on purpose")
        return sync(wishes)

    leasing = Leasing(fails_twice)
    worker = Worker()
    leasing.hire(worker, ORDINARY, nobody_hears)
    assert worker.begun.wait(20)
    leasing.close()
    assert leases.summary()["free"] == 1


def test_a_recall_is_passed_on(leases: Leases[int]) -> None:
    messages: list[Message] = []
    heard = threading.Event()

    def post(message: Message) -> None:
        messages.append(message)
        heard.set()

    leasing = Leasing(talking(leases, "a", []))
    workers = [Worker(), Worker()]
    for worker in workers:
        leasing.hire(worker, ORDINARY, post)
        assert worker.begun.wait(10)
    leases.sync("b", Wishes({ORDINARY: 2}), 0.0)
    assert heard.wait(10)
    leasing.close()
    assert messages[0] == Recalled(ORDINARY, 1)
