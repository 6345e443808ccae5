"""Checkpoints at tags: where a tagged block closes, and where thinking begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from .composition import Composable
from .phases import THINK, Thinking
from .protocol import Boundary, Scanner
from .tags import Pair, open_pair


@dataclass(frozen=True, slots=True)
class TagBlock(Composable):
    """A checkpoint after each `closing` that follows an `opening`; the prompt may hold the first `opening`."""

    opening: str
    closing: str

    def scanner(self, prompt: str, /) -> Scanner:
        """Start inside a block if the prompt left one open."""
        return _TagScanner(open_pair(self.opening, self.closing, prompt))


class _TagScanner(NamedTuple):
    pair: Pair

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        pair, crossings = self.pair.read(text, offset)
        if pair is self.pair:
            return self, ()
        return _TagScanner(pair), [Boundary(each.end, each.end) for each in crossings if not each.inside]

    def restart(self) -> Scanner:
        return _TagScanner(self.pair._replace(matched=0))


@dataclass(frozen=True, slots=True)
class PhaseChange(Composable):
    """A checkpoint where thinking begins, and where it ends."""

    of: Thinking

    def scanner(self, prompt: str, /) -> Scanner:
        """Start in the phase that the prompt ends in."""
        return self.of.scanner(prompt)


def on_phase_change(of: Thinking = THINK) -> Composable:
    """A checkpoint after each tag that begins or ends the thinking phase; `of` says which tags these are."""
    return PhaseChange(of)


def on_tool_call() -> Composable:
    """A checkpoint after each closed `<tool_call>...</tool_call>`, as Hermes and Qwen models write them."""
    return TagBlock("<tool_call>", "</tool_call>")
