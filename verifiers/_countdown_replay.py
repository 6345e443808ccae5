"""Replays the steps of a number puzzle: each must start from numbers that were there at some time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from midtrace import Violation
from midtrace.extractors import Expression
from midtrace.extractors.countdown import CountdownStep, WrittenNumber

from ._countdown_numbers import (
    Fault,
    Item,
    Leaves,
    Pool,
    evaluated,
    foreign,
    forms,
    leaves,
    literal,
    named,
    stands_for,
    taken,
)
from ._wording import exact as shown

MAX_POOLS = 64
"""Sets of numbers that are kept to go back to; a solution with more of them is no longer replayed."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it: the steps that were explained, with the numbers that each leaves, and the first wrong one."""

    after: tuple[tuple[CountdownStep, Pool], ...]
    checked: int
    violation: Violation | None = None


def replayed(steps: tuple[CountdownStep, ...], start: Pool, *, whole: bool) -> Replay:
    """Replay the steps up to the first wrong one.

    A step may go on from the step before it, and from any earlier set of numbers as well, since solutions try, and go
    back. Where numbers may have been made outside of steps (`whole` is False, or a gap), an unexplained step is left
    out. So is a tentative one.
    """
    pools: dict[Pool, None] = {start: None}
    after: list[tuple[CountdownStep, Pool]] = []
    lost, checked = not whole, 0
    for step in steps:
        if step.foreign is not None and not step.tentative:
            return Replay(tuple(after), checked, _violation(step, foreign(step.foreign)))
        lost = lost or step.gap or len(pools) > MAX_POOLS
        try:
            pool = _next(step, [*pools][: -MAX_POOLS - 1 : -1])
            checked += not step.tentative
        except Fault as fault:
            if not lost and not step.tentative:
                return Replay(tuple(after), checked, _violation(step, fault))
            pool = named(step.left)
        after.append((step, pool))
        pools.pop(pool, None)
        pools[pool] = None
    return Replay(tuple(after), checked)


def _next(step: CountdownStep, pools: list[Pool]) -> Pool:
    """The numbers after the step, from the first set of numbers that explains it. Raises the nearest `Fault`."""
    worst: Fault | None = None
    readings = [
        (form, leaves(form), others) for first, *others in step.readings if first is not None for form in forms(first)
    ]
    for pool in pools:
        if step.available is not None and _matched(step.available, pool) is None:
            continue
        for form, used, others in readings:
            try:
                return _applied(step, _computed(form, used, pool), others)
            except Fault as fault:
                if worst is None or fault.stage > worst.stage:
                    worst = fault
    if worst is None and step.available is not None:
        worst = Fault("starts from {}, but {} are there", named(step.available), pools[0])
    raise worst or Fault("cannot be read")


def _applied(step: CountdownStep, outcome: tuple[Item, Pool], others: list[Expression | None]) -> Pool:
    """The numbers after a step whose first side makes an item and leaves others. Raises `Fault`."""
    made, rest = outcome
    for side in others:
        if side is None:
            raise Fault("cannot be read", stage=1)
        written = literal(side)
        if written is not None and _agrees(made, written, about=step.about):
            made = Item(made.exact, written.value)
        elif _value(side) not in made:  # not a simplification: 12 * 3 = 36 / 2 = 18 goes on from 36
            made, rest = _continued(side, made, rest)
    left = _matched(step.left, (made, *rest), about=step.about)
    if left is None and all(number.value not in made for number in step.left):
        others_only = _matched(
            step.left, rest, about=step.about
        )  # "3 (remaining: 4 4)": the result goes without saying
        left = None if others_only is None else tuple(sorted((made, *others_only)))
    if left is None:
        raise Fault("leaves {}, not {}", (*rest, made), named(step.left), stage=2, outcome=(made, rest))
    return left


def _computed(side: Expression, used: Leaves, pool: Pool) -> tuple[Item, Pool]:
    """What the side makes of the numbers that it uses, and those that it leaves. Raises `Fault`."""
    items, rest = taken(pool, used)
    exact = evaluated(side, (item.exact for item in items))
    return Item(exact, evaluated(side, (item.written for item in items))), rest


def _continued(side: Expression, made: Item, rest: Pool) -> tuple[Item, Pool]:
    used = leaves(side)
    if len(used) > 1 and used[0].value in made:
        return _computed(side, used, (made, *rest))
    raise Fault("is {}, not {}", made.exact, _value(side), stage=1, outcome=(made, rest))


def _value(side: Expression) -> Fraction:
    return evaluated(side, (leaf.value for leaf in leaves(side)))


def _agrees(made: Item, written: WrittenNumber, *, about: bool) -> bool:
    number = WrittenNumber(written.value, written.decimals, about=written.about or about)
    return stands_for(number, made.exact) or stands_for(number, made.written)


def _matched(numbers: tuple[WrittenNumber, ...], pool: Pool, *, about: bool = False) -> Pool | None:
    """The items of the pool under the names that the list gives them; None if they are not the same numbers."""
    if len(numbers) != len(pool):
        return None
    rest = list(pool)
    found: list[Item | None] = [None] * len(numbers)
    for closely in (True, False):
        for n, number in enumerate(numbers):
            if found[n] is None:
                item = next(
                    (i for i in rest if number.value in i or (not closely and _agrees(i, number, about=about))), None
                )
                if item is not None:
                    rest.remove(item)
                    found[n] = Item(item.exact, number.value)
    matched = [item for item in found if item is not None]
    return tuple(sorted(matched)) if len(matched) == len(numbers) else None


def _correction(step: CountdownStep, made: Item, rest: Pool) -> str | None:
    """The step with its right result and list; None where it has no single result to put right."""
    if any(len(sides) != 2 for sides in step.readings):
        return None
    base = step.span.start
    separator = ", " if "," in step.text[step.listed.start - base : step.listed.end - base] else " "
    numbers = separator.join(shown(item.written) for item in sorted((*rest, Item(made.exact, made.exact))))
    before = step.text[: step.result.start - base]
    between = step.text[step.result.end - base : step.listed.start - base]
    return f"{before}{shown(made.exact)}{between}{numbers}{step.text[step.listed.end - base :]}"


def _violation(step: CountdownStep, fault: Fault) -> Violation:
    correction = _correction(step, *fault.outcome) if fault.outcome is not None else None
    return Violation(f"{step.operation} {fault.message}", span=step.span, correction=correction)
