"""Constraints as text: `2 * a + b <= 10 and colour != red`, `distinct(a, b, c)`, `p implies q`.

A language of its own with a parser of its own: no text is ever run. From weakest to strongest binding: `iff`, `implies`
(to the right), `or`, `and`, `not`, comparisons (which chain: `0 < a < b`), sums, products, a leading minus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, cast

from ._terms import Apply, Constant, Operator, Term, Variable

MAX_CHARACTERS = 4_000
"""Characters in one constraint."""

MAX_TOKENS = 500
"""Words, numbers and signs in one constraint; bounds how deep its tree can be."""

MAX_DEPTH = 60
"""Levels of brackets in one constraint."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[0-9]{1,40}(?:\.[0-9]{1,40})?)
    | (?P<name>[^\W\d]\w*(?:\.\w+)*)
    | `(?P<quoted>[^`\n]{1,200})`
    | "(?P<double>[^"\n]{0,200})" | '(?P<single>[^'\n]{0,200})'
    | (?P<sign><=|>=|==|!=|<->|<=>|->|=>|[-+*/<>=(),≤≥≠∧∨¬→↔×·−])
    )""",
    re.VERBOSE,
)
_SAME = {
    "=": "==", "≤": "<=", "≥": ">=", "≠": "!=", "∧": "and", "∨": "or", "¬": "not", "->": "implies", "=>": "implies",
    "→": "implies", "<->": "iff", "<=>": "iff", "↔": "iff", "×": "*", "·": "*", "−": "-",
}  # fmt: skip
_WORDS = {"and", "or", "not", "implies", "iff"}
_CONSTANTS = {"true": True, "false": False}
_FUNCTIONS: dict[str, tuple[Operator, int | None]] = {
    "abs": ("abs", 1), "distinct": ("distinct", None), "count": ("count", None), "if": ("if", 3),
    "implies": ("implies", 2), "iff": ("iff", 2), "not": ("not", 1),
}  # fmt: skip
_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}


class TermError(ValueError):
    """The text is not a constraint; says what was expected, and at which character."""


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse_term(text: str) -> Term:
    """The term that `text` is. Raises `TermError`."""
    if len(text) > MAX_CHARACTERS:
        raise TermError(f"expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    reader = _Reader(_tokens(text), len(text))
    term = reader.term()
    if reader.token.kind != "end":
        raise reader.expected("an operator or the end")
    return term


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            while text[at].isspace():
                at += 1
            raise TermError(f"character {at + 1}: {text[at]!r} is not part of the language")
        kind, word = match.lastgroup, match[match.lastgroup]
        if kind == "sign" or (kind == "name" and word in _WORDS):
            kind, word = "sign", _SAME.get(word, word)
        elif kind in {"double", "single"}:
            kind = "string"
        tokens.append(_Token(kind, word, match.start(match.lastgroup)))
        if len(tokens) > MAX_TOKENS:
            raise TermError(f"expected at most {MAX_TOKENS} words, numbers and signs")
        at = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: Sequence[_Token], length: int) -> None:
        self._tokens = [*tokens, _Token("end", "", length)]
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._at]

    def expected(self, what: str) -> TermError:
        found = repr(self.token.text) if self.token.kind != "end" else "the end"
        return TermError(f"character {self.token.at + 1}: expected {what}, got {found}")

    def term(self) -> Term:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TermError(f"expected at most {MAX_DEPTH} levels of nesting")
        term = self._left("iff", self._implication)
        self._depth -= 1
        return term

    def _implication(self) -> Term:
        parts = [self._left("or", self._conjunction)]
        while self._takes("implies"):
            parts.append(self._left("or", self._conjunction))
        term = parts.pop()
        while parts:
            term = Apply("implies", (parts.pop(), term))
        return term

    def _conjunction(self) -> Term:
        return self._left("and", self._negation)

    def _left(self, operator: Operator, inner: Callable[[], Term]) -> Term:
        parts = [inner()]
        while self._takes(operator):
            parts.append(inner())
        if operator == "iff":
            term = parts[0]
            for part in parts[1:]:
                term = Apply("iff", (term, part))
            return term
        return parts[0] if len(parts) == 1 else Apply(operator, tuple(parts))

    def _negation(self) -> Term:
        odd = False
        while self._takes("not"):
            odd = not odd
        term = self._comparison()
        return Apply("not", (term,)) if odd else term

    def _comparison(self) -> Term:
        left = self._sum()
        found: list[Term] = []
        while self.token.kind == "sign" and self.token.text in _COMPARISONS:
            operator = cast("Operator", self._next().text)
            right = self._sum()
            found.append(Apply(operator, (left, right)))
            left = right
        if not found:
            return left
        return found[0] if len(found) == 1 else Apply("and", tuple(found))

    def _sum(self) -> Term:
        term = self._product()
        while self.token.kind == "sign" and self.token.text in {"+", "-"}:
            operator = cast("Operator", self._next().text)
            term = Apply(operator, (term, self._product()))
        return term

    def _product(self) -> Term:
        term = self._signed()
        while self.token.kind == "sign" and self.token.text in {"*", "/"}:
            operator = cast("Operator", self._next().text)
            term = Apply(operator, (term, self._signed()))
        return term

    def _signed(self) -> Term:
        odd = False
        while self._takes("-"):
            odd = not odd
        term = self._atom()
        return Apply("neg", (term,)) if odd else term

    def _atom(self) -> Term:
        token = self.token
        match token.kind:
            case "number":
                self._at += 1
                return Constant(Fraction(token.text))
            case "string":
                self._at += 1
                return Constant(token.text)
            case "quoted":
                self._at += 1
                return Variable(token.text)
            case "name":
                self._at += 1
                return self._named(token)
            case "sign" if token.text in _FUNCTIONS:
                self._at += 1
                return self._named(token)
            case "sign" if self._takes("("):
                term = self.term()
                self._close()
                return term
            case _:
                raise self.expected("a value, a variable or a bracket")

    def _named(self, token: _Token) -> Term:
        if token.text.lower() in _CONSTANTS:
            return Constant(_CONSTANTS[token.text.lower()])
        if token.text not in _FUNCTIONS or not self._takes("("):
            return Variable(token.text)
        arguments = [self.term()]
        while self._takes(","):
            arguments.append(self.term())
        self._close()
        operator, wanted = _FUNCTIONS[token.text]
        if wanted is not None and len(arguments) != wanted:
            raise TermError(f"character {token.at + 1}: {token.text} takes {wanted} arguments, got {len(arguments)}")
        return Apply(operator, tuple(arguments))

    def _close(self) -> None:
        if not self._takes(")"):
            raise self.expected("')'")

    def _takes(self, text: str) -> bool:
        if self.token.kind != "sign" or self.token.text != text:
            return False
        self._at += 1
        return True

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]
