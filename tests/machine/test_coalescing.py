"""One check of the whole trace stands for those before it: nothing is left unchecked by that."""

from __future__ import annotations

import midtrace as mt
from midtrace.machine.messages import CancelChecks, Congested

from .driver import Driver, monitor


def congest(run: Driver) -> None:
    run.take(run.machine.handle(Congested()))


def three_lines(policy: mt.Policy | None = None) -> Driver:
    run = Driver(monitor("m", policy, scope="trace"), delivery="held")
    run.say("one\ntwo\nthree\n")
    return run


def test_the_newest_covers_what_the_dropped_ones_would_have() -> None:
    run = three_lines()
    congest(run)
    first, _, third = run.checks
    assert [each.id for each in run.open_checks] == [first.id, third.id]
    assert run.of(CancelChecks) == [CancelChecks((2,))]

    run.answer((first, mt.Pass()))
    assert run.of(mt.SafeUpTo) == [mt.SafeUpTo(4)], "what is not checked yet is not safe"
    run.answer((third, mt.Pass()))
    assert run.of(mt.SafeUpTo)[-1] == mt.SafeUpTo(14)
    run.end()
    run.pass_all()
    assert run.status == "verified"


def test_a_violation_rolls_back_to_where_the_dropped_ones_began() -> None:
    run = three_lines(policy=mt.Rollback(to="unit", repair="resample"))
    congest(run)
    first, _, third = run.checks
    run.answer((first, mt.Pass()))
    run.answer((third, mt.Violation("somewhere in two or three")))
    assert [act.offset for act in run.of(mt.Intervened)] == [4]


def test_what_is_answered_stays_where_it_is() -> None:
    run = three_lines()
    run.say("four\nfive\n")
    run.answer((run.checks[2], mt.Pass()))
    congest(run)
    numbers = [each.id for each in run.checks]
    assert [each.id for each in run.open_checks] == [numbers[0], numbers[1], numbers[4]]
    congest(run)
    assert len(run.of(CancelChecks)) == 1, "nothing is left to drop"


def test_checks_of_units_are_left_alone() -> None:
    run = Driver(monitor())
    run.say("one\ntwo\nthree\n")
    congest(run)
    assert len(run.open_checks) == 3
