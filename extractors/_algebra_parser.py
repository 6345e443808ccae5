"""Algebraic tokens to a term, by recursive descent under fixed limits. What it does not know, it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import cast

from ._algebra_terms import (
    AlgebraTerm,
    Applied,
    FunctionName,
    Minus,
    Pi,
    Power,
    Product,
    Quotient,
    Rational,
    Readings,
    Sum,
    Symbol,
)
from ._algebra_tokens import Mark, Token
from ._algebra_vocabulary import words
from ._parser import Refused, number

MAX_TOKENS = 400
MAX_CHARACTERS = 2_000
MAX_DIGITS = 60
MAX_DEPTH = 40
MAX_SLASHES = 8
"""Divisions in one product, each of which nests the term."""

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_CALLED = words("f g h p q u F G H P Q R T N S V W E C D K L M φ phi ψ psi")
"""Letters that name a function where a bracket follows."""


def readings(tokens: Sequence[Token], *, minus: bool = False) -> Readings:
    """All readings of these tokens as one expression, the usual one first; none where it cannot be read safely.

    `minus` takes a plus-or-minus sign for a minus.
    """
    if not tokens or len(tokens) > MAX_TOKENS or tokens[-1].end - tokens[0].start > MAX_CHARACTERS:
        return ()
    found: dict[AlgebraTerm, None] = {}
    doubts = {"slash", "sign"}
    for tight, signed in product((True, False), (False, True)):
        if (not tight and "slash" not in doubts) or (signed and "sign" not in doubts):
            continue
        parser = _Parser(tokens, minus=minus, tight=tight, signed=signed)
        try:
            found[parser.whole()] = None
        except Refused:
            return ()
        if len(found) == 1:
            doubts = parser.doubts
    return tuple(found)


class _Parser:
    """`tight`: a product without a sign binds tighter than a division, so that `1/2x` is `1/(2x)`.

    `signed`: a power alone in brackets takes its sign along, as in `(-x^2)` where `(-x)^2` is meant. `doubts` are the
    places met at which these make a difference.
    """

    def __init__(self, tokens: Sequence[Token], *, minus: bool, tight: bool, signed: bool) -> None:
        self.tokens = tokens
        self.minus = minus
        self.tight = tight
        self.signed = signed
        self.doubts: set[str] = set()
        self.at = 0
        self.depth = 0

    def whole(self) -> AlgebraTerm:
        term = self._sum()
        if self.at < len(self.tokens):
            raise Refused
        return term

    def _sum(self) -> AlgebraTerm:
        self._deeper()
        terms = [self._product()]
        while True:
            sign = self._sign()
            if sign is None:
                break
            term = self._product()
            terms.append(Minus(term) if sign == "-" else term)
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))

    def _product(self) -> AlgebraTerm:
        sign = self._sign()
        if sign is not None:
            self._deeper()
            operand = self._product()
            self.depth -= 1
            return Minus(operand) if sign == "-" else operand
        factors = [self._run()]
        slashes = 0
        while True:
            if self._operator("*"):
                factors.append(self._signed_run())
            elif self._operator("/"):
                slashes += 1
                if slashes > MAX_SLASHES:
                    raise Refused
                divisor = self._signed_run(divisor=True)
                factors = [Quotient(_product(factors), divisor)]
            elif self._starts_factor():  # only where products without a sign do not bind tighter
                factors.append(self._power())
            else:
                return _product(factors)

    def _signed_run(self, *, divisor: bool = False) -> AlgebraTerm:
        sign = self._sign()
        term = self._run(divisor=divisor)
        return Minus(term) if sign == "-" else term

    def _run(self, *, divisor: bool = False) -> AlgebraTerm:
        """Factors without a sign between them, or the first of them only."""
        factors = [self._power()]
        if divisor and self._starts_factor():
            self.doubts.add("slash")
        while self.tight and self._starts_factor():
            factors.append(self._power())
        return _product(factors)

    def _starts_factor(self) -> bool:
        token = self._now()
        if token is None or self.at == 0:
            return False
        if token.mark is Mark.NUMBER:
            raise Refused  # `x 2`, `2 3`
        if token.mark not in {Mark.SYMBOL, Mark.FUNCTION, Mark.OPEN, Mark.FRAC, Mark.ROOT, Mark.PI}:
            return False
        before = self.tokens[self.at - 1]
        if before.mark is Mark.NUMBER and token.mark is Mark.FRAC and self._is_mixed():
            raise Refused
        if before.mark is Mark.SYMBOL and token.mark is Mark.OPEN and token.text != "{":
            self._no_call(before)
        return True

    def _is_mixed(self) -> bool:
        """Whether the fraction at this place is one of two literals, so that `2\\frac{1}{2}` may be a mixed number."""
        texts = [token.text for token in self.tokens[self.at + 1 : self.at + 7]]
        return [text for text in texts if not text.isdigit()] == ["{", "}", "{", "}"] and len(texts) == 6

    def _no_call(self, before: Token) -> None:
        """Refuse `f(x)` and `x(t)`, which are values of a function."""
        inside = self.tokens[self.at + 1 : self.at + 3]
        lone = len(inside) == 2 and inside[0].mark is Mark.SYMBOL and inside[1].mark is Mark.CLOSE
        if lone or before.text.partition("_")[0] in _CALLED:
            raise Refused

    def _power(self) -> AlgebraTerm:
        begin = self.at
        base = self._atom()
        exponent = self._exponent()
        if exponent is None:
            return base
        token = self._now()
        if token is not None and (token.mark is Mark.RAISED or (token.mark is Mark.OPERATOR and token.text == "^")):
            raise Refused  # a tower: both readings are used
        called = self.tokens[begin].text in _CALLED and self.at - begin > 1
        if called and token is not None and token.mark is Mark.OPEN:
            raise Refused  # `f^2(x)`
        if isinstance(exponent, Symbol) and exponent.name in {"T", "t"} and self.tokens[begin].text.isupper():
            raise Refused  # a transposed matrix
        return Power(base, exponent)

    def _exponent(self) -> AlgebraTerm | None:
        token = self._now()
        if token is not None and token.mark is Mark.RAISED:
            self.at += 1
            return _literal(token.text.lstrip("+"))
        if not self._operator("^"):
            return None
        opened = self._now()
        if opened is not None and opened.mark is Mark.OPEN:
            return self._group()
        sign = self._sign()
        found = self._take(Mark.NUMBER, Mark.SYMBOL, Mark.PI)
        return Minus(_leaf(found)) if sign == "-" else _leaf(found)

    def _atom(self) -> AlgebraTerm:
        token = self._now()
        if token is None:
            raise Refused
        match token.mark:
            case Mark.NUMBER | Mark.SYMBOL | Mark.PI:
                self.at += 1
                return _leaf(token)
            case Mark.OPEN:
                return self._group()
            case Mark.FRAC:
                self.at += 1
                return self._fraction()
            case Mark.ROOT:
                self.at += 1
                return self._root()
            case Mark.FUNCTION:
                self.at += 1
                return self._applied(cast("FunctionName", token.text))
            case _:
                raise Refused

    def _fraction(self) -> AlgebraTerm:
        token = self._now()
        if token is not None and token.mark is Mark.NUMBER and len(token.text) == 2 and token.text.isdigit():
            self.at += 1  # \frac12
            return Quotient(_literal(token.text[0]), _literal(token.text[1]))
        return Quotient(self._argument(), self._argument())

    def _argument(self) -> AlgebraTerm:
        """What a macro of LaTeX takes: a group in braces, or a single sign."""
        token = self._now()
        if token is not None and token.mark is Mark.OPEN and token.text == "{":
            return self._group()
        single = self._take(Mark.NUMBER, Mark.SYMBOL, Mark.PI)
        if single.mark is Mark.NUMBER and len(single.text) != 1:
            raise Refused
        return _leaf(single)

    def _root(self) -> AlgebraTerm:
        token = self._now()
        if token is not None and token.text == "[":
            self.at += 1
            index = _literal(self._take(Mark.NUMBER).text)
            self._close("]")
            if index.value.denominator != 1 or not 2 <= index.value <= 9:
                raise Refused
            return Power(self._argument(), Rational(1 / index.value))
        if token is not None and token.mark is Mark.OPEN:
            return Applied("sqrt", self._group())
        return Applied("sqrt", _leaf(self._take(Mark.NUMBER, Mark.SYMBOL)))

    def _applied(self, name: FunctionName) -> AlgebraTerm:
        exponent = self._exponent()
        if exponent is not None and (not isinstance(exponent, Rational) or exponent.value < 0):
            raise Refused  # an inverse function
        token = self._now()
        if token is not None and token.mark is Mark.OPEN:
            argument = self._group()
            after = self._now()
            if after is not None and (after.mark is Mark.RAISED or after.text == "^"):
                raise Refused  # `sin(x)^2`
        elif name in {"sqrt", "exp"}:
            raise Refused
        else:
            argument = self._bare_argument()
        value = Applied(name, argument)
        return value if exponent is None else Power(value, exponent)

    def _bare_argument(self) -> AlgebraTerm:
        """The argument of `sin 2x`: factors up to the next function, bracket or operator."""
        factors = [self._power()]
        while True:
            token = self._now()
            if token is None or token.mark not in {Mark.SYMBOL, Mark.PI, Mark.FRAC}:
                return _product(factors)
            factors.append(self._power())

    def _group(self) -> AlgebraTerm:
        bracket = self._take(Mark.OPEN).text
        inner = self._sum()
        self._close(bracket)
        match inner:
            case Minus(Power(base, exponent)):
                self.doubts.add("sign")
                return Power(Minus(base), exponent) if self.signed else inner
            case _:
                return inner

    def _close(self, bracket: str) -> None:
        if self._take(Mark.CLOSE).text != _PAIRS.get(bracket, bracket):
            raise Refused

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused

    def _now(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _take(self, *marks: Mark) -> Token:
        token = self._now()
        if token is None or token.mark not in marks:
            raise Refused
        self.at += 1
        return token

    def _operator(self, text: str) -> bool:
        token = self._now()
        if token is None or token.mark is not Mark.OPERATOR or token.text != text:
            return False
        self.at += 1
        return True

    def _sign(self) -> str | None:
        token = self._now()
        if token is not None and token.mark is Mark.SIGNS:
            self.at += 1
            return "-" if self.minus == (token.text not in {"∓", "mp"}) else "+"
        return next((sign for sign in "+-" if self._operator(sign)), None)


def _product(factors: list[AlgebraTerm]) -> AlgebraTerm:
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def _leaf(token: Token) -> AlgebraTerm:
    match token.mark:
        case Mark.NUMBER:
            return _literal(token.text)
        case Mark.PI:
            return Pi()
        case _:
            return Symbol(token.text)


def _literal(text: str) -> Rational:
    negative = text.startswith("-")
    digits = text.removeprefix("-")
    literal = number(digits) if len(digits) <= MAX_DIGITS else None
    if literal is None:
        raise Refused
    return Rational(-literal.value if negative else literal.value, literal.decimals)


def is_literal(term: AlgebraTerm) -> bool:
    """Whether the term is a number as one writes a result: a literal or a fraction of literals, with a sign perhaps."""
    match term:
        case Rational():
            return True
        case Minus(operand):
            return is_literal(operand)
        case Quotient(Rational(), Rational()):
            return True
        case _:
            return False
