"""Whether an order exists: objects are placed rank by rank, and a set of placed objects is tried only once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from midtrace.extractors.ordering import Before, Fact, Placed

MAX_STEPS = 200_000
"""Placements that one search may try; 16 objects need at most 16 for each of their 65,536 sets."""


class OutOfSteps(Exception):  # noqa: N818  (it says what happened; the verifier makes `Unknown` of it)
    """Raised when a search has used up its steps."""


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders that facts allow. `ranks[n]` has a bit for each rank (from 0) that object `n` may have, `earlier[n]`
    one for each object that must come before it.
    """

    names: tuple[str, ...]
    ranks: tuple[int, ...]
    earlier: tuple[int, ...]

    @classmethod
    def all(cls, names: Sequence[str]) -> Orders:
        """Every order of the names."""
        size = len(names)
        return cls(tuple(names), ((1 << size) - 1,) * size, (0,) * size)

    def that(self, facts: Iterable[Fact]) -> Orders:
        """Those of them for which all the facts hold."""
        ranks, earlier = list(self.ranks), list(self.earlier)
        for fact in facts:
            match fact:
                case Before(first, second):
                    earlier[self.names.index(second)] |= 1 << self.names.index(first)
                case Placed(objects, places, negated):
                    mask = sum(1 << place - 1 for place in set(places) if 0 < place <= len(self.names))
                    held = {self.names.index(name) for name in objects}
                    if not mask and not negated:
                        ranks = [0] * len(self.names)
                    for n in range(len(self.names)):
                        if n in held and negated:
                            ranks[n] &= ~mask
                        elif n in held and len(held) == 1:
                            ranks[n] &= mask
                        elif n not in held and len(held) > 1 and not negated:
                            ranks[n] &= ~mask
                case _:
                    assert_never(fact)
        return Orders(self.names, tuple(ranks), tuple(earlier))

    def exist(self) -> bool:
        """Whether there is one. Raises `OutOfSteps` after `MAX_STEPS`."""
        size = len(self.names)
        full = (1 << size) - 1
        seen = {0}
        stack = [(0, 0)]  # the objects placed, and how many these are
        steps = 0
        while stack:
            placed, rank = stack.pop()
            if placed == full:
                return True
            for n in range(size):
                steps += 1
                following = placed | 1 << n
                if following == placed or self.earlier[n] & ~placed or not self.ranks[n] >> rank & 1:
                    continue
                if following not in seen:
                    seen.add(following)
                    stack.append((following, rank + 1))
            if steps > MAX_STEPS:
                raise OutOfSteps
        return False


def opposite(fact: Fact) -> Fact | None:
    """The fact that holds where `fact` does not; None if that takes more than one."""
    match fact:
        case Before(first, second):
            return Before(second, first)
        case Placed(objects, ranks, negated):
            return Placed(objects, ranks, negated=not negated) if len(objects) == 1 or not negated else None
        case _:
            assert_never(fact)
