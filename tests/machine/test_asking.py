"""A monitor that asks the model has one check at work and one that waits: the newest stands for those between."""

from __future__ import annotations

import midtrace as mt
from midtrace.extractors import Fork
from midtrace.machine.messages import CancelChecks, Submit
from midtrace.testing import rechunk

from .driver import Driver, monitor

ASK = Fork("?", str)


def asking(policy: mt.Policy | None = None, **options: object) -> mt.Monitor:
    return monitor("m", policy, extract=ASK, **options)


def test_the_newest_takes_the_place_of_the_one_that_waits() -> None:
    run = Driver(asking())
    for line in ("one\n", "two\n", "three\n", "four\n"):
        run.say(line)
    assert [(check.start, check.end) for check in run.checks] == [(0, 4), (4, 8), (4, 14), (4, 19)]
    first, *_, last = run.checks
    assert run.open_checks == [first, last]
    assert [each.ids for each in run.of(CancelChecks)] == [(2,), (3,)]

    run.answer((first, mt.Pass()))
    assert run.of(mt.SafeUpTo) == [mt.SafeUpTo(4)]
    run.answer((last, mt.Pass()))
    assert run.of(mt.SafeUpTo)[-1] == mt.SafeUpTo(19), "nothing between is left unchecked"


def test_what_comes_in_one_chunk_is_not_even_submitted() -> None:
    text = "one\ntwo\nthree\nfour\n"
    for sizes in ([len(text)], [1] * len(text), [5, 9]):
        run = Driver(asking(), limits=mt.Limits(checks=4))
        for chunk in rechunk(text, sizes):
            run.say(chunk)
        assert [(check.start, check.end) for check in run.open_checks] == [(0, 4), (4, 19)]
        submitted = {check.id for command in run.of(Submit) for check in command.checks}
        cancelled = {number for command in run.of(CancelChecks) for number in command.ids}
        assert submitted - cancelled == {check.id for check in run.open_checks}
        assert cancelled < submitted, "only what was submitted is cancelled"
        assert run.status == "running", "what was never submitted is not paid for"


def test_the_last_check_is_never_dropped() -> None:
    run = Driver(asking(scope="trace"))
    run.say("one\ntwo\n")
    run.say("three\nend")
    run.end()
    first, last = run.open_checks
    assert (first.final, last.final) == (False, True)
    assert (last.start, last.end) == (4, 17)
    run.answer((last, mt.Pass()), (first, mt.Pass()))
    assert run.status == "verified"


def test_a_violation_rolls_back_to_where_the_dropped_ones_began() -> None:
    run = Driver(asking(mt.Rollback(repair="resample")))
    run.say("one\ntwo\nthree\n")
    first, last = run.open_checks
    run.answer((first, mt.Pass()))
    run.answer((last, mt.Violation("somewhere in two or three")))
    assert [act.offset for act in run.of(mt.Intervened)] == [4]


def test_after_an_answer_the_next_one_is_at_work() -> None:
    run = Driver(asking())
    run.say("one\ntwo\nthree\n")
    run.answer((run.open_checks[0], mt.Pass()))
    run.say("four\n")
    assert [(check.start, check.end) for check in run.open_checks] == [(4, 14), (14, 19)]
    run.say("five\n")
    assert [(check.start, check.end) for check in run.open_checks] == [(4, 14), (14, 24)]


def test_who_does_not_ask_keeps_every_check() -> None:
    run = Driver(monitor("unit"), monitor("trace", scope="trace"))
    run.say("one\ntwo\nthree\n")
    assert len(run.open_checks) == 6


def test_nobody_is_asked_about_the_closing_nor_behind_it() -> None:
    """The run would wait for an answer that can change nothing."""
    stopping = asking(mt.Stop(), on=mt.every_line().within("thinking"), required=False)
    run = Driver(stopping, monitor("plain", mt.Observe()))
    run.say("<think>one\n")
    run.answer((run.checks[0], mt.Pass(settled="42")))
    run.say("42")
    run.end()
    assert [check.view("").text for check in run.checks if check.monitor == 0] == ["one\n"]
    run.pass_all()
    assert run.status == "verified"


def test_a_phase_that_goes_on_to_the_end_is_asked_about_once_more() -> None:
    run = Driver(asking(on=mt.every_line().within("thinking")))
    run.say("<think>one\n")
    run.pass_all()
    run.end()
    (last,) = run.open_checks
    assert last.final


def test_text_before_the_closing_is_asked_about() -> None:
    run = Driver(asking(mt.Observe(), on=mt.every(lines=2)), monitor("stop", mt.Stop()))
    run.say("one\n")
    run.answer((run.checks[0], mt.Pass(settled="42")))
    assert [check.view("").text for check in run.checks if check.monitor == 0] == ["one\n\n</think>\n"]
