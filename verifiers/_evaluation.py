"""The value of a term where every variable has one; exact."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import assert_never

from midtrace.extractors import Apply, Constant, Term, Value, Variable


class Undefined(ArithmeticError):  # noqa: N818  (a state of the term, not a fault)
    """The term has no value: a division by zero, or arithmetic with a name."""


def evaluate(term: Term, values: Mapping[str, Value]) -> Value:
    """What a term comes to. Raises `KeyError` for a variable without a value, `Undefined` where there is none."""
    match term:
        case Constant(value):
            return value
        case Variable(name):
            return values[name]
        case Apply("if", (condition, yes, no)):
            return evaluate(yes if evaluate(condition, values) else no, values)
        case Apply(_, arguments):
            return _applied(term, [evaluate(argument, values) for argument in arguments])
        case _:
            assert_never(term)


def _applied(term: Apply, found: list[Value]) -> Value:
    match term.operator:
        case "==" | "iff":
            return found[0] == found[1]
        case "!=":
            return found[0] != found[1]
        case "distinct":
            return len(set(found)) == len(found)
        case "not":
            return not found[0]
        case "and":
            return all(found)
        case "or":
            return any(found)
        case "implies":
            return not found[0] or bool(found[1])
        case "count":
            return Fraction(sum(value is True for value in found))
        case "if":
            raise AssertionError("dealt with before")
        case _:
            if any(isinstance(value, str) for value in found):
                raise Undefined
            return _number(term, [Fraction(value) for value in found])


def _number(term: Apply, found: list[Fraction]) -> Value:
    match term.operator:
        case "+":
            return found[0] + found[1]
        case "-":
            return found[0] - found[1]
        case "*":
            return found[0] * found[1]
        case "/":
            if not found[1]:
                raise Undefined
            return found[0] / found[1]
        case "neg":
            return -found[0]
        case "abs":
            return abs(found[0])
        case "<":
            return found[0] < found[1]
        case "<=":
            return found[0] <= found[1]
        case ">":
            return found[0] > found[1]
        case ">=":
            return found[0] >= found[1]
        case other:
            raise AssertionError(other)
