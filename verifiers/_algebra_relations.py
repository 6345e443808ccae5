"""Whether an equation between several variables follows from another one, by points on which they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from midtrace.extractors.algebra import AlgebraEquation, Alternatives, Symbol

from ._algebra_forms import Forms
from ._algebra_polynomials import Polynomial, difference, evaluated, names_in
from ._algebra_repair import Place, is_slip
from ._algebra_rewriting import is_plain, placed, points
from ._values import Undecidable

_LEAST_POINTS = 3


def excluded(given: Alternatives, conclusion: Alternatives, known: Sequence[Alternatives]) -> str | None:
    """None if the conclusion holds wherever the given equation does, else a place where only the given one holds.

    Raises `Undecidable` where neither is certain, where another equation may have been put in, and where the two are
    so little alike that the second need not have come from the first.
    """
    one, other = _Relation(given), _Relation(conclusion)
    if one.names != other.names:
        raise Undecidable  # a variable has dropped out of one of them
    places = list(one.places())
    if len(places) < _LEAST_POINTS:
        raise Undecidable
    tried = [(place, other.holds(place)) for place in places]
    decided = [(place, holds) for place, holds in tried if holds is not None]
    if len(decided) < _LEAST_POINTS:
        raise Undecidable
    witness = next((place for place, holds in decided if not holds), None)
    if witness is None:
        return None
    if _is_redefined(one.equation, other.equation):
        raise Undecidable
    left, right = other.equation.left[0], other.equation.right[0]
    alike = _alike(one.polynomial, other.polynomial) and not any(_restricts(each, one) for each in known)
    if not alike and not is_slip(left, right, places):
        raise Undecidable
    chosen = [one.holds(place) for place in other.places()]
    if len(chosen) < _LEAST_POINTS or all(holds is not False for holds in chosen):
        raise Undecidable  # the conclusion is a part of the given equation, as after a division
    return placed(dict(sorted(witness.items())))


class _Relation:
    """A rational equation as a polynomial that is zero where it holds."""

    def __init__(self, statement: Alternatives) -> None:
        if len(statement) != 1:
            raise Undecidable
        (equation,) = statement
        self.equation = equation
        if len(equation.left) > 1 or len(equation.right) > 1:
            raise Undecidable
        forms = Forms()
        left, right = forms.form(equation.left[0]), forms.form(equation.right[0])
        self.polynomial = difference(*forms.crossed(left, right))
        self.lowers = (left.lower, right.lower)
        self.names = names_in(self.polynomial).union(*map(names_in, self.lowers))
        if forms.atoms or not self.polynomial:
            raise Undecidable

    def places(self) -> Iterator[Place]:
        """Points on which the equation holds: it is solved for a variable that occurs in first power only."""
        names = sorted(self.names)
        name = next((each for each in reversed(names) if self._is_linear(each)), None)
        if name is None:
            raise Undecidable
        slope = {_without(monomial, name): value for monomial, value in self.polynomial.items() if _has(monomial, name)}
        rest = {monomial: value for monomial, value in self.polynomial.items() if not _has(monomial, name)}
        for point in points([each for each in names if each != name]):
            divisor = evaluated(slope, point)
            if divisor:
                place = {**point, name: -evaluated(rest, point) / divisor}
                if all(evaluated(lower, place) for lower in self.lowers):
                    yield place

    def holds(self, place: Place) -> bool | None:
        """Whether the equation holds at a point; None where a side has no value."""
        if not all(evaluated(lower, place) for lower in self.lowers):
            return None
        return not evaluated(self.polynomial, place)

    def _is_linear(self, name: str) -> bool:
        powers = [exponent for monomial in self.polynomial for each, exponent in monomial if each == name]
        return bool(powers) and max(powers) == 1


def _is_redefined(given: AlgebraEquation, conclusion: AlgebraEquation) -> bool:
    """Whether both say what one variable is and the first has nothing to simplify: `y = 2x`, then `y = 2x + 1`."""
    sides = given.left[0], given.right[0]
    return sides[0] == conclusion.left[0] and isinstance(sides[0], Symbol) and is_plain(sides[1])


def _has(monomial: tuple[tuple[str, int], ...], name: str) -> bool:
    return any(each == name for each, _ in monomial)


def _without(monomial: tuple[tuple[str, int], ...], name: str) -> tuple[tuple[str, int], ...]:
    return tuple(part for part in monomial if part[0] != name)


def _alike(one: Polynomial, other: Polynomial) -> bool:
    """Whether the two differ in one monomial, once they are brought to a common scale."""
    longest = max(len(one), len(other))
    scales = [other[monomial] / one[monomial] for monomial in one if monomial in other]
    most = max((scales.count(scale) for scale in scales), default=0)
    return most > 0 and most >= longest - 1


def _restricts(statement: Alternatives, relation: _Relation) -> bool:
    """Whether the statement says more than the relation about its variables."""
    try:
        other = _Relation(statement)
    except Undecidable:
        return True
    scales = {other.polynomial.get(monomial, Fraction(0)) / value for monomial, value in relation.polynomial.items()}
    return len(scales) != 1 or len(other.polynomial) != len(relation.polynomial)
