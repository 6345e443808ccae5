"""Rigorous enclosures of a term's value: intervals that hold it for certain, so that one without zero is a proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from mpmath.ctx_iv import MPIntervalContext
from mpmath.libmp import ComplexResult

from midtrace.extractors.algebra import (
    AlgebraTerm,
    Applied,
    Minus,
    Pi,
    Power,
    Product,
    Quotient,
    Rational,
    Sum,
    Symbol,
    subterms,
)

BITS = 160
MAX_ARGUMENT = 10_000
"""The largest argument of a function, and the largest whole exponent, that is evaluated."""

Ball: TypeAlias = Any
"""An interval of mpmath, which ships no types."""

Point: TypeAlias = Mapping[str, tuple[Fraction, Fraction]]
"""Bounds for the value of every variable."""

_intervals = MPIntervalContext()  # of our own: precision is a setting of the context
_intervals.prec = BITS


class Outside(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The term has no real value there, or it is not certain that it has."""


@dataclass(frozen=True, slots=True)
class Convention:
    """What a text leaves open: angles in degrees, `log` to the base 10, and literals that may be rounded.

    A literal with at least `rounded` decimals (0: none) stands for anything within one unit of its last digit.
    """

    degrees: bool = False
    decimal: bool = False
    rounded: int = 0

    def ball(self, term: AlgebraTerm, point: Point) -> Ball:
        """An interval that holds the value of the term at the point. Raises `Outside`."""
        try:
            found = self._ball(term, point)
        except (ComplexResult, ZeroDivisionError, OverflowError, ValueError) as error:
            raise Outside from error
        if not _is_finite(found):
            raise Outside
        return found

    def _ball(self, term: AlgebraTerm, point: Point) -> Ball:
        match term:
            case Rational(value, decimals):
                margin = Fraction(1, 10**decimals) if self.rounded and decimals >= self.rounded else Fraction(0)
                return enclosure(value - margin, value + margin)
            case Symbol(name):
                if name in point:
                    return enclosure(*point[name])
                if name != "e":
                    raise Outside
                return _intervals.exp(_intervals.mpf(1))
            case Pi():
                return +_intervals.pi
            case Minus(operand):
                return -self._ball(operand, point)
            case Sum(terms):
                return sum((self._ball(each, point) for each in terms[1:]), self._ball(terms[0], point))
            case Product(factors):
                product = self._ball(factors[0], point)
                for each in factors[1:]:
                    product *= self._ball(each, point)
                return product
            case Quotient(upper, lower):
                return self._ball(upper, point) / _nonzero(self._ball(lower, point))
            case Power(base, exponent):
                return self._power(self._ball(base, point), exponent, point)
            case Applied(function, argument):
                return self._applied(function, self._ball(argument, point))

    def _power(self, base: Ball, exponent: AlgebraTerm, point: Point) -> Ball:
        number = _whole(exponent, point)
        if number is not None:
            if abs(number) > MAX_ARGUMENT:
                raise Outside
            return base**number if number >= 0 else 1 / _nonzero(base**-number)
        root = exponent.value if isinstance(exponent, Rational) else Fraction(0)
        if root.numerator == 1 and root.denominator % 2 and base.b < 0:
            return -self._power(-base, exponent, point)
        return _exp(self._ball(exponent, point) * _log(base))

    def _applied(self, function: str, argument: Ball) -> Ball:
        if function in {"sin", "cos", "tan"}:
            if self.degrees:
                argument = argument * _intervals.pi / 180
            if not (abs(argument) < MAX_ARGUMENT):
                raise Outside
        match function:
            case "sqrt":
                if argument.a < 0:
                    raise Outside
                return _intervals.sqrt(argument)
            case "ln":
                return _log(argument)
            case "log":
                return _log(argument) / (_log(_intervals.mpf(10)) if self.decimal else 1)
            case "exp":
                return _exp(argument)
            case "sin":
                return _intervals.sin(argument)
            case "cos":
                return _intervals.cos(argument)
            case _:
                return _intervals.sin(argument) / _nonzero(_intervals.cos(argument))


def conventions(*terms: AlgebraTerm, rounded: int = 0) -> Iterator[Convention]:
    """Every convention that makes a difference to these terms."""
    used = {part.function for term in terms for part in subterms(term) if isinstance(part, Applied)}
    for degrees in (False, True) if used & {"sin", "cos", "tan"} else (False,):
        for decimal in (False, True) if "log" in used else (False,):
            yield Convention(degrees, decimal, rounded)


def enclosure(low: Fraction, high: Fraction) -> Ball:
    """An interval that holds both rational numbers and all between."""
    below = _intervals.mpf(low.numerator) / _intervals.mpf(low.denominator)
    if low == high:
        return below
    above = _intervals.mpf(high.numerator) / _intervals.mpf(high.denominator)
    return _intervals.mpf([below.a, above.b])


def bounds(ball: Ball) -> tuple[Fraction, Fraction]:
    """The ends of the interval, exactly."""
    low, high = (_fraction(end) for end in ball._mpi_)
    return low, high


def _fraction(number: tuple[int, int, int, int]) -> Fraction:
    sign, mantissa, exponent, _ = number
    size = mantissa * Fraction(2) ** exponent
    return -size if sign else size


def holds_zero(ball: Ball) -> bool:
    """Whether zero is in the interval."""
    return bool(ball.a <= 0 <= ball.b)


def about(ball: Ball) -> str:
    """The middle of the interval to six digits."""
    return f"{float(ball.mid.a):.6g}"


def _whole(exponent: AlgebraTerm, point: Point) -> int | None:
    """The whole number that the exponent is at this point, if it is one."""
    match exponent:
        case Rational(value, _):
            return value.numerator if value.denominator == 1 else None
        case Symbol(name) if name in point:
            low, high = point[name]
            return low.numerator if low == high and low.denominator == 1 else None
        case Minus(operand):
            number = _whole(operand, point)
            return None if number is None else -number
        case Sum(terms):
            numbers = [_whole(each, point) for each in terms]
            return None if None in numbers else sum(number for number in numbers if number is not None)
        case Product((Rational(value, _), other)) if value.denominator == 1:
            number = _whole(other, point)
            return None if number is None else value.numerator * number
        case _:
            return None


def _nonzero(ball: Ball) -> Ball:
    if holds_zero(ball):
        raise Outside
    return ball


def _log(ball: Ball) -> Ball:
    if ball.a <= 0:
        raise Outside
    return _intervals.log(ball)


def _exp(ball: Ball) -> Ball:
    if not (abs(ball) < MAX_ARGUMENT):
        raise Outside
    return _intervals.exp(ball)


def _is_finite(ball: Ball) -> bool:
    return bool(abs(ball) < _intervals.mpf(2) ** (1 << 20))
