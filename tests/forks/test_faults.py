"""Whoever is asked is third-party code: nothing that it does keeps a run from its end, or touches another run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import pytest

import midtrace as mt
from midtrace.extractors import Fork
from midtrace.testing import InlineEngine, Scripted
from midtrace.triggers import every_line

TEXT = "one 1\ntwo 2\nthree 3\n"
Ask = Callable[[mt.Question], Awaitable[object]]


class Model:
    """A source that streams `text` and is asked through `ask`; `opening` and `closing` happen to its asker."""

    def __init__(self, ask: Ask, text: str = TEXT, opening: object = None, closing: object = None) -> None:
        self.stream = Scripted(text, size=3)
        self.ask = ask
        self._opening = opening
        self._closing = closing

    def __call__(self, prefix: str, /) -> AsyncIterator[str | mt.Chunk]:
        return self.stream(prefix)

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[mt.Asker]:
        if isinstance(self._opening, BaseException):
            raise self._opening
        yield self  # type: ignore[misc]
        if isinstance(self._closing, BaseException):
            raise self._closing


async def right(question: mt.Question) -> mt.Answer:
    await anyio.lowlevel.checkpoint()
    return mt.Answer(next(word for word in reversed(question.text.split()) if word.isdigit()))


def asking(policy: mt.Policy | None = None, **more: object) -> mt.Monitor:
    fork = Fork("\nLast:", lambda text: int(text) if text.isdigit() else None)
    return mt.Monitor("asks", extract=fork, verify=lambda state: None, policy=policy or mt.Rollback(), **more)  # type: ignore[arg-type]


async def run(model: Model, monitor: mt.Monitor | None = None, **more: object) -> mt.Outcome:
    runtime = mt.Runtime(InlineEngine())
    with anyio.fail_after(20):
        return await runtime.generate(model, "P:", monitors=[monitor or asking()], **more)  # type: ignore[arg-type]


def forks_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "midtrace-forks"]


class OddError(BaseException):
    pass


RAISED = (asyncio.CancelledError(), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), OddError("x"), ValueError("y"))


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
async def test_whatever_is_raised_is_one_unknown(error: BaseException) -> None:
    async def ask(question: mt.Question) -> mt.Answer:
        raise error

    outcome = await run(Model(ask))
    assert outcome.status == "unverified"
    assert f"asking the model raised {type(error).__name__}" in outcome.reason
    assert not forks_threads()


@pytest.mark.parametrize("answer", ["text", None, mt.Answer(5)], ids=repr)  # type: ignore[arg-type]
async def test_what_is_no_answer_is_unknown_and_the_next_one_counts(answer: object) -> None:
    said: list[object] = []

    async def ask(question: mt.Question) -> object:
        said.append(answer if not said else await right(question))
        return said[-1]

    outcome = await run(Model(ask))
    assert outcome.status == "unverified"
    assert "TypeError: expected an Answer with text" in outcome.reason
    assert isinstance(outcome.certificate.rows[-1].message, str)
    assert [each.outcome for each in outcome.ledger.forks][-1] == "answered"


async def test_usage_that_cannot_be_counts_as_not_told() -> None:
    async def ask(question: mt.Question) -> mt.Answer:
        return mt.Answer("4", usage=mt.Usage(1, -1, float("nan")))  # type: ignore[arg-type]

    outcome = await run(Model(ask))
    assert outcome.verified
    assert {(each.tokens, each.prompt_tokens) for each in outcome.ledger.forks} == {(1, 0)}


async def test_a_time_out_does_not_wait_for_who_ignores_it() -> None:
    let_go = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def ask(question: mt.Question) -> mt.Answer:
        done = asyncio.run_coroutine_threadsafe(let_go.wait(), loop)
        while not done.done():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
        return mt.Answer("4")

    runtime = mt.Runtime(InlineEngine())
    with anyio.fail_after(20):
        async with runtime.watch(Model(ask), "P:", monitors=[asking()], forks=mt.Forks(timeout=0.05)) as watched:
            outcome = await watched.wait()
            let_go.set()
    assert "the model did not answer within 0.05 s" in outcome.reason
    assert {each.outcome for each in outcome.ledger.forks} == {"failed"}


@pytest.mark.parametrize("error", [SystemExit(2), OSError("no"), OddError()], ids=repr)
async def test_whoever_cannot_be_opened_is_one_line(error: BaseException) -> None:
    model = Model(right, opening=error)
    with pytest.raises(mt.UsageError, match=f"who is asked could not be opened: {type(error).__name__}"):
        await run(model)
    assert not model.stream.prefixes
    assert not forks_threads()


@pytest.mark.parametrize("error", [SystemExit(2), OSError("no"), OddError()], ids=repr)
async def test_who_cannot_be_closed_does_no_harm(error: BaseException) -> None:
    assert (await run(Model(right, closing=error))).verified
    assert not forks_threads()


async def test_a_fault_of_one_run_does_not_touch_another() -> None:
    async def ask(question: mt.Question) -> mt.Answer:
        raise SystemExit(1)

    runtime = mt.Runtime(InlineEngine())
    found: dict[str, str] = {}

    async def one(name: str, model: Model) -> None:
        outcome = await runtime.generate(model, "P:", monitors=[asking()])
        found[name] = outcome.status

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, "innocent", Model(right))
            tasks.start_soon(one, "faulty", Model(ask))
    assert found == {"innocent": "verified", "faulty": "unverified"}


# Nothing waits for ever


@pytest.mark.parametrize("terms", [mt.Forks(block=1_000), mt.Forks(share=0.001)], ids=["block", "share"])
async def test_the_last_question_of_a_phase_that_is_over_is_asked(terms: mt.Forks) -> None:
    text = "<think>\na 1\nb 2\nc 3\n</think>\n\nThe answer\n"
    outcome = await run(Model(right, text), asking(on=every_line().within("thinking")), forks=terms)
    assert outcome.verified


async def test_a_check_that_is_tried_again_at_the_end_is_asked_for() -> None:
    tried: list[str] = []

    async def ask(question: mt.Question) -> mt.Answer:
        tried.append(question.text)
        if len(tried) == 1:
            raise mt.SourceError("busy", transient=True)
        return await right(question)

    outcome = await run(Model(ask), asking(mt.Rollback(on_unknown="retry")), forks=mt.Forks(share=0.001))
    assert outcome.verified


async def test_questions_that_fail_are_paid_too() -> None:
    """7. Forks are bounded by `Limits`, answered or not."""

    async def ask(question: mt.Question) -> mt.Answer:
        raise mt.SourceError("busy")

    text = "".join(f"line {n}\n" for n in range(50))
    outcome = await run(Model(ask, text), limits=mt.Limits(forks=1))
    assert outcome.status == "exhausted"
    assert outcome.reason == "the limit of 1 forks is spent"


@pytest.mark.parametrize("most", [0, 1, 2])
async def test_no_more_is_asked_than_may_be(most: int) -> None:
    asked: list[str] = []

    async def ask(question: mt.Question) -> mt.Answer:
        asked.append(question.text)
        return await right(question)

    text = "".join(f"{n}\n" for n in range(50))
    model = Model(ask, text)
    model.stream = Scripted(text, size=2, delay=0.001)
    outcome = await run(model, limits=mt.Limits(forks=most))
    assert outcome.status == "exhausted"
    assert outcome.reason == f"the limit of {most} forks is spent"
    assert len(asked) <= most
    assert len(outcome.ledger.forks) == len(asked)


async def silent(prefix: str) -> AsyncIterator[str]:
    while True:
        yield ""


async def silent_too(prefix):  # type: ignore[no-untyped-def]
    while True:
        yield {"choices": []}


@pytest.mark.parametrize("source", [silent, silent_too])
async def test_a_source_that_says_nothing_without_waiting_lets_go(source: Callable[[str], object]) -> None:
    terms = mt.Forks(source=source, timeout=0.05)
    outcome = await run(Model(right), forks=terms)
    assert "the model" in outcome.reason
    assert outcome.status == "unverified"
