"""The async shell: sources of every kind, cancellation, limits, delivery."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, cast

import anyio
import pytest

import midtrace as mt
from midtrace.testing import InlineEngine, ManualEngine, Scripted


@mt.verifier
def no_x(text: str) -> mt.Verdict:
    at = text.find("X")
    return mt.Pass() if at < 0 else mt.Violation("there is an X", hint="x", correction=text.strip().replace("X", "x"))


def no_x_monitor(policy: mt.Policy | None = None) -> mt.Monitor:
    return mt.Monitor("no-x", verify=no_x, policy=policy or mt.Rollback(repair="correct"))


@pytest.fixture
def inline() -> mt.Runtime:
    return mt.Runtime(InlineEngine())


@pytest.fixture
def manual() -> ManualEngine:
    return ManualEngine()


async def test_an_untouched_run_is_the_source_byte_for_byte(inline: mt.Runtime) -> None:
    source = Scripted("one\ntwo\r\n\nthree \ud83d\ude00\x00", size=3)

    outcome = await inline.generate(source, "P", monitors=[no_x_monitor()])

    assert outcome.status == "verified"
    assert outcome.text == "one\ntwo\r\n\nthree \ud83d\ude00\x00"
    assert source.prefixes == ["P"]
    assert outcome.certificate.complete


async def test_a_violation_is_cut_away_repaired_and_resumed(inline: mt.Runtime) -> None:
    source = Scripted("one\nX\nthree\n", "three\n")

    outcome = await inline.generate(source, "P", monitors=[no_x_monitor()])

    assert outcome.status == "verified"
    assert outcome.text == "one\nx\nthree\n"
    assert source.prefixes == ["P", "Pone\nx\n"]
    assert outcome.ledger.interventions == 1
    assert [(part.start, part.end) for part in outcome.certificate.injected] == [(4, 6)]


@pytest.mark.parametrize("delivery", ["live", "held", "final"])
async def test_every_delivery_ends_with_the_same_text(
    inline: mt.Runtime, delivery: Literal["live", "held", "final"]
) -> None:
    source = Scripted("one\nX\nthree\n", "three\n")
    text = ""

    async with inline.watch(source, "P", monitors=[no_x_monitor()], delivery=delivery) as run:
        async for event in run:
            match event:
                case mt.TextDelta(text=more, offset=offset):
                    assert offset == len(text)
                    text += more
                case mt.Retracted(offset=offset):
                    assert delivery == "live"
                    text = text[:offset]

    assert text == run.outcome.text == "one\nx\nthree\n"


async def test_a_gate_holds_what_follows(manual: ManualEngine) -> None:
    source = Scripted("call\nresult\n", hold=True)
    monitor = no_x_monitor(mt.Gate())
    text = ""

    async with mt.Runtime(manual).watch(source, "P", monitors=[monitor]) as run:
        while len(manual.pending) < 2:
            await asyncio.sleep(0)
        for _ in "call\n":
            event = await anext(run)
            assert isinstance(event, mt.TextDelta)
            text += event.text
        assert text == "call\n"
        with anyio.move_on_after(0) as nothing_more:
            await anext(run)
        assert nothing_more.cancelled_caught
        manual.pending[0].answer()
        async for event in run:
            if isinstance(event, mt.TextDelta):
                text += event.text
            if text == "call\nresult\n":
                break


BAD_SOURCES: dict[str, tuple[list[Any], str]] = {
    "bytes": ([b"abc"], "expected text from the source, got bytes"),
    "none": ([None], "expected text from the source, got NoneType"),
    "raises at once": ([ValueError("no")], "the source raised ValueError: no"),
    "raises later": (["some ", ValueError("no\nway")], "the source raised ValueError: no"),
    "gives nothing": ([], "the source ended without giving any text"),
    "gives empty chunks": (["", "", ""], "the source ended without giving any text"),
}


@pytest.mark.parametrize("kind", BAD_SOURCES)
async def test_what_a_source_does_wrong_is_an_outcome(inline: mt.Runtime, kind: str) -> None:
    answer, reason = BAD_SOURCES[kind]

    outcome = await inline.generate(Scripted(answer), "P", monitors=[no_x_monitor()])

    assert outcome.status == "failed"
    assert outcome.reason == reason
    assert outcome.text == "".join(part for part in answer if isinstance(part, str))


async def test_a_source_that_is_no_stream_is_an_outcome(inline: mt.Runtime) -> None:
    outcome = await inline.generate(lambda prefix: 42, "P", monitors=[no_x_monitor()])

    assert outcome.reason == "expected a stream of text from the source, got int"


async def test_a_passing_failure_is_retried_from_the_accepted_text(inline: mt.Runtime) -> None:
    broken = mt.SourceError("reset", transient=True)
    source = Scripted(["one\ntw", broken], "o\n")

    outcome = await inline.generate(source, "P", monitors=[no_x_monitor()])

    assert outcome.status == "verified"
    assert source.prefixes == ["P", "Pone\ntw"]


async def test_failures_in_a_row_end_the_run(inline: mt.Runtime) -> None:
    source = Scripted([mt.SourceError("reset", transient=True)])

    outcome = await inline.generate(source, "P", monitors=[no_x_monitor()])

    assert outcome.status == "failed"
    assert outcome.reason == "reset"
    assert len(source.prefixes) == 3


async def test_a_coroutine_that_opens_a_stream_is_a_source(inline: mt.Runtime) -> None:
    async def source(prefix: str) -> AsyncIterator[str | mt.Chunk]:
        return Scripted("fine\n")(prefix)

    assert (await inline.generate(source, "P", monitors=[no_x_monitor()])).verified


async def test_ten_megabytes_in_one_chunk(inline: mt.Runtime) -> None:
    outcome = await inline.generate(Scripted(["a" * 9_999_999]), "P", monitors=[no_x_monitor()])

    assert outcome.status == "verified"
    assert len(outcome.text) == 9_999_999


async def test_a_lone_surrogate_survives(inline: mt.Runtime) -> None:
    outcome = await inline.generate(Scripted(["a\ud800b\n"]), "P", monitors=[no_x_monitor()])

    assert outcome.status == "verified"
    assert outcome.text == "a\ud800b\n"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (mt.Limits(characters=5), "the limit of 5 characters is spent"),
        (mt.Limits(tokens=1), "the limit of 1 tokens is spent"),
        (mt.Limits(checks=1), "the limit of 1 checks is spent"),
        (mt.Limits(rollbacks=0), "the limit of 0 rollbacks is spent; no-x: there is an X"),
    ],
)
async def test_a_spent_limit_is_an_outcome(inline: mt.Runtime, limits: mt.Limits, reason: str) -> None:
    outcome = await inline.generate(Scripted("one\nX\nthree\n"), "P", monitors=[no_x_monitor()], limits=limits)

    assert outcome.status == "exhausted"
    assert outcome.reason == reason
    assert limits.checks is None or outcome.ledger.checks == limits.checks
    if limits.rollbacks == 0:
        assert "X" not in outcome.text


async def test_a_source_that_never_ends_meets_its_time_limit(inline: mt.Runtime) -> None:
    async def endless(prefix: str) -> AsyncIterator[str]:
        yield "a"
        await anyio.sleep_forever()

    outcome = await inline.generate(endless, "P", monitors=[no_x_monitor()], limits=mt.Limits(seconds=0.05))

    assert outcome.status == "exhausted"
    assert outcome.text == "a"


async def test_a_source_that_never_waits_is_stopped(inline: mt.Runtime) -> None:
    async def burst(prefix: str) -> AsyncIterator[str]:
        while True:
            yield "a\n"

    outcome = await inline.generate(burst, "P", monitors=[no_x_monitor()], limits=mt.Limits(characters=10_000))

    assert outcome.status == "exhausted"


async def test_leaving_early_closes_everything(manual: ManualEngine) -> None:
    source = Scripted("one\ntwo\n", hold=True)

    async with mt.Runtime(manual).watch(source, "P", monitors=[no_x_monitor()]) as run:
        async for event in run:
            if isinstance(event, mt.TextDelta) and event.offset > 5:
                break

    assert source.closed == 1
    assert manual.pending == []
    with pytest.raises(mt.MidtraceError, match="has not ended"):
        _ = run.outcome


async def test_an_error_of_the_user_stays_what_it_is(inline: mt.Runtime) -> None:
    source = Scripted("one\n", hold=True)

    with pytest.raises(KeyError, match="mine"):
        async with inline.watch(source, "P", monitors=[no_x_monitor()]) as run:
            async for _ in run:
                raise KeyError("mine")

    assert source.closed == 1


async def test_cancellation_leaves_nothing(manual: ManualEngine) -> None:
    source = Scripted("one\n", hold=True)
    before = asyncio.all_tasks()

    with anyio.move_on_after(0.02) as scope:
        await mt.Runtime(manual).generate(source, "P", monitors=[no_x_monitor()])

    assert scope.cancelled_caught
    assert source.closed == 1
    assert asyncio.all_tasks() == before


async def test_a_slow_user_holds_the_source_back(inline: mt.Runtime) -> None:
    given = 0

    async def burst(prefix: str) -> AsyncIterator[str]:
        nonlocal given
        for _ in range(5_000):
            given += 1
            yield "a"
            await asyncio.sleep(0)

    async with inline.watch(burst, "P", monitors=[no_x_monitor()]) as run:
        for _ in range(3_000):
            await asyncio.sleep(0)
        assert given < 1_100
        assert (await run.wait()).verified
    assert given == 5_000


async def test_a_thousand_runs_in_one_loop(inline: mt.Runtime) -> None:
    outcomes = []

    async def one() -> None:
        outcomes.append(await inline.generate(Scripted("one\nX\n", "two\n"), "P", monitors=[no_x_monitor()]))

    async with anyio.create_task_group() as tasks:
        for _ in range(1_000):
            tasks.start_soon(one)

    assert {outcome.text for outcome in outcomes} == {"one\nx\ntwo\n"}
    gc.collect()


async def test_a_wrapped_call_is_awaited_or_entered(inline: mt.Runtime) -> None:
    @mt.monitored(monitors=[no_x_monitor()], runtime=inline)
    async def complete(prefix: str) -> AsyncIterator[str]:
        yield "one\n"

    assert (await complete("P")).text == "one\n"
    async with complete("P") as run:
        assert [type(event).__name__ async for event in run] == ["TextDelta", "Checked", "SafeUpTo"]
    assert complete.__name__ == "complete"


def test_from_a_script() -> None:
    outcome = mt.generate_sync(Scripted("one\n"), "P", monitors=[no_x_monitor()], engine="local")

    assert outcome.verified


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mt.Monitor("", verify=no_x), r"Monitor\(name=''\): expected a name"),
        (lambda: mt.Monitor("m", verify=cast("Any", 42)), "verify must have a check method or be a function"),
        (lambda: mt.Monitor("m", verify=no_x, deadline=0), "expected a deadline above 0 seconds"),
        (
            lambda: mt.Monitor("m", verify=cast("Any", test_a_slow_user_holds_the_source_back)),
            "verify must be a plain function",
        ),
        (lambda: mt.Rollback(to="checkpoint", repair="correct"), 'expected to="claim" or to="unit"'),
        (lambda: mt.Rollback(to=cast("Any", "end")), "'end'.: expected 'claim', 'unit' or 'checkpoint'"),
        (lambda: mt.Rollback(repair=cast("Any", "")), r"Rollback.repair=''.: expected 'correct', 'note' or 'resample'"),
        (lambda: mt.Abstain(on_unknown=cast("Any", "fail")), r"Abstain.on_unknown='fail'.: expected 'unverified', "),
        (lambda: mt.Gate(cast("Any", mt.Gate())), r"Gate.then=Gate.*expected Observe\(\), Rollback\(\), "),
        (lambda: mt.Monitor("m", verify=no_x, scope=cast("Any", "line")), "expected 'unit' or 'trace'"),
        (lambda: mt.Monitor("m", verify=no_x, policy=cast("Any", mt.Rollback)), r"expected a policy, such as Rollback"),
        (lambda: mt.Monitor("m", verify=no_x, on=cast("Any", mt.at_end)), "expected a trigger, such as every_line"),
        (lambda: mt.Rollback(feedback="{nonsense}"), "expected a template"),
        (lambda: mt.Limits(rollbacks=-1), r"Limits\(rollbacks=-1\): expected 0 or more"),
        (
            lambda: mt.Limits(checks=cast("Any", 1.5)),
            r"Limits\(checks=1.5\): expected 0 or more in whole numbers, or None",
        ),
        (lambda: mt.Limits(seconds=float("nan")), r"Limits\(seconds=nan\): expected 0 or more seconds"),
        (lambda: mt.verifier(cast("Any", test_a_slow_user_holds_the_source_back)), "expected a plain function"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(make: Callable[[], object], message: str) -> None:
    with pytest.raises(mt.UsageError, match=message):
        make()


async def test_arguments_of_watch_are_checked(inline: mt.Runtime) -> None:
    async def refused(message: str, monitors: Any, prompt: Any = "P", **options: Any) -> None:
        with pytest.raises(mt.UsageError, match=message):
            async with inline.watch(Scripted("a"), prompt, monitors=monitors, **options):
                pass

    await refused("expected at least one monitor", [])
    await refused("two monitors are called 'no-x'", [no_x_monitor(), no_x_monitor()])
    await refused("expected 'live', 'held' or 'final'", [no_x_monitor()], delivery="later")
    await refused("ahead=3: expected 0 or more, with delivery='live'", [no_x_monitor()], delivery="held", ahead=3)
    await refused(r"monitors=Monitor\(name='no-x'.*: expected a list of Monitor", no_x_monitor())
    await refused("expected a list of Monitor", [no_x])
    await refused("prompt=3: expected text", [no_x_monitor()], prompt=3)
    await refused(r"limits=3: expected Limits\(...\)", [no_x_monitor()], limits=3)
    await refused(r"forks=3: expected Forks\(...\)", [no_x_monitor()], forks=3)
    lock = threading.Lock()
    held = mt.Monitor("held", verify=lambda text: str(lock))
    await refused("monitor 'held': its extractor or verifier cannot be sent to a worker process", [held])


async def test_no_run_starts_on_a_runtime_that_is_closed() -> None:
    """Nobody would check anything, so it would not end."""
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        pass
    with pytest.raises(mt.UsageError, match="the runtime is closed: runs belong inside"):
        await runtime.generate(Scripted("a"), "P", monitors=[no_x_monitor()])
    with pytest.raises(mt.UsageError, match="the runtime is closed"):
        await runtime.review("a", monitors=[no_x_monitor()])


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), BaseExceptionGroup("g", [SystemExit(1)])])
async def test_a_cancelling_that_nobody_asked_for_is_the_sources_failure(
    inline: mt.Runtime, error: BaseException
) -> None:
    outcome = await inline.generate(Scripted(["one\n", error]), "P", monitors=[no_x_monitor()])

    assert outcome.status == "failed"
    assert f"the source raised {type(error).__name__}" in outcome.reason
    assert outcome.text == "one\n"


@pytest.mark.parametrize("piece", [mt.Usage(1), "", mt.Chunk("")], ids=repr)
async def test_a_source_that_never_says_anything_ends(inline: mt.Runtime, piece: str | mt.Chunk | mt.Usage) -> None:
    """It never waits either; the loop goes on all the same."""
    turns = 0

    async def source(prefix: str) -> AsyncIterator[str | mt.Chunk | mt.Usage]:
        while True:
            yield piece

    async def watch() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        outcome = await inline.generate(source, "P", monitors=[no_x_monitor()])
        tasks.cancel_scope.cancel()

    assert outcome.reason == "the source gave 100001 pieces in a row without any text"
    assert turns > 1_000
