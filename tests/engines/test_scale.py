"""Workers come while checks wait, and go when they have had no work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

import midtrace as mt
from midtrace.engines import scale
from midtrace.engines.inbox import Recalled
from midtrace.engines.scale import Bounds, Scale

from .office import Office


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "WAITED", 0.0)


@pytest.fixture
def office(eager: None) -> Iterator[Office]:
    with closing(Office(workers=(1, 3))) as made:
        yield made


def test_workers_are_hired_up_to_the_most_while_checks_wait(office: Office) -> None:
    hands = [office.hand]
    office.submit(range(10))
    first = office.job()
    hands += [office.hands.get(timeout=10) for _ in range(2)]
    jobs = [first, *(hand.jobs.get(timeout=10) for hand in hands[1:])]
    assert office.hands.empty(), "no more than the most"
    for hand, job in zip(hands, jobs, strict=True):
        hand.reply(job, ran=0.1)
    office.answered(3)


def test_workers_without_work_go_down_to_the_least(eager: None) -> None:
    with closing(Office(workers=(1, 3), idle=0.05)) as office:
        office.submit(range(3))
        hands = [office.hand, *(office.hands.get(timeout=10) for _ in range(2))]
        for hand in hands:
            hand.reply(hand.jobs.get(timeout=10), ran=0.1)
        office.answered(3)
        released = [office.released.get(timeout=10) for _ in range(2)]
        assert len(set(released)) == 2
        (left,) = set(hands) - set(released)
        office.hand = left
        office.learn()
        assert office.released.empty(), "the least stay"


def test_a_worker_that_is_recalled_goes_when_its_job_is_done(office: Office) -> None:
    office.submit(range(2))
    other = office.hands.get(timeout=10)
    jobs = [office.job(), other.jobs.get(timeout=10)]
    office.dispatcher.post(Recalled(mt.Resources(), 1))
    office.hand.reply(jobs[0], ran=0.1)
    assert office.released.get(timeout=10) is office.hand
    other.reply(jobs[1], ran=0.1)
    office.answered(2)


def test_checks_with_other_needs_have_workers_of_their_own(office: Office) -> None:
    prover = mt.Resources(cpus=2, custom={"prover": 1})
    office.submit([1])
    ordinary = office.job()
    office.submit([2], resources=prover)
    special = office.hands.get(timeout=10)
    assert special.resources == prover
    special.reply(special.jobs.get(timeout=10))
    assert [result.id for result in office.answered(1)] == [2]
    office.hand.reply(ordinary)
    assert [result.id for result in office.answered(1)] == [1]


def test_needs_are_equal_however_they_are_written() -> None:
    assert mt.Resources(custom={"a": 1, "b": 2}) == mt.Resources(custom={"b": 2, "a": 1})
    assert len({mt.Resources(custom={"a": 1, "b": 2}), mt.Resources(custom=(("b", 2), ("a", 1)))}) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cpus": 0}, "Resources(cpus=0): expected 0.0001 or more"),
        ({"cpus": "2"}, "Resources(cpus='2'): expected 0.0001 or more"),
        ({"custom": {"prover": -1}}, "Resources(prover=-1): expected 0.0001 or more"),
        ({"custom": ["prover"]}, "Resources(custom=['prover']): expected amounts by name"),
        ({"custom": {"CPU": 1}}, "Resources(custom={'CPU': ...}): expected another name, or cpus= and memory="),
        ({"memory": 1}, "Resources(memory=1): expected bytes, 16777216 or more"),
    ],
)
def test_needs_that_cannot_be_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(mt.UsageError) as caught:
        mt.Resources(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (0, "workers=0: expected 1 or more"),
        ((2, 1), "workers=(2, 1): expected (least, most) with 1 <= least <= most"),
        ((0, 1), "workers=(0, 1): expected (least, most) with 1 <= least <= most"),
        ("two", "workers='two': expected a number or (least, most)"),
        (True, "workers=True: expected a number or (least, most)"),
    ],
)
def test_bounds_that_cannot_be_are_refused(workers: int | tuple[int, int], message: str) -> None:
    with pytest.raises(mt.UsageError) as caught:
        Bounds.read(workers)
    assert str(caught.value) == message


def test_nobody_is_hired_while_somebody_is_starting(eager: None) -> None:
    with closing(Office(starts=["ready", "silent"], workers=(1, 8))) as office:
        office.submit(range(5))
        office.hands.get(timeout=10)  # will never be ready
        office.hand.reply(office.job(), ran=0.1)
        office.hand.reply(office.job(), ran=0.1)
        office.answered(2)
        assert office.hands.empty()


def test_growth_is_by_halves_and_bounded() -> None:
    demand = Scale(Bounds(1, 8))
    sizes = []
    for _ in range(7):
        sizes.append(demand.workers)
        demand.waits(0.0)
    assert sizes == [1, 2, 3, 4, 6, 8, 8]
