"""Whether the units of a claim let its numbers be compared as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ._expressions import Binary, Expression, Group, Mixed, Negative, Number, Percent, Quantity, Root, subexpressions
from ._words import CONVERSIONS, DIMENSION, NOT_UNITS, NUMERALS, SCALES, singular


def comparable(left: Expression, right: Expression, after: Sequence[str]) -> bool:
    """Whether left and right (a result followed by the words `after`) count the same things in the same unit."""
    over, under = _rates(left)
    names = over | under
    if any(word in NUMERALS for name in names.union(*_rates(right)) for word in name.split()):
        return False
    if not _terms_agree(left) or _mixed_dimensions(over, under):
        return False
    unit = _result_words(right, after)
    heads = {singular(word) for name in names for word in name.split()}
    return not heads or not unit or bool(heads & unit)


def factors(expression: Expression, near: Sequence[str]) -> frozenset[Fraction]:
    """Factors by which the sides may differ because units or words like `thousand` near the claim explain it."""
    found = {Fraction(SCALES[word]) for word in near if word in SCALES}
    measures = {word for word in near if len(word) > 2}  # "in", "m" and "s" are rarely units where they stand alone
    for part in subexpressions(expression):
        if isinstance(part, Quantity):
            measures.update(part.unit.lower().split())
        elif isinstance(part, Percent):
            found.add(Fraction(100))
    for word in measures & DIMENSION.keys():
        found |= CONVERSIONS[DIMENSION[word]]
    return frozenset(found)


def _result_words(right: Expression, after: Sequence[str]) -> set[str]:
    words: list[str] = []
    for part in subexpressions(right):
        if isinstance(part, Quantity) and not part.unit.startswith("("):
            words += part.unit.split()
    if not words and after and after[0] not in NOT_UNITS:
        words = [word for word in after if word not in NOT_UNITS]
    return {singular(word) for word in words}


def _rates(expression: Expression) -> tuple[set[str], set[str]]:
    """Names of the units that the numbers carry, and of those that they are counted per."""
    over: set[str] = set()
    under: set[str] = set()
    for part in subexpressions(expression):
        if isinstance(part, Quantity) and not part.unit.startswith("("):
            name, _, rate = part.unit.lower().partition("/")
            over.update([name.strip()] if name.strip() else [])
            under.update([rate.strip()] if rate.strip() else [])
    return over, under


def _mixed_dimensions(over: set[str], under: set[str]) -> bool:
    """Whether two units of one dimension meet (weeks and days) without one cancelling the other."""
    heads_over = {singular(name.split()[-1]) for name in over}
    heads_under = {singular(name.split()[-1]) for name in under}
    cancelled = heads_over & heads_under
    left = [name for name in (heads_over | heads_under) - cancelled if name in DIMENSION]
    dimensions = [DIMENSION[name] for name in left]
    return len(dimensions) != len(set(dimensions))


def _terms_agree(expression: Expression) -> bool:
    """Whether every sum in the expression adds things of one unit."""
    return _units(expression) is not None


def _units(expression: Expression) -> frozenset[str] | None:
    """Units of an expression, or None where a sum inside it adds different ones."""
    match expression:
        case Number():
            return frozenset()
        case Quantity(value, unit):
            inner = _units(value)
            if inner is None or unit.startswith("("):
                return inner
            return inner | {singular(word) for word in unit.split("/")[0].split()[-1:]}
        case Percent(value) | Group(value) | Negative(value) | Root(value):
            return _units(value)
        case Mixed(whole, part):
            return _merge(_units(whole), _units(part))
        case Binary(operator, left, right, _):
            first, second = _units(left), _units(right)
            if operator in "+-" and first and second and not first & second:
                return None
            return _merge(first, second)


def _merge(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    return None if first is None or second is None else first | second
