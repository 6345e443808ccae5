"""Short checks travel together, and nothing of a job that is lost gets lost with it."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

import midtrace as mt
from midtrace.engines.desk import MOST
from midtrace.engines.inbox import Died, Loaded

from .office import Office


@pytest.fixture
def office() -> Iterable[Office]:
    made = Office()
    yield made
    made.dispatcher.close()


def test_a_new_rule_travels_alone_and_short_checks_together(office: Office) -> None:
    office.submit(range(10))
    first = office.job()
    assert (len(first.parts), len(first.tasks)) == (2, 1)
    office.hand.reply(first)
    rest = office.job()
    assert (len(rest.parts), len(rest.tasks)) == (0, 9)
    office.hand.reply(rest)
    assert sorted(result.id for result in office.answered(10)) == list(range(10))


def test_no_more_than_the_bound_and_none_that_take_long(office: Office) -> None:
    office.learn(0.000001)
    office.submit(range(1, 200))
    assert len(office.job().tasks) == MOST

    slow = Office()
    slow.learn(0.01)
    slow.submit(range(1, 5))
    job = slow.job()
    assert len(job.tasks) == 1
    slow.dispatcher.close()


def test_all_of_a_lost_job_runs_again_each_check_alone(office: Office) -> None:
    office.learn()
    office.submit(range(1, 6))
    assert len(office.job().tasks) == 5
    office.hand.post(Died(office.hand, "gone"))
    office.hand = office.hands.get(timeout=10)
    for _ in range(5):
        job = office.job()
        assert len(job.tasks) == 1
        office.hand.reply(job)
    results = office.answered(5)
    assert sorted(result.id for result in results) == [1, 2, 3, 4, 5]
    assert {(result.verdict, result.attempts) for result in results} == {(mt.Pass(), 2)}


def test_a_job_that_overruns_is_taken_apart(office: Office) -> None:
    """Its worker is killed after one deadline, not after the sum of all; the guilty check then times out alone."""
    office.learn()
    began = time.monotonic()
    office.submit(range(1, 4), deadline=0.05)
    assert len(office.job().tasks) == 3
    office.hand = office.hands.get(timeout=10)
    assert time.monotonic() - began >= 0.05
    first = office.job()
    assert len(first.tasks) == 1
    office.hand.post(Loaded(office.hand))
    office.hand = office.hands.get(timeout=10)  # the first one hangs again
    for _ in range(2):
        office.hand.reply(office.job())
    verdicts = {result.id: result.verdict for result in office.answered(3)}
    assert sorted(str(type(verdict).__name__) for verdict in verdicts.values()) == ["Pass", "Pass", "Unknown"]


def test_sessions_take_turns_in_a_job(office: Office) -> None:
    other = office.connect()
    office.learn()
    office.submit([1])
    blocked = office.job()
    office.submit(range(2, 100))
    office.submit([1_000], other)
    office.hand.reply(blocked)
    office.answered(1)
    shared = office.job()
    office.hand.reply(shared)
    assert 1_000 in [result.id for result in office.answered(len(shared.tasks))]


def test_cancelled_checks_of_a_job_are_not_answered(office: Office) -> None:
    office.learn()
    office.submit([1, 2, 3])
    job = office.job()
    office.line.cancel([2])
    office.submit([4])  # a message after it: the cancel has been read when this is sent on
    office.hand.reply(job)
    last = office.job()
    office.hand.reply(last)
    assert sorted(result.id for result in office.answered(3)) == [1, 3, 4]
