"""Workers that go, wear out or never come: others take over, and nobody waits for ever."""

from __future__ import annotations

import itertools
from contextlib import closing

import pytest

import midtrace as mt
from midtrace.engines import desk, dispatcher, staff

from .office import Office, Start


def test_a_worker_that_is_gone_is_replaced() -> None:
    with closing(Office()) as office:
        office.die()
        office.hand = office.hands.get(timeout=10)
        office.learn()


@pytest.mark.parametrize("failure", ["dies", "raises"])
def test_no_worker_at_all_is_an_error_of_opening(failure: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "PAUSE", 0.01)
    with pytest.raises(mt.EngineError, match=r"no worker can be started: .*(stillborn|no room)"):
        Office(starts=[failure])


def test_failures_in_passing_are_got_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that cannot be started for a while do not end an engine that has others."""
    monkeypatch.setattr(staff, "PAUSE", 0.001)
    with closing(Office(starts=["ready", *["raises"] * 5, "ready"], spares=1)) as office:  # type: ignore[list-item]
        office.hands.get(timeout=10)
        office.learn()


def test_failures_after_work_are_no_end_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left, and several that are hired die at once: a check waits for the one that comes at last."""
    monkeypatch.setattr(staff, "PAUSE", 0.001)
    with closing(Office(starts=["ready", *["dies"] * 5, "ready"])) as office:  # type: ignore[list-item]
        office.submit([1])
        office.job()
        office.die()
        for _ in range(6):
            office.hand = office.hands.get(timeout=10)
        office.hand.reply(office.job())
        (result,) = office.answered(1)
        assert result.verdict == mt.Pass()


def test_a_worker_that_is_never_ready_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "PAUSE", 0.01)
    with closing(Office(starts=["silent", "ready"], patience=0.05)) as office:
        office.hand = office.hands.get(timeout=10)
        office.learn()


def test_the_first_worker_may_take_longer_than_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "OUTAGE", 0.05)
    monkeypatch.setattr(staff, "PAUSE", 0.01)
    with closing(Office(starts=["silent", "ready"], patience=0.3)) as office:
        office.hand = office.hands.get(timeout=10)
        office.learn()


def test_without_any_worker_checks_are_given_up_and_later_ones_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage does not hang runs, and is over when it is over."""
    monkeypatch.setattr(staff, "OUTAGE", 0.05)
    monkeypatch.setattr(staff, "PAUSE", 0.01)
    with closing(Office(starts=["ready", "silent", "ready"], patience=0.5)) as office:
        office.die()
        office.submit([1])
        (result,) = office.answered(1)
        assert result.verdict == mt.Unknown("no worker has been ready for 0.05 s", "lost")
        office.hands.get(timeout=10)
        office.hand = office.hands.get(timeout=10)
        office.learn()


def test_a_lost_engine_is_joined_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "OUTAGE", 0.05)
    monkeypatch.setattr(dispatcher, "REJOINING", 0.01)
    attempts = itertools.count()

    def begin() -> None:
        if 1 <= next(attempts) <= 3:
            raise mt.EngineError("nobody there")

    with closing(Office(starts=["ready", "silent", "ready"], begin=begin)) as office:
        office.die()
        office.submit([1])
        (result,) = office.answered(1)
        assert isinstance(result.verdict, mt.Unknown)
        office.hands.get(timeout=10)
        office.hand = office.hands.get(timeout=10)
        assert next(attempts) == 5
        office.learn()


def test_a_lost_engine_hands_its_checks_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """With somewhere else to go nothing is given up: not what waits, and not what was running."""
    monkeypatch.setattr(staff, "OUTAGE", 0.05)
    with closing(Office(starts=["ready", "silent"], fallback=True)) as office:
        office.submit([1, 2])
        office.job()
        office.die()
        office.hand = office.fallback_hands.get(timeout=10)
        for _ in range(2):
            office.hand.reply(office.job())
        results = office.answered(2)
        assert [result.verdict for result in results] == [mt.Pass()] * 2


def test_an_engine_that_cannot_be_joined_is_replaced_at_once() -> None:
    def begin() -> None:
        raise mt.EngineError("nobody there")

    with closing(Office(begin=begin, fallback=True)) as office:
        office.learn()


def test_a_worn_out_worker_leaves_when_another_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "RECYCLE", 2)
    with closing(Office(starts=["ready", "silent", "ready"])) as office:
        for _ in range(3):  # nobody else is there: it goes on
            office.learn()
    with closing(Office(spares=1)) as office:
        second = office.hands.get(timeout=10)
        office.learn()
        office.learn()
        office.hands.get(timeout=10)  # hired in its place
        office.hand = second
        office.learn()
