"""Checkpoints where the model was uncertain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from ..errors import UsageError
from .composition import Composable
from .protocol import Boundary, Scanner

WINDOW = 256
STEP = 20
"""The last tokens that a share is taken of, and how often these are ranked anew."""


def high_entropy(threshold: float | None = None, top: float | None = None) -> Composable:
    """A checkpoint after each token that the model was uncertain of; give exactly one.

    Uncertainty is the token's entropy, or where the source tells only log-probabilities its surprisal, in nats. Text
    of which nothing is known gives no checkpoint.

    Args:
        threshold: It is above so many nats.
        top: It is in this share of the last 256 tokens that were known, 0.2 being the upper fifth. They are ranked
            anew every 20 tokens; the first 20 give no checkpoint.

    Raises `UsageError` unless exactly one is given, `threshold` at least 0 or `top` between 0 and 1.
    """
    if (threshold is None) == (top is None):
        raise UsageError("high_entropy(): expected exactly one of threshold, top")
    if threshold is not None:
        if not is_number(threshold) or not 0 <= threshold < math.inf:
            raise UsageError(f"high_entropy(): expected threshold to be at least 0 nats, got {threshold!r:.60}")
        return HighEntropy(threshold)
    assert top is not None
    if not is_number(top) or not 0 < top < 1:
        raise UsageError(f"high_entropy(): expected top to be a share between 0 and 1, got {top!r:.60}")
    return TopEntropy(top)


def is_number(value: object) -> bool:
    """Whether `value` is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _uncertain(tokens: Sequence[Token], offset: int) -> Iterator[tuple[float, int, bool]]:
    """Nats of each token that anything is known of, the offset after it, and whether it holds text."""
    for token in tokens:
        offset += len(token.text)
        nats = nats_of(token)
        if nats is not None:
            yield nats, offset, bool(token.text)


def nats_of(token: Token) -> float | None:
    """How uncertain the model was of a token: its entropy, else its surprisal; None where nothing is known of it."""
    nats = token.entropy
    if nats is None:
        if token.logprob is None:
            return None
        nats = -token.logprob
    return None if math.isnan(nats) else nats


@dataclass(frozen=True, slots=True)
class HighEntropy(Composable):
    """A checkpoint after each token above `threshold` nats."""

    threshold: float

    def scanner(self, prompt: str, /) -> Scanner:
        """The scanner; it has no state."""
        return _ThresholdScanner(self.threshold)


class _ThresholdScanner(NamedTuple):
    threshold: float

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not tokens:
            return self, ()
        above = [end for nats, end, filled in _uncertain(tokens, offset) if filled and nats > self.threshold]
        return self, [Boundary(end, end) for end in above]


@dataclass(frozen=True, slots=True)
class TopEntropy(Composable):
    """A checkpoint after each token in the upper `share` of those before it."""

    share: float

    def scanner(self, prompt: str, /) -> Scanner:
        """Start with no token seen."""
        return _ShareScanner(self.share, math.inf, (), ())


class _ShareScanner(NamedTuple):
    """The window is shared by all scanners of one step: a token costs no copy of it."""

    share: float
    cutoff: float
    window: tuple[float, ...]
    recent: tuple[float, ...]  # since the window was ranked

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        share, cutoff, window, recent = self
        boundaries: list[Boundary] = []
        for nats, end, filled in _uncertain(tokens, offset):
            if filled and nats > cutoff:
                boundaries.append(Boundary(end, end))
            recent = (*recent, nats)
            if len(recent) == STEP:
                window = (*window, *recent)[-WINDOW:]
                recent = ()
                cutoff = sorted(window)[len(window) - 1 - int(share * len(window))]
        same = recent is self.recent and window is self.window
        return (self if same else _ShareScanner(share, cutoff, window, recent)), boundaries
