"""A pass that says that nothing is left to find out ends the reasoning: once, where there is some left to end."""

from __future__ import annotations

import pytest

import midtrace as mt
from midtrace.machine.delivery import Mode
from midtrace.machine.messages import CloseSource, OpenSource, TimeUp
from midtrace.policies import on_settled, on_violation
from midtrace.trace import Origin, provenance

from .driver import Driver, monitor

ENOUGH = mt.Pass(settled="42")
CLOSING = "\n</think>\n\n"


def thinking(policy: mt.Policy | None = None, name: str = "m", **options: object) -> mt.Monitor:
    return monitor(name, policy or mt.Stop(), on=mt.every_line().within("thinking"), required=False, **options)


def test_it_cuts_behind_the_unit_closes_and_resumes() -> None:
    run = Driver(monitor(policy=mt.Stop(), required=False), monitor("other", mt.Observe()))
    run.say("<think>one\ntwo\nthr")
    first = run.checks[0]
    run.answer((first, ENOUGH))

    (act,) = run.of(mt.Intervened)
    assert act == mt.Intervened(("m",), (), 11, "stop", CLOSING, "two\nthr")
    assert run.of(CloseSource) == [CloseSource(0)]
    assert [opened.tip.read() for opened in run.of(OpenSource)] == ["", "<think>one\n" + CLOSING]
    assert [part.origin for part in provenance(run.machine.tip)] == [Origin.GENERATED, Origin.CLOSING]

    run.say("42")
    run.pass_all()
    run.end()
    run.pass_all()
    assert run.status == "verified", "the pass is a pass"
    assert run.machine.tip.read() == "<think>one\n" + CLOSING + "42"


def test_it_happens_once() -> None:
    run = Driver(monitor("a", mt.Stop()), monitor("b", mt.Stop("\nSo:")))
    run.say("one\n")
    run.answer((run.checks[0], ENOUGH))
    run.answer((run.checks[1], ENOUGH))
    run.say("two\n")
    run.answer(*((check, ENOUGH) for check in run.open_checks))
    run.end()
    run.answer(*((check, ENOUGH) for check in run.open_checks))
    assert len(run.of(mt.Intervened)) == 1
    assert run.status == "verified"


@pytest.mark.parametrize("policy", [mt.Observe(), mt.Rollback(), mt.Abstain(), mt.Gate(), mt.Gate(mt.Observe())])
def test_to_all_other_policies_it_is_a_pass(policy: mt.Policy) -> None:
    run = Driver(monitor(policy=policy))
    run.say("one\n")
    run.answer((run.checks[0], ENOUGH))
    assert not run.of(mt.Intervened)
    assert run.of(mt.SafeUpTo) == [mt.SafeUpTo(4)]


def test_behind_a_gate_nothing_is_taken_back() -> None:
    run = Driver(monitor(policy=mt.Gate(mt.Stop())))
    run.say("one\ntwo\n")
    run.answer((run.checks[0], ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["stop"]
    assert not run.of(mt.Retracted)


@pytest.mark.parametrize("delivery", ["live", "held", "final"])
def test_every_way_of_delivery(delivery: Mode) -> None:
    run = Driver(monitor(policy=mt.Stop()), delivery=delivery)
    run.say("one\ntwo\n")
    first, second = run.checks
    run.answer((second, ENOUGH))
    assert [act.offset for act in run.of(mt.Intervened)] == [8]
    run.answer((first, mt.Pass()))
    run.pass_all()
    run.say("42")
    run.end()
    run.pass_all()
    assert run.status == "verified"
    said = ""
    for event in run.commands:
        match event:
            case mt.TextDelta(text, offset):
                assert offset == len(said)
                said += text
            case mt.Retracted(offset):
                said = said[:offset]
    assert said == run.machine.tip.read() == "one\ntwo\n" + CLOSING + "42"


def test_the_earliest_of_several_wins() -> None:
    run = Driver(monitor("a", mt.Stop("A")), monitor("b", mt.Stop("B"), on=mt.every(characters=2)))
    run.say("one\n")
    checks = {(check.monitor, check.end): check for check in run.checks}
    run.answer((checks[0, 4], ENOUGH), (checks[1, 2], ENOUGH), (checks[1, 4], ENOUGH))
    assert [(act.monitors, act.offset, act.injected) for act in run.of(mt.Intervened)] == [(("b",), 2, "B")]


def test_a_violation_of_the_same_text_wins() -> None:
    run = Driver(monitor("a", mt.Stop()), monitor("b", mt.Rollback(repair="resample")))
    run.say("one\ntwo\n")
    settled, wrong = run.checks[2], run.checks[3]
    assert (settled.monitor, wrong.monitor) == (0, 1)
    run.answer((settled, ENOUGH), (wrong, mt.Violation("no")))
    assert [(act.action, act.monitors) for act in run.of(mt.Intervened)] == [("resample", ("b",))]
    run.say("three\n")
    run.answer((run.checks[4], ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["resample", "stop"], "it may still happen later"


@pytest.mark.parametrize("together", [True, False])
def test_a_violation_of_text_that_the_stop_takes_away_is_answered_by_it(together: bool) -> None:
    """As if the verdicts had come one after the other; no rollback is spent on it."""
    run = Driver(monitor("a", mt.Stop()), monitor("b", mt.Rollback()))
    run.say("one\ntwo\n")
    settled, wrong = run.checks[0], run.checks[3]
    if together:
        run.answer((wrong, mt.Violation("no")), (settled, ENOUGH))
    else:
        run.answer((settled, ENOUGH))
        run.answer((wrong, mt.Violation("no")))
    assert [(act.action, act.offset) for act in run.of(mt.Intervened)] == [("stop", 4)]
    assert run.machine.spent.rollbacks == 0


def test_who_abstains_abstains() -> None:
    run = Driver(monitor("a", mt.Stop()), monitor("b", mt.Abstain()))
    run.say("one\ntwo\n")
    run.answer((run.checks[3], mt.Violation("no")), (run.checks[0], ENOUGH))
    assert run.status == "abstained"


def test_a_settled_pass_on_text_that_is_gone_does_nothing() -> None:
    run = Driver(monitor("a", mt.Stop()), monitor("b", mt.Rollback(repair="resample")))
    run.say("one\ntwo\n")
    settled, wrong = run.checks[2], run.checks[1]
    run.answer((wrong, mt.Violation("no")))
    run.answer((settled, ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["resample"]


def test_after_the_source_has_ended_nothing_would_be_saved() -> None:
    run = Driver(monitor(policy=mt.Stop()))
    run.say("one\ntwo")
    run.end()
    run.answer(*((check, ENOUGH) for check in run.open_checks))
    assert not run.of(mt.Intervened)
    assert run.status == "verified"


def test_a_final_check_settles_nothing_even_if_the_run_goes_on() -> None:
    stopping = monitor("a", mt.Stop(), on=mt.at_end())
    run = Driver(stopping, monitor("b", mt.Rollback(to="checkpoint", repair="resample"), on=mt.at_end()))
    run.say("one\n")
    run.end()
    final, wrong = run.checks
    run.answer((wrong, mt.Violation("no")))
    run.answer((final, ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["resample"]


def test_a_phase_that_is_over_is_not_ended_again() -> None:
    """The verdict comes when the answer is under way: cutting it away would cost more than it saves."""
    for more in ("two\n</think>a", "two\n</think>a<think>b\n"):
        run = Driver(thinking())
        run.say("<think>one\n")
        (check,) = run.checks
        run.say(more)
        run.answer((check, ENOUGH))
        assert not run.of(mt.Intervened)
        assert run.machine.tip.read() == "<think>one\n" + more


def test_the_end_of_the_phase_is_no_unit_to_stop_at() -> None:
    run = Driver(thinking())
    run.say("<think>one</think>")
    (check,) = run.checks
    run.answer((check, ENOUGH))
    assert not run.of(mt.Intervened)


@pytest.mark.parametrize(
    ("prompt", "before", "after", "stops"),
    [
        ("", "<think>one\n", "two\n", True),
        ("", "one\n", "two\n", True),
        ("", "<think>one\n", "two\n</think>three", False),
        ("", "<think>one\n</thi", "nk>three", False),
        ("", "</think>one\n", "two", False),
        ("", "<think>a</think>one\n<think>two\n", "three", True),
        ("<think></think>", "one\n", "two", False),
        ("</think><think>", "one\n", "two", True),
    ],
)
def test_without_phases_the_tag_of_the_closing_tells_it(prompt: str, before: str, after: str, stops: bool) -> None:
    run = Driver(monitor(policy=mt.Stop()), prompt=prompt)
    run.say(before)
    run.say(after)
    run.answer((run.checks[-1], ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["stop"] * stops


def test_other_tags_and_none() -> None:
    for closing, said, stops in (
        ("\n[/THINK]", "[THINK]one\n[/THINK]two", False),
        ("\n[/THINK]", "<think>one\n</think>two", True),
        ("\n\nSo the answer is", "one\nSo the answer is", True),
        ("Time is up.\n</reason>\n", "<reason>one\n</reason>two", False),
    ):
        run = Driver(monitor(policy=mt.Stop(closing)))
        run.say(said)
        run.answer((run.checks[0], ENOUGH))
        assert [act.action for act in run.of(mt.Intervened)] == ["stop"] * stops, said


def test_tags_are_looked_for_again_after_a_cut() -> None:
    run = Driver(monitor("a", mt.Stop()), monitor("b", mt.Rollback(repair="resample")))
    run.say("<think>one\ntwo</think>\n")
    first, wrong = run.checks[0], run.checks[3]
    run.answer((run.checks[2], ENOUGH))
    assert not run.of(mt.Intervened), "the phase is over"
    run.answer((wrong, mt.Violation("no")))
    run.answer((first, ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["resample", "stop"], "the cut has opened it again"


def test_what_a_note_breaks_off_is_no_end_of_a_unit() -> None:
    run = Driver(monitor("a", mt.Stop(), on=mt.every(characters=8)), monitor("b", mt.Rollback()))
    run.say("one\ntwo\n")
    wrong = next(check for check in run.checks if check.monitor == 1 and check.start == 4)
    run.answer((wrong, mt.Violation("no")))
    broken = next(check for check in run.open_checks if check.monitor == 0 and check.end == 4)
    run.answer((broken, ENOUGH))
    assert [act.action for act in run.of(mt.Intervened)] == ["note"]


def test_a_violation_leads_to_something_else_if_it_shall() -> None:
    for otherwise, action in ((mt.Rollback(repair="resample"), "resample"), (None, "stop")):
        run = Driver(monitor(policy=mt.Stop(otherwise=otherwise)))
        run.say("one\n")
        run.answer((run.checks[0], mt.Violation("no")))
        assert [(act.action, act.monitors) for act in run.of(mt.Intervened)] == [(action, ("m",))]
    run = Driver(monitor(policy=mt.Gate(mt.Stop(otherwise=mt.Abstain()))))
    run.say("one\n")
    run.answer((run.checks[0], mt.Violation("no")))
    assert run.status == "abstained"
    run = Driver(monitor(policy=mt.Stop(otherwise=mt.Observe())))
    run.say("one\n")
    run.answer((run.checks[0], mt.Violation("no")))
    assert not run.of(mt.Intervened)


def test_a_violation_in_the_answer_does_not_end_the_thinking_again() -> None:
    run = Driver(monitor(policy=mt.Stop()))
    run.say("<think>one</think>\ntwo\n")
    run.answer((run.checks[1], mt.Violation("no")))
    (act,) = run.of(mt.Intervened)
    assert (act.action, act.offset, act.injected) == ("stop", 23, "")

    run = Driver(monitor(policy=mt.Stop()))
    run.say("<think>one\n</think>\ntwo\n")
    run.answer((run.checks[0], mt.Violation("no")))
    assert [act.injected for act in run.of(mt.Intervened)] == [CLOSING], "the cut has opened it again"


def test_what_an_unknown_means_is_said_by_the_stop_itself() -> None:
    policy = mt.Stop(otherwise=mt.Rollback(on_unknown="violation"), on_unknown="pass")
    run = Driver(monitor(policy=policy))
    run.say("one\n")
    run.answer((run.checks[0], mt.Unknown("?")))
    assert not run.of(mt.Intervened)
    assert run.machine.safe == 4


def test_a_run_that_was_stopped_still_ends() -> None:
    run = Driver(monitor(policy=mt.Stop()))
    run.say("one\n")
    run.answer((run.checks[0], ENOUGH))
    run.take(run.machine.handle(TimeUp("no time")))
    assert run.status == "exhausted"


def test_policies_say_what_they_lead_to() -> None:
    stop = mt.Stop(otherwise=mt.Abstain())
    assert (on_settled(stop), on_violation(stop)) == (stop, mt.Abstain())
    assert (on_settled(mt.Gate(stop)), on_violation(mt.Gate(stop))) == (stop, mt.Abstain())
    assert (on_settled(mt.Gate()), on_violation(mt.Gate())) == (None, mt.Rollback())
    assert on_violation(mt.Stop()) == mt.Stop()
    with pytest.raises(mt.UsageError, match=r"^Stop\(otherwise=Stop.*expected Observe\(\), Rollback\(\) or Abstain"):
        mt.Stop(otherwise=mt.Stop())  # type: ignore[arg-type]
