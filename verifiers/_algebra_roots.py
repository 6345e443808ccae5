"""The real roots of a polynomial in one variable, each enclosed in an interval as narrow as one likes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import NamedTuple, TypeAlias

from ._values import Undecidable

MAX_DEGREE = 12
PRECISION = 110
"""An irrational root is enclosed in an interval of width `2 ** -PRECISION`."""

Coefficients: TypeAlias = Sequence[Fraction]
"""The constant first; the last one is not zero, and there is none for the zero polynomial."""


class Root(NamedTuple):
    """A real root between two rational numbers; both are the root where it is rational and was met."""

    low: Fraction
    high: Fraction

    @property
    def exact(self) -> Fraction | None:
        """The root itself, if it is known."""
        return self.low if self.low == self.high else None


def real_roots(polynomial: Coefficients, excluded: Coefficients = ()) -> list[Root]:
    """The distinct real roots in ascending order, without those of `excluded`.

    Raises `Undecidable` for the zero polynomial and beyond the limits.
    """
    if not polynomial or len(polynomial) - 1 > MAX_DEGREE or len(excluded) - 1 > MAX_DEGREE:
        raise Undecidable
    simple = _divided(polynomial, gcd(polynomial, _derivative(polynomial)))[0]
    if excluded:
        simple = _divided(simple, gcd(simple, excluded))[0]
    if len(simple) == 1:
        return []
    if len(simple) == 2:
        root = -simple[0] / simple[1]
        return [Root(root, root)]
    largest = max(abs(value / simple[-1]) for value in simple[:-1])
    bound = Fraction(2 ** (largest.__ceil__() + 1).bit_length())  # all halves of it are short
    chain = [whole(each) for each in _sturm(simple)]
    return [_narrowed(chain[0], root) for root in _isolated(chain, -bound, bound)]


def gcd(left: Coefficients, right: Coefficients) -> Coefficients:
    """The greatest common divisor, with leading coefficient one."""
    while right:
        left, right = right, _divided(left, right)[1]
    return [value / left[-1] for value in left]


def whole(polynomial: Coefficients) -> list[int]:
    """The polynomial times the least number that makes its coefficients whole."""
    scale = lcm(*(value.denominator for value in polynomial))
    return [value.numerator * (scale // value.denominator) for value in polynomial]


def _sign(polynomial: Sequence[int], point: Fraction) -> int:
    """The sign of the value at a point: of `sum(c[k] * p**k * q**(n - k))`."""
    upper, lower = point.numerator, point.denominator
    total, power = 0, 1
    for coefficient in reversed(polynomial):
        total = total * upper + coefficient * power
        power *= lower
    return (total > 0) - (total < 0)


def _isolated(chain: list[list[int]], low: Fraction, high: Fraction) -> list[Root]:
    """Intervals `(low, high]` that hold one root each."""
    found: list[Root] = []
    pending = [(low, high, _changes(chain, low), _changes(chain, high))]
    while pending:
        low, high, at_low, at_high = pending.pop()
        if at_low - at_high == 1:
            found.append(Root(low, high))
        elif at_low > at_high:
            middle = (low + high) / 2
            at_middle = _changes(chain, middle)
            pending += [(middle, high, at_middle, at_high), (low, middle, at_low, at_middle)]
    return found


def _narrowed(polynomial: Sequence[int], root: Root) -> Root:
    """The root itself if it is rational, else a narrow interval around it.

    A rational root is a multiple of one over the leading coefficient: a few halvings leave one such multiple to try.
    """
    low, high = root
    at_high = _sign(polynomial, high)
    if at_high == 0:
        return Root(high, high)
    unit = Fraction(1, abs(polynomial[-1]))
    tried = False
    for _ in range(2 * PRECISION):
        if not tried and high - low < unit:
            tried = True
            candidate = (high / unit).__floor__() * unit
            if candidate > low and _sign(polynomial, candidate) == 0:
                return Root(candidate, candidate)
        if (high - low) * 2**PRECISION < 1 and tried:
            break
        middle = (low + high) / 2
        sign = _sign(polynomial, middle)
        if sign == 0:
            return Root(middle, middle)
        low, high = (low, middle) if sign == at_high else (middle, high)
    return Root(low, high)


def _sturm(polynomial: Coefficients) -> list[Coefficients]:
    chain: list[Coefficients] = [polynomial, _derivative(polynomial)]
    while len(chain[-1]) > 1:
        rest = _divided(chain[-2], chain[-1])[1]
        if not rest:
            break
        size = max(abs(value) for value in rest)  # keeps the numbers short; signs are what counts
        chain.append([-value / size for value in rest])
    return chain


def _changes(chain: list[list[int]], point: Fraction) -> int:
    signs = [sign for each in chain if (sign := _sign(each, point))]
    return sum(one != other for one, other in pairwise(signs))


def _derivative(polynomial: Coefficients) -> Coefficients:
    return [power * value for power, value in enumerate(polynomial)][1:]


def _divided(upper: Coefficients, lower: Coefficients) -> tuple[Coefficients, Coefficients]:
    """Quotient and rest."""
    rest = list(upper)
    quotient = [Fraction(0)] * max(len(upper) - len(lower) + 1, 0)
    while len(rest) >= len(lower):
        factor = rest[-1] / lower[-1]
        shift = len(rest) - len(lower)
        quotient[shift] = factor
        for power, value in enumerate(lower):
            rest[shift + power] -= factor * value
        while rest and not rest[-1]:
            rest.pop()
    return quotient, rest
