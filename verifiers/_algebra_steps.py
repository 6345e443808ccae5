"""Whether an equation follows from the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Literal, NamedTuple, TypeAlias

from midtrace.extractors.algebra import AlgebraEquation, AlgebraTerm, Alternatives, Minus, Quotient, Rational, subterms

from ._algebra_forms import is_identity
from ._algebra_roots import Root
from ._algebra_solutions import Solutions, is_number, is_reduced, is_rough, readings, result_of, satisfies, solutions
from ._values import Undecidable

Fault: TypeAlias = Literal["contradicts", "mixes", "loses"]
"""No solution is left; one is left out and another added; one is left out."""


class BrokenStep(NamedTuple):
    """What is wrong with a step: a solution of the given equation that the conclusion excludes, and all of them."""

    fault: Fault
    root: Root
    roots: tuple[Root, ...]


def followed(
    given: Alternatives,
    conclusion: Alternatives,
    known: Sequence[Alternatives],
    name: str,
    *,
    listed: bool = False,
    complete: bool = False,
) -> BrokenStep | None:
    """None if some reading of the step keeps a solution and adds none for it, what is wrong if every one is broken.

    `listed`: whether nothing but a line's end stands between them. `complete`: whether a step may leave out no
    solution at all. Raises `Undecidable` where nothing is certain.
    """
    if all(_is_final(equation, conclusion, name) for equation in given):
        raise Undecidable  # `x = 2`, `x = 3`: one solution after the other, or another x
    found: BrokenStep | None = None
    for one, other in product(readings(given), readings(conclusion)):
        broken = _broken(one, other, known, name, complete=complete)
        if broken is None:
            return None
        if _are_cases(one, other) or (listed and broken.fault == "contradicts" and _are_factors(one, other)):
            raise Undecidable
        found = found or broken
    return found


def _are_cases(given: Alternatives, conclusion: Alternatives) -> bool:
    """Whether the two differ in a sign or in a number alone: `x - 2 = 3`, `x - 2 = -3`; `x^2 = 4`, `x^2 = 9`."""
    for one, other in product(given, conclusion):
        left, right = one.left[0], one.right[0]
        also_left, also_right = other.left[0], other.right[0]
        if left == also_left and is_number(also_right) and is_reduced(right):
            return True
        opposed = _opposed(left, also_left), _opposed(right, also_right)
        if None not in opposed and opposed[0] != opposed[1]:
            return True
    return False


def _opposed(one: AlgebraTerm, other: AlgebraTerm) -> bool | None:
    """True for opposite terms, False for equal ones, None for any others."""
    if is_identity(AlgebraEquation((one,), (other,))):
        return False
    return True if is_identity(AlgebraEquation((one,), (Minus(other),))) else None


def _are_factors(given: Alternatives, conclusion: Alternatives) -> bool:
    """Whether both are set to zero, as the factors of a product are one after the other."""
    return all(equation.right[0] == Rational(Fraction(0)) for equation in (*given, *conclusion))


def _is_final(equation: AlgebraEquation, conclusion: Alternatives, name: str) -> bool:
    """Whether the equation gives a solution in a form that the conclusion need not write in another way."""
    result = result_of(equation, name)
    if not isinstance(result, Quotient | Minus):
        return result is not None
    written = [result_of(each, name) for each in conclusion]
    if any(isinstance(part, Rational) and part.decimals for term in written if term for part in subterms(term)):
        return False  # a fraction, then its decimals
    return is_reduced(result)


def _broken(
    given: Alternatives, conclusion: Alternatives, known: Sequence[Alternatives], name: str, *, complete: bool
) -> BrokenStep | None:
    roots, all_roots = solutions(given, name)
    if not roots:
        raise Undecidable
    lost = [root for root in roots if not satisfies(root, conclusion, name)]
    if not lost:
        return None
    others = _finite(conclusion, name)
    added = (
        ()
        if others is None
        else tuple(
            root
            for root in others.roots
            if not (satisfies(root, given, name) or _is_written_for(root, roots, conclusion, name))
        )
    )
    kept = len(lost) < len(roots) or (others is not None and len(added) < len(others.roots))
    if kept and is_rough(given):
        raise Undecidable  # its literals may be rounded
    if kept and not added and not complete:
        return None
    if not kept and not added and not all_roots:
        raise Undecidable
    new = None if others is None else Solutions(added, others.complete)
    kept_roots = [root for root in roots if root not in lost]
    for each in known:
        if any(equation.names != {name} or is_identity(equation) for equation in each):
            continue
        if _shares(conclusion, new, each, name) or _is_put_in(each, lost, kept_roots, name):
            raise Undecidable
    return BrokenStep("mixes" if kept and added else "loses" if kept else "contradicts", lost[-1], roots)


def _any_satisfies(others: Solutions | None, statement: Alternatives, name: str) -> bool:
    return others is not None and any(satisfies(root, statement, name, whole=False) for root in others.roots)


def _is_written_for(root: Root, roots: Sequence[Root], conclusion: Alternatives, name: str) -> bool:
    """Whether the root of a conclusion like `x = 1.41` stands for one of the given roots, rounded."""
    for equation in conclusion:
        solved = result_of(equation, name) is not None and satisfies(root, (equation,), name, whole=False)
        if solved and any(satisfies(each, (equation,), name) for each in roots):
            return True
    return False


def _finite(statement: Alternatives, name: str) -> Solutions | None:
    try:
        return solutions(statement, name)
    except Undecidable:
        return None


def _is_put_in(other: Alternatives, lost: Sequence[Root], kept: Sequence[Root], name: str) -> bool:
    """Whether the conclusion may come of putting another equation into the given one, as `x^2 = x + 1` is into x^3."""
    try:
        ways = readings(other)
    except Undecidable:
        return True
    return any(
        any(satisfies(root, way, name, whole=False) for root in kept)
        and not any(satisfies(root, way, name, whole=False) for root in lost)
        for way in ways
    )


def _shares(conclusion: Alternatives, found: Solutions | None, other: Alternatives, name: str) -> bool:
    """Whether the conclusion may go back to another equation: they have a solution in common, or may have."""
    try:
        for way in readings(other):
            if _any_satisfies(found, way, name):
                return True
            if found is None:
                given = solutions(way, name)
                if not given.complete or _any_satisfies(given, conclusion, name):
                    return True
    except Undecidable:
        return True
    return False
