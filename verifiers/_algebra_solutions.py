"""The real solutions of equations in one variable, and which of them satisfy another equation."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product
from typing import NamedTuple

from midtrace.extractors.algebra import (
    AlgebraEquation,
    AlgebraTerm,
    Alternatives,
    Minus,
    Quotient,
    Rational,
    Symbol,
    subterms,
    symbols,
)

from ._algebra_balls import Ball, Convention, Outside, about, bounds, conventions, enclosure, holds_zero
from ._algebra_forms import Form, Forms
from ._algebra_polynomials import coefficients, difference
from ._algebra_roots import Root, real_roots
from ._values import Undecidable
from ._wording import exact

MAX_READINGS = 16
MAX_SHOWN = 12
"""Characters of a solution that a message shows exactly."""

_TAIL = Fraction(1, 10**9)
_GRID = tuple(Fraction(n, 2) + Fraction(1, 7) for n in (*range(-200, -40, 20), *range(-40, 41), *range(60, 201, 20)))
"""Where changes of sign are looked for: beside the numbers that solutions like to be."""

_HALVINGS = 60


class Solutions(NamedTuple):
    """Real solutions in ascending order, and whether these are all."""

    roots: tuple[Root, ...]
    complete: bool


def solutions(statement: Alternatives, name: str) -> Solutions:
    """The real solutions of a statement in one reading.

    All of them where every alternative is rational or says what the variable is; of another equation those that a
    change of sign proves. Raises `Undecidable` where none can be found.
    """
    found: set[Root] = set()
    complete = True
    for equation in statement:
        roots = _rational(equation, name)
        if roots is None:
            roots = _computed(equation, name)
        if roots is None:
            roots, complete = list(_crossed(equation, name)), False
        found.update(roots)
    return Solutions(tuple(sorted(found)), complete)


def _rational(equation: AlgebraEquation, name: str) -> list[Root] | None:
    forms = Forms()
    left, right = forms.form(equation.left[0]), forms.form(equation.right[0])
    sides = forms.crossed(left, right)
    if forms.atoms:
        return None
    poles = coefficients(forms.times(left.lower, right.lower), name)
    return real_roots(coefficients(difference(*sides), name), poles)


def _computed(equation: AlgebraEquation, name: str) -> list[Root] | None:
    """The value in `x = (1 + √5)/2`."""
    value = _value_of(equation, name)
    if value is None:
        return None
    ways = list(conventions(value, rounded=1))
    if len(ways) > 1:
        raise Undecidable
    try:
        return [Root(*bounds(ways[0].ball(value, {})))]
    except Outside:
        return []


def _value_of(equation: AlgebraEquation, name: str) -> AlgebraTerm | None:
    for one, other in ((equation.left[0], equation.right[0]), (equation.right[0], equation.left[0])):
        if isinstance(one, Symbol) and one.name == name and not symbols(other):
            return other
    return None


def _crossed(equation: AlgebraEquation, name: str) -> Iterator[Root]:
    """Solutions between two points where the sides differ by opposite signs and are continuous between."""
    left, right = equation.left[0], equation.right[0]
    ways = list(conventions(left, right))
    if len(ways) > 1:
        raise Undecidable

    def apart(low: Fraction, high: Fraction) -> Ball | None:
        place = {name: (low, high)}
        try:
            return ways[0].ball(left, place) - ways[0].ball(right, place)
        except Outside:
            return None

    signs = [(point, _sign(apart(point, point))) for point in _GRID]
    for (low, first), (high, second) in pairwise(signs):
        if first * second < 0 and apart(low, high) is not None:
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                sign = _sign(apart(middle, middle))
                if sign == 0:
                    break
                low, high = (middle, high) if sign == first else (low, middle)  # noqa: PLW2901
            yield Root(low, high)


def _sign(ball: Ball | None) -> int:
    """The sign of what the interval holds, 0 where it is not certain."""
    return 0 if ball is None or holds_zero(ball) else 1 if ball.a > 0 else -1


def readings(statement: Alternatives) -> list[Alternatives]:
    """The ways in which a statement can be read, each with one reading a side. Raises `Undecidable` over 16."""
    ways: list[Alternatives] = [()]
    for equation in statement:
        pairs = list(product(equation.left, equation.right))
        ways = [(*way, AlgebraEquation((left,), (right,))) for way in ways for left, right in pairs]
        if len(ways) > MAX_READINGS:
            raise Undecidable
    return ways


def satisfies(root: Root, statement: Alternatives, name: str, *, whole: bool = True) -> bool:
    """Whether the root may satisfy the statement in one reading: False is proven.

    Literals with two decimals or more stand for what they may be a rounding of; a result (`x = 2.33`) is a rounding
    of what it can be one of, `whole` numbers too.
    """
    return any(_satisfies(root, equation, name, whole=whole) for equation in statement)


def _satisfies(root: Root, equation: AlgebraEquation, name: str, *, whole: bool) -> bool:
    left, right = equation.left[0], equation.right[0]
    result = result_of(equation, name)
    if result is not None:
        return agrees(root, result, whole=whole)
    rounded = 2 if _value_of(equation, name) is None else 1
    place = {name: root}
    for convention in conventions(left, right, rounded=rounded):
        try:
            if holds_zero(convention.ball(left, place) - convention.ball(right, place)):
                return True
        except Outside:
            return True
    return False


def result_of(equation: AlgebraEquation, name: str) -> AlgebraTerm | None:
    """The number that the equation says the variable is, where it is written out."""
    for one, other in ((equation.left[0], equation.right[0]), (equation.right[0], equation.left[0])):
        if isinstance(one, Symbol) and one.name == name and _literal(other) is not None:
            return other
    return None


def agrees(root: Root, term: AlgebraTerm, *, whole: bool = True) -> bool:
    """Whether a term without variables may be written for the root: exactly, or rounded where it has to be.

    `whole`: whether a whole number may stand for a root less than one away that is not whole.
    """
    literal = _literal(term)
    if literal is None:
        try:
            return holds_zero(_ball(term) - enclosure(*root))
        except Outside:
            return True
    value, decimals = literal
    size = max(abs(root.low), abs(root.high))
    if root.low - _TAIL * size <= value <= root.high + _TAIL * size:
        return True
    if root.high - root.low < _TAIL and (root.high * 10**decimals).__floor__() >= root.low * 10**decimals:
        return False  # it can be written with these decimals, so that nothing had to be rounded
    if isinstance(_bare(term), Quotient):
        return False
    unit = Fraction(1, 10**decimals) if decimals or whole else Fraction(0)
    return value - unit < root.high and root.low < value + unit


def is_rounding(due: Form, given: Form, written: AlgebraTerm) -> bool:
    """Whether the coefficients given are those due, rounded to the decimals that are written where they have to be."""
    decimals = max((part.decimals for part in subterms(written) if isinstance(part, Rational)), default=0)
    if not decimals or (set(due.lower) | set(given.lower)) != {()}:
        return False
    zero = Fraction(0)
    pairs = ((due.upper.get(key, zero), given.upper.get(key, zero)) for key in {*due.upper, *given.upper})
    return all(agrees(Root(one, one), Rational(other, decimals)) for one, other in pairs)


def has_value(term: AlgebraTerm) -> bool:
    """Whether the term is a real number for certain."""
    try:
        _ball(term)
    except Outside:
        return False
    return True


def _ball(term: AlgebraTerm) -> Ball:
    return Convention(rounded=1).ball(term, {})


def _bare(term: AlgebraTerm) -> AlgebraTerm:
    while isinstance(term, Minus):
        term = term.operand
    return term


def _literal(term: AlgebraTerm) -> tuple[Fraction, int] | None:
    """Value and decimals of a written result, None for anything that is still to be computed."""
    match term:
        case Rational(value, decimals):
            return value, decimals
        case Minus(operand):
            inner = _literal(operand)
            return None if inner is None else (-inner[0], inner[1])
        case Quotient(Rational(upper, _), Rational(lower, _)) if lower:
            return upper / lower, 0
        case _:
            return None


def is_number(term: AlgebraTerm) -> bool:
    """Whether the term is a written result."""
    return _literal(term) is not None


def is_reduced(term: AlgebraTerm) -> bool:
    """Whether the term is a written result with nothing left to divide."""
    literal = _literal(term)
    lowers = [part.lower for part in subterms(term) if isinstance(part, Quotient)]
    return literal is not None and all(lower == Rational(Fraction(literal[0].denominator)) for lower in lowers)


def is_rough(statement: Alternatives) -> bool:
    """Whether a literal with two decimals or more occurs, which may have been rounded."""
    sides = (side[0] for equation in statement for side in (equation.left, equation.right))
    return any(isinstance(part, Rational) and part.decimals > 1 for side in sides for part in subterms(side))


def is_imaginary(*statements: Alternatives) -> bool:
    """Whether one of the equations holds for the square root of -1, so that `i` may be no variable in it."""
    for equation in (equation for statement in statements for equation in statement):
        forms = Forms(imaginary=True)
        if not difference(*forms.crossed(forms.form(equation.left[0]), forms.form(equation.right[0]))):
            return True
    return False


def said(root: Root) -> str:
    """The root as one writes it."""
    short = None if root.exact is None else exact(root.exact)
    return short if short is not None and len(short) <= MAX_SHOWN else f"about {about(enclosure(*root))}"
