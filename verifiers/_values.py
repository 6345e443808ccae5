"""Every value that an expression can plausibly have, exactly, with what rounding may have done to its literals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from math import isqrt
from typing import NamedTuple

from midtrace.extractors import Binary, Expression, Group, Mixed, Negative, Number, Percent, Quantity, Root

MAX_BITS = 4096
MAX_EXPONENT = 400
MAX_VALUES = 24

_ROOT_SCALE = 10**15


class Undecidable(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The expression is beyond the limits or has no value."""


class Value(NamedTuple):
    """A value and the interval in which it lies if the literals behind it were rounded or cut off."""

    exact: Fraction
    low: Fraction
    high: Fraction

    @property
    def sharp(self) -> bool:
        """Whether no rounding is involved."""
        return self.low == self.high


def values(expression: Expression) -> tuple[Value, ...]:
    """The values of all plausible readings, the usual one first.

    Raises `Undecidable` over 4096 bits, exponents over 400, more than 24 readings, or where there is no value.
    """
    return _distinct(_values(expression))


def _values(node: Expression) -> Iterable[Value]:
    match node:
        case Number(value, decimals, dotted):
            unit = Fraction(1, 10**decimals) if decimals else Fraction(0)
            found = [_sized(Value(value, value - unit, value + unit))]
            if dotted:  # 1.200 as it is written in Europe
                found.append(_point(value * 1000))
            return found
        case Percent(value):
            return [part for whole in values(value) for part in (whole, _scaled(whole, Fraction(1, 100)))]
        case Quantity(value, _) | Group(value):
            return values(value)
        case Negative(operand):
            return _negated(operand)
        case Root(operand):
            return [_root(value) for value in values(operand)]
        case Mixed(whole, part):
            pairs = list(product(values(whole), values(part)))
            return [_add(*pair) for pair in pairs] + [_multiply(*pair) for pair in pairs]
        case Binary():
            return _binary(node)


def _negated(operand: Expression) -> list[Value]:
    found = [_scaled(value, Fraction(-1)) for value in values(operand)]
    if isinstance(operand, Binary) and operand.operator == "^":  # -2^2, also read as (-2)^2
        found += _binary(Binary("^", Group(Negative(operand.left)), operand.right))
    return found


def _binary(node: Binary) -> list[Value]:
    operation = _OPERATIONS[node.operator]
    found = [operation(left, right) for left, right in product(values(node.left), values(node.right))]
    match node:
        case Binary("+" | "-" as sign, left, Percent(share), _):  # 100 - 20 %, of the hundred
            for whole, part in product(values(left), values(share)):
                change = _multiply(whole, _scaled(part, Fraction(1, 100)))
                found.append(_add(whole, change if sign == "+" else _scaled(change, Fraction(-1))))
        case Binary("/", Binary("/", first, second, _), third, _):  # a/b/c, also read as a/(b/c)
            found += _spare(Binary("/", first, Group(Binary("/", second, third))))
        case Binary("*", Binary("/", first, second, _), third, implied) if implied or _is_power_of_ten(third):
            found += _spare(Binary("/", first, Group(Binary("*", second, third))))
        case _:
            pass
    return found


def _spare(node: Binary) -> list[Value]:
    try:
        return _binary(node)
    except Undecidable:
        return []


def _is_power_of_ten(node: Expression) -> bool:
    return isinstance(node, Binary) and node.operator == "^" and node.left == Number(Fraction(10))


def _distinct(found: Iterable[Value]) -> tuple[Value, ...]:
    distinct = tuple(dict.fromkeys(found))
    if len(distinct) > MAX_VALUES:
        raise Undecidable
    return distinct


def _sized(value: Value) -> Value:
    for bound in value:
        if bound.numerator.bit_length() > MAX_BITS or bound.denominator.bit_length() > MAX_BITS:
            raise Undecidable
    return value


def _point(value: Fraction) -> Value:
    return Value(value, value, value)


def _scaled(value: Value, factor: Fraction) -> Value:
    low, high = value.low * factor, value.high * factor
    return Value(value.exact * factor, min(low, high), max(low, high))


def _add(left: Value, right: Value) -> Value:
    return _sized(Value(left.exact + right.exact, left.low + right.low, left.high + right.high))


def _subtract(left: Value, right: Value) -> Value:
    return _add(left, _scaled(right, Fraction(-1)))


def _multiply(left: Value, right: Value) -> Value:
    exact = left.exact * right.exact
    if left.sharp and right.sharp:
        return _sized(_point(exact))
    corners = [one * other for one in (left.low, left.high) for other in (right.low, right.high)]
    return _sized(Value(exact, min(corners), max(corners)))


def _divide(left: Value, right: Value) -> Value:
    if right.low <= 0 <= right.high:
        raise Undecidable
    return _multiply(left, Value(1 / right.exact, 1 / right.high, 1 / right.low))


def _raise(base: Value, exponent: Value) -> Value:
    power = exponent.exact
    if not exponent.sharp or power.denominator != 1 or abs(power) > MAX_EXPONENT:
        raise Undecidable
    size = max(bound.numerator.bit_length() + bound.denominator.bit_length() for bound in base)
    if size * abs(power) > 2 * MAX_BITS or (power < 0 and base.low <= 0 <= base.high):
        raise Undecidable
    count = power.numerator
    ends = [base.low**count, base.high**count]
    if count % 2 == 0 and base.low < 0 < base.high:
        ends.append(Fraction(0))
    return _sized(Value(base.exact**count, min(ends), max(ends)))


def _root(value: Value) -> Value:
    if value.low < 0:
        raise Undecidable
    low, high = _root_below(value.low), _root_below(value.high)
    exact = _root_below(value.exact)
    if exact * exact == value.exact and value.sharp:
        return _point(exact)
    return _sized(Value(exact, low, high + Fraction(1, _ROOT_SCALE)))


def _root_below(value: Fraction) -> Fraction:
    numerator, denominator = isqrt(value.numerator), isqrt(value.denominator)
    if numerator * numerator == value.numerator and denominator * denominator == value.denominator:
        return Fraction(numerator, denominator)
    return Fraction(isqrt(value.numerator * _ROOT_SCALE**2 // value.denominator), _ROOT_SCALE)


_OPERATIONS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "^": _raise,
}
