"""The syntax tree of an algebraic expression. Nothing here has a value: that is the verifier's part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

FunctionName: TypeAlias = Literal["sqrt", "sin", "cos", "tan", "ln", "log", "exp"]


@dataclass(frozen=True, slots=True)
class Rational:
    """A literal; `decimals` counts the digits written after the point."""

    value: Fraction
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, with its subscript (`x`, `a_1`, `θ`). `e` and `i` are symbols too: the text may mean either."""

    name: str


@dataclass(frozen=True, slots=True)
class Pi:
    """The circle's constant."""


@dataclass(frozen=True, slots=True)
class Minus:
    """A negated term."""

    operand: AlgebraTerm


@dataclass(frozen=True, slots=True)
class Sum:
    """Two or more terms added; a subtracted one stands in a `Minus`."""

    terms: tuple[AlgebraTerm, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Two or more factors, with or without a sign between them."""

    factors: tuple[AlgebraTerm, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """A fraction, written with a bar, a slash or a division sign."""

    upper: AlgebraTerm
    lower: AlgebraTerm


@dataclass(frozen=True, slots=True)
class Power:
    """A power, or a root as the power with a unit fraction."""

    base: AlgebraTerm
    exponent: AlgebraTerm


@dataclass(frozen=True, slots=True)
class Applied:
    """A function of one argument. `log` may be to the base e or 10."""

    function: FunctionName
    argument: AlgebraTerm


AlgebraTerm: TypeAlias = Rational | Symbol | Pi | Minus | Sum | Product | Quotient | Power | Applied

Readings: TypeAlias = tuple[AlgebraTerm, ...]
"""The ways in which one expression can be read (`1/2x`), the usual one first."""


def parts(term: AlgebraTerm) -> tuple[AlgebraTerm, ...]:
    """The terms directly inside this one."""
    match term:
        case Rational() | Symbol() | Pi():
            return ()
        case Minus(operand):
            return (operand,)
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Quotient(upper, lower):
            return (upper, lower)
        case Power(base, exponent):
            return (base, exponent)
        case Applied(_, argument):
            return (argument,)


def subterms(term: AlgebraTerm) -> Iterator[AlgebraTerm]:
    """The term and everything inside it."""
    pending = [term]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(parts(node))


def symbols(term: AlgebraTerm) -> frozenset[str]:
    """The names of the variables in the term."""
    return frozenset(node.name for node in subterms(term) if isinstance(node, Symbol))


@dataclass(frozen=True, slots=True)
class AlgebraEquation:
    """Two expressions said to be equal, each in all its readings."""

    left: Readings
    right: Readings

    @property
    def names(self) -> frozenset[str]:
        """The names of the variables on either side."""
        return symbols(self.left[0]) | symbols(self.right[0])


Alternatives: TypeAlias = tuple[AlgebraEquation, ...]
"""Equations of which one at least is said to hold: `x = 2 or x = 3`, `x = ±2`."""
