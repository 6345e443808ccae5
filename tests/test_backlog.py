"""Back-pressure: what a run does when the engine cannot keep up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

import midtrace as mt
from midtrace.testing import ManualEngine, Scripted


@mt.verifier
def no_x(text: str) -> mt.Verdict:
    return mt.Violation("there is an X") if "X" in text else mt.Pass()


LINES = [f"line {number}\n" for number in range(40)]


class Counting:
    """A source of one line a chunk that counts what is read of it."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.read = 0

    async def _stream(self) -> AsyncIterator[str]:
        for line in self.lines:
            self.read += 1
            yield line
            await asyncio.sleep(0)

    def __call__(self, prefix: str) -> AsyncIterator[str]:
        return self._stream()


async def turn(times: int = 200) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0)


def answer(manual: ManualEngine, count: int) -> None:
    for check in manual.pending[:count]:
        check.answer()
    del manual.pending[:count]


@pytest.fixture
def manual() -> ManualEngine:
    return ManualEngine()


def watch(manual: ManualEngine, source: Any, backlog: mt.Backlog, **settings: Any) -> Any:
    return mt.Runtime(manual).watch(source, "", monitors=[mt.Monitor("m", verify=no_x, **settings)], backlog=backlog)


def pressures(events: list[mt.Event]) -> list[mt.Pressure]:
    return [each for each in events if isinstance(each, mt.Pressure)]


async def collect(run: mt.Run, into: list[mt.Event]) -> None:
    async for event in run:
        into.append(event)  # noqa: PERF401  (others look on meanwhile)


async def finish(manual: ManualEngine, run: mt.Run) -> mt.Outcome:
    """Answer every check as it comes until the run is over."""

    async def clerk() -> None:
        while True:
            answer(manual, len(manual.pending))
            await asyncio.sleep(0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clerk)
        outcome = await run.wait()
        tasks.cancel_scope.cancel()
    return outcome


async def test_a_source_is_held_until_half_of_the_checks_are_answered(manual: ManualEngine) -> None:
    source, events = Counting(LINES), list[mt.Event]()
    async with watch(manual, source, mt.Backlog(8)) as run, anyio.create_task_group() as tasks:
        tasks.start_soon(collect, run, events)
        await until(lambda: len(manual.pending) > 8)
        await turn()
        held_at = source.read
        assert held_at < len(LINES)
        assert pressures(events) == [mt.Pressure(9, "held")]

        answer(manual, 4)
        await turn()
        assert source.read == held_at, "more than half of them still wait"

        answer(manual, 1)
        await until(lambda: source.read > held_at)
        assert pressures(events)[1] == mt.Pressure(4, "over")
        while sum(isinstance(each, mt.Checked) for each in events) < len(LINES):
            answer(manual, len(manual.pending))
            await asyncio.sleep(0)
    assert run.outcome.status == "verified"
    assert run.outcome.text == "".join(LINES)
    assert run.outcome.certificate.complete


async def test_checks_beyond_the_bound_are_not_made_where_the_user_says_so(manual: ManualEngine) -> None:
    source, events = Counting(LINES), list[mt.Event]()
    async with watch(manual, source, mt.Backlog(8, "unverified")) as run, anyio.create_task_group() as tasks:
        tasks.start_soon(collect, run, events)
        await until(lambda: source.read == len(LINES))
        await turn()
        assert len(manual.pending) == 8
        assert pressures(events) == [mt.Pressure(8, "unverified")]
        answer(manual, 8)
    outcome = run.outcome
    assert outcome.status == "unverified"
    assert outcome.text == "".join(LINES)
    assert not outcome.certificate.complete
    verdicts = [each.verdict for each in events if isinstance(each, mt.Checked)]
    assert len(verdicts) == len(LINES)
    refused = [each for each in verdicts if isinstance(each, mt.Unknown)]
    assert {each.kind for each in refused} == {"refused"}
    assert len(refused) == len(LINES) - 8
    assert "8 checks wait already" in refused[0].reason


async def test_checks_are_made_again_when_the_engine_has_caught_up(manual: ManualEngine) -> None:
    gate = asyncio.Event()

    class Pausing(Counting):
        async def _stream(self) -> AsyncIterator[str]:
            yield "".join(self.lines[:20])
            await gate.wait()
            for line in self.lines[20:24]:
                yield line

    events = list[mt.Event]()
    backlog = mt.Backlog(8, "unverified")
    async with watch(manual, Pausing(LINES), backlog) as run, anyio.create_task_group() as tasks:
        tasks.start_soon(collect, run, events)
        await until(lambda: pressures(events))
        answer(manual, 8)
        await until(lambda: len(pressures(events)) == 2)
        gate.set()
        await until(lambda: len(manual.pending) == 4)
        answer(manual, 4)
    assert [each.action for each in pressures(events)] == ["unverified", "over"]
    assert sum(isinstance(each.verdict, mt.Pass) for each in events if isinstance(each, mt.Checked)) == 12


async def test_a_violation_found_while_the_source_is_held_rolls_it_back(manual: ManualEngine) -> None:
    lines = ["good\n", "X\n", *LINES]
    source = Scripted("".join(lines), "fine\n", size=4)
    async with watch(manual, source, mt.Backlog(4), policy=mt.Rollback()) as run:
        await until(lambda: len(manual.pending) > 4)
        await turn()
        answer(manual, 2)
        await until(lambda: len(source.prefixes) == 2)
        await finish(manual, run)
    assert run.outcome.status == "verified"
    assert run.outcome.text.endswith("fine\n")
    assert "X\n" not in run.outcome.text


async def test_a_run_that_is_held_can_be_left(manual: ManualEngine) -> None:
    source = Counting(LINES)
    with anyio.fail_after(5):
        async with watch(manual, source, mt.Backlog(1)) as run:
            await until(lambda: len(manual.pending) > 1)
            await turn()
    assert source.read < len(LINES)
    with pytest.raises(mt.MidtraceError, match="has not ended"):
        _ = run.outcome


async def test_a_check_of_the_whole_trace_stands_for_those_before_it(manual: ManualEngine) -> None:
    source, events = Counting(LINES), list[mt.Event]()
    backlog = mt.Backlog(8, "coalesce")
    async with watch(manual, source, backlog, scope="trace") as run, anyio.create_task_group() as tasks:
        tasks.start_soon(collect, run, events)
        await until(lambda: source.read == len(LINES))
        await turn()
        assert len(manual.pending) < 8
        assert pressures(events)[:2] == [mt.Pressure(9, "coalesced"), mt.Pressure(2, "over")]
        assert manual.pending[0].text == LINES[0], "the oldest stays: somebody may be at it"
        assert manual.pending[-1].text == "".join(LINES)
        while manual.pending:
            answer(manual, len(manual.pending))
            await turn(20)
    assert run.outcome.status == "verified"
    assert run.outcome.certificate.complete
    assert run.outcome.ledger.cancelled_checks == len(LINES) + 1 - sum(isinstance(e, mt.Checked) for e in events)


async def test_a_violation_in_what_was_coalesced_is_found(manual: ManualEngine) -> None:
    lines = [*LINES[:5], "X\n", *LINES[5:12]]
    source = Scripted("".join(lines), "fine\n", size=4)
    backlog = mt.Backlog(4, "coalesce")
    async with watch(manual, source, backlog, scope="trace", policy=mt.Rollback()) as run:
        outcome = await finish(manual, run)
    assert outcome.status == "verified"
    assert "X\n" not in outcome.text


async def test_units_are_never_coalesced(manual: ManualEngine) -> None:
    source = Counting(LINES)
    async with watch(manual, source, mt.Backlog(8, "coalesce")) as run:
        await until(lambda: len(manual.pending) > 8)
        await turn()
        assert source.read < len(LINES), "the source is held instead"
        outcome = await finish(manual, run)
    assert outcome.status == "verified"
    assert outcome.ledger.cancelled_checks == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "Backlog(checks=0): expected 1 or more"),
        ((4, "wait"), "Backlog(then='wait'): expected 'hold', 'coalesce' or 'unverified'"),
    ],
)
def test_a_backlog_that_cannot_work_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(mt.UsageError) as caught:
        mt.Backlog(*arguments)
    assert str(caught.value) == message
