"""What a number puzzle's solution says: its steps, its partial expressions and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from midtrace import Span

from ._expressions import Expression

Sides: TypeAlias = tuple[Expression | None, ...]
"""What stands between the equals signs of an equation; None: a side that cannot be read."""


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as it was written; `decimals` counts the digits behind the point, `about` marks `≈ 3.33`."""

    value: Fraction
    decimals: int = 0
    about: bool = False


@dataclass(frozen=True, slots=True)
class CountdownStep:
    """One operation and the numbers that are left after it: `10 - 7 = 3 (left: 3 4 4)`.

    `span` and `text` run from the operation to the end of the list; `operation` is the equation's first side, `result`
    covers its last one and `listed` the list, both in characters of the generated text. `readings` are the ways to
    read the equation, `foreign` is an operation in it that is not one of the four. `available` is what a structured
    block says was there before. `about` says that the result is called approximate, `tentative` that the line itself
    speaks of a trial or calls the step wrong, and `gap` that calculations of another form stand before this step, so
    that numbers may have been made there.
    """

    span: Span
    text: str
    operation: str
    readings: tuple[Sides, ...]
    left: tuple[WrittenNumber, ...]
    result: Span
    listed: Span
    foreign: str | None = None
    available: tuple[WrittenNumber, ...] | None = None
    about: bool = False
    tentative: bool = False
    gap: bool = False


@dataclass(frozen=True, slots=True)
class CountdownExpression:
    """An expression that the text commits to, as its answer or as what it has so far.

    `sides` are those of its equation, right sides included; `foreign` is an operation that is not one of the four.
    `impossible` says that there is no solution. `several` marks an answer of more than one equation, of which none may
    be the answer itself. `explicit` is False for an expression that is the answer only since the text ends with it.
    """

    span: Span
    text: str
    sides: Sides = ()
    foreign: str | None = None
    impossible: bool = False
    several: bool = False
    explicit: bool = True


@dataclass(frozen=True, slots=True)
class CountdownWork:
    """All of a solution so far.

    `whole` says that the reading began where the work began, so that the first step starts from the given numbers;
    `ends_with_step` that the work is over and its last line is a step.
    """

    steps: tuple[CountdownStep, ...] = ()
    partial: tuple[CountdownExpression, ...] = ()
    answer: CountdownExpression | None = None
    whole: bool = True
    ends_with_step: bool = False
