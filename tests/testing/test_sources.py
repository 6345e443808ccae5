"""Scripts: text, chunks, errors, pauses, and answers to feedback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import midtrace as mt
from midtrace.testing import InlineEngine, Pause, Scripted, reacting, rechunk, virtual_time


async def timed(stream: AsyncIterator[str | mt.Chunk]) -> list[tuple[float, str | mt.Chunk]]:
    loop = asyncio.get_running_loop()
    return [(round(loop.time(), 6), chunk) async for chunk in stream]


@virtual_time
async def test_a_delay_precedes_each_chunk() -> None:
    assert await timed(Scripted("abcde", size=2, delay=0.5)("P")) == [(0.5, "ab"), (1.0, "cd"), (1.5, "e")]


@virtual_time
async def test_pauses_stand_where_the_script_has_them() -> None:
    source = Scripted([Pause(60), "a", "b", Pause(3600), "c"])

    assert await timed(source("P")) == [(60, "a"), (60, "b"), (3660, "c")]


async def test_chunks_carry_tokens() -> None:
    chunk = mt.Chunk("12", (mt.Token("1", -0.5), mt.Token("2")))

    assert [each async for each in Scripted([chunk, "a"])("P")] == [chunk, "a"]


async def test_an_error_ends_the_stream() -> None:
    said = []
    with pytest.raises(mt.SourceError, match="reset"):
        async for chunk in Scripted(["a", mt.SourceError("reset")])("P"):
            said.append(chunk)  # noqa: PERF401  (what came before the error counts)
    assert said == ["a"]


async def test_the_text_that_stands_last_is_answered() -> None:
    source = Scripted(reacting({"Wait": "careful", "Stop": ["st", "op"], "Say": str.lower}, otherwise="hasty"), size=99)

    said = {}
    for prefix in ("P", "P Wait", "P Wait Stop", "P Stop Wait", "SAY Say"):
        said[prefix] = "".join([str(chunk) async for chunk in source(prefix)])

    assert said == {
        "P": "hasty",
        "P Wait": "careful",
        "P Wait Stop": "stop",
        "P Stop Wait": "careful",
        "SAY Say": "say say",
    }
    assert source.prefixes == list(said)


async def test_a_model_that_listens() -> None:
    def adds_up(line: str) -> str | None:
        return "2 + 2 is 4" if "= 5" in line else None

    source = Scripted(reacting({"2 + 2 is 4": "2 + 2 = 4\n"}, otherwise="2 + 2 = 5\n"))

    outcome = await mt.Runtime(InlineEngine()).generate(source, "P\n", monitors=[mt.Monitor("sum", verify=adds_up)])

    assert outcome.verified
    assert outcome.text.endswith("2 + 2 = 4\n")
    assert len(source.prefixes) == 2


async def test_streams_that_are_closed_early_are_counted() -> None:
    source = Scripted("abc", hold=True)
    stream = source("P")
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator, as an implementation detail

    assert source.closed == 1
    source.release()
    assert [each async for each in source("P")] == ["a", "b", "c"]
    assert source.closed == 1


def test_rechunk_loses_nothing() -> None:
    assert list(rechunk("abcdef", [1, 3])) == ["a", "bcd", "ef"]
    assert list(rechunk("abc", [2, 2, 2])) == ["ab", "c"]
    assert list(rechunk("", [1])) == []
