"""Tokens to a syntax tree, by recursive descent under fixed limits. What it does not know, it refuses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, cast

from ._expressions import Binary, Expression, Group, Mixed, Negative, Number, Percent, Quantity, Root
from ._tokens import Kind, Token

MAX_TOKENS = 60
MAX_CHARACTERS = 400
MAX_DEPTH = 50

_PLAIN = re.compile(r"(?:0|[1-9][0-9]*)?(?:\.[0-9]+)?\Z")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?\Z")
_DOTTED = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}\Z")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


class Refused(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The tokens are not an expression that can be read safely."""


def parse(tokens: Sequence[Token], *, most: int = MAX_TOKENS) -> Expression | None:
    """The expression that these tokens are as a whole, or None. Limits: `most` tokens, 400 characters, depth 50."""
    if not tokens or len(tokens) > most or tokens[-1].end - tokens[0].start > MAX_CHARACTERS:
        return None
    parser = _Parser(tokens)
    try:
        expression = parser.additive()
    except Refused:
        return None
    return expression if parser.at == len(tokens) else None


def number(text: str) -> Number | None:
    """A literal in English notation (`1,200.50`), or None: `1,2`, `0900` and `1.200,50` could mean several things."""
    text = text.replace("{,}", ",")
    if not (_PLAIN.match(text) or _GROUPED.match(text)):
        return None
    whole, _, fraction = text.replace(",", "").partition(".")
    value = Fraction(int((whole or "0") + fraction), 10 ** len(fraction))
    return Number(value, len(fraction), dotted=_DOTTED.match(text) is not None)


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def additive(self) -> Expression:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused
        left = self._product()
        while (operator := self._operator("+-")) is not None:
            left = Binary(cast('Literal["+", "-"]', operator), left, self._product())
        self.depth -= 1
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while True:
            operator = self._operator("*/")
            if operator is not None:
                left = Binary(cast('Literal["*", "/"]', operator), left, self._signed())
            elif self._opens("(") or self._opens("["):
                left = Binary("*", left, self._power(), implied=True)
            else:
                return left

    def _signed(self) -> Expression:
        sign = self._operator("+-")
        if sign is None:
            return self._power()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused
        operand = self._signed()
        self.depth -= 1
        return Negative(operand) if sign == "-" else operand

    def _power(self) -> Expression:
        base = self._marked(self._atom())
        if self._operator("^") is None:
            return base
        if self._takes(Kind.DEGREE):
            return Quantity(base, "°")
        if self._opens("{"):
            self.at += 1
            if self._takes(Kind.DEGREE):
                self._close("{")
                return self._marked(Quantity(base, "°"))
            exponent = self.additive()
            self._close("{")
        else:
            negative = self._operator("-") is not None
            exponent = self._atom()
            exponent = Negative(exponent) if negative else exponent
        if self._peek(Kind.OPERATOR, "^"):  # a tower: both readings are used
            raise Refused
        return self._marked(Binary("^", base, exponent))

    def _marked(self, operand: Expression) -> Expression:
        while True:
            if self._takes(Kind.PERCENT):
                operand = Percent(operand)
            elif self._takes(Kind.DEGREE):
                operand = Quantity(operand, "°")
            elif (token := self._take(Kind.UNIT)) is not None:
                operand = Quantity(operand, token.text) if token.text else operand
            else:
                return operand

    def _atom(self) -> Expression:
        while self._takes(Kind.CURRENCY):
            if self._peek(Kind.CURRENCY):
                raise Refused
        if self._peek(Kind.OPERATOR, "-") and self.at and self.tokens[self.at - 1].kind is Kind.CURRENCY:
            self.at += 1
            return Negative(self._literal())
        if self._opens("(") or self._opens("["):
            bracket = self.tokens[self.at].text
            self.at += 1
            inner = self.additive()
            self._close(bracket)
            return Group(inner)
        macro = self._take(Kind.MACRO)
        if macro is None:
            return self._mixed(self._literal())
        if macro.text == "frac":
            return Group(Binary("/", self._braced(), self._braced()))
        if macro.text == "sqrt":
            return Root(self._braced())
        if macro.text == "√":
            return Root(self._atom() if self._opens("(") else self._literal())
        raise Refused

    def _literal(self) -> Number:
        token = self._take(Kind.NUMBER)
        value = None if token is None else number(token.text)
        if value is None:
            raise Refused
        return value

    def _mixed(self, whole: Number) -> Expression:
        """`25 1/3` and `25\\frac{1}{3}`, once the 25 is read."""
        rest = self.tokens[self.at : self.at + 4]
        if whole.decimals or not rest:
            return whole
        if rest[0].kind is Kind.MACRO and rest[0].text == "frac":
            return Mixed(whole, self._atom())
        if rest[0].kind is Kind.NUMBER and len(rest) > 2 and rest[1].text == "/" and rest[1].tight and rest[2].tight:
            upper = self._literal()
            self.at += 1
            lower = self._literal()
            if upper.value < lower.value and not upper.decimals and not lower.decimals:
                return Mixed(whole, Binary("/", upper, lower))
            raise Refused
        return whole

    def _braced(self) -> Expression:
        if not self._opens("{"):
            raise Refused
        self.at += 1
        inner = self.additive()
        self._close("{")
        return Group(inner)

    def _close(self, bracket: str) -> None:
        token = self._take(Kind.CLOSE)
        if token is None or token.text != _PAIRS[bracket]:
            raise Refused

    def _opens(self, bracket: str) -> bool:
        return self._peek(Kind.OPEN, bracket)

    def _peek(self, kind: Kind, text: str | None = None) -> bool:
        if self.at >= len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token.kind is kind and (text is None or token.text == text)

    def _take(self, kind: Kind) -> Token | None:
        if not self._peek(kind):
            return None
        self.at += 1
        return self.tokens[self.at - 1]

    def _takes(self, kind: Kind) -> bool:
        return self._take(kind) is not None

    def _operator(self, among: str) -> str | None:
        if self.at >= len(self.tokens):
            return None
        token = self.tokens[self.at]
        if token.kind is not Kind.OPERATOR or token.text not in among:
            return None
        self.at += 1
        return token.text
