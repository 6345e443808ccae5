"""Whether two expressions that a text equates are equal, and whether a difference is an error or another meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from midtrace.extractors.algebra import (
    AlgebraEquation,
    AlgebraTerm,
    Alternatives,
    Minus,
    Power,
    Product,
    Quotient,
    Rational,
    Readings,
    Setting,
    Sum,
    Symbol,
    subterms,
    symbols,
)

from ._algebra_balls import Outside, about, conventions, holds_zero
from ._algebra_forms import Forms, is_identity, shown
from ._algebra_polynomials import Polynomial, coefficients, difference, names_in
from ._algebra_repair import is_slip
from ._algebra_roots import gcd
from ._algebra_solutions import is_rounding
from ._values import Undecidable

MAX_READINGS = 16
POINTS = tuple(Fraction(n, d) for n, d in ((2, 1), (3, 1), (5, 1), (7, 2), (1, 3), (-3, 1), (2, 5), (11, 1), (-5, 2)))
_LEAST_POINTS = 3
"""Points inside the domain that must tell two expressions with roots or functions apart."""

_PRIMES = tuple(Fraction(n) for n in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53))
_SLIP_POINTS = 5


class Difference(NamedTuple):
    """Where two expressions differ, and what they are there; `normal` is the left one multiplied out."""

    point: str
    left: str
    right: str
    normal: str | None


def compared(
    left: Readings, right: Readings, known: Sequence[Alternatives], variables: frozenset[str], setting: Setting
) -> Difference | None:
    """None if the expressions are equal in some reading, a difference if it is proven in all and is an error.

    Raises `Undecidable` where neither is certain, or where the equation may be meant in another way.
    """
    readings = list(product(left, right))
    names = symbols(left[0])
    imaginary = (False, True) if "i" in names - variables else (False,)
    if len(readings) > MAX_READINGS or any(is_plain(one) and is_plain(other) for one, other in readings):
        raise Undecidable  # two finished expressions are quantities that are set equal
    pairs = [(one, other, _Pair(one, other, imaginary=i)) for one, other in readings for i in imaginary]
    if setting == "lone" and not all(pair.is_single or names == {"i"} for _, _, pair in pairs):
        raise Undecidable  # it may be an equation to solve
    if any(pair.equal for _, _, pair in pairs):
        return None
    found: Difference | None = None
    if not any(_is_error(one, other, pair, known, setting) for one, other, pair in pairs):
        raise Undecidable
    for one, other, pair in pairs:
        witness = _witness(one, other, pair, variables)
        found = witness if found is None or pair.imaginary else found
    assert found is not None
    return found


def _is_error(
    left: AlgebraTerm, right: AlgebraTerm, pair: _Pair, known: Sequence[Alternatives], setting: Setting
) -> bool:
    """Whether the sides are meant to be the same expression, not to be set equal."""
    names = symbols(left) | symbols(right)
    if any(_is_same(equation, pair.difference) for each in known for equation in each):
        return False  # the equation that the problem gives
    if setting == "chain" and pair.near and not _explained(pair.difference, known):
        return True
    places = positive_points(sorted(names - {"i"} if pair.imaginary else names))
    return is_slip(left, right, places, imaginary=pair.imaginary)


def _is_same(equation: AlgebraEquation, polynomial: Polynomial) -> bool:
    """Whether the equation says that this polynomial is zero."""
    try:
        forms = Forms()
        other = difference(*forms.crossed(forms.form(equation.left[0]), forms.form(equation.right[0])))
    except Undecidable:
        return False
    scales = {other.get(monomial, Fraction(0)) / value for monomial, value in polynomial.items()}
    return len(other) == len(polynomial) and len(scales) == 1 and 0 not in scales


class _Pair:
    """The two sides over one denominator."""

    def __init__(self, left: AlgebraTerm, right: AlgebraTerm, *, imaginary: bool) -> None:
        forms = Forms(imaginary=imaginary)
        self.imaginary = imaginary
        self.left, self.right = forms.reduced(forms.form(left)), forms.reduced(forms.form(right))
        self.upper, self.other = forms.crossed(self.left, self.right)
        self.difference = difference(self.upper, self.other)
        self.rational = not forms.atoms
        self.equal = not self.difference
        if forms.atoms and not self.equal:
            forms = Forms(imaginary=imaginary, circular=True)
            self.equal = not difference(*forms.crossed(forms.form(left), forms.form(right)))

    @property
    def near(self) -> bool:
        """Whether the sides are so much alike that one is meant to be the other, not to be set equal to it."""
        shared = sum(self.other.get(monomial) == value for monomial, value in self.upper.items())
        return len(self.difference) == 1 or 2 * shared > min(len(self.upper), len(self.other))

    @property
    def is_single(self) -> bool:
        """Whether each side is a single monomial, multiplied out."""
        return len(self.upper) == len(self.other) == 1


def is_plain(term: AlgebraTerm) -> bool:
    """Whether nothing is left to multiply out or to collect: a sum of different monomials."""
    terms = term.terms if isinstance(term, Sum) else (term,)
    monomials = [_plain_monomial(each) for each in terms]
    return None not in monomials and len(set(monomials)) == len(monomials)


def _plain_monomial(term: AlgebraTerm) -> frozenset[tuple[str, Fraction]] | None:
    """The names with their exponents, None for what is no monomial in its usual form."""
    while isinstance(term, Minus):
        term = term.operand
    if isinstance(term, Quotient) and isinstance(term.lower, Rational):
        term = term.upper
    factors = term.factors if isinstance(term, Product) else (term,)
    found: dict[str, Fraction] = {}
    numbers = 0
    for factor in factors:
        match factor:
            case Rational() | Quotient(Rational(), Rational()):
                numbers += 1
            case Symbol(name) if name not in found:
                found[name] = Fraction(1)
            case Power(Symbol(name), Rational(exponent, _)) if name not in found:
                found[name] = exponent
            case _:
                return None
    return frozenset(found.items()) if numbers <= 1 else None


def _explained(polynomial: Polynomial, known: Sequence[Alternatives]) -> bool:
    """Whether an equation from before may have been put in, so that the sides are equal where it holds."""
    names = names_in(polynomial)
    if not names:
        return False
    equations = [equation for each in known for equation in each]
    return any(_binds(equation, polynomial, names, equations) for equation in equations)


def _binds(
    equation: AlgebraEquation, polynomial: Polynomial, names: frozenset[str], equations: list[AlgebraEquation]
) -> bool:
    if not equation.names & names or is_identity(equation) or _is_definition(equation, names, equations):
        return False
    if len(equation.names) > 1 or names != equation.names:
        return True
    (name,) = names
    try:
        forms = Forms()
        for one, other in product(equation.left, equation.right):
            sides = forms.crossed(forms.form(one), forms.form(other))
            if forms.atoms:
                return True
            given = coefficients(difference(*sides), name)
            if not given or len(gcd(given, coefficients(polynomial, name))) > 1:
                return True
    except Undecidable:
        return True
    return False


def _is_definition(equation: AlgebraEquation, names: frozenset[str], equations: list[AlgebraEquation]) -> bool:
    """Whether it only names an expression: a variable that nothing else speaks of."""
    for one, other in ((equation.left[0], equation.right[0]), (equation.right[0], equation.left[0])):
        if isinstance(one, Symbol) and one.name not in symbols(other) | names:
            elsewhere = (each for each in equations if one.name in each.names)
            return all(_names_same(each, one.name) for each in elsewhere)
    return False


def _names_same(equation: AlgebraEquation, name: str) -> bool:
    """Whether the equation is of the form `name = expression` with variables in it: a line of the same chain."""
    return any(
        isinstance(one, Symbol) and one.name == name and symbols(other) and name not in symbols(other)
        for one, other in ((equation.left[0], equation.right[0]), (equation.right[0], equation.left[0]))
    )


def _witness(left: AlgebraTerm, right: AlgebraTerm, pair: _Pair, variables: frozenset[str]) -> Difference:
    decimals = [part.decimals for each in (left, right) for part in subterms(each) if isinstance(part, Rational)]
    if not pair.rational:
        return _ball_witness(left, right, variables, rounded=1 if any(decimals) else 0)
    if is_rounding(pair.left, pair.right, right) or is_rounding(pair.right, pair.left, left):
        raise Undecidable
    if max(decimals, default=0) > 1 and not pair.imaginary:
        _ball_witness(left, right, variables, rounded=2)
    return _exact_witness(left, right, pair)


def _exact_witness(left: AlgebraTerm, right: AlgebraTerm, pair: _Pair) -> Difference:
    names = symbols(left) | symbols(right)
    for point in points(sorted(names - {"i"} if pair.imaginary else names)):
        forms = Forms(imaginary=pair.imaginary, place=point)
        try:
            one, other = forms.reduced(forms.form(left)), forms.reduced(forms.form(right))
        except Undecidable:
            continue  # a denominator is zero there
        texts = shown(one), shown(other)
        if one != other and all(texts):
            return Difference(placed(point), str(texts[0]), str(texts[1]), shown(pair.left))
    raise Undecidable


def _ball_witness(left: AlgebraTerm, right: AlgebraTerm, variables: frozenset[str], *, rounded: int) -> Difference:
    names = symbols(left) | symbols(right)
    if "i" in names - variables:
        raise Undecidable
    found: Difference | None = None
    uses_e = "e" in names - variables
    for convention in conventions(left, right, rounded=rounded):
        for free in {frozenset(names), frozenset(names - {"e"})} if uses_e else {frozenset(names)}:
            tried = 0
            for point in points(sorted(free)):
                place = {name: (value, value) for name, value in point.items()}
                try:
                    one, other = convention.ball(left, place), convention.ball(right, place)
                except Outside:
                    continue
                if holds_zero(one - other):
                    raise Undecidable
                tried += 1
                found = found or Difference(placed(point), about(one), about(other), None)
            if tried < _LEAST_POINTS:
                raise Undecidable
    if found is None:
        raise Undecidable
    return found


def points(names: Sequence[str]) -> Iterator[dict[str, Fraction]]:
    for first in range(len(POINTS)):
        yield {name: POINTS[(first * (at + 1) + at) % len(POINTS)] for at, name in enumerate(names)}


def positive_points(names: Sequence[str]) -> list[dict[str, Fraction]]:
    """A few points with positive values only, where roots and powers have a value."""
    return [
        {name: _PRIMES[(at + number) % len(_PRIMES)] for at, name in enumerate(names)} for number in range(_SLIP_POINTS)
    ]


def placed(point: dict[str, Fraction]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in point.items())
