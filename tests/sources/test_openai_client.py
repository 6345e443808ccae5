"""The official Python client: its streams, and functions that use it, as sources; against a script and a real model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest
import pytest_asyncio
from openai import AsyncOpenAI, OpenAI

import midtrace as mt
from midtrace.chunks import Chunk, Source, Usage
from midtrace.sources import llama
from midtrace.sources.adapting import source_of
from midtrace.sources.chat import Chat

from .fault_server import Piece, Reply, Site, Step, Wait, serving

PROMPT = "1 + 1 = 2\n2 + 1 = 3\n3 + 1 = 4\n4 + 1 ="

FINE = mt.Monitor("anything goes", verify=lambda text: None, policy=mt.Observe())
NO_FIVE = mt.Monitor(
    "no-five",
    verify=lambda text: mt.Violation("a five", correction="five") if " 5\n" in text else None,
    policy=mt.Rollback(repair="correct", limit=1),
)


async def text_of(source: Source, prefix: str = PROMPT) -> str:
    opened = source(prefix)
    if isinstance(opened, Awaitable):
        opened = await opened
    chunks = [each async for each in opened if not isinstance(each, Usage)]
    return "".join(each.text if isinstance(each, Chunk) else each for each in chunks)


async def client_of(url: str) -> AsyncOpenAI:
    def make() -> AsyncOpenAI:  # reads certificates from disk
        return AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)

    return await anyio.to_thread.run_sync(make)


def plain_client_of(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


@pytest.fixture
def site() -> Iterator[Site]:
    call = {"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    pieces: list[Step] = [Piece(delta={"reasoning_content": "So."}), "one ", "two", Piece(delta={"tool_calls": [call]})]
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    replies = [Reply(pieces, usage=usage, whole=whole) for whole in (False, True)]
    with serving(lambda asked: replies[not asked.body.get("stream")]) as running:
        yield running


WHOLE = '<think>\nSo.\n</think>\n\none two\n<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>\n'
MESSAGES: Any = [{"role": "user", "content": "P"}]


async def test_an_open_chat_stream(site: Site) -> None:
    async with await client_of(site.url) as client:
        stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert await text_of(source_of(stream)) == WHOLE


async def test_an_open_plain_chat_stream(site: Site) -> None:
    def open_stream() -> Any:
        return plain_client_of(site.url).chat.completions.create(model="m", messages=MESSAGES, stream=True)

    assert await text_of(source_of(await anyio.to_thread.run_sync(open_stream))) == WHOLE


async def test_a_call_that_is_not_awaited_yet(site: Site) -> None:
    async with await client_of(site.url) as client:
        call = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert await text_of(source_of(call)) == WHOLE


async def test_events_of_the_stream_helper(site: Site) -> None:
    """It says each thing several times over."""
    async with (
        await client_of(site.url) as client,
        client.chat.completions.stream(model="m", messages=MESSAGES) as events,
    ):
        assert await text_of(source_of(events)) == WHOLE


async def test_an_answer_that_is_no_stream(site: Site) -> None:
    async with await client_of(site.url) as client:
        answer = await client.chat.completions.create(model="m", messages=MESSAGES)
        assert await text_of(source_of(answer)) == WHOLE


async def test_the_same_as_our_own_reading(site: Site) -> None:
    async with Chat(site.url) as chat:
        assert await text_of(chat) == WHOLE


async def test_closing_ends_the_generation() -> None:
    with serving(["one ", Wait()]) as running:
        async with await client_of(running.url) as client:

            async def complete(prefix: str) -> Any:
                return await client.completions.create(model="m", prompt=prefix, stream=True)

            opened = source_of(complete)("P")
            assert isinstance(opened, Awaitable)
            stream: Any = await opened
            assert await anext(stream) == "one "
            await stream.aclose()
            await anyio.to_thread.run_sync(running.until, lambda site: site.aborted == 1)


async def test_what_the_client_raises_is_an_outcome(local: mt.Runtime) -> None:
    with serving(Reply(status=401, body={"error": {"message": "wrong key"}})) as running:
        async with await client_of(running.url) as client:

            async def complete(prefix: str) -> Any:
                return await client.completions.create(model="m", prompt=prefix, stream=True)

            outcome = await local.generate(complete, "P", monitors=[FINE])

    assert outcome.status == "failed"
    assert "AuthenticationError" in outcome.reason


# A real model


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bare(model: str) -> str:
    """What the model says, read without any client."""
    async with llama.source(model, max_tokens=60, stop=["\n\n"]) as source:
        return await text_of(source)


SETTINGS: Any = {"model": "m", "max_tokens": 60, "temperature": 0, "stop": ["\n\n"], "seed": 1, "stream": True}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_an_untouched_run_is_what_the_model_says(kind: str, model: str, bare: str, local: mt.Runtime) -> None:
    async with await client_of(model) as client:
        if kind == "async":
            stream: Any = await client.completions.create(prompt=PROMPT, **SETTINGS)
        else:
            plain = await anyio.to_thread.run_sync(plain_client_of, model)
            stream = await anyio.to_thread.run_sync(lambda: plain.completions.create(prompt=PROMPT, **SETTINGS))
        outcome = await local.generate(stream, PROMPT, monitors=[FINE])

    assert outcome.verified
    assert outcome.text == bare


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", ["generator", "coroutine", "plain"])
async def test_a_run_is_cut_and_resumed(kind: str, model: str, local: mt.Runtime) -> None:
    """The text after the cut is what the model says to the edited prefix."""
    client = await client_of(model)

    async def generator(prefix: str) -> AsyncIterator[str]:
        async for chunk in await client.completions.create(prompt=prefix, **SETTINGS):
            if chunk.choices:
                yield chunk.choices[0].text

    async def coroutine(prefix: str) -> Any:
        return await client.completions.create(prompt=prefix, **SETTINGS)

    def plain(prefix: str) -> Any:
        return plain_client_of(model).completions.create(prompt=prefix, **SETTINGS)

    call: Any = {"generator": generator, "coroutine": coroutine, "plain": plain}[kind]
    complete = mt.monitored(monitors=[NO_FIVE], limits=mt.Limits(rollbacks=1), runtime=local)(call)
    async with client, llama.source(model, max_tokens=60, stop=["\n\n"]) as ours:
        outcome = await complete(PROMPT)
        resumed = await text_of(ours, f"{PROMPT} five\n")

    assert outcome.interventions[0].removed.startswith(" 5\n")
    assert outcome.text.startswith(f" five\n{resumed[:20]}")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_chat_says_the_same_to_the_client_and_to_us(model: str) -> None:
    question = "Count from one to five."
    async with await client_of(model) as client, Chat(model, max_tokens=200, seed=1, stop=["\n"]) as chat:
        stream = await client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": question}],
            max_tokens=200,
            temperature=0,
            seed=1,
            stop=["\n"],
            stream=True,
        )
        theirs = await text_of(source_of(stream))
        ours = await text_of(chat, question)

    assert theirs
    assert ours == theirs
