"""Units: quantities that are said to be the same have the same dimension, and the same size after conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, NamedTuple

from midtrace import Pass, Span, Verdict, Violation
from midtrace.extractors import Expression, Number, Quantity, subexpressions
from midtrace.extractors.units import MOST, Base, ClaimedUnits, Measure, Powers, UnitClaim

from ._findings import together
from ._units_amounts import Amount, Mismatch, Unclear, amount, dimension, literal, measure, readings
from ._units_loose import loose, operations
from ._wording import exact, rewritten

_TAIL = Fraction(1, 10**9)

NEARLY = Fraction(1, 10)
"""How far a conversion between metric and other units may be off: `1 kg = 2 lb`, `10 km = 6 miles`."""


@dataclass(frozen=True, slots=True)
class Units:
    """Checks dimensions and conversions with exact factors.

    A claim is wrong only if it is wrong in every reading of its units and numbers. Rounded results pass, and so does
    what is written loosely: `12 miles * 4.5 hours = 54 miles`, for 12 miles in each hour.
    """

    inline: ClassVar[bool] = True

    def check(self, state: ClaimedUnits, /) -> Verdict:
        """Pass with the number of claims that could be decided, or the first wrong one with the others in `also`."""
        decided = 0
        wrong: list[Violation] = []
        for claim in state:
            try:
                problem = _problem(claim)
            except Unclear:
                continue
            decided += 1
            if problem is not None:
                wrong.append(problem)
        return together(wrong) if wrong else Pass(checked=decided)


class _Sides(NamedTuple):
    left: Amount
    right: Amount


def _problem(claim: UnitClaim) -> Violation | None:
    """What is wrong with the claim, if something is in all of its readings. Raises `Unclear`.

    Readings in which the sides have one dimension go before others: an ounce of a pound is no volume.
    """
    alike: list[Violation] = []
    unlike: list[Violation | None] = []
    for chosen in readings(claim.left, claim.right):
        try:
            sides = _Sides(amount(claim.left, chosen), amount(claim.right, chosen))
            problem = _judged(claim, sides, chosen)
        except Mismatch as added:
            kinds = f"{_named(added.left)} and {_named(added.right)}"
            unlike.append(Violation(f"{_written(claim)} adds {kinds}", span=claim.span, evidence={"added": kinds}))
        except Unclear:
            unlike.append(None)
        else:
            if problem is None:
                return None
            (alike if sides.left.powers == sides.right.powers else unlike).append(problem)
    found = [*alike, *unlike]
    if not found or (not alike and None in found):
        raise Unclear
    return found[0]


def _judged(claim: UnitClaim, sides: _Sides, chosen: Mapping[str, Measure]) -> Violation | None:
    if sides.left.powers == sides.right.powers:
        if _agree(claim, sides, chosen):
            return None
        if _is_european(claim, sides) or (not _computes(claim) and (claim.scaled or _on_paper(sides))):
            raise Unclear
        return _unequal(claim, sides, chosen)
    if dimension(sides.left.powers) == dimension(sides.right.powers):
        if _possible(sides):
            raise Unclear
        return _unequal(claim, sides, chosen)
    if loose(claim, sides.left, sides.right, chosen):
        raise Unclear
    left, right = _named(sides.left.powers), _named(sides.right.powers)
    return Violation(
        f"{_written(claim)} is {left}, but {_part(claim, claim.result)} is {right}",
        span=claim.span,
        evidence={"left": left, "right": right},
    )


def _agree(claim: UnitClaim, sides: _Sides, chosen: Mapping[str, Measure]) -> bool:
    left, right = sides
    if abs(left.exact - right.exact) <= _TAIL * abs(right.exact):
        return True
    if _rounded(left.exact, claim.right, chosen, 1, cut=claim.cut):
        return True
    if _is_decimal(claim.left) and _rounded(right.exact, claim.left, chosen, Fraction(1, 2)):
        return True
    if _computes(claim) and left.low <= right.high and right.low <= left.high:
        return True
    systems = {measure.system for measure in chosen.values()} - {""}
    return "metric" in systems and len(systems) > 1 and abs(left.exact - right.exact) <= NEARLY * abs(left.exact)


def _is_european(claim: UnitClaim, sides: _Sides) -> bool:
    """Whether a point may stand in front of thousands: `1 km = 1.000 m`."""
    parts = (part for side in (claim.left, claim.right) for part in subexpressions(side))
    dotted = any(isinstance(part, Number) and part.dotted for part in parts)
    return dotted and any(900 * one.exact < other.exact < 1100 * one.exact for one, other in (sides, sides[::-1]))


def _is_decimal(side: Expression) -> bool:
    return isinstance(side, Quantity) and literal(side.value)[1] > 0


def _on_paper(sides: _Sides) -> bool:
    """Whether a length is called one that is a thousand times as long: `1 cm = 5 km` is a scale."""
    return sides.left.powers == (("length", 1),) and sides.right.exact > 1000 * sides.left.exact


def _rounded(
    value: Fraction, written: Expression, chosen: Mapping[str, Measure], steps: Fraction | int, *, cut: bool = False
) -> bool:
    """Whether the literal `written` may be `value`, which it cannot show exactly, off by less than so many last digits.

    Of a whole number with noughts at its end the last digit that counts may be the one in front of them.
    """
    match written:
        case Quantity(number, unit):
            size, _ = measure(unit, chosen)
            shown, slack = literal(number)
        case _:
            return False
    step = 2 * slack or _grain(shown)
    target = value / size
    if cut and exact(target).startswith(exact(shown)):
        return True
    return (target / (2 * slack or 1)).denominator != 1 and abs(target - shown) < steps * step


def _grain(shown: Fraction) -> Fraction:
    digits, unit = abs(shown.numerator), 1
    while digits >= 1000 and digits % 10 == 0:
        digits, unit = digits // 10, unit * 10
    return Fraction(unit)


def _possible(sides: _Sides) -> bool:
    """Whether hours can be days in some reading: a day's work has fewer than 24."""
    for one, other in (sides, sides[::-1]):
        if len(one.powers) == len(other.powers) == 1 and one.powers[0][1] == other.powers[0][1] == 1:
            most = MOST.get((one.powers[0][0], other.powers[0][0]))
            if most is not None:
                return other.exact < one.exact * most + _COUNTS[other.powers[0][0]]
    return True


# What a whole number of days, weeks or months may be off for being rounded up; hours and minutes are exact.
_COUNTS: dict[Base, Fraction] = {
    "clock": Fraction(1, 10**9), "day": Fraction(1, 10**9), "week": Fraction(1), "month": Fraction(1, 10**9),
}  # fmt: skip


def _computes(claim: UnitClaim) -> bool:
    return any(True for side in (claim.left, claim.right) for _ in operations(side))


def _unequal(claim: UnitClaim, sides: _Sides, chosen: Mapping[str, Measure]) -> Violation:
    left, result = _written(claim), _part(claim, claim.result)
    hint = correction = None
    match claim.right:
        case Quantity(_, unit) if sides.left.powers == sides.right.powers:
            shown = rewritten(sides.left.exact / measure(unit, chosen)[0], result, claim.text)
            if shown is not None:
                begin, end = (offset - claim.span.start for offset in claim.result)
                hint, correction = f"{left} = {shown}", claim.text[:begin] + shown + claim.text[end:]
        case _:
            pass
    ratio = exact(sides.right.exact / sides.left.exact) if sides.left.exact and hint is not None else None
    return Violation(
        f"{left} is not {result}" if hint is None else f"{hint.replace(' = ', ' is ')}, not {result}",
        span=claim.span,
        hint=hint,
        correction=correction,
        evidence={} if ratio is None else {"written / right": ratio},
    )


def _written(claim: UnitClaim) -> str:
    """The left side as it is written."""
    return " ".join(_part(claim, claim.computation).split())


def _part(claim: UnitClaim, span: Span) -> str:
    return claim.text[span.start - claim.span.start : span.end - claim.span.start]


def _named(powers: Powers) -> str:
    """A dimension in words: `length^2`, `length/time`, `a plain number`."""
    kinds = dimension(powers)
    over = [_power(kind, power) for kind, power in kinds.items() if power > 0]
    under = [_power(kind, -power) for kind, power in kinds.items() if power < 0]
    if not over and not under:
        return "a plain number"
    return "/".join([" * ".join(over) or "1", *under])


def _power(kind: str, power: int) -> str:
    return kind if power == 1 else f"{kind}^{power}"
