"""Exact arithmetic: a claim is wrong only if it is wrong in every plausible reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from midtrace import Pass, Span, Verdict, Violation
from midtrace.extractors import (
    ArithmeticClaim,
    Binary,
    ClaimedArithmetic,
    Expression,
    Group,
    Negative,
    Number,
    Percent,
    Quantity,
    subexpressions,
)

from ._findings import together
from ._values import Undecidable, Value, values
from ._wording import exact, rewritten

_TAIL = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Checks every claimed equation in rational numbers.

    Rounded results pass: a literal with decimals stands for anything within one unit of its last digit, a whole
    number for anything less than 1 away from a value that is not whole.
    """

    inline: ClassVar[bool] = True

    def check(self, state: ClaimedArithmetic, /) -> Verdict:
        """Pass with the number of claims that could be decided, or the first wrong one with the others in `also`.

        Of a chain `a = b = c` only the first wrong link counts. Claims beyond the limits are left out, never unknown.
        """
        decided = 0
        broken: set[int] = set()
        wrong: list[tuple[ArithmeticClaim, Violation]] = []
        for claim in state:
            if claim.chain in broken:
                continue
            try:
                violation = _judged(claim)
            except Undecidable:
                continue
            decided += 1
            if violation is not None:
                broken.add(claim.chain)
                wrong.append((claim, violation))
        violations = list(_merged(wrong))
        if not violations:
            return Pass(checked=decided)
        return together(violations)


def _judged(claim: ArithmeticClaim) -> Violation | None:
    rights = values(claim.right)
    lefts = list(values(claim.readings[0]))
    for reading in claim.readings[1:]:
        with suppress(Undecidable):
            lefts += values(reading)
    if any(_agree(claim, left, right) for left in lefts for right in rights):
        return None
    return _violation(claim, values(claim.readings[0]), rights)


def _agree(claim: ArithmeticClaim, left: Value, right: Value) -> bool:
    difference = abs(left.exact - right.exact)
    if difference <= _TAIL * abs(right.exact):
        return True
    if _rounds_to(left, right, claim.right):
        return True
    if claim.cut and exact(left.exact).startswith(exact(right.exact)):
        return True
    if left.exact < 0 and left.exact == -right.exact and _is_difference(claim.readings[0]):
        return True  # "360 - 480 = 120 less"
    if _has_degrees(claim.readings[0], claim.right) and difference % 180 == 0:
        return True
    if left.exact and right.exact:
        ratio = left.exact / right.exact
        return ratio in claim.factors or 1 / ratio in claim.factors
    return False


def _rounds_to(left: Value, right: Value, written: Expression) -> bool:
    if left.sharp and not right.sharp and _fits(left.exact, right):
        return False  # 15/4 has two decimals: 3.76 is no rounding of it
    if left.low <= right.high and right.low <= left.high:
        return True
    whole = right.sharp and right.exact.denominator == 1 and _is_literal(written)
    return whole and left.exact.denominator != 1 and abs(left.exact - right.exact) < _grain(right.exact.numerator)


def _grain(result: int) -> int | Fraction:
    """How far a rounded whole number may be off: 13410 may stand for 13407.8, given to four significant digits."""
    unit = 1
    while result % 10 == 0 and abs(result) >= 1000:
        result //= 10
        unit *= 10
    return Fraction(unit, 2) if unit > 1 else 1


def _fits(value: Fraction, right: Value) -> bool:
    """Whether `value` can be written with the decimals of the literal behind `right`."""
    return (value / (right.high - right.exact)).denominator == 1


def _is_literal(expression: Expression) -> bool:
    match expression:
        case Number():
            return True
        case Quantity(value, _) | Percent(value) | Group(value) | Negative(value):
            return _is_literal(value)
        case _:
            return False


def _is_difference(expression: Expression) -> bool:
    while isinstance(expression, Group | Quantity):
        expression = expression.inner if isinstance(expression, Group) else expression.value
    return isinstance(expression, Binary) and expression.operator == "-"


def _has_degrees(*sides: Expression) -> bool:
    return any(isinstance(part, Quantity) and part.unit == "°" for side in sides for part in subexpressions(side))


def _violation(claim: ArithmeticClaim, lefts: tuple[Value, ...], rights: tuple[Value, ...]) -> Violation:
    written = claim.text[claim.result.start - claim.span.start : claim.result.end - claim.span.start]
    left, right = lefts[0], rights[0]
    ambiguous = len({value.exact for value in lefts}) > 1
    if any(isinstance(part, Percent) for side in (claim.readings[0], claim.right) for part in subexpressions(side)):
        # A percent sign makes two values of one literal: the pair that is nearest to agreement is what was meant.
        pairs = ((one, other) for one in lefts for other in rights)
        left, right = min(pairs, key=lambda pair: _distance(pair[0].exact, pair[1].exact))
        ambiguous = False
    scale = rights[0].exact / right.exact if right.exact else Fraction(1)
    value = left.exact * scale
    shown = rewritten(value, written, claim.text)
    right_text = shown or exact(value)
    if ambiguous:
        right_text = " or ".join(dict.fromkeys(exact(reading.exact) for reading in lefts))
    computation = " ".join(claim.computation.split())
    return Violation(
        f"{computation} is {right_text}, not {written}",
        span=claim.span,
        hint=f"{computation} = {right_text}",
        correction=None if ambiguous or shown is None else _replaced(claim, shown),
        evidence={"exact": exact(value), "written": exact(rights[0].exact)},
    )


def _distance(left: Fraction, right: Fraction) -> Fraction:
    return abs(left - right) / max(abs(left), abs(right), _TAIL)


def _replaced(claim: ArithmeticClaim, shown: str) -> str:
    begin, end = claim.result.start - claim.span.start, claim.result.end - claim.span.start
    return claim.text[:begin] + shown + claim.text[end:]


def _merged(wrong: list[tuple[ArithmeticClaim, Violation]]) -> Iterator[Violation]:
    """Violations in text order; one inside another's span (a calculator annotation) is corrected along with it."""
    last: tuple[Span, Violation] | None = None
    for claim, violation in sorted(wrong, key=lambda pair: (pair[0].span.start, -pair[0].span.end)):
        if last is not None and claim.span.end <= last[0].end:
            outer_span, outer = last
            if violation.correction is not None and outer.correction is not None:
                corrected = outer.correction.replace(claim.text, violation.correction, 1)
                last = (outer_span, replace(outer, correction=corrected))
            continue
        if last is not None:
            yield last[1]
        last = (claim.span, violation)
    if last is not None:
        yield last[1]
