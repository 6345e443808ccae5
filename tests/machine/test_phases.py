"""Text that a monitor was told to leave out is not checked, not held back, and not called checked."""

from __future__ import annotations

import midtrace as mt

from .driver import Driver, monitor


def test_a_phase_that_is_left_out_is_safe_and_in_the_certificate() -> None:
    run = Driver(monitor(on=mt.every_line().within("answer"), policy=mt.Abstain()), delivery="held")
    run.say("<think>1\n2 wrong\n</think>a\nb\n")
    assert [check.view("").text for check in run.checks] == ["<think>", "a\n", "b\n"]
    run.pass_all()
    run.say("<think>more")
    assert run.machine.safe == len("<think>1\n2 wrong\n</think>a\nb\n")
    run.pass_all()
    run.end()
    run.pass_all()
    assert run.status == "verified"
    (track,) = run.machine.tracks
    assert [(each.start, each.end) for each in track.skipped] == [(7, 25), (36, 40)]


def test_held_text_of_a_phase_that_nobody_looks_at_flows() -> None:
    run = Driver(monitor(on=mt.every_line().within("thinking"), policy=mt.Abstain()), delivery="held")
    run.say("the answer")
    run.say(" flows")
    run.pass_all()
    run.say(".")
    assert "".join(event.text for event in run.of(mt.TextDelta)) == "the answer flows."
