"""What may be spent: by one run, and by several together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import midtrace as mt

from .driver import Driver, monitor


def spend(run: Driver) -> None:
    """Two lines, two checks, one rollback, one second of processor time."""
    run.say("one\ntwo\n")
    if run.finish is None:
        run.answer((run.checks[-1], mt.Violation("no")), cpu=1.0)


@pytest.mark.parametrize(
    ("bounded", "reason"),
    [
        (lambda: mt.Budget(characters=12), "the shared limit of 12 characters is spent"),
        (lambda: mt.Budget(tokens=3), "the shared limit of 3 tokens is spent"),
        (lambda: mt.Budget(checks=3), "the shared limit of 3 checks is spent"),
        (lambda: mt.Budget(rollbacks=1), "the shared limit of 1 rollbacks is spent; m: no"),
        (lambda: mt.Budget(check_seconds=1.5), "the shared limit of 1.5 s of checking is spent"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_batch_is_bounded_as_a_whole(bounded: Callable[[], mt.Budget], reason: str, nested: bool) -> None:
    batch = bounded()
    budget = mt.Budget(within=batch) if nested else batch
    first, second = Driver(monitor(), budget=budget), Driver(monitor(), budget=budget)
    spend(first)
    assert first.status == "running"
    spend(second)
    assert (second.status, second.finish and second.finish.reason) == ("exhausted", reason)
    assert batch.characters == first.machine.spent.characters + second.machine.spent.characters
    assert batch.checks == first.machine.spent.checks + second.machine.spent.checks <= 4


def test_a_rollback_that_the_batch_refuses_is_not_charged() -> None:
    batch = mt.Budget(rollbacks=0)
    run = Driver(monitor(), budget=batch)
    spend(run)
    assert (run.machine.spent.rollbacks, batch.rollbacks) == (0, 0)


def test_the_shortest_time_counts_and_starts_with_the_first_run() -> None:
    batch = mt.Budget(seconds=10)
    own = mt.Limits(seconds=8)
    first = Driver(monitor(), limits=own, budget=batch).machine.spent.time_left(100.0)
    second = Driver(monitor(), limits=own, budget=batch).machine.spent.time_left(106.0)
    late = Driver(monitor(), limits=own, budget=batch).machine.spent.time_left(200.0)
    assert first == (8.0, "the limit of 8 s is spent")
    assert second == (4.0, "the shared limit of 10 s is spent")
    assert late == (0.0, "the shared limit of 10 s is spent")
    assert Driver(monitor()).machine.spent.time_left(1.0) is None


def test_tokens_count_as_the_source_counts_them_else_four_characters_each() -> None:
    run = Driver(monitor())
    run.say("12345678")
    assert run.machine.spent.tokens == 2
    run.say("9", mt.Token("9"))
    assert run.machine.spent.tokens == 1, "the source counts: its word goes"
    run.say("", mt.Token(""), mt.Token(""))
    assert run.machine.spent.tokens == 3, "a token without text is a token"
    assert run.machine.tip.read() == "123456789"


def test_tokens_without_text_reach_the_triggers() -> None:
    run = Driver(monitor(on=mt.every(tokens=2)))
    run.say("a", mt.Token("a"))
    run.say("", mt.Token(""))
    run.say("b", mt.Token("b"))
    assert [(check.start, check.end) for check in run.checks] == [(0, 2)], "two tokens, and the character that shows it"


def test_what_bounds_refuse() -> None:
    with pytest.raises(mt.UsageError, match=r"Limits\(checks=-1\): expected 0 or more"):
        mt.Budget(checks=-1)


def test_discarded_tokens_are_the_models_own() -> None:
    run = Driver(monitor(policy=mt.Rollback(feedback="[a long note, which is nobody's token]\n")))
    run.say("ok\n", mt.Token("ok\n"))
    run.say("a long bad line", mt.Token("a long bad line"))
    run.say("\nx", mt.Token("\n"), mt.Token("x"))
    run.answer((run.checks[1], mt.Violation("no")))
    run.say("bad\n", mt.Token("bad\n"))
    run.answer((run.open_checks[-1], mt.Violation("still no")))
    assert run.machine.counters.discarded_tokens == 4
    assert run.machine.counters.discarded_characters == len("a long bad line\nxbad\n")


def test_a_token_that_is_cut_in_two_is_kept() -> None:
    run = Driver(monitor(policy=mt.Rollback(to="claim")))
    run.say("half ", mt.Token("half "))
    run.say("right wrong\n", mt.Token("right wrong"), mt.Token("\n"))
    run.answer((run.checks[0], mt.Violation("no", span=mt.Span(11, 16))))
    assert run.machine.counters.discarded_tokens == 1
