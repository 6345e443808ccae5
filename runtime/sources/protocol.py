"""What a source may say of itself, and how one is asked that must know who wrote what."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from ..chunks import Source, Stream
from ..trace import Origin, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a source can do. The runtime uses it, or refuses what needs more; it never guesses.

    Args:
        resume: It continues a prefix that was edited, so that a rollback or a stop can be carried out.
        logprobs: Its chunks tell how probable their tokens were.
        token_ids: It continues token for token: a prefix that it gave itself is not read as other tokens.
        tool_calls: Calls of tools are part of its text.
        abort: Closing a stream ends the generation, not only the reading of it.
        fork: Other questions can be asked of it while a stream is open. `shared` says that they evaluate nothing again
            that the stream has evaluated.
        block: Tokens in one block of the server's cache of prefixes; None: not known.
    """

    resume: bool = True
    logprobs: bool = False
    token_ids: bool = False
    tool_calls: bool = False
    abort: bool = True
    fork: bool = False
    shared: bool = False
    block: int | None = None


@runtime_checkable
class Able(Protocol):
    """A source that says what it can do. Of any other only this is known: it continues a prefix."""

    @property
    def abilities(self) -> Abilities:
        """What it can do; asked before a stream is opened, and must not block."""
        ...


class Passage(NamedTuple):
    """A stretch of the trace, and who wrote it."""

    text: str
    origin: Origin


def passages(tip: Piece) -> tuple[Passage, ...]:
    """A trace as passages: neighbours of one origin are one."""
    found: list[tuple[Origin, list[str]]] = []
    for piece in tip.back_to(0):
        if not found or found[-1][0] is not piece.origin:
            found.append((piece.origin, []))
        found[-1][1].append(piece.text)
    return tuple(Passage("".join(reversed(texts)), origin) for origin, texts in reversed(found) if any(texts))


@runtime_checkable
class Conversing(Protocol):
    """A source that must know who wrote what: a chat model takes a note as a turn of the user's."""

    def converse(self, prompt: str, passages: Sequence[Passage], attempt: int, /) -> Stream | Awaitable[Stream]:
        """Open a stream of what follows `prompt` and `passages`, in order; neighbours differ in their origin.

        `attempt` above 0 asks for another try, as in `Resampling`.
        """
        ...


class Runnable(Protocol):
    """What LangChain calls a runnable."""

    @property
    def astream(self) -> Callable[..., AsyncIterable[object]]:
        """Streams what it makes of an input."""
        ...


GivenSource: TypeAlias = (
    Source | Callable[[str], object] | AsyncIterable[object] | Iterable[object] | Awaitable[object] | Runnable
)
"""What people hold that streams text; `source_of` makes a source of it."""
