"""Any generation call as somebody who can be asked."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio.lowlevel

from ..chunks import CHARACTERS_A_TOKEN, TURN, Chunk, Token, Usage, first_stop
from ..errors import SourceError
from ..sources.adapting import source_of
from ..sources.protocol import GivenSource
from .protocol import Answer, Asker, Question


@dataclass(frozen=True, slots=True)
class Calling:
    """Asks by calling `source` with the whole question, and reads no further than the answer.

    Such a source takes no options, so temperature and further attempts are as it makes them. Where it does not tell
    its tokens, their bound is taken for one of characters, four a token.
    """

    source: GivenSource

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[Asker]:
        """Nothing to open."""
        yield self

    async def ask(self, question: Question, /) -> Answer:
        """Call the source, and close its stream where the answer ends."""
        opened: object = source_of(self.source)(question.prefix)
        if inspect.isawaitable(opened):
            opened = await opened
        if not hasattr(opened, "__aiter__"):
            raise SourceError(f"expected a stream of text from the source, got {type(opened).__name__}")
        stream = aiter(opened)
        try:
            return await _read(stream, question)
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()


async def _read(stream: AsyncIterator[object], question: Question) -> Answer:
    text = ""
    tokens: list[Token] = []
    usage: Usage | None = None
    longest = max(map(len, question.stop), default=1)
    turn = 0
    async for item in stream:
        turn += 1
        if turn % TURN == 0:
            await anyio.lowlevel.checkpoint()  # a source that never waits would not notice that its time is over
        if isinstance(item, Usage):
            usage = item
            continue
        if not isinstance(item, str | Chunk):
            raise SourceError(f"expected text from the source, got {type(item).__name__}")
        fresh = max(len(text) - longest + 1, 0)
        if isinstance(item, Chunk):
            text += item.text
            tokens += item.tokens
        else:
            text += item
        end = first_stop(text, question.stop, fresh)
        if end is not None:
            text = text[:end]
            break
        if len(tokens) >= question.max_tokens or (not tokens and len(text) >= question.max_tokens * CHARACTERS_A_TOKEN):
            break
    return Answer(text, tuple(tokens) if question.logprobs else (), usage)
