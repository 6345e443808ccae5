"""What an `Unknown` means, and a check that failed, is the policy's to say."""

from __future__ import annotations

import pytest

import midtrace as mt

from .driver import Driver, monitor

CRASHED = mt.Unknown("it broke", "crashed")
LOST = mt.Unknown("gone", "lost")
OPEN = mt.Unknown("who knows")


def test_by_default_one_unknown_makes_a_run_unverified() -> None:
    run = Driver(monitor())
    run.say("a\n")
    run.end()
    run.answer((run.checks[0], OPEN))
    assert (run.status, run.finish and run.finish.reason) == ("unverified", "m: not decided: who knows")


def test_a_check_is_repeated_once_and_its_second_verdict_counts() -> None:
    run = Driver(monitor(policy=mt.Rollback(on_error="retry")))
    run.say("a\n")
    run.end()
    first = run.checks[0]
    run.answer((first, LOST))
    (again,) = run.open_checks
    assert (again.start, again.end, again.id != first.id) == (first.start, first.end, True)
    run.answer((again, mt.Pass()))
    assert run.status == "verified"
    assert run.machine.spent.checks == 2


def test_a_second_loss_is_final() -> None:
    run = Driver(monitor(policy=mt.Rollback(on_error="retry")))
    run.say("a\n")
    run.end()
    run.answer((run.checks[0], LOST))
    run.answer((run.open_checks[0], LOST))
    assert run.open_checks == []
    assert run.status == "unverified"


def test_text_that_is_gone_is_not_checked_again() -> None:
    run = Driver(monitor(policy=mt.Rollback(on_error="retry")))
    run.say("a\nb\n")
    first, second = run.checks
    run.answer((first, mt.Violation("no")), (second, LOST))
    assert run.open_checks == []


@pytest.mark.parametrize("kind", ["crashed", "timeout", "lost"])
def test_a_fault_of_the_check_is_told_apart_from_an_open_question(kind: str) -> None:
    policy = mt.Observe(on_unknown="abstain", on_error="pass")
    fault = Driver(monitor(policy=policy))
    fault.say("a\n")
    fault.end()
    fault.answer((fault.checks[0], mt.Unknown("fault", kind)))  # type: ignore[arg-type]
    assert fault.status == "verified"

    question = Driver(monitor(policy=policy))
    question.say("a\n")
    question.answer((question.checks[0], OPEN))
    assert question.status == "abstained"


def test_unknown_as_a_violation_rolls_back() -> None:
    run = Driver(monitor(policy=mt.Rollback(on_unknown="violation", feedback="[{message}]")))
    run.say("a\nb\n")
    run.answer((run.checks[1], CRASHED))
    (act,) = run.of(mt.Intervened)
    assert (act.offset, act.injected) == (2, "[could not be checked: it broke]")


def test_a_gate_asks_the_policy_behind_it() -> None:
    run = Driver(monitor(policy=mt.Gate(mt.Observe(on_unknown="abstain", on_error="pass"))))
    run.say("a\n")
    run.end()
    run.answer((run.checks[0], LOST))
    assert run.status == "verified"


def test_abstaining_outlives_a_rollback_behind_it() -> None:
    """Two verdicts at once: one asks to abstain, one to cut later text; the first one's text still stands."""
    run = Driver(monitor("early", mt.Observe(on_unknown="abstain")), monitor("late", mt.Rollback()))
    run.say("a\nb\n")
    early, late = run.checks[0], run.checks[3]
    run.answer((late, mt.Violation("no")), (early, OPEN))
    assert run.status == "abstained"


def test_no_abstaining_over_text_that_a_rollback_takes_away() -> None:
    run = Driver(monitor("late", mt.Observe(on_unknown="abstain")), monitor("early", mt.Rollback()))
    run.say("a\nb\n")
    early, late = run.checks[1], run.checks[2]
    run.answer((early, mt.Violation("no")), (late, OPEN))
    assert run.status == "running"
    assert run.machine.tip.read().startswith("\nWait, that is not right: no.")
