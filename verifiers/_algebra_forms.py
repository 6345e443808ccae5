"""The normal form of an algebraic term: a quotient of two polynomials with rational coefficients, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from midtrace.extractors.algebra import (
    AlgebraEquation,
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
)

from ._algebra_polynomials import (
    MAX_EXPONENT,
    ONE,
    ZERO,
    Monomial,
    Polynomial,
    added,
    difference,
    multiplied,
    names_in,
    scaled,
)
from ._values import Undecidable
from ._wording import exact

MAX_STEPS = 20_000
"""Products of coefficients in one normal form."""

MAX_BITS = 20_000
MAX_SHOWN = 8
"""Monomials of a polynomial that a message shows."""


class Form(NamedTuple):
    """`upper / lower`, which need not be in lowest terms."""

    upper: Polynomial
    lower: Polynomial


class Forms:
    """Brings terms into normal form under one budget.

    `imaginary`: whether `i` is a square root of -1. `circular`: whether squares of cosines become those of sines.
    `place` gives values to variables that are to be numbers.

    All methods raise `Undecidable` beyond the limits, and where a divisor is zero.
    """

    def __init__(
        self, *, imaginary: bool = False, circular: bool = False, place: Mapping[str, Fraction] | None = None
    ) -> None:
        self.place = place or {}
        self.steps = 0
        self.circular = circular
        self.squares: dict[str, Polynomial] = {"i": {(): Fraction(-1)}} if imaginary else {}
        self.atoms: set[str] = set()

    def form(self, term: AlgebraTerm) -> Form:
        """The normal form of a term."""
        match term:
            case Rational(value, _):
                return Form({(): value} if value else ZERO, ONE)
            case Symbol(name) if name in self.place:
                return self.form(Rational(self.place[name]))
            case Symbol(name):
                return Form({((name, 1),): Fraction(1)}, ONE)
            case Pi():
                return self._atom("π")
            case Minus(operand):
                form = self.form(operand)
                return Form(scaled(form.upper, Fraction(-1)), form.lower)
            case Sum(terms):
                total = Form(ZERO, ONE)
                for each in terms:
                    total = self.plus(total, self.form(each))
                return total
            case Product(factors):
                product = Form(ONE, ONE)
                for each in factors:
                    other = self.form(each)
                    product = Form(self.times(product.upper, other.upper), self.times(product.lower, other.lower))
                return product
            case Quotient(upper, lower):
                return self._quotient(self.form(upper), self.form(lower))
            case Power(base, exponent):
                return self._power(self.form(base), self.form(exponent))
            case Applied("sqrt", argument):
                return self._root(self.form(argument))
            case Applied("sin" | "cos" | "tan" as function, argument):
                return self._circular(function, _key(self.form(argument)))
            case Applied("exp", argument):
                return self._exponential(self.form(Symbol("e")), self.form(argument))
            case Applied(function, argument):
                return self._atom(f"{function} {_key(self.form(argument))}")

    def plus(self, left: Form, right: Form) -> Form:
        """The sum of two quotients."""
        if left.lower == right.lower:
            return Form(added(left.upper, right.upper), left.lower)
        upper = added(self.times(left.upper, right.lower), self.times(right.upper, left.lower))
        return Form(upper, self.times(left.lower, right.lower))

    def crossed(self, left: Form, right: Form) -> tuple[Polynomial, Polynomial]:
        """The two polynomials that are equal exactly if the quotients are."""
        if left.lower == right.lower:
            return left.upper, right.upper
        return self.times(left.upper, right.lower), self.times(right.upper, left.lower)

    def times(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """The product of two polynomials, with squares of roots put in."""
        self.steps += len(left) * len(right)
        if self.steps > MAX_STEPS:
            raise Undecidable
        product: dict[Monomial, Fraction] = {}
        for one, first in left.items():
            for other, second in right.items():
                for monomial, factor in self._with_squares(multiplied(one, other)).items():
                    product[monomial] = product.get(monomial, Fraction(0)) + first * second * factor
        found = {monomial: value for monomial, value in product.items() if value}
        if any(value.numerator.bit_length() > MAX_BITS for value in found.values()):
            raise Undecidable
        return found

    def reduced(self, form: Form) -> Form:
        """The same form with the denominator 1, if that is a number."""
        imaginary = set(form.lower) <= {(), (("i", 1),)} and names_in(form.lower)
        if imaginary and "i" in self.squares:
            conjugate = {monomial: -value if monomial else value for monomial, value in form.lower.items()}
            form = Form(self.times(form.upper, conjugate), self.times(form.lower, conjugate))
        number = constant(Form(form.lower, ONE))
        return Form(scaled(form.upper, 1 / number), ONE) if number else form

    def _with_squares(self, monomial: Monomial) -> Polynomial:
        for at, (name, exponent) in enumerate(monomial):
            if exponent > 1 and name in self.squares:
                rest = (*monomial[:at], *(((name, 1),) if exponent % 2 else ()), *monomial[at + 1 :])
                reduced: Polynomial = {rest: Fraction(1)}
                for _ in range(exponent // 2):
                    reduced = self.times(reduced, self.squares[name])
                return reduced
        return {monomial: Fraction(1)}

    def _quotient(self, upper: Form, lower: Form) -> Form:
        if not lower.upper:
            raise Undecidable  # division by zero
        return Form(self.times(upper.upper, lower.lower), self.times(upper.lower, lower.upper))

    def _power(self, base: Form, exponent: Form) -> Form:
        number = constant(exponent)
        if number is not None and number.denominator == 1:
            count = abs(number.numerator)
            if count > MAX_EXPONENT:
                raise Undecidable
            if number < 0 and not base.upper:
                raise Undecidable
            upper, lower = (base.upper, base.lower) if number >= 0 else (base.lower, base.upper)
            return Form(self._raised(upper, count), self._raised(lower, count))
        if number == Fraction(1, 2):
            return self._root(base)
        return self._exponential(base, exponent)

    def _exponential(self, base: Form, exponent: Form) -> Form:
        """A power with variables in its exponent, as a product of powers with one monomial each in theirs."""
        number = constant(Form(exponent.lower, ONE))
        if not number:
            return self._atom(f"({_key(base)})^({_key(exponent)})")
        product = Form(ONE, ONE)
        for monomial, value in scaled(exponent.upper, 1 / number).items():
            whole = value.denominator == 1
            count = abs(value.numerator) if whole else 1
            if count > MAX_EXPONENT:
                raise Undecidable
            unit = base if whole and not monomial else self._atom(f"({_key(base)})^({abs(value) / count}*{monomial})")
            power = Form(self._raised(unit.upper, count), self._raised(unit.lower, count))
            if value < 0:
                power = self._quotient(Form(ONE, ONE), power)
            product = Form(self.times(product.upper, power.upper), self.times(product.lower, power.lower))
        return product

    def _circular(self, function: str, argument: str) -> Form:
        """A function of an angle, by its sine and cosine."""
        sine, cosine = self._atom(f"sin {argument}"), self._atom(f"cos {argument}")
        if self.circular:
            self.squares[f"cos {argument}"] = {(): Fraction(1), ((f"sin {argument}", 2),): Fraction(-1)}
        return {"sin": sine, "cos": cosine}.get(function) or Form(sine.upper, cosine.upper)

    def _raised(self, polynomial: Polynomial, count: int) -> Polynomial:
        power: Polynomial = ONE
        for _ in range(count):
            power = self.times(power, polynomial)
        return power

    def _root(self, radicand: Form) -> Form:
        number = constant(radicand)
        if number is not None and number >= 0:
            # The root of a/b is the root of ab, over b.
            outside, inside = _without_squares(number.numerator * number.denominator)
            factor = Fraction(outside, number.denominator)
            if inside == 1 or not number:
                return Form({(): factor} if number else ZERO, ONE)
            name = f"√{inside}"
            self.atoms.add(name)
            self.squares[name] = {(): Fraction(inside)}
            return Form({((name, 1),): factor}, ONE)
        form = self._atom(f"√{_key(radicand)}")
        if number is None and constant(Form(radicand.lower, ONE)) == 1:
            self.squares[f"√{_key(radicand)}"] = radicand.upper
        return form

    def _atom(self, name: str) -> Form:
        self.atoms.add(name)
        return Form({((name, 1),): Fraction(1)}, ONE)


def is_identity(equation: AlgebraEquation) -> bool:
    """Whether the sides are equal whatever the variables are, as far as normal forms show it."""
    try:
        forms = Forms(circular=True)
        return not difference(*forms.crossed(forms.form(equation.left[0]), forms.form(equation.right[0])))
    except Undecidable:
        return False


def constant(form: Form) -> Fraction | None:
    """The rational number that the form is, if it is one."""
    if set(form.upper) <= {()} and set(form.lower) == {()}:
        return form.upper.get((), Fraction(0)) / form.lower[()]
    return None


def shown(form: Form) -> str | None:
    """A polynomial as one writes it, highest power first; None for a quotient or a long one."""
    number = constant(Form(form.lower, ONE))
    if number is None or not number or len(form.upper) > MAX_SHOWN:
        return None
    polynomial = scaled(form.upper, 1 / number)
    terms = sorted(polynomial, key=lambda monomial: (-sum(part[1] for part in monomial if part[0] != "i"), monomial))
    text = ""
    for monomial in terms:
        value = polynomial[monomial]
        if any(" " in name for name, _ in monomial):
            return None
        letters = "".join(name if exponent == 1 else f"{name}^{exponent}" for name, exponent in monomial)
        size = exact(abs(value))
        size = "" if letters and size == "1" else f"({size})" if letters and "/" in size else size
        sign = ("-" if value < 0 else "") if not text else (" - " if value < 0 else " + ")
        text += f"{sign}{size}{letters}"
    return text or "0"


def _key(form: Form) -> str:
    """A name for a form, the same for equal polynomials."""
    upper, lower = form
    number = constant(Form(lower, ONE))
    if number is not None:
        upper, lower = scaled(upper, 1 / number), ONE
    parts = (" ".join(f"{value}*{monomial}" for monomial, value in sorted(each.items())) for each in (upper, lower))
    return " / ".join(parts)


def _without_squares(number: int) -> tuple[int, int]:
    """`(a, b)` with `number = a * a * b`, and no small square left in `b`."""
    root = isqrt(number)
    if root * root == number:
        return root, 1
    outside = 1
    for factor in range(2, 200):
        while number % (factor * factor) == 0:
            number //= factor * factor
            outside *= factor
    root = isqrt(number)
    return (outside * root, 1) if root * root == number else (outside, number)
