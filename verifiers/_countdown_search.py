"""Whether numbers can be combined to a target by + - * /, exactly, within a budget of steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple, TypeAlias

Numbers: TypeAlias = tuple[Fraction, ...]
"""A multiset, in ascending order."""

MAX_STEPS = 60_000
"""Pairs of values or of parts that one search may try: any six numbers need fewer than 30,000 of them."""

_LISTED = 4
"""Numbers whose every value is worked out from below; for more of them the search goes down from the target."""


class OutOfBudget(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The search did not end within its budget."""


class Searches:
    """The searches of one check, which share a budget of `MAX_STEPS`; the last one may go over it."""

    def __init__(self, target: int, *, use_all: bool) -> None:
        self.target = Fraction(target)
        self.use_all = use_all
        self.steps = 0

    def solution(self, numbers: Iterable[Fraction]) -> str | None:
        """An expression that makes the target of the numbers, all or some of them; None if there is none.

        Raises `OutOfBudget` where the budget does not tell.
        """
        if self.steps > MAX_STEPS:
            raise OutOfBudget
        found = _searched(tuple(sorted(numbers)), self.target, use_all=self.use_all)
        self.steps += found.steps
        if not found.decided:
            raise OutOfBudget
        return found.expression


class _Found(NamedTuple):
    expression: str | None
    steps: int
    decided: bool = True


@lru_cache(maxsize=4096)
def _searched(numbers: Numbers, target: Fraction, *, use_all: bool) -> _Found:
    """One search, kept with its cost: a check must not depend on the checks before it."""
    search = _Search(len(numbers))
    try:
        for size in [len(numbers)] if use_all else range(1, len(numbers) + 1):
            for chosen in combinations(numbers, size):
                search.step()
                found = search.solution(chosen, target)
                if found is not None:
                    return _Found(found, search.steps)
    except OutOfBudget:
        return _Found(None, search.steps, decided=False)
    return _Found(None, search.steps)


class _Search:
    """A search from both ends: values of few numbers are listed, of more of them worked back from the target."""

    def __init__(self, size: int) -> None:
        self.listed = _LISTED if size > 5 else 3
        self.steps = 0
        self.made: dict[Numbers, dict[Fraction, str]] = {}
        self.found: dict[tuple[Numbers, Fraction], str | None] = {}

    def solution(self, numbers: Numbers, target: Fraction) -> str | None:
        if len(numbers) <= self.listed:
            return self.values(numbers).get(target)
        key = numbers, target
        if key not in self.found:
            self.found[key] = self._solved(numbers, target)
        return self.found[key]

    def _solved(self, numbers: Numbers, target: Fraction) -> str | None:
        for part, rest in self._halves(numbers):
            for value, written in self.values(part).items():
                for form, needed in _complements(value, target):
                    self.step()
                    other = self.solution(rest, needed)
                    if other is not None:
                        return form.format(written, other)
                if value == 0 == target:
                    return f"({written} * ({' + '.join(map(_written, rest))}))"
        return None

    def values(self, numbers: Numbers) -> dict[Fraction, str]:
        """Everything that can be made of exactly these numbers, and how."""
        made = self.made.get(numbers)
        if made is None:
            made = {}
            if len(numbers) == 1:
                made[numbers[0]] = _written(numbers[0])
            for part, rest in self._halves(numbers):
                for left, left_written in self.values(part).items():
                    for right, right_written in self.values(rest).items():
                        self.step()
                        for form, value in _results(left, right):
                            if value not in made:
                                made[value] = form.format(left_written, right_written)
            self.made[numbers] = made
        return made

    def _halves(self, numbers: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
        """Every way to part the numbers in two, the smaller part first."""
        seen: set[tuple[Numbers, Numbers]] = set()
        everyone = range(len(numbers))
        for size in range(1, len(numbers) // 2 + 1):
            for chosen in combinations(everyone, size):
                self.step()
                part = tuple(numbers[n] for n in chosen)
                rest = tuple(numbers[n] for n in everyone if n not in chosen)
                if (part, rest) not in seen and (rest, part) not in seen:
                    seen.add((part, rest))
                    yield part, rest

    def step(self) -> None:
        """Count one step. Raises `OutOfBudget` for the first one too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise OutOfBudget


def _results(left: Fraction, right: Fraction) -> Iterator[tuple[str, Fraction]]:
    yield "({} + {})", left + right
    yield "({} - {})", left - right
    yield "({1} - {0})", right - left
    yield "({} * {})", left * right
    if right:
        yield "({} / {})", left / right
    if left:
        yield "({1} / {0})", right / left


def _complements(value: Fraction, target: Fraction) -> Iterator[tuple[str, Fraction]]:
    """What the other operand must be for the target to come out."""
    yield "({} + {})", target - value
    yield "({} - {})", value - target
    yield "({1} - {0})", target + value
    if value:
        yield "({} * {})", target / value
        yield "({1} / {0})", target * value
        if target:
            yield "({} / {})", value / target


def _written(number: Fraction) -> str:
    return str(number) if number.denominator == 1 and number >= 0 else f"({number})"
