"""What one writes with units although it is not meant so: `5 kg = 5 l`, of water, `12 miles * 3 hours = 36 miles`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from midtrace.extractors import Binary, Expression, Group, Negative, Quantity
from midtrace.extractors.units import Base, Measure, Powers, UnitClaim

from ._units_amounts import Amount, factors, literal, measure, unit_texts


def operations(side: Expression) -> Iterator[Binary]:
    """The operations between quantities; the fraction of `3/4 hours` is none."""
    pending = [side]
    while pending:
        match pending.pop():
            case Binary() as node:
                yield node
                pending += (node.right, node.left)
            case Group(inner) | Negative(inner):
                pending.append(inner)
            case _:
                pass


def loose(claim: UnitClaim, left: Amount, right: Amount, chosen: Mapping[str, Measure]) -> bool:
    """Whether the sides, which differ in dimension, may be meant otherwise than they are written."""
    operators = {node.operator for side in (claim.left, claim.right) for node in operations(side)}
    if operators <= {"+", "-"}:
        return "+" not in claim.text or _over(left.powers) == _over(right.powers)  # "3 km + 3 km = 6 km a day"
    left_units, right_units = unit_texts(claim.left), unit_texts(claim.right)
    if _is_area(claim.left, left_units, left.powers, right.powers) or _is_rate(claim, left.powers, right.powers):
        return False
    if not any(_compound(measure(unit, chosen)[1]) for unit in (*left_units, *right_units)):
        return True
    return _drops_rate(left.powers, right.powers) or _brings_rate(left_units, right_units)


def _compound(powers: Powers) -> bool:
    return len(powers) > 1 or any(power not in {-1, 1} for _, power in powers)


def _is_area(side: Expression, units: list[str], powers: Powers, result: Powers) -> bool:
    """Whether lengths in one unit are multiplied, and the result is some other power of a length."""
    products = all(node.operator == "*" for node in operations(side))
    lengths = powers == (("length", len(units)),) and len(units) > 1
    return products and lengths and len(set(units)) == 1 and [base for base, _ in result] == ["length"]


def _is_rate(claim: UnitClaim, powers: Powers, result: Powers) -> bool:
    """Whether something is divided by hours, minutes or seconds, and the quotient is said to be in its own unit."""
    match claim.left, claim.right:
        case Binary("/", Quantity(upper, unit), Quantity(lower, _)), Quantity(quotient, same) if unit == same:
            divided = dict(powers).get("clock") == -1 and "clock" not in dict(result)
            return divided and literal(upper)[0] == literal(quotient)[0] * literal(lower)[0]
        case _:
            return False


def _drops_rate(powers: Powers, result: Powers) -> bool:
    """`8 hours/day * 7 days/week = 56 hours`, in each week."""
    return len(_over(powers)) < len(powers) and _over(powers) == dict(result)


def _over(powers: Powers) -> dict[Base, int]:
    return {base: power for base, power in powers if power > 0}


def _brings_rate(left: list[str], right: list[str]) -> bool:
    """`60 miles/hour * 2 hours = 120 miles/day`, for two hours in each day."""
    under = {name for unit in right for name, power in factors(unit) if power < 0}
    return not under <= {name for unit in left for name, _ in factors(unit)}
