"""A server that is asked beside the streams that are read of it, through raw completions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing

from ...chunks import Chunk, Token, Usage, first_stop, hotter, reseeded
from ...forks.protocol import Answer, Question
from ...records.json import Json
from .reading import Reading
from .transport import Transport

LONGEST_TOKEN = 400
"""Characters; the longest tokens of the usual vocabularies, runs of blanks, have up to 256."""


class Beside:
    """Asks through `transport`; `model` gives the name to ask for, `alternatives` are those of each token."""

    def __init__(
        self,
        transport: Transport,
        *,
        model: Callable[[Transport], Awaitable[str]],
        seed: int | None,
        alternatives: int,
        extra: Mapping[str, Json],
    ) -> None:
        self._transport = transport
        self._model = model
        self._seed = seed
        self._alternatives = alternatives
        self._extra = extra

    async def ask(self, question: Question, /) -> Answer:
        """Ask, and read the answer as it comes: going away then ends the generation with every server."""
        attempt = question.attempt
        body: dict[str, Json] = {
            **self._extra,
            "prompt": question.prefix,
            "max_tokens": question.max_tokens,
            "temperature": question.temperature or hotter(0.0, attempt),
            "seed": reseeded(self._seed, attempt),
            "stop": list(question.stop),
            "logprobs": self._alternatives if question.logprobs else None,
        }
        reading = Reading(lambda: self._transport, body, model=self._model)
        texts: list[str] = []
        tokens: list[Token] = []
        known, size = question.logprobs, 0
        async with aclosing(reading.chunks(whole=False)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Usage):
                    continue
                text = chunk if isinstance(chunk, str) else chunk.text
                if known and isinstance(chunk, Chunk):
                    tokens.extend(chunk.tokens)
                else:
                    known = False
                texts.append(text)
                size += len(text)
                if size > question.max_tokens * LONGEST_TOKEN:
                    break  # a server that does not keep to max_tokens
        if reading.finish in ("content_filter", "error", "abort"):
            reading.must_be_whole()
        return _cut(Answer("".join(texts), tuple(tokens) if known else (), reading.usage), question.stop)


def _cut(answer: Answer, stop: Sequence[str]) -> Answer:
    """An answer up to its first stop text, for servers that give that as well, or know none."""
    end = first_stop(answer.text, stop)
    if end is None:
        return answer
    kept, offset = [], 0
    for token in answer.tokens:
        offset += len(token.text)
        if offset > end:
            break
        kept.append(token)
    return answer._replace(text=answer.text[:end], tokens=tuple(kept))
