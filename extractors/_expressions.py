"""The syntax tree of an arithmetic expression. Nothing here has a value: that is the verifier's part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; `decimals` counts the digits written after the point, `dotted` marks the form 1.200."""

    value: Fraction
    decimals: int = 0
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Percent:
    """Something followed by a percent sign, which may be a hundredth or a mere label."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something followed by its unit as written (`points`, `miles/hour`, `°`)."""

    value: Expression
    unit: str


@dataclass(frozen=True, slots=True)
class Group:
    """Something in brackets."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Negative:
    """A leading minus."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Mixed:
    """A number followed by a fraction: their sum (25 1/3) or, in LaTeX, perhaps their product."""

    whole: Expression
    part: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and an operator; `implied` marks a product written without a sign."""

    operator: Literal["+", "-", "*", "/", "^"]
    left: Expression
    right: Expression
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    operand: Expression


Expression: TypeAlias = Number | Percent | Quantity | Group | Negative | Mixed | Binary | Root


def subexpressions(expression: Expression) -> Iterator[Expression]:
    """The expression and everything inside it."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        match node:
            case Percent(value) | Quantity(value, _):
                pending.append(value)
            case Group(inner):
                pending.append(inner)
            case Negative(operand) | Root(operand):
                pending.append(operand)
            case Mixed(whole, part):
                pending += (part, whole)
            case Binary(_, left, right, _):
                pending += (right, left)
            case Number():
                pass


def bare(expression: Expression) -> Expression:
    """The expression without brackets, unit, percent and sign around it."""
    while True:
        match expression:
            case Group(inner):
                expression = inner
            case Percent(value) | Quantity(value, _):
                expression = value
            case Negative(operand):
                expression = operand
            case _:
                return expression


def computes(expression: Expression) -> bool:
    """Whether the expression holds at least one operation."""
    return any(isinstance(part, Binary | Root | Mixed) for part in subexpressions(expression))


def is_result(expression: Expression) -> bool:
    """Whether the expression is what one writes as a result: a literal, a fraction, a mixed number, m * 10^k."""
    match bare(expression):
        case Number() | Mixed():
            return True
        case Binary("/", left, right, _):
            return _whole(left) and _whole(right)
        case Binary("*", Number(), Binary("^", Number(Fraction(numerator=10, denominator=1)), power, _), _):
            return _whole(power)
        case _:
            return False


def _whole(expression: Expression) -> bool:
    node = bare(expression)
    return isinstance(node, Number) and not node.decimals
