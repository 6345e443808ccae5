"""Checks that say they are cheap are done beside the stream; what does not keep its word goes to the workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

import midtrace as mt
from midtrace.engines import inline
from midtrace.engines.parcels import PackedRule, Part
from midtrace.testing import Scripted

from .office import Office


@pytest.fixture
def office() -> Iterator[Office]:
    with closing(Office()) as made:
        yield made


def rule(verify: object, *, inline: bool | None = True) -> PackedRule:
    monitor = mt.Monitor("m", verify=verify, inline=inline)  # type: ignore[arg-type]
    return PackedRule.pack(monitor, Part.of("the prompt"))


def fine(text: str) -> None:
    return None


def test_no_worker_sees_them(office: Office) -> None:
    office.submit(range(200), rule=rule(fine))
    results = office.answered(200)
    assert sorted(result.id for result in results) == list(range(200))
    assert {result.verdict for result in results} == {mt.Pass()}
    assert office.hand.jobs.empty()


def test_they_see_what_a_worker_would(office: Office) -> None:
    class Prompted:
        inline = True

        def extract(self, view: mt.View) -> str:
            return f"{view.prompt}|{view.text}|{view.start}"

    monitor = mt.Monitor("m", extract=Prompted(), verify=lambda state: state, inline=True)
    office.submit([1], rule=PackedRule.pack(monitor, Part.of("the prompt")))
    (result,) = office.answered(1)
    assert result.verdict == mt.Violation("the prompt|a line\n|0")


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, KeyboardInterrupt, MemoryError, RecursionError])
def test_what_they_raise_is_unknown_and_ends_nothing(office: Office, error: type[BaseException]) -> None:
    def raises(text: str) -> None:
        raise error("on purpose")

    office.submit([1], rule=rule(raises))
    (result,) = office.answered(1)
    assert isinstance(result.verdict, mt.Unknown)
    assert result.verdict.kind == "crashed"
    assert error.__name__ in result.verdict.reason
    office.submit([2], rule=rule(fine))
    assert office.answered(1)[0].verdict == mt.Pass()


def test_a_long_unit_goes_to_a_worker(office: Office) -> None:
    office.submit([1], rule=rule(fine), text="x" * (inline.CHARACTERS + 1))
    office.hand.reply(office.job())
    office.answered(1)


def test_a_rule_that_takes_its_time_goes_to_a_worker_from_then_on(office: Office) -> None:
    def slow(text: str) -> None:
        until = time.thread_time() + 2 * inline.LONG
        while time.thread_time() < until:
            pass

    packed = rule(slow)
    for number in range(inline.BROKEN_PROMISES):
        office.submit([number], rule=packed)
        office.answered(1)
    office.submit([9], rule=packed)
    office.hand.reply(office.job())
    assert [result.id for result in office.answered(1)] == [9]


def test_cancelled_ones_are_not_answered(office: Office) -> None:
    gone = office.connect()
    office.submit(range(10), gone, rule=rule(fine))
    gone.close()
    office.submit([11], rule=rule(fine))
    results = office.answered(1)
    while results[-1].id != 11:
        results += office.answered(1)
    # What had been answered before the session closed may have been told; nothing is told after that.
    office.submit([12], rule=rule(fine))
    assert [result.id for result in office.answered(1)] == [12]


class Cheap:
    inline = True

    def check(self, state: str, /) -> mt.Verdict:
        return mt.Pass()


class Reads:
    inline = True

    def extract(self, view: mt.View, /) -> str:
        return view.text


class ReadsSlowly:
    def extract(self, view: mt.View, /) -> str:
        return view.text


def test_both_parts_have_to_declare_it() -> None:
    assert mt.Monitor("m", extract=Reads(), verify=Cheap()).rule.inline
    assert mt.Monitor("m", verify=Cheap()).rule.inline
    assert not mt.Monitor("m", extract=ReadsSlowly(), verify=Cheap()).rule.inline
    assert not mt.Monitor("m", extract=Reads(), verify=fine).rule.inline
    assert not mt.Monitor("m", extract=Reads(), verify=Cheap(), inline=False).rule.inline
    assert mt.Monitor("m", extract=ReadsSlowly(), verify=fine, inline=True).rule.inline
    assert mt.monitors.arithmetic().rule.inline


async def test_a_run_with_cheap_checks_alone_needs_no_worker(local: mt.Runtime) -> None:
    source = Scripted("2 + 2 = 4\n2 + 2 = 5\n", "2 + 2 = 4\n")
    outcome = await local.generate(source, "P", monitors=[mt.monitors.arithmetic()])
    assert outcome.status == "verified"
    assert len(outcome.interventions) == 1
