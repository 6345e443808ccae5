"""Whatever people hold becomes a source, and is read without blocking anybody."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from langchain_core.language_models import FakeListChatModel, FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatResult
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableLambda

import midtrace as mt
from midtrace.chunks import Chunk, Source, Usage
from midtrace.sources.adapting import source_of
from midtrace.sources.chats.turns import CONTINUE, Echo, turns
from midtrace.sources.protocol import Abilities, Able, Conversing, Passage
from midtrace.sources.requirements import requirements
from midtrace.sources.streams import off_loop
from midtrace.testing import Scripted
from midtrace.trace import Origin
from midtrace.triggers import every_line, high_entropy


async def read(source: Source, prefix: str = "P") -> list[str]:
    opened = source(prefix)
    if isinstance(opened, Awaitable):
        opened = await opened
    return [each.text if isinstance(each, Chunk) else each async for each in opened if not isinstance(each, Usage)]


async def says_text(prefix: str) -> AsyncIterator[str]:
    yield prefix
    yield "!"


async def says_frames(prefix: str) -> Any:
    yield {"choices": [{"delta": {"content": prefix}}]}
    yield {"choices": [{"delta": {"content": "!"}}]}


async def gives_a_stream(prefix: str) -> AsyncIterator[str]:
    return says_text(prefix)


async def gives_a_list(prefix: str) -> list[str]:
    return [prefix, "!"]


async def gives_all(prefix: str) -> str:
    return f"{prefix}!"


def says_plainly(prefix: str) -> Iterator[str]:
    yield prefix
    yield "!"


def gives_an_iterator(prefix: str) -> Iterator[str]:
    return iter([prefix, "!"])


class Model:
    """An object that can be called, in each of the ways."""

    def __call__(self, prefix: str) -> Any:
        return says_text(prefix)

    def plainly(self, prefix: str) -> Any:
        return says_plainly(prefix)

    @staticmethod
    def apart(prefix: str) -> Any:
        return says_text(prefix)

    @classmethod
    def of_the_class(cls, prefix: str) -> Any:
        return says_text(prefix)


CALLS: dict[str, Any] = {
    "async generator": says_text,
    "async generator of frames": says_frames,
    "coroutine function with a stream": gives_a_stream,
    "coroutine function with a list": gives_a_list,
    "coroutine function with one answer": gives_all,
    "generator": says_plainly,
    "function with an iterator": gives_an_iterator,
    "function with one answer": lambda prefix: f"{prefix}!",
    "function with a message": lambda prefix: AIMessage(content=f"{prefix}!"),
    "function with a coroutine": lambda prefix: gives_a_stream(prefix),  # noqa: PLW0108
    "object": Model(),
    "method": Model().plainly,
    "static method": Model.apart,
    "class method": Model.of_the_class,
    "partial": functools.partial(lambda end, prefix: [prefix, end], "!"),
    "partial of a generator": functools.partial(says_text),
}


@pytest.mark.parametrize("kind", CALLS)
async def test_calls(kind: str) -> None:
    source = source_of(CALLS[kind])

    assert "".join(await read(source)) == "P!"
    assert "".join(await read(source, "Q")) == "Q!"
    assert not isinstance(source, Able)


async def messages() -> AsyncIterator[AIMessageChunk]:
    yield AIMessageChunk(content="P")
    yield AIMessageChunk(content="!")


STREAMS: dict[str, Callable[[], object]] = {
    "async generator": lambda: says_text("P"),
    "messages": messages,
    "a coroutine with a stream": lambda: gives_a_stream("P"),
    "generator": lambda: says_plainly("P"),
    "list": lambda: ["P", "!"],
    "answer": lambda: {"choices": [{"text": "P!"}]},
    "message": lambda: AIMessage(content="P!"),
    "frames": lambda: iter([{"choices": [{"text": "P"}]}, {"choices": [{"text": "!"}]}]),
}


@pytest.mark.parametrize("kind", STREAMS)
async def test_opened_streams_are_read_once(kind: str) -> None:
    source = source_of(STREAMS[kind]())

    assert isinstance(source, Able)
    assert not source.abilities.resume
    assert "".join(await read(source)) == "P!"
    with pytest.raises(mt.SourceError, match="can be read once and does not go on from another prefix"):
        await read(source)


@pytest.mark.parametrize("given", [None, 3, "text", b"bytes", Model, object()])
def test_anything_else_is_refused_in_one_line(given: object) -> None:
    with pytest.raises(mt.UsageError, match=r"^source=.*: expected a function of|^source=.*: expected a function that"):
        source_of(given)


@pytest.mark.parametrize("given", [3, None, object(), b"bytes", Usage(1)])
async def test_a_call_that_gives_something_else(given: object) -> None:
    with pytest.raises(mt.SourceError, match="expected a stream of text from the source, got"):
        await read(source_of(lambda prefix: given))


@pytest.mark.parametrize("given", [says_text, Scripted("x"), CALLS["object"]])
def test_what_is_a_source_is_taken_as_it_is(given: Any) -> None:
    """Nothing is put between the stream and the run."""
    assert (source_of(given) is given) is not isinstance(given, Model)


def test_a_source_keeps_the_name_of_its_function() -> None:
    assert getattr(source_of(says_plainly), "__name__", "") == "says_plainly"


# What blocks


async def test_a_plain_iterator_is_read_at_most_one_ahead_and_in_one_thread() -> None:
    given: list[int] = []
    threads: set[int] = set()

    def numbers(prefix: str) -> Iterator[str]:
        for n in range(10):
            given.append(n)
            threads.add(threading.get_ident())
            yield str(n)

    taken = 0
    opened = source_of(numbers)("P")
    assert isinstance(opened, Awaitable)
    async for _ in await opened:
        taken += 1
        await anyio.sleep(0.001)
        assert len(given) <= taken + 1
    assert taken == 10
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_closing_a_stream_ends_its_iterator_and_its_thread() -> None:
    closed: list[threading.Thread] = []

    def endless(prefix: str) -> Iterator[str]:
        try:
            while True:
                yield "x"
        finally:
            closed.append(threading.current_thread())

    stream = await source_of(endless)("P")  # type: ignore[misc]
    assert await anext(stream) == "x"
    await stream.aclose()

    (thread,) = closed
    assert thread.name == "midtrace source"
    assert not thread.is_alive()


async def test_an_iterator_that_never_comes_back_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(off_loop, "CLOSING", 0.01)
    release = threading.Event()
    ended = threading.Event()

    def stuck(prefix: str) -> Iterator[str]:
        yield "x"
        release.wait()
        ended.set()

    stream = await source_of(stuck)("P")  # type: ignore[misc]
    assert await anext(stream) == "x"
    with anyio.fail_after(5):
        await stream.aclose()

    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "midtrace source")
    release.set()
    assert await anyio.to_thread.run_sync(ended.wait, 5)


async def test_a_call_that_blocks_does_not_block_the_loop() -> None:
    release = threading.Event()

    def slow(prefix: str) -> Any:
        release.wait()
        return ["x"]

    async with anyio.create_task_group() as tasks:

        async def reading() -> None:
            assert await read(source_of(slow)) == ["x"]

        tasks.start_soon(reading)
        await anyio.lowlevel.checkpoint()
        release.set()


async def test_a_stream_that_opens_after_nobody_wants_it_is_closed() -> None:
    release, closed = threading.Event(), threading.Event()

    class Late:
        def __iter__(self) -> Iterator[str]:
            raise AssertionError

        def close(self) -> None:
            closed.set()

    def slow(prefix: str) -> Any:
        release.wait()
        return Late()

    with anyio.move_on_after(0.01):
        await read(source_of(slow))
    release.set()
    assert await anyio.to_thread.run_sync(closed.wait, 5)


@pytest.mark.parametrize("error", [ValueError("lost"), SystemExit(3), StopIteration(1), KeyboardInterrupt()])
async def test_what_an_iterator_raises_comes_out(error: BaseException) -> None:
    def call(prefix: str) -> Any:
        raise error

    def steps(prefix: str) -> Iterator[str]:
        yield "x"
        call(prefix)

    for source in (source_of(steps), source_of(call)):
        with pytest.raises((ValueError, mt.SourceError, RuntimeError)) as caught:
            await read(source)
        assert type(error).__name__ in repr(caught.value)


async def test_context_variables_reach_the_thread() -> None:
    import contextvars

    name = contextvars.ContextVar("name", default="nobody")
    name.set("someone")

    assert await read(source_of(lambda prefix: [name.get()])) == ["someone"]


async def test_closing_closes_what_was_opened() -> None:
    closed: list[str] = []

    class Stream:
        def __aiter__(self) -> AsyncIterator[str]:
            return says_text("P")

        async def close(self) -> None:
            closed.append("closed")

    stream = await source_of(lambda prefix: Stream())("P")  # type: ignore[misc]
    await anext(stream)
    await stream.aclose()
    assert closed == ["closed"]


async def test_a_cut_closes_what_was_opened(local: mt.Runtime) -> None:
    """Also while the source is waiting for its next item."""
    closed: list[str] = []

    async def complete(prefix: str) -> Any:
        try:
            yield {"choices": [{"text": "wrong\n"}]}
            await asyncio.sleep(60)
        finally:
            closed.append(prefix)

    monitor = mt.Monitor("m", verify=lambda text: "it is wrong" if "wrong" in text else None, policy=mt.Abstain())
    outcome = await local.generate(source_of(complete), "P", monitors=[monitor])

    assert outcome.status == "abstained"
    assert closed == ["P"]


# In a run


WRONG = mt.Monitor(
    "no-wrong",
    verify=lambda text: mt.Violation("it is wrong", correction="right") if "wrong" in text else None,
    policy=mt.Rollback(repair="correct"),
)


@pytest.mark.parametrize("kind", ["generator", "function", "coroutine"])
async def test_a_run_cuts_and_resumes(kind: str, local: mt.Runtime) -> None:
    prefixes: list[str] = []

    def steps(prefix: str) -> Iterator[str]:
        prefixes.append(prefix)
        yield from ("done\n",) if "right" in prefix else ("one\n", "wrong\n", "two\n")

    async def opened(prefix: str) -> Any:
        return steps(prefix)

    source = {"generator": steps, "function": lambda prefix: iter(list(steps(prefix))), "coroutine": opened}[kind]
    outcome = await local.generate(source, "P", monitors=[WRONG])

    assert outcome.text == "one\nright\ndone\n"
    assert prefixes == ["P", "Pone\nright\n"]


async def test_an_opened_stream_that_would_be_cut_is_not_even_read(local: mt.Runtime) -> None:
    stream = iter(["one\n"])
    with pytest.raises(mt.UsageError, match="monitor 'no-wrong' and source 'opened list_iterator'"):
        await local.generate(stream, "P", monitors=[WRONG])
    assert list(stream) == ["one\n"]


async def test_an_opened_stream_is_observed(local: mt.Runtime) -> None:
    monitor = mt.Monitor("m", verify=lambda text: "bad" if "wrong" in text else None, policy=mt.Observe())
    outcome = await local.generate(["one\n", "wrong\n"], "P", monitors=[monitor])

    assert outcome.text == "one\nwrong\n"
    assert [each.violation.message for each in outcome.violations] == ["bad"]


# What monitors need


class Says:
    """A source that says what it can do."""

    def __init__(self, abilities: Abilities) -> None:
        self.abilities = abilities

    def __call__(self, prefix: str) -> AsyncIterator[str]:
        return says_text(prefix)


@pytest.mark.parametrize(
    "policy", [mt.Rollback(), mt.Stop(), mt.Gate(), mt.Gate(mt.Stop())], ids=lambda policy: repr(policy)[:12]
)
def test_a_monitor_that_cuts_needs_a_source_that_resumes(policy: mt.Policy) -> None:
    monitor = mt.Monitor("cuts", verify=lambda text: None, policy=policy)

    with pytest.raises(
        mt.UsageError, match=r"^monitor 'cuts' and source 'opened list': .* goes on from an edited text"
    ):
        requirements(source_of(["x"]), [monitor])
    requirements(Says(Abilities()), [monitor])
    requirements(source_of(says_plainly), [monitor])


@pytest.mark.parametrize("policy", [mt.Observe(), mt.Abstain(), mt.Gate(mt.Observe())], ids=repr)
def test_one_that_only_looks_does_not(policy: mt.Policy) -> None:
    requirements(source_of(["x"]), [mt.Monitor("looks", verify=lambda text: None, policy=policy)])


TRIGGERS = {
    "alone": high_entropy(top=0.2),
    "threshold": high_entropy(threshold=1.0),
    "or": every_line() | high_entropy(top=0.2),
    "within": high_entropy(top=0.2).within("thinking"),
    "after": every_line().after(high_entropy(threshold=1)),
    "warm up": high_entropy(top=0.2).warm_up(lines=2),
    "deep": (every_line() | (every_line() | high_entropy(top=0.2).warm_up(lines=2)).within("answer")),
}


@pytest.mark.parametrize("how", TRIGGERS)
def test_entropy_needs_logprobs(how: str) -> None:
    monitor = mt.Monitor("unsure", verify=lambda text: None, on=TRIGGERS[how])

    with pytest.raises(mt.UsageError, match=r"^monitor 'unsure' and source 'Says': .* the log-probabilities of tokens"):
        requirements(Says(Abilities()), [monitor])
    requirements(Says(Abilities(logprobs=True)), [monitor])
    requirements(says_text, [monitor])


# LangChain


async def test_a_language_model_of_langchain_continues_text(local: mt.Runtime) -> None:
    model = FakeListLLM(responses=["one\nwrong\n", "done\n"])
    for given in (model, model.astream, model | StrOutputParser()):
        model.i = 0
        outcome = await local.generate(given, "P", monitors=[WRONG])
        assert outcome.text == "one\nright\ndone\n"


async def test_a_chat_model_of_langchain_is_given_turns() -> None:
    seen: list[list[BaseMessage]] = []

    class Chat(GenericFakeChatModel):
        def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
            seen.append(messages)
            return super()._generate(messages, *args, **kwargs)

    source = source_of(Chat(messages=iter([AIMessage(content="one two three")] * 3)))
    assert isinstance(source, Conversing)
    assert "".join(await read(source)) == "one two three"

    kept, note = Passage("one two", Origin.GENERATED), Passage("\nWait: {no}. ", Origin.FEEDBACK)
    after_note = await read(lambda prefix: source.converse("P", [kept, note], 0))
    assert "".join(after_note) == " three"  # what it said again is not said twice
    await read(lambda prefix: source.converse("P", [kept], 0))

    assert [[(each.type, each.content) for each in given] for given in seen] == [
        [("human", "P")],
        [("human", "P"), ("ai", "one two"), ("human", "Wait: {no}.")],
        [("human", "P"), ("ai", "one two"), ("human", CONTINUE)],
    ]
    assert HumanMessage(content="P") == seen[0][0]


async def test_kinds_of_runnables() -> None:
    prompt = PromptTemplate.from_template("Q: {question}")
    chain = source_of(prompt | FakeListLLM(responses=["an answer"]))
    function = source_of(RunnableLambda(lambda text: f"{text}!"))
    chat = source_of(FakeListChatModel(responses=["an answer"]).with_config(tags=["x"]) | StrOutputParser())

    assert isinstance(chain, Able)
    assert not chain.abilities.resume  # what was kept would be a part of the question
    assert "".join(await read(chain)) == "an answer"
    assert "".join(await read(function)) == "P!"
    assert "".join(await read(chat)) == "an answer"


# Turns


def test_neighbouring_turns_of_one_role_are_one() -> None:
    note, kept = Passage("\nno", Origin.FEEDBACK), Passage("a", Origin.GENERATED)
    fixed = Passage("b", Origin.CORRECTION)

    assert turns("P", [note]) == [("user", "P\n\nno")]
    assert turns("P", [kept, fixed, note]) == [("user", "P"), ("assistant", "ab"), ("user", "no")]
    assert turns("P", []) == [("user", "P")]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(("answer", "new"), [("abcdef", "def"), ("abXdef", "abXdef"), ("ab", "ab"), ("abc", "")])
def test_only_an_exact_repetition_is_taken_away(size: int, answer: str, new: str) -> None:
    echo = Echo("abc")
    made = [part for n in range(0, len(answer), size) for part in echo.feed(answer[n : n + size])]
    assert "".join(str(part) for part in (*made, *echo.end())) == new
