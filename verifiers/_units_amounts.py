"""Quantities with units: what an expression comes to, exactly, in each reading of its units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from midtrace.extractors import (
    Binary,
    Expression,
    Group,
    Mixed,
    Negative,
    Number,
    Percent,
    Quantity,
    Root,
    subexpressions,
)
from midtrace.extractors.units import UNITS, Base, Measure, Powers

MAX_BITS = 2_048
"""Size of the numbers that are computed with."""

MAX_EXPONENT = 3
"""Powers of a quantity that are computed."""

MAX_READINGS = 40
"""Ways in which the units of one claim can be read."""

_APART = ({"us", "imperial"}, {"troy", "customary"}, {"troy", "us"}, {"troy", "imperial"})


class Unclear(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The expression has no quantity that can be told: a number without unit, a root, a size beyond the limits."""


class Mismatch(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The expression adds quantities of these two different kinds."""

    def __init__(self, left: Powers, right: Powers) -> None:
        super().__init__(left, right)
        self.left, self.right = left, right


class Amount(NamedTuple):
    """A quantity in base units, and the interval in which it lies if decimals in it were rounded."""

    exact: Fraction
    low: Fraction
    high: Fraction
    powers: Powers


def readings(*sides: Expression) -> tuple[dict[str, Measure], ...]:
    """The readings of all units of a claim, the usual one first; none mixes what nobody mixes.

    Raises `Unclear` where there are more than anybody would mean.
    """
    units = [unit for side in sides for unit in unit_texts(side)]
    return _readings(tuple(dict.fromkeys(name for unit in units for name, _ in factors(unit))))


@lru_cache(maxsize=256)
def _readings(names: tuple[str, ...]) -> tuple[dict[str, Measure], ...]:
    if prod(len(UNITS[name]) for name in names) > MAX_READINGS:
        raise Unclear
    found = []
    for measures in product(*(UNITS[name] for name in names)):
        systems = {measure.system for measure in measures}
        if not any(pair <= systems for pair in _APART):
            found.append(dict(zip(names, measures, strict=True)))
    return tuple(found)


def unit_texts(expression: Expression) -> list[str]:
    """The units in an expression, as the extractor writes them."""
    return [part.unit for part in subexpressions(expression) if isinstance(part, Quantity)]


def factors(unit: str) -> Iterator[tuple[str, int]]:
    """The units that `km/h` and `m/s^2` are made of, with exponents. Raises `Unclear` for one not in the table."""
    for n, part in enumerate(unit.split("/")):
        name, _, power = part.partition("^")
        if name not in UNITS:
            raise Unclear
        yield name, (int(power) if power else 1) * (-1 if n else 1)


def measure(unit: str, chosen: Mapping[str, Measure]) -> tuple[Fraction, Powers]:
    """Size and powers of a unit in a reading."""
    size = Fraction(1)
    powers: Counter[Base] = Counter()
    for name, power in factors(unit):
        size *= chosen[name].size ** power
        for base, count in chosen[name].powers:
            powers[base] += count * power
    return size, _powers(powers)


def amount(expression: Expression, chosen: Mapping[str, Measure]) -> Amount:
    """What the expression comes to. Raises `Unclear`, and `Mismatch` for a sum of different dimensions."""
    match expression:
        case Quantity(value, unit):
            size, powers = measure(unit, chosen)
            number, slack = literal(value)
            return Amount(number * size, (number - slack) * size, (number + slack) * size, powers)
        case Group(inner):
            return amount(inner, chosen)
        case Negative(operand):
            return _scaled(amount(operand, chosen), -1)
        case Binary(operator, left, right, _):
            return _binary(operator, left, right, chosen)
        case Number() | Percent() | Mixed() | Root():
            raise Unclear


def literal(expression: Expression) -> tuple[Fraction, Fraction]:
    """The value of a written number and half a unit of its last decimal. Raises `Unclear` for anything else."""
    match expression:
        case Number(value, decimals, _):
            return _bounded(value), Fraction(1, 2 * 10**decimals) if decimals else Fraction(0)
        case Group(Binary("/", Number(upper), Number(lower))) | Binary("/", Number(upper), Number(lower)) if lower:
            return _bounded(upper / lower), Fraction(0)
        case Mixed(Number(whole), part):
            return whole + literal(part)[0], Fraction(0)
        case _:
            raise Unclear


def _binary(operator: str, left: Expression, right: Expression, chosen: Mapping[str, Measure]) -> Amount:
    first = amount(left, chosen)
    if operator == "^":
        return _raised(first, right)
    second = amount(right, chosen)
    match operator:
        case "+" | "-":
            if first.powers != second.powers:
                if operator == "+" and dimension(first.powers) != dimension(second.powers):
                    raise Mismatch(first.powers, second.powers)
                raise Unclear  # a dash between two quantities need not be a minus
            other = second if operator == "+" else _scaled(second, -1)
            return Amount(first.exact + other.exact, first.low + other.low, first.high + other.high, first.powers)
        case "*":
            return _product(first, second)
        case _:
            if second.low <= 0:
                raise Unclear
            inverse = _powers(Counter({base: -power for base, power in second.powers}))
            return _product(first, Amount(1 / second.exact, 1 / second.high, 1 / second.low, inverse))


def _product(first: Amount, second: Amount) -> Amount:
    if first.low < 0 or second.low < 0:
        raise Unclear
    powers: Counter[Base] = Counter(dict(first.powers))
    powers.update(dict(second.powers))
    exact = _bounded(first.exact * second.exact)
    return Amount(exact, first.low * second.low, first.high * second.high, _powers(powers))


def _raised(base: Amount, exponent: Expression) -> Amount:
    if not isinstance(exponent, Number) or exponent.value not in range(1, MAX_EXPONENT + 1):
        raise Unclear
    result = base
    for _ in range(1, int(exponent.value)):
        result = _product(result, base)
    return result


def _scaled(value: Amount, sign: int) -> Amount:
    low, high = sorted((value.low * sign, value.high * sign))
    return Amount(value.exact * sign, low, high, value.powers)


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > MAX_BITS or value.denominator.bit_length() > MAX_BITS:
        raise Unclear
    return value


def _powers(powers: Mapping[Base, int]) -> Powers:
    return tuple(sorted((base, power) for base, power in powers.items() if power))


def dimension(powers: Powers) -> dict[str, int]:
    """The powers of length, mass and time."""
    found: Counter[str] = Counter()
    for base, power in powers:
        found[base if base in {"length", "mass"} else "time"] += power
    return {name: power for name, power in sorted(found.items()) if power}
