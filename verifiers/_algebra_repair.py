"""Whether one slip - a coefficient, a sign or an exponent - is all that keeps an equation from holding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import TypeAlias

from midtrace.extractors.algebra import AlgebraTerm, Applied, Minus, Pi, Power, Product, Quotient, Rational, Sum, Symbol

from ._algebra_forms import Form, Forms
from ._algebra_polynomials import coefficients, difference, split
from ._algebra_roots import gcd, real_roots
from ._values import Undecidable

MAX_CHANGES = 100
"""Changes that are tried on one side."""

MAX_WORK = 30_000
"""Products of coefficients in all of them together."""

MAX_POWER = 8
"""Highest power in which a changed factor may come in."""

_FACTOR = Symbol("?")
_SHIFTS = (-1, 1, -2, 2, -3, 3)

Place: TypeAlias = Mapping[str, Fraction]


def is_slip(left: AlgebraTerm, right: AlgebraTerm, places: Sequence[Place], *, imaginary: bool = False) -> bool:
    """Whether one change on one side makes the sides equal at all of the places.

    `imaginary`: whether `i` is a square root of -1.
    """
    steps = 0
    for fixed, changing in ((right, left), (left, right)):
        try:
            forms = [Forms(imaginary=imaginary, place=place).form(fixed) for place in places]
        except Undecidable:
            continue
        for changed in islice(_changed(changing), MAX_CHANGES):
            work = [Forms(imaginary=imaginary, place=place) for place in places]
            if _hold(forms, changed, work):
                return True
            steps += sum(each.steps for each in work)
            if steps > MAX_WORK:
                return False
    return False


def _hold(fixed: Sequence[Form], changed: AlgebraTerm, work: Sequence[Forms]) -> bool:
    """Whether some rational factor makes the changed side equal to the other one at every place."""
    common: Sequence[Fraction] = ()
    try:
        for side, forms in zip(fixed, work, strict=True):
            sides = forms.crossed(side, forms.form(changed))
            for part in split(difference(*sides), "i"):
                powers = coefficients(part, _FACTOR.name)
                common = gcd(powers, common) if len(powers) <= MAX_POWER + 1 else [Fraction(1)]
                if len(common) == 1:
                    return False
        return not common or any(root.exact is not None for root in real_roots(common))
    except Undecidable:
        return False


def _changed(term: AlgebraTerm) -> Iterator[AlgebraTerm]:
    if not isinstance(term, Sum):
        yield Product((_FACTOR, term))
    yield from _variants(term)


def _variants(term: AlgebraTerm) -> Iterator[AlgebraTerm]:
    match term:
        case Rational() | Pi():
            return
        case Symbol():
            yield from (Power(term, Rational(Fraction(exponent))) for exponent in (2, 3))
        case Minus(operand):
            yield from map(Minus, _variants(operand))
        case Sum(terms):
            for at, part in enumerate(terms):
                for other in (Product((_FACTOR, part)), *_variants(part)):
                    yield Sum((*terms[:at], other, *terms[at + 1 :]))
        case Product(factors):
            for at, part in enumerate(factors):
                for other in _variants(part):
                    yield Product((*factors[:at], other, *factors[at + 1 :]))
        case Quotient(upper, lower):
            yield from (Quotient(other, lower) for other in _variants(upper))
            yield from (Quotient(upper, other) for other in _variants(lower))
        case Power(base, exponent):
            if isinstance(exponent, Rational) and exponent.value.denominator == 1:
                shifted = (exponent.value + shift for shift in _SHIFTS)
                yield from (Power(base, Rational(value)) for value in shifted if value >= 0)
            yield from (Power(other, exponent) for other in _variants(base))
        case Applied(function, argument):
            yield from (Applied(function, other) for other in _variants(argument))
