"""Streams and questions of a model that decodes on a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace

from ...chunks import Chunk, Token, Usage
from ...chunks import hotter as raised
from ...errors import SourceError
from ...forks.protocol import Answer, Question
from .decoding import Ending, Generation, Options
from .decoding_thread import DecodingThread
from .feeds import Feed

ALTERNATIVES = 5
"""Alternatives to each token of an answer that an entropy is taken of."""


def hotter(options: Options, attempt: int) -> Options:
    """Options of another try: hotter with each, and with another seed."""
    if not attempt:
        return options
    temperature = raised(options.temperature, attempt)
    return replace(options, temperature=temperature, seed=options.seed + attempt)


def must_hold_text(prefix: str) -> None:
    """Raise `SourceError` for what no tokeniser can read."""
    if not prefix:
        raise SourceError("the prompt is empty: expected at least one character to continue")
    try:
        prefix.encode()
    except UnicodeEncodeError as error:
        raise SourceError(f"the prompt is no Unicode text: {error.reason} at offset {error.start}") from None


class GeneratedStream:
    """One generation, read on one event loop. Nothing is decoded before the first item is asked for."""

    def __init__(self, thread: DecodingThread | None, prefix: str, options: Options, *, again: bool) -> None:
        self._thread = thread
        self._prefix = prefix
        self._options = options
        self._again = again
        self._job: _Stream | None = None
        self._closed = False

    def __aiter__(self) -> GeneratedStream:
        return self

    async def __anext__(self) -> Chunk | Usage:
        if self._closed:
            raise StopAsyncIteration
        if self._job is None:
            self._job = self._open()
        item = await self._job.feed.next()
        if item is None:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """End the generation at its next token, and wait for that."""
        if not self._closed:
            self._closed = True
            if self._job is not None:
                await self._job.feed.close()

    def __del__(self) -> None:
        if self._job is not None and self._thread is not None:
            self._job.feed.closed = True
            self._thread.look()

    def _open(self) -> _Stream:
        if self._thread is None:
            raise SourceError("the model is not loaded: use `async with ... as source`")
        must_hold_text(self._prefix)
        job = _Stream(self._thread, self._prefix, self._options)
        job.feed.connect()
        self._thread.add(job, again=self._again)
        return job


class _Stream:
    """A `Job` whose text goes into a feed."""

    def __init__(self, thread: DecodingThread, prefix: str, options: Options) -> None:
        self.feed = Feed(thread.look)
        self.generation = Generation(
            prefix,
            options,
            fork=False,
            give=self.feed.give,
            pause=lambda: thread.pause(self),
            unwanted=lambda: thread.unwanted(self),
        )

    @property
    def unwanted(self) -> bool:
        return self.feed.closed

    @property
    def full(self) -> bool:
        return self.feed.full

    def end(self, ending: Ending | None, error: SourceError | None = None) -> None:
        if ending == "length":
            error = SourceError(f"the model was cut off at max_tokens={self.generation.options.max_tokens}")
        self.feed.end(error)


@dataclass(slots=True)
class Beside:
    """Asks the model on the thread that its streams are decoded on."""

    thread: DecodingThread | None
    options: Options

    async def ask(self, question: Question, /) -> Answer:
        """Ask; may be called on any event loop."""
        if self.thread is None:
            raise SourceError("the model is not loaded: use `async with ... as source`")
        must_hold_text(question.prefix)
        options = replace(
            self.options,
            max_tokens=question.max_tokens,
            temperature=question.temperature,
            stop=question.stop,
            alternatives=ALTERNATIVES if question.logprobs else 0,
        )
        if question.temperature:
            options = replace(options, seed=options.seed + question.attempt)
        else:
            options = hotter(options, question.attempt)
        job = _Fork(self.thread, question, options)
        self.thread.add(job)
        try:
            return await job.answered
        finally:
            job.unwanted = True


@dataclass(slots=True)
class _Reading:
    texts: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    usage: Usage | None = None


class _Fork:
    """A `Job` whose text is one answer."""

    full = False

    def __init__(self, thread: DecodingThread, question: Question, options: Options) -> None:
        self.unwanted = False
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._logprobs = question.logprobs
        self._read = _Reading()
        self.generation = Generation(
            question.prefix,
            options,
            fork=True,
            give=self._take,
            pause=lambda: thread.pause(self),
            unwanted=lambda: thread.unwanted(self),
        )

    def _take(self, item: Chunk | Usage) -> None:
        if isinstance(item, Usage):
            self._read.usage = item
            return
        self._read.texts.append(item.text)
        if self._logprobs:
            self._read.tokens += item.tokens

    def end(self, ending: Ending | None, error: SourceError | None = None) -> None:
        if ending is None and error is None:
            error = SourceError("the question was called off")
        read = self._read
        answer = Answer("".join(read.texts), tuple(read.tokens), read.usage)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, answer, error)

    def _settle(self, answer: Answer, error: SourceError | None) -> None:
        if self.answered.done():
            return
        if error is not None:
            self.answered.set_exception(error)
        else:
            self.answered.set_result(answer)
