"""What statements about places leave possible, one axis at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from midtrace.extractors.spatial_relations import Relation

Signs: TypeAlias = frozenset[int]
"""Signs that a difference on one axis may have: 1 right or above, 0 the same, -1 left or below."""

ANY: Signs = frozenset({-1, 0, 1})


class Possible(NamedTuple):
    """Where a thing may lie from another; the axes are independent of each other."""

    x: Signs
    y: Signs


@dataclass(frozen=True, slots=True)
class Order:
    """Things of which it is only known that some lie strictly farther left, right, above or below than others.

    `beyond[axis][n]` has a bit for each thing that is known to lie farther right (axis 0) or higher (1) than thing `n`.
    """

    names: tuple[str, ...]
    beyond: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def consistent(self) -> bool:
        """Whether nothing lies beyond itself."""
        return not any(mask >> n & 1 for axis in self.beyond for n, mask in enumerate(axis))

    def possible(self, subject: str, other: str) -> Possible:
        """Where `subject` may lie from `other`."""
        one, two = self.names.index(subject), self.names.index(other)
        return Possible(*(self._signs(axis, one, two) for axis in self.beyond))

    @staticmethod
    def _signs(axis: Sequence[int], one: int, two: int) -> Signs:
        if one == two:
            return frozenset({0})
        if axis[two] >> one & 1:
            return frozenset({1})
        return frozenset({-1}) if axis[one] >> two & 1 else ANY


@dataclass(frozen=True, slots=True)
class Cells:
    """Things in cells of a grid. `places` gives of each the part of the story it is tied to, its column and its row."""

    names: tuple[str, ...]
    places: tuple[tuple[int, int, int], ...]
    consistent: bool

    def possible(self, subject: str, other: str) -> Possible:
        """Where `subject` may lie from `other`: known if the statements tie them together."""
        one, two = (self.places[self.names.index(name)] for name in (subject, other))
        if one[0] != two[0]:
            return Possible(ANY, ANY)
        return Possible(frozenset({_sign(one[1] - two[1])}), frozenset({_sign(one[2] - two[2])}))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


@lru_cache(maxsize=64)
def ordered(names: tuple[str, ...], relations: tuple[Relation, ...]) -> Order:
    """The transitive closure of the statements on each axis."""
    number = {name: n for n, name in enumerate(names)}
    axes: list[tuple[int, ...]] = []
    for axis in (0, 1):
        beyond = [0] * len(names)
        for subject, way, other in relations:
            if way[axis] > 0:
                beyond[number[other]] |= 1 << number[subject]
            elif way[axis] < 0:
                beyond[number[subject]] |= 1 << number[other]
        for through in range(len(names)):
            for n in range(len(names)):
                if beyond[n] >> through & 1:
                    beyond[n] |= beyond[through]
        axes.append(tuple(beyond))
    return Order(names, (axes[0], axes[1]))


@lru_cache(maxsize=64)
def chained(names: tuple[str, ...], relations: tuple[Relation, ...]) -> Cells:
    """The cells that follow when each statement is one step on the grid."""
    steps = _steps(relations)
    places: dict[str, tuple[int, int, int]] = {}
    consistent = True
    for part, first in enumerate(names):
        if first in places:
            continue
        places[first] = (part, 0, 0)
        queue = deque([first])
        while queue:
            here = queue.popleft()
            _, column, row = places[here]
            for there, x, y, _ in steps.get(here, ()):
                place = (part, column + x, row + y)
                if there not in places:
                    places[there] = place
                    queue.append(there)
                consistent = consistent and places[there] == place
    return Cells(names, tuple(places[name] for name in names), consistent)


class _Step(NamedTuple):
    to: str
    x: int
    y: int
    relation: Relation


def _steps(relations: Iterable[Relation]) -> dict[str, list[_Step]]:
    steps: dict[str, list[_Step]] = {}
    for each in relations:
        x, y = each.direction
        steps.setdefault(each.object, []).append(_Step(each.subject, x, y, each))
        steps.setdefault(each.subject, []).append(_Step(each.object, -x, -y, each))
    return steps


def path(relations: tuple[Relation, ...], start: str, end: str, axis: int, sign: int | None) -> tuple[Relation, ...]:
    """The fewest statements that lead from `start` to `end`, each by a step of `sign` on `axis` (None: any step)."""
    steps = _steps(relations)
    came: dict[str, tuple[str, Relation] | None] = {start: None}
    queue = deque([start])
    while queue and end not in came:
        here = queue.popleft()
        for step in steps.get(here, ()):
            if step.to not in came and sign in (None, (step.x, step.y)[axis]):
                came[step.to] = (here, step.relation)
                queue.append(step.to)
    found: list[Relation] = []
    back = came.get(end)
    while back is not None:
        found.append(back[1])
        back = came[back[0]]
    return tuple(found[::-1])
