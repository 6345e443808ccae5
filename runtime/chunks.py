"""What a source gives: plain strings, chunks that carry what is known of their tokens, and what a call cost."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Sequence
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from .errors import SourceError

CHARACTERS_A_TOKEN = 4
"""Where a source says nothing of its tokens, this many characters count as one: the usual estimate for English."""


class Token(NamedTuple):
    """One token of a chunk: its text, and what the model thought of it (natural logarithms; None: not known)."""

    text: str
    logprob: float | None = None
    entropy: float | None = None


class Chunk(NamedTuple):
    """A piece of generated text with its tokens, in order; their texts joined are the chunk's text."""

    text: str
    tokens: tuple[Token, ...] = ()


class Usage(NamedTuple):
    """What one generation call cost, in tokens; a source may give it anywhere in its stream, the last one counts.

    `prompt` counts the whole prefix, `cached` the part of it that the server did not have to evaluate again,
    `generated` what the call generated (0: not known).
    """

    prompt: int
    cached: int = 0
    generated: int = 0


def text_of(item: str | Chunk | Usage) -> str:
    """The text of what a stream gives."""
    match item:
        case str():
            return item
        case Chunk(text):
            return text
        case Usage():
            return ""


TURN = 64
"""Pieces that a stream may give without waiting before the loop gets its turn."""

IDLE = 100_000
"""Pieces without text that a stream may give in a row."""


def must_say_something(idle: int) -> None:
    """Raise `SourceError` where so many pieces in a row without text are too many."""
    if idle > IDLE:
        raise SourceError(f"the source gave {idle} pieces in a row without any text")


def first_stop(text: str, stop: Sequence[str], begin: int = 0) -> int | None:
    """Where, from `begin` on, the stop text begins that is complete first: there the answer ends, however it was cut.

    Of those that end at one place, the one that begins first; None where there is none.
    """
    found = [(at + len(each), at) for each in stop if each and (at := text.find(each, begin)) >= 0]
    return min(found)[1] if found else None


Stream: TypeAlias = AsyncIterable[str | Chunk | Usage]


class Source(Protocol):
    """A generation call: continues `prefix`, in chunks."""

    def __call__(self, prefix: str, /) -> Stream | Awaitable[Stream]:
        """Open a stream of the text that follows `prefix`."""
        ...


@runtime_checkable
class Resampling(Protocol):
    """A source that can be asked for another try of the same prefix, hotter or with another seed."""

    def resample(self, prefix: str, attempt: int, /) -> Stream | Awaitable[Stream]:
        """Open a stream that differs from try to try; `attempt` counts from 1."""
        ...


HOTTER, HOTTEST = 0.3, 1.2
"""What each further try of the same prefix adds to the temperature, and where that ends."""


def hotter(temperature: float, attempt: int) -> float:
    """The temperature of a try; 0 is the first."""
    return min(temperature + HOTTER * attempt, HOTTEST) if attempt else temperature


def reseeded(seed: int | None, attempt: int) -> int | None:
    """The seed of a try; 0 is the first, which may have none."""
    return (seed or 0) + attempt if attempt else seed
