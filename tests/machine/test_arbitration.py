"""Which violation is acted on, what is merged into it, and how far a cut may reach."""

from __future__ import annotations

from itertools import permutations

import pytest

import midtrace as mt

from .driver import Driver, monitor

LINES = "one\ntwo\n"


def answered(run: Driver, *objections: tuple[str, int, mt.Violation]) -> list[mt.Intervened]:
    """Monitor, line and violation of each, all told at once."""
    names = [track.monitor.name for track in run.machine.tracks]
    by_place = {(names[check.monitor], check.start): check for check in run.checks}
    run.answer(*((by_place[name, 4 * line], violation) for name, line, violation in objections))
    return run.of(mt.Intervened)


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_the_earliest_offset_wins_in_whatever_order_it_is_told(order: tuple[int, ...]) -> None:
    run = Driver(monitor("m"))
    run.say(LINES)
    objections = [("m", line, mt.Violation(f"line {line}")) for line in range(2)]
    (act,) = answered(run, *(objections[each] for each in order))
    assert (act.offset, act.violations[0].message) == (0, "line 0")


def test_at_one_offset_the_higher_priority_wins() -> None:
    run = Driver(monitor("a", priority=1), monitor("z", mt.Abstain(), priority=2))
    run.say(LINES)
    answered(run, ("a", 0, mt.Violation("low")), ("z", 0, mt.Violation("high")))
    assert run.status == "abstained"
    assert run.finish is not None
    assert run.finish.reason == "z: high"


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_at_one_offset_and_priority_the_name_decides(names: tuple[str, str]) -> None:
    """Not the order in which monitors were given or verdicts arrived: two runs of one trace act alike."""
    run = Driver(*(monitor(name) for name in names))
    run.say(LINES)
    (act,) = answered(run, *((name, 0, mt.Violation(f"of {name}")) for name in names))
    assert act.monitors == ("a", "b")
    assert [violation.message for violation in act.violations] == ["of a", "of b"]


def test_an_earlier_offset_wins_over_a_higher_priority() -> None:
    run = Driver(monitor("a", priority=1), monitor("z", mt.Abstain(), priority=2))
    run.say(LINES)
    (act,) = answered(run, ("a", 0, mt.Violation("first")), ("z", 1, mt.Violation("second")))
    assert act.monitors[0] == "a"
    assert run.status == "running"


def test_held_text_that_is_out_stands_whatever_a_later_check_says_of_it() -> None:
    """A monitor that looks at the whole trace may object to what it has cleared before."""
    run = Driver(monitor("m", mt.Rollback(repair="note"), scope="trace"), delivery="held")
    run.say(LINES)
    first, second = run.checks
    run.answer((first, mt.Pass()))
    assert "".join(delta.text for delta in run.of(mt.TextDelta)) == "one\n"
    run.answer((second, mt.Violation("one was wrong after all", span=mt.Span(0, 3))))
    (act,) = run.of(mt.Intervened)
    assert act.offset == 4
    assert not run.of(mt.Retracted)
