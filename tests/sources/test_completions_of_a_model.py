"""Raw completions of a small real model behind llama.cpp's own server, with its counters as witness."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import openai
import pytest

import midtrace as mt
from midtrace.chunks import Usage
from midtrace.forks.protocol import Answer, Question
from midtrace.sources import llama
from midtrace.sources.completions import Completions

from .conftest import model_file

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROMPT = "1 + 1 = 2\n2 + 1 = 3\n3 + 1 = 4\n4 + 1 ="
COUNTING = "".join(f"{n} and one is {n + 1}.\n" for n in range(40))
SHORTER = COUNTING[:180]


def pinned(url: str, **options: Any) -> Completions:
    """The first slot of a server, so that its cache is what the test before left, or what this one made."""
    extra = {"id_slot": 0, "cache_prompt": True, **options.pop("extra", {})}
    return Completions(url, extra=extra, frame_is_token=True, **options)


async def read(source: Completions, prefix: str, *, cut: bool = False) -> tuple[str, Usage]:
    """All that follows `prefix`, also if `cut` says that it may end at max_tokens, and what it cost."""
    text, usage = "", Usage(0)
    try:
        async for item in source(prefix):
            if isinstance(item, Usage):
                usage = item
            else:
                text += item if isinstance(item, str) else item.text
    except mt.SourceError as error:
        if not cut or "cut off at max_tokens" not in str(error):
            raise
    return text, usage


async def some(source: Completions, prefix: str, characters: int) -> str:
    """So much of what follows `prefix`, and no more: the stream is closed then."""
    text = ""
    stream = source(prefix)
    async for item in stream:
        assert not isinstance(item, Usage)
        text += item if isinstance(item, str) else item.text
        if len(text) >= characters:
            break
    assert isinstance(stream, AsyncIterator)
    await stream.aclose()  # type: ignore[attr-defined]
    return text


async def counters(url: str) -> dict[str, float]:
    """The server's own counters, once no slot is busy."""
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        while any(slot["is_processing"] for slot in (await client.get("/slots")).json()):
            pass
        text = (await client.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^llamacpp:(\w+) (\S+)$", text, re.MULTILINE)}


async def test_an_untouched_run_is_the_bare_stream(model: str, runtime: mt.Runtime) -> None:
    """1. Byte for byte, with one call, and the same as what the server gives in one piece."""
    async with llama.source(model, max_tokens=60, stop=["\n\n"]) as source:
        bare, _ = await read(source, PROMPT)
        monitor = mt.Monitor("anything goes", verify=lambda text: None)
        outcome = await runtime.generate(source, PROMPT, monitors=[monitor])
    body = {"prompt": PROMPT, "max_tokens": 60, "temperature": 0, "stop": ["\n\n"], "seed": 1}
    async with httpx2.AsyncClient(base_url=model, timeout=60) as client:
        whole = (await client.post("/v1/completions", json=body)).json()["choices"][0]["text"]

    assert bare
    assert outcome.text == bare == whole
    assert outcome.ledger.source_calls == 1
    assert outcome.ledger.main_tokens == outcome.ledger.chunks
    assert outcome.ledger.prompt_tokens > outcome.ledger.cached_tokens > 0


NO_FIVE = mt.Monitor(
    "no-five",
    verify=lambda text: mt.Violation("a five", correction="five") if " 5\n" in text else None,
    policy=mt.Rollback(repair="correct"),
)


async def test_a_real_model_is_cut_and_resumed(model: str, runtime: mt.Runtime) -> None:
    async with llama.source(model, max_tokens=60, stop=["\n\n"]) as source:
        outcome = await runtime.generate(source, PROMPT, monitors=[NO_FIVE], limits=mt.Limits(rollbacks=3))

    assert outcome.ledger.interventions >= 1
    assert outcome.interventions[0].removed.startswith(" 5\n")
    assert outcome.text.startswith(" five\n")


async def test_what_follows_a_rollback_is_what_the_bare_server_gives(two_slots: str, local: mt.Runtime) -> None:
    """The server is put through the same twice, since greedy text depends on what of it had been in the cache."""
    prefixes: list[str] = []
    async with pinned(two_slots, max_tokens=60, stop=["\n\n"]) as source:

        def recorded(prefix: str) -> Any:
            prefixes.append(prefix)
            return source(prefix)

        await read(source, "Once upon", cut=True)  # another text, so that nothing of the prompt is left in the slot
        outcome = await local.generate(recorded, PROMPT, monitors=[NO_FIVE], limits=mt.Limits(rollbacks=1))
        assert len(prefixes) == 2
        assert prefixes[1] == f"{PROMPT} five\n"
        await counters(two_slots)

        await read(source, "Once upon", cut=True)
        await some(source, PROMPT, 3)
        await counters(two_slots)
        body = {"prompt": prefixes[1], "max_tokens": 60, "temperature": 0, "stop": ["\n\n"], "id_slot": 0}
        async with httpx2.AsyncClient(base_url=two_slots, timeout=60) as client:
            bare = (await client.post("/v1/completions", json=body)).json()["choices"][0]["text"]

    assert outcome.text == f" five\n{bare}"


async def test_a_resumed_prefix_is_hardly_read_again(two_slots: str) -> None:
    """By the server's own counter: no more than the edit, and a few tokens around it."""
    async with pinned(two_slots, max_tokens=200, extra={"ignore_eos": True}) as source:
        given = await some(source, COUNTING, 60)
        before = await counters(two_slots)
        edited = COUNTING + given[:30] + " five\n"
        async with pinned(two_slots, max_tokens=1) as short:
            _, usage = await read(short, edited, cut=True)
            after = await counters(two_slots)
            _, again = await read(short, edited, cut=True)

    read_again = after["prompt_tokens_total"] - before["prompt_tokens_total"]
    assert 0 < read_again <= 32, "the edit is some tokens long"
    assert usage.prompt > 300
    assert usage.prompt - usage.cached == read_again, "and the source tells the same as the server's counter"
    assert again.prompt - again.cached == 1


async def test_closing_a_stream_ends_the_generation(two_slots: str) -> None:
    before = await counters(two_slots)
    async with pinned(two_slots, max_tokens=400, extra={"ignore_eos": True}) as source:
        await some(source, PROMPT, 10)
        after = await counters(two_slots)

    assert 0 < after["tokens_predicted_total"] - before["tokens_predicted_total"] < 200


async def test_the_official_client_reads_the_same(two_slots: str) -> None:
    async with pinned(two_slots, max_tokens=40, logprobs=2) as source:
        await read(source, PROMPT, cut=True)  # puts the prompt into the cache for both
        ours, _ = await read(source, PROMPT, cut=True)
    client = openai.AsyncOpenAI(base_url=f"{two_slots}/v1", api_key="none")
    async with client:
        stream = await client.completions.create(
            model="any", prompt=PROMPT, max_tokens=40, temperature=0, stream=True, extra_body={"id_slot": 0}
        )
        theirs = "".join([chunk.choices[0].text async for chunk in stream])
    assert ours == theirs


async def test_logprobs_of_a_real_model(two_slots: str) -> None:
    chunks: list[mt.Chunk] = []
    async with pinned(two_slots, max_tokens=200, stop=["\n\n"], logprobs=5) as source:
        async for item in source(PROMPT):
            if isinstance(item, mt.Chunk):
                chunks.append(item)  # noqa: PERF401

    tokens = [token for chunk in chunks for token in chunk.tokens]
    assert len(tokens) >= 5
    assert "".join(token.text for token in tokens) == "".join(chunk.text for chunk in chunks)
    known = [
        (token.logprob, token.entropy) for token in tokens if token.logprob is not None and token.entropy is not None
    ]
    assert len(known) == len(tokens)
    assert all(logprob <= 0 for logprob, _ in known)
    assert all(0 <= entropy < 5 for _, entropy in known)
    assert max(entropy for _, entropy in known) > 2 * min(entropy for _, entropy in known)


async def test_it_is_asked_beside_a_stream(two_slots: str) -> None:
    """In another thread, on the second slot; the stream stays open all the while."""
    async with pinned(two_slots, max_tokens=400, extra={"ignore_eos": True}, fork_extra={"id_slot": 1}) as source:
        stream = aiter(source(SHORTER))
        first = await anext(stream)
        assert isinstance(first, mt.Chunk)

        async def ask() -> list[Answer]:
            async with source.asker() as asker:
                question = Question(f"{SHORTER}So 4 + 1 =", 6, stop=("\n",), logprobs=True)
                return [await asker.ask(question), await asker.ask(question)]

        one, two = await anyio.to_thread.run_sync(lambda: anyio.run(ask))
        second = await anext(stream)
        assert isinstance(second, mt.Chunk), "it goes on"
        await stream.aclose()  # type: ignore[attr-defined]

    assert one.text == "".join(token.text for token in one.tokens)
    assert 0 < len(one.tokens) <= 6
    assert one.confidence is not None
    assert one.usage is not None
    assert two.usage is not None
    assert two.usage.prompt - two.usage.cached <= 32, "the second time its prefix is in the cache"


async def test_a_context_that_is_too_small_is_told(two_slots: str) -> None:
    async with pinned(two_slots, max_tokens=5_000, extra={"ignore_eos": True}) as source:
        with pytest.raises(mt.SourceError, match=r"\(\d+ tokens, 512 fit\): shorten the prompt") as caught:
            await read(source, COUNTING * 3)
        assert not caught.value.transient
        with pytest.raises(mt.SourceError, match=r"context is full after \d+ of max_tokens=5000 tok") as caught:
            await read(source, COUNTING)
        assert not caught.value.transient


async def test_the_server_renders_messages(two_slots: str) -> None:
    async with pinned(two_slots, max_tokens=200) as source:
        prompt = await source.prompt([{"role": "user", "content": "Say hi."}])
        assert "Say hi." in prompt
        assert prompt.endswith("<|im_start|>assistant\n")
        text, _ = await read(source, prompt)
    assert text


async def test_a_port_in_use_is_told_in_one_line(model: str) -> None:
    port = int(model.rpartition(":")[2])
    path = await model_file()

    def serve() -> None:
        with llama.serve(path, port=port):
            pass

    with pytest.raises(mt.UsageError, match=f"port {port}: cannot listen on 127.0.0.1"):
        await anyio.to_thread.run_sync(serve)
