"""Checkpoints where the model has been certain for a long time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from ..errors import UsageError
from .composition import Composable
from .entropy import is_number, nats_of
from .protocol import Boundary, Scanner


def cold(below: float = 0.01, tokens: int = 256) -> Composable:
    """A checkpoint after `tokens` tokens in a row that the model was certain of, and after as many more.

    A token is certain if its entropy, or where the source tells only log-probabilities its surprisal, is below so many
    nats. One of which nothing is known ends the row, and so does text without tokens: nobody knows that it is certain.
    A note that midtrace injects, or a change of phase, ends the row too. The defaults are those of Soft Thinking's
    Cold Stop (Zhang et al., arXiv 2505.15778).

    Raises `UsageError` unless `below` is above 0 and `tokens` at least 1.
    """
    if not is_number(below) or not 0 < below < math.inf:
        raise UsageError(f"cold(): expected below to be more than 0 nats, got {below!r:.60}")
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 1:
        raise UsageError(f"cold(): expected tokens to be a whole number of at least 1, got {tokens!r:.60}")
    return Cold(below, tokens)


@dataclass(frozen=True, slots=True)
class Cold(Composable):
    """A checkpoint after each `tokens` tokens in a row below `below` nats."""

    below: float
    tokens: int

    def scanner(self, prompt: str, /) -> Scanner:
        """Start with no token seen."""
        return _ColdScanner(self.below, self.tokens, 0)


class _ColdScanner(NamedTuple):
    below: float
    tokens: int
    row: int

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not tokens:
            return (self.restart() if text else self), ()
        row = self.row
        boundaries: list[Boundary] = []
        for token in tokens:
            offset += len(token.text)
            nats = nats_of(token)
            row = row + 1 if nats is not None and nats < self.below else 0
            if row >= self.tokens and token.text:  # one without text counts; the next with text ends the unit
                boundaries.append(Boundary(offset, offset))
                row = 0
        return (self if row == self.row else _ColdScanner(self.below, self.tokens, row)), boundaries

    def restart(self) -> Scanner:
        return self if not self.row else _ColdScanner(self.below, self.tokens, 0)
