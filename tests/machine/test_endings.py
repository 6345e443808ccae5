"""Whatever happens to its source or its clock, a run ends, and says how."""

from __future__ import annotations

import pytest

import midtrace as mt
from midtrace.machine.machine import RETRIES
from midtrace.machine.messages import CloseSource, OpenSource, SourceFailed, TimeUp

from .driver import Driver, monitor


@pytest.mark.parametrize("settling", [False, True])
def test_time_that_is_up_ends_the_run(settling: bool) -> None:
    run = Driver(monitor())
    run.say("one\n")
    if settling:
        run.end()
    run.take(run.machine.handle(TimeUp("10 s are over")))
    assert run.finish is not None
    assert (run.finish.status, run.finish.reason) == ("exhausted", "10 s are over")
    assert len(run.of(CloseSource)) == (0 if settling else 1)
    assert not run.machine._checks.pending


def test_a_source_that_fails_in_passing_is_tried_again_from_what_stands() -> None:
    run = Driver(monitor())
    run.say("one\n")
    run.fail(transient=True)
    opened = run.of(OpenSource)[-1]
    assert (opened.tip.read(), opened.stream) == ("one\n", 1)
    assert run.status == "running"


def test_a_source_that_gives_nothing_but_failures_is_given_up() -> None:
    run = Driver(monitor())
    for _ in range(RETRIES):
        run.fail(transient=True)
        assert run.status == "running"
    run.fail(transient=True)
    assert run.status == "failed"


def test_a_source_that_gave_text_in_between_is_not_given_up() -> None:
    run = Driver(monitor())
    for _ in range(3 * RETRIES):
        run.say("word ")
        run.fail(transient=True)
    assert run.status == "running"


def test_a_failure_that_is_not_passing_ends_the_run_at_once() -> None:
    run = Driver(monitor())
    run.say("one\n")
    run.fail(transient=False)
    assert run.status == "failed"
    assert run.machine.tip.read() == "one\n"


def test_a_failure_of_a_stream_that_was_closed_is_not_heard() -> None:
    run = Driver(monitor(policy=mt.Rollback(repair="note")))
    run.say("one\n")
    run.answer((run.checks[0], mt.Violation("no")))
    run.take(run.machine.handle(SourceFailed(0, "closed", transient=False)))
    assert run.status == "running"
