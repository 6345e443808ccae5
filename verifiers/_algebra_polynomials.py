"""Polynomials in named variables with rational coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from ._values import Undecidable

MAX_EXPONENT = 64

Monomial: TypeAlias = tuple[tuple[str, int], ...]
"""Names with their exponents, in alphabetical order. What is no variable (`√2`, `sin x`) has a name as well."""

Polynomial: TypeAlias = Mapping[Monomial, Fraction]
"""Coefficients by monomial, without zeros."""

ONE: Polynomial = {(): Fraction(1)}
ZERO: Polynomial = {}


def added(left: Polynomial, right: Polynomial) -> Polynomial:
    """The sum of two polynomials."""
    total = dict(left)
    for monomial, value in right.items():
        total[monomial] = total.get(monomial, Fraction(0)) + value
    return {monomial: value for monomial, value in total.items() if value}


def scaled(polynomial: Polynomial, factor: Fraction) -> Polynomial:
    """A polynomial times a number other than zero."""
    return {monomial: value * factor for monomial, value in polynomial.items()}


def difference(left: Polynomial, right: Polynomial) -> Polynomial:
    """`left - right`."""
    return added(left, scaled(right, Fraction(-1)))


def names_in(polynomial: Polynomial) -> frozenset[str]:
    """The names that occur in a polynomial."""
    return frozenset(name for monomial in polynomial for name, _ in monomial)


def evaluated(polynomial: Polynomial, point: Mapping[str, Fraction]) -> Fraction:
    """The value at a point that gives one to every name."""
    total = Fraction(0)
    for monomial, value in polynomial.items():
        for name, exponent in monomial:
            value *= point[name] ** exponent  # noqa: PLW2901  (the term so far)
        total += value
    return total


def split(polynomial: Polynomial, name: str) -> list[Polynomial]:
    """The polynomial by powers of one name, which is left out."""
    found: dict[int, dict[Monomial, Fraction]] = {}
    for monomial, value in polynomial.items():
        power = sum(exponent for each, exponent in monomial if each == name)
        found.setdefault(power, {})[tuple(part for part in monomial if part[0] != name)] = value
    return list(found.values())


def coefficients(polynomial: Polynomial, name: str) -> list[Fraction]:
    """The coefficients by power of a polynomial in one variable, the constant first; `Undecidable` for any other."""
    found: dict[int, Fraction] = {}
    for monomial, value in polynomial.items():
        if any(other != name for other, _ in monomial):
            raise Undecidable
        found[sum(exponent for _, exponent in monomial)] = value
    return [found.get(power, Fraction(0)) for power in range(max(found, default=-1) + 1)]


def multiplied(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials. Raises `Undecidable` beyond the limit."""
    exponents = dict(left)
    for name, exponent in right:
        exponents[name] = exponents.get(name, 0) + exponent
        if exponents[name] > 4 * MAX_EXPONENT:
            raise Undecidable
    return tuple(sorted(exponents.items()))
