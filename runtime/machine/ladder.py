"""Escalation: the same violation at the same place is never answered in the same way for ever.

Places are counted in characters of the text without midtrace's notes, so that a note does not move them. An episode
is a stay at one place; it ends when a violation is found in a unit that starts beyond everything the episode has
seen go wrong.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple, TypeAlias

Step: TypeAlias = Literal["policy", "hint", "earlier", "resample", "abstain"]

STEPS: tuple[Step, ...] = ("policy", "hint", "earlier", "resample", "abstain")
"""As the policy says; worded with the hint; from an earlier checkpoint; as another try of the source; not at all."""


class Rung(NamedTuple):
    """How to answer now; `tries` counts the answers given at this place before."""

    step: Step
    tries: int


class Ladder:
    """Remembers the episode: what was answered at this place, and how far it reached."""

    def __init__(self) -> None:
        self._furthest = -1
        self._answered: Counter[tuple[str, str]] = Counter()
        self._tries = 0

    def climb(self, key: tuple[str, str], start: int, end: int) -> Rung:
        """Take a step for the complaint `key` about a unit `[start, end)`."""
        if start > self._furthest:
            self._answered.clear()
            self._tries = 0
        self._furthest = max(self._furthest, end) if self._tries else end
        rung = Rung(STEPS[min(self._answered[key], len(STEPS) - 1)], self._tries)
        self._answered[key] += 1
        self._tries += 1
        return rung
