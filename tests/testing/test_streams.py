"""`check_source` lets good sources pass, and finds each fault that it says it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

import midtrace as mt
from midtrace.testing import ConformanceError, Pause, Scripted, check_source, virtual_time

PROMPT = "Count: "
TEXT = "one two three four five six"
NEVER = 1e9


def rest(prefix: str) -> str:
    """What a deterministic model says."""
    return TEXT[len(prefix.removeprefix(PROMPT)) :] if prefix.startswith(PROMPT) else "?"


@virtual_time
async def test_good_sources_pass() -> None:
    async def opened(prefix: str) -> AsyncIterator[str | mt.Chunk]:
        await asyncio.sleep(1)
        return Scripted(rest, size=4)(prefix)

    async def tokens(prefix: str) -> AsyncIterator[mt.Chunk]:
        for character in rest(prefix):
            yield mt.Chunk(character, (mt.Token(character),))

    async def never_ends(prefix: str) -> AsyncIterator[str]:
        while True:
            await asyncio.sleep(0.1)
            yield "more"

    async def refuses(prefix: str) -> AsyncIterator[str]:
        if not prefix.isascii() or not prefix:
            raise mt.SourceError("no such prompt")
        yield rest(prefix)

    async def cleans_up(prefix: str) -> AsyncIterator[str]:
        try:
            for character in TEXT:
                await asyncio.sleep(0.1)
                yield character
        finally:
            await asyncio.sleep(1)

    assert "resumes" in (await check_source(Scripted(rest, delay=5.0), PROMPT, resumes=True)).kept
    assert "resumes" in (await check_source(opened, PROMPT, resumes=True)).kept
    assert "resumes" in (await check_source(tokens, PROMPT, resumes=True)).kept
    assert "resumes" not in (await check_source(never_ends, PROMPT)).kept
    assert "closes" in (await check_source(refuses, PROMPT, resumes=True)).kept
    assert "closes" in (await check_source(cleans_up, PROMPT)).kept


async def test_on_an_ordinary_loop_as_well() -> None:
    await check_source(Scripted(rest), PROMPT, resumes=True)


async def sleeps_when_closed(prefix: str) -> AsyncIterator[str]:
    for character in TEXT:
        try:
            yield character
        except GeneratorExit:
            await asyncio.sleep(NEVER)
            raise


async def ignores_its_end(prefix: str) -> AsyncIterator[str]:
    for character in TEXT:
        try:
            yield character
        except GeneratorExit:
            yield "still here"


class Stream:
    """The end of a stream made by hand."""

    def __init__(self) -> None:
        self.rest = list(TEXT)

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> str:
        await asyncio.sleep(0)
        if not self.rest:
            raise StopAsyncIteration
        return self.rest.pop(0)


class GoesOn(Stream):
    async def aclose(self) -> None:
        """Nothing is closed."""


class FailsToClose(Stream):
    async def aclose(self) -> None:
        raise OSError("already gone")


class LeavesATask(Stream):
    def __init__(self) -> None:
        super().__init__()
        self.task = asyncio.ensure_future(asyncio.sleep(NEVER))

    async def aclose(self) -> None:
        self.rest.clear()


class IgnoresCancelling(Stream):
    """One cancellation lost is one too many: nobody tells it again."""

    async def __anext__(self) -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            await asyncio.sleep(NEVER)
        return await super().__anext__()

    async def aclose(self) -> None:
        self.rest.clear()


class OneForAll:
    """All streams read from one place, and the first that is closed closes it."""

    def __init__(self) -> None:
        self.open = 0
        self.closed = False

    async def __call__(self, prefix: str) -> AsyncIterator[str]:
        self.open += 1
        return self.stream(alone=self.open == 1)

    async def stream(self, *, alone: bool) -> AsyncIterator[str]:
        try:
            for character in TEXT:
                await asyncio.sleep(0)
                if self.closed and not alone:
                    return
                yield character
        finally:
            self.open -= 1
            self.closed = self.open > 0


class OneAtATime:
    def __init__(self) -> None:
        self.busy = False

    async def __call__(self, prefix: str) -> AsyncIterator[str]:
        if self.busy:
            raise ConnectionError("one at a time")
        self.busy = True
        try:
            for character in TEXT:
                yield character
        finally:
            self.busy = False


async def waits_before_it_opens(prefix: str) -> AsyncIterator[str]:
    await asyncio.sleep(NEVER)
    return Scripted(TEXT)(prefix)  # type: ignore[return-value]  # never comes to that


async def wants_ascii(prefix: str) -> AsyncIterator[str]:
    prefix.encode("ascii")
    yield TEXT


async def wants_a_prompt(prefix: str) -> AsyncIterator[str]:
    yield f"{TEXT} after {prefix[-1]}"


async def hangs_without_a_prompt(prefix: str) -> AsyncIterator[str]:
    if not prefix:
        await asyncio.sleep(NEVER)
    yield TEXT


async def cannot_go_on(prefix: str) -> AsyncIterator[str]:
    if prefix.startswith(PROMPT) and prefix != PROMPT:
        raise KeyError(prefix)
    yield TEXT


FAULTY: dict[str, tuple[Callable[[str], object], str]] = {
    "no stream": (lambda _: list(TEXT), "stream"),
    "bytes": (Scripted(cast("list[str]", [b"one"])), "stream"),
    "raises": (Scripted([ValueError("no")]), "stream"),
    "raises later": (Scripted(["one", ValueError("no")]), "stream"),
    "no text": (Scripted([]), "stream"),
    "empty text": (Scripted(["", ""]), "stream"),
    "other tokens": (Scripted([mt.Chunk("ab", (mt.Token("a"),))]), "stream"),
    "cannot go on": (cannot_go_on, "stream"),
    "no aclose": (lambda _: Stream(), "closes"),
    "sleeps when closed": (sleeps_when_closed, "closes"),
    "ignores its end": (ignores_its_end, "closes"),
    "goes on": (lambda _: GoesOn(), "closes"),
    "fails to close": (lambda _: FailsToClose(), "closes"),
    "leaves a task": (lambda _: LeavesATask(), "closes"),
    "ignores cancelling": (lambda _: IgnoresCancelling(), "closes"),
    "one for all": (OneForAll(), "independent"),
    "one at a time": (OneAtATime(), "independent"),
    "waits to open": (waits_before_it_opens, "in time"),
    "waits at once": (Scripted([Pause(NEVER), "one"]), "in time"),
    "waits later": (Scripted(["one", Pause(NEVER), "two"]), "in time"),
    "hangs without a prompt": (hangs_without_a_prompt, "in time"),
    "wants ascii": (wants_ascii, "prompts"),
    "wants a prompt": (wants_a_prompt, "prompts"),
    "bytes for an empty prompt": (
        lambda prefix: Scripted([TEXT] if prefix else cast("list[str]", [b"one"]))(prefix),
        "stream",
    ),
    "starts again": (Scripted(TEXT), "resumes"),
    "loses a character": (Scripted(lambda prefix: rest(prefix)[prefix != PROMPT :]), "resumes"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_source_is_found(name: str) -> None:
    source, promise = FAULTY[name]

    @virtual_time
    async def check() -> None:
        await check_source(cast("mt.Source", source), PROMPT, resumes=promise in ("independent", "resumes"))

    with pytest.raises(ConformanceError) as caught:
        check()
    assert caught.value.promise == promise, caught.value


@virtual_time
async def test_what_follows_the_last_chunk_is_not_read() -> None:
    """A stream that is long, or has no end, is read only so far."""
    await check_source(Scripted(["one", "two", ValueError("far away")]), PROMPT, characters=4)


@virtual_time
async def test_limits_that_allow_nothing_are_refused() -> None:
    with pytest.raises(mt.UsageError, match="above 0"):
        await check_source(Scripted(TEXT), PROMPT, characters=0)
    with pytest.raises(mt.UsageError, match="above 0"):
        await check_source(Scripted(TEXT), PROMPT, deadline=0)
