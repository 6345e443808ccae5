"""Terms over typed variables: what constraints and claims are made of. Their meaning is the verifiers' part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

Value: TypeAlias = bool | Fraction | str
"""What a variable can be: a truth value, a number, or one of a choice's names."""

Operator: TypeAlias = Literal[
    "+", "-", "*", "/", "neg", "abs", "==", "!=", "<", "<=", ">", ">=",
    "not", "and", "or", "implies", "iff", "distinct", "count", "if",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `low` to `high`, both included; None: no bound."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Real:
    """A number from `low` to `high`, both included; None: no bound."""

    low: Fraction | None = None
    high: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these names."""

    values: tuple[str, ...]


Sort: TypeAlias = Boolean | Integer | Real | Choice


@dataclass(frozen=True, slots=True)
class Constant:
    """A value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator and what it is applied to."""

    operator: Operator
    arguments: tuple[Term, ...]


Term: TypeAlias = Constant | Variable | Apply


def variables_of(term: Term) -> Iterator[str]:
    """The names of the variables in a term, in its order, once for each time they occur."""
    pending: list[Term] = [term]
    while pending:
        match pending.pop():
            case Variable(name):
                yield name
            case Apply(_, arguments):
                pending += reversed(arguments)
            case Constant():
                pass


def equals(name: str, value: Value) -> Term:
    """The term that says that a variable has a value."""
    return Apply("==", (Variable(name), Constant(value)))
