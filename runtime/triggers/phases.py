"""Thinking and answering: the phases of a reasoning model's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ..chunks import Token
from ..errors import UsageError
from .protocol import Boundary, Scanner
from .tags import Pair, check_tag, open_pair

Phase: TypeAlias = Literal["thinking", "answer"]


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a model marks its thinking: between `open` and `close`; all else is answer."""

    open: str = "<think>"
    close: str = "</think>"

    def __post_init__(self) -> None:
        for tag in (self.open, self.close):
            check_tag("thinking()", tag)
        if self.open == self.close:
            raise UsageError(f"thinking(): expected two different tags, got {self.open!r} twice")

    def scanner(self, prompt: str, /) -> ThinkingScanner:
        """A scanner that gives the changes of phase; it starts in the phase that the prompt ends in."""
        return ThinkingScanner(open_pair(self.open, self.close, prompt))


class ThinkingScanner(NamedTuple):
    """Reads along which phase the text is in."""

    pair: Pair

    @property
    def thinking(self) -> bool:
        """Whether the text read so far ends in the thinking phase."""
        return self.pair.inside

    def read(self, text: str, offset: int) -> tuple[ThinkingScanner, list[Boundary]]:
        """Read `text`, which starts at `offset`; gives a boundary after each tag that changes the phase."""
        pair, crossings = self.pair.read(text, offset)
        if pair is self.pair:
            return self, []
        return ThinkingScanner(pair), [Boundary(crossing.end, crossing.end) for crossing in crossings]

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        """As `read`."""
        return self.read(text, offset)

    def restart(self) -> ThinkingScanner:
        """The phase outlasts a note of midtrace's, half a tag does not."""
        return ThinkingScanner(self.pair._replace(matched=0))


THINK = Thinking()


def thinking(open: str = "<think>", close: str = "</think>") -> Thinking:  # noqa: A002  (what the tags are called)
    """How a model marks its thinking; for `within` and `on_phase_change`.

    Text starts in the thinking phase if the prompt's last `open` has no `close` after it. Raises `UsageError` for an
    empty tag, one of more than 100 characters, or two equal ones.
    """
    return Thinking(open, close)


def check_phase(phase: str) -> None:
    """Raise `UsageError` for a phase that does not exist."""
    if phase not in ("thinking", "answer"):
        raise UsageError(f"within({phase!r}): expected 'thinking' or 'answer'")
