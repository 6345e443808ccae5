"""Conformance of a source."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

from ..chunks import Chunk, Source, Usage
from ..errors import SourceError, UsageError, one_line
from .conformance import ConformanceError, Promise, Report, shown

PROMPTS = {
    "empty": "",
    "emoji": "how many \U0001f34e\ufe0f? \U0001f468\u200d\U0001f469\u200d\U0001f467 = ",
    "right to left": "\u05db\u05de\u05d4 \u202e2 + 2\u202c? ",
    "NUL": "a\0b ",
    "combining": "e\u0301\u0323 \u00c5ngstr\u00f6m ",
}
TURNS = 20
"""Turns of the loop in which what belongs to a closed stream has to be gone."""


@runtime_checkable
class _Closeable(Protocol):
    async def aclose(self) -> None: ...


_Act: TypeAlias = Callable[["_Reader"], Awaitable[None]]


async def check_source(
    source: Source, prompt: str, *, resumes: bool = False, deadline: float = 10.0, characters: int = 2_000
) -> Report:
    """Hold a source against what the runtime expects of one.

    Args:
        source: What `watch` and `generate` take.
        prompt: A prefix that it continues with some text.
        resumes: The source is deterministic: the same prefix gives the same text, and a prefix that ends with a part
            of that text gives the rest of it.
        deadline: Seconds of the loop's clock that opening, one chunk, or closing may take.
        characters: How much of a stream is read at most.

    Calls the source about fifteen times, on asyncio. Raises `ConformanceError` for the first promise that is broken,
    `UsageError` for limits that allow nothing.
    """
    if deadline <= 0 or characters < 1:
        raise UsageError(f"check_source(deadline={deadline}, characters={characters}): expected both above 0")
    reader = _Reader(source, prompt, characters, resumes=resumes)

    async def run(act: _Act) -> None:
        await _supervised(source, reader, act, deadline)

    await run(_gives_text)
    await run(_closes)
    await run(_is_cancelled)
    await run(_stays_independent)
    await run(_continues)
    kept: list[Promise] = ["stream", "in time", "closes", "independent", "prompts"]
    if resumes:
        await run(_resumes)
        kept.append("resumes")
    for name, other in PROMPTS.items():
        reader = _Reader(source, other, characters, resumes=resumes)
        reader.step("prompts", f"the prompt {name}")
        await run(_answers_or_refuses)
    return Report(shown(source), tuple(kept))


class _Reader:
    """Opens, reads and closes streams, and says what it is at."""

    def __init__(self, source: Source, prompt: str, characters: int, *, resumes: bool) -> None:
        self.source = source
        self.prompt = prompt
        self.characters = characters
        self.resumes = resumes
        self.text = ""
        self.late: Promise = "in time"
        self.steps = 0
        self.promise: Promise = "stream"
        self.doing = "opening a stream"

    def step(self, promise: Promise, doing: str) -> None:
        self.steps += 1
        self.promise, self.doing = promise, doing

    def broken(self, promise: Promise, finding: str) -> ConformanceError:
        return ConformanceError(self.source, promise, finding)

    async def open(self, prefix: str) -> AsyncIterator[str | Chunk]:
        self.step(self.late, "opening a stream")
        opened: object = self.source(prefix)
        if inspect.isawaitable(opened):
            opened = await opened
        if not hasattr(opened, "__aiter__"):
            raise self.broken("stream", f"expected an async iterable of strings, got {shown(opened)}")
        stream: AsyncIterator[str | Chunk] = aiter(opened)
        if not isinstance(stream, _Closeable):
            raise self.broken("closes", "its stream has no aclose(): nothing can end it before its end")
        return stream

    async def chunk(self, stream: AsyncIterator[str | Chunk]) -> str | None:
        """The text of the next chunk; None at the end."""
        self.step(self.late, "giving a chunk")
        item: object = await anext(stream, None)
        match item:
            case None:
                return None
            case Chunk(text, tokens):
                told = "".join(token.text for token in tokens)
                if tokens and told != text:
                    raise self.broken("stream", f"the tokens of {shown(text)} are {shown(told)}")
                return text
            case str():
                return item
            case Usage():
                return ""
            case _:
                raise self.broken("stream", f"expected str or Chunk, got {shown(item)}")

    async def first(self, stream: AsyncIterator[str | Chunk]) -> str:
        """Read until there is some text."""
        while not (text := await self.chunk(stream)):
            if text is None:
                raise self.broken("stream", f"no text follows {shown(self.prompt)}")
        return text

    async def read(self, stream: AsyncIterator[str | Chunk], most: int) -> str:
        text = ""
        while len(text) < most and (more := await self.chunk(stream)) is not None:
            text += more
        return text[: max(most, 0)]

    async def whole(self, prefix: str, most: int) -> str:
        stream = await self.open(prefix)
        try:
            return await self.read(stream, most)
        finally:
            await self.close(stream)

    async def close(self, stream: AsyncIterator[str | Chunk]) -> None:
        self.step("closes", "closing a stream")
        assert isinstance(stream, _Closeable)
        try:
            await stream.aclose()
        except Exception as error:
            raise self.broken("closes", f"aclose() raised {one_line(error)}") from error


async def _supervised(source: Source, reader: _Reader, act: _Act, deadline: float) -> None:
    """Run an act in a task of its own, which is given up where one step of it takes too long."""
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(act(reader))
    while not task.done():
        steps = reader.steps
        await asyncio.wait({task}, timeout=deadline)
        if not task.done() and reader.steps == steps:
            slow = ConformanceError(source, reader.promise, f"{reader.doing} took longer than {deadline:g} s")
            task.cancel()
            await asyncio.wait({task}, timeout=deadline)
            raise slow
    try:
        task.result()
    except ConformanceError:
        raise
    except Exception as error:
        raise ConformanceError(source, "stream", f"{reader.doing} raised {one_line(error)}") from error
    for _ in range(TURNS):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before
    if left:
        names = ", ".join(sorted(shown(each.get_coro()) for each in left))
        raise ConformanceError(source, "closes", f"after its stream is closed there are still tasks: {names}")


async def _gives_text(reader: _Reader) -> None:
    reader.text = await reader.whole(reader.prompt, reader.characters)
    if not reader.text:
        raise reader.broken("stream", f"no text follows {shown(reader.prompt)}")


async def _closes(reader: _Reader) -> None:
    stream = await reader.open(reader.prompt)
    await reader.first(stream)
    await reader.close(stream)
    reader.step("closes", "asking a closed stream for more")
    more = await anext(stream, None)
    if more is not None:
        raise reader.broken("closes", f"a closed stream still gave {shown(more)}")


async def _is_cancelled(reader: _Reader) -> None:
    """What a violation does: reading is cancelled wherever it waits, then the stream is closed."""
    stream = await reader.open(reader.prompt)
    try:
        await reader.first(stream)
        reader.step("closes", "ending a read that was cancelled")
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await anext(stream, None)
            await asyncio.sleep(0)  # a source that had its chunk ready: the cancellation arrives here
        task.uncancel()
    finally:
        await reader.close(stream)


async def _stays_independent(reader: _Reader) -> None:
    """Two streams are read at a time, and the end of one is nothing to the other."""
    one = await reader.open(reader.prompt)
    other = None
    try:
        await reader.first(one)
        reader.late = "independent"
        other = await reader.open(reader.prompt)
        text = await reader.first(other)
        await reader.chunk(one)
        await reader.close(one)
        text += await reader.read(other, len(reader.text) - len(text))
    except ConformanceError as error:
        raise reader.broken("independent", f"with two streams open: {error}") from error
    except Exception as error:
        raise reader.broken("independent", f"with two streams open, {reader.doing} raised {one_line(error)}") from error
    finally:
        for stream in (one, other):
            if stream is not None:
                await reader.close(stream)
        reader.late = "in time"
    if reader.resumes and text[: len(reader.text)] != reader.text:
        raise reader.broken("independent", f"beside another stream it gave {shown(text)}, alone {shown(reader.text)}")


async def _continues(reader: _Reader) -> None:
    await reader.whole(reader.prompt + reader.text[: len(reader.text) // 2], reader.characters)


async def _resumes(reader: _Reader) -> None:
    text = reader.text
    for kept in sorted({0, len(text) // 3, len(text) // 2, len(text) - 1}):
        rest = await reader.whole(reader.prompt + text[:kept], len(text) - kept)
        if rest != text[kept:]:
            raise reader.broken(
                "resumes", f"after {shown(text[:kept][-40:])} it gives {shown(rest)}; expected {shown(text[kept:])}"
            )


async def _answers_or_refuses(reader: _Reader) -> None:
    try:
        await reader.whole(reader.prompt, reader.characters)
    except SourceError:
        return  # a clear refusal
    except ConformanceError:
        raise
    except Exception as error:
        raise reader.broken(
            "prompts", f"the prompt {shown(reader.prompt)} raised {one_line(error)}; expected text or SourceError"
        ) from error
