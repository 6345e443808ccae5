"""Constraints written in Python: `2 * a + b <= 10` gives a term, once `a` and `b` are symbols."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from midtrace import UsageError
from midtrace.extractors import Apply, Constant, Operator, Term, Value, Variable

Number: TypeAlias = int | float | Fraction
Operand: TypeAlias = "Symbolic | Value | Number"


class Symbolic:
    """A term that operators build on: `+ - * /`, comparisons, `&` (and), `|` (or), `~` (not), `>>` (implies).

    `==` gives a term as well, so symbols cannot be compared, nor put in sets. Brackets are needed around comparisons
    that `&` and `|` join, as they bind more strongly in Python.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, term: Term) -> None:
        self.term = term

    def __repr__(self) -> str:
        return f"Symbolic({self.term})"

    def __bool__(self) -> bool:
        raise UsageError("a constraint has no truth value: expected &, | and ~ instead of and, or, not and chains")

    def __add__(self, other: Operand) -> Symbolic:
        return _apply("+", self, other)

    def __radd__(self, other: Operand) -> Symbolic:
        return _apply("+", other, self)

    def __sub__(self, other: Operand) -> Symbolic:
        return _apply("-", self, other)

    def __rsub__(self, other: Operand) -> Symbolic:
        return _apply("-", other, self)

    def __mul__(self, other: Operand) -> Symbolic:
        return _apply("*", self, other)

    def __rmul__(self, other: Operand) -> Symbolic:
        return _apply("*", other, self)

    def __truediv__(self, other: Operand) -> Symbolic:
        return _apply("/", self, other)

    def __rtruediv__(self, other: Operand) -> Symbolic:
        return _apply("/", other, self)

    def __neg__(self) -> Symbolic:
        return _apply("neg", self)

    def __abs__(self) -> Symbolic:
        return _apply("abs", self)

    def __eq__(self, other: Operand) -> Symbolic:  # type: ignore[override]
        return _apply("==", self, other)

    def __ne__(self, other: Operand) -> Symbolic:  # type: ignore[override]
        return _apply("!=", self, other)

    def __lt__(self, other: Operand) -> Symbolic:
        return _apply("<", self, other)

    def __le__(self, other: Operand) -> Symbolic:
        return _apply("<=", self, other)

    def __gt__(self, other: Operand) -> Symbolic:
        return _apply(">", self, other)

    def __ge__(self, other: Operand) -> Symbolic:
        return _apply(">=", self, other)

    def __and__(self, other: Operand) -> Symbolic:
        return _apply("and", self, other)

    def __or__(self, other: Operand) -> Symbolic:
        return _apply("or", self, other)

    def __invert__(self) -> Symbolic:
        return _apply("not", self)

    def __rshift__(self, other: Operand) -> Symbolic:
        return _apply("implies", self, other)


def symbol(name: str) -> Symbolic:
    """The variable of that name."""
    return Symbolic(Variable(name))


def distinct(*operands: Operand) -> Symbolic:
    """No two of them are equal."""
    return _apply("distinct", *operands)


def count(*operands: Operand) -> Symbolic:
    """How many of them are true."""
    return _apply("count", *operands)


def _apply(operator: Operator, *operands: Operand) -> Symbolic:
    return Symbolic(Apply(operator, tuple(_term(each) for each in operands)))


def exact(number: Number) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _term(operand: Operand) -> Term:
    match operand:
        case Symbolic():
            return operand.term
        case bool() | str():
            return Constant(operand)
        case int() | float() | Fraction():
            return Constant(exact(operand))
    raise UsageError(f"{operand!r}: expected a symbol, a number, a truth value or a name")
