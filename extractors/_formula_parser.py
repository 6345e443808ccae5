"""Formulas of propositional logic in the notations that people and models use; what it does not know, it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from ._terms import Apply, Constant, Term, Variable

MAX_CHARACTERS = 2_000
"""Characters of a formula; a longer one is refused."""
MAX_TOKENS = 600
MAX_DEPTH = 60

Joining: TypeAlias = Literal["and", "or", "xor", "implies", "iff"]
Kind: TypeAlias = Joining | Literal["name", "true", "false", "not", "if", "then", "(", ")"]


class FormulaToken(NamedTuple):
    """A word of a formula; `text` is the name of a proposition."""

    kind: Kind
    text: str = ""


class NotAFormula(Exception):  # noqa: N818  (control flow inside this package, not an error)
    """The text is not a formula that can be read safely."""


_TOKEN = re.compile(
    r"""
      (?P<space>[\s$,]+|\\[,;:!\ ]|\\(?:left|right|quad)\b|\\[()\[\]])
    | (?P<iff>↔|⇔|⟺|≡|<-+>|<=+>|\\(?:left|Left|longleft|Longleft)rightarrow\b|\\iff\b|\\equiv\b
        |if\s+and\s+only\s+if\b|iff\b)
    | (?P<implies>→|⇒|⟹|⊃|-+>|=+>|\\(?:right|Right|longright|Longright)arrow\b|\\implies\b|\\to\b|implies\b)
    | (?P<not>¬|~|!(?!=)|\\(?:neg|lnot)\b|it\s+is\s+not\s+the\s+case\s+that\b|not\b)
    | (?P<and>∧|&&?|/\\|\\(?:land|wedge)\b|and\b)
    | (?P<or>∨|\|\|?|\\/|\\(?:lor|vee)\b|or\b)
    | (?P<xor>⊕|⊻|\\oplus\b|xor\b)
    | (?P<true>⊤|\\top\b|true\b)
    | (?P<false>⊥|\\bot\b|false\b)
    | (?P<if>if\b)
    | (?P<then>then\b)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<name>[A-Za-z][A-Za-z0-9_]{0,39})
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WORDS: dict[str, Kind] = {
    "iff": "iff", "implies": "implies", "not": "not", "and": "and", "or": "or", "xor": "xor",
    "true": "true", "false": "false", "if": "if", "then": "then", "open": "(", "close": ")",
}  # fmt: skip
_BINDING: dict[Kind, int] = {"iff": 1, "implies": 2, "xor": 3, "or": 4, "and": 5}
_TIGHTEST = 6


def read_formula(text: str) -> tuple[Term, ...]:
    """The formula that the whole text is, in every plausible reading; none where it cannot be read.

    `¬ ∧ ∨ → ↔`, their ASCII forms (`~ & | -> <->`), LaTeX and words mean the same. Negation binds most, then and, or,
    implies, iff. A chain of implications without brackets (`A → B → C`) has two readings. A `v` that can be no name
    is an "or".
    """
    tokens = formula_tokens(text)
    if tokens is None:
        return ()
    return _parsed(tokens) or _parsed([FormulaToken("or") if token == ("name", "v") else token for token in tokens])


def _parsed(tokens: Sequence[FormulaToken]) -> tuple[Term, ...]:
    readings: list[Term] = []
    for rightwards in (True, False):
        try:
            formula = FormulaParser(tokens, rightwards=rightwards).whole()
        except NotAFormula:
            return ()
        if formula not in readings:
            readings.append(formula)
    return tuple(readings)


def formula_tokens(text: str) -> list[FormulaToken] | None:
    """The words of a formula, or None where something else stands in the text or it is too long."""
    if len(text) > MAX_CHARACTERS:
        return None
    tokens: list[FormulaToken] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        at = match.end()
        match match.lastgroup:
            case "space":
                if "," in match.group():
                    return None
            case "name":
                tokens.append(FormulaToken("name", match.group()))
            case group:
                tokens.append(FormulaToken(_WORDS[str(group)]))
    return tokens


class FormulaParser:
    """Reads tokens by operator precedence.

    `rightwards` says how a chain of implications groups. With `plain` it refuses whatever needs a precedence to be
    read: English has none.
    """

    def __init__(self, tokens: Iterable[FormulaToken], *, rightwards: bool = True, plain: bool = False) -> None:
        self._tokens: Sequence[FormulaToken] = list(tokens)
        self._at = 0
        self._depth = 0
        self._rightwards = rightwards
        self._plain = plain

    def whole(self) -> Term:
        """The formula that all tokens together are. Raises `NotAFormula`."""
        if len(self._tokens) > MAX_TOKENS:
            raise NotAFormula
        formula = self._joined(0)
        if self._at < len(self._tokens):
            raise NotAFormula
        return formula

    def _joined(self, least: int) -> Term:
        self._deeper()
        left = self._operand()
        chained: Kind | None = None
        while (operator := self._operator()) is not None and _BINDING[operator] >= least:
            if self._plain and chained is not None and (operator != chained or operator == "implies"):
                raise NotAFormula
            chained = operator
            self._at += 1
            if self._plain:
                right = self._joined(_TIGHTEST)
            else:
                rightwards = operator == "implies" and self._rightwards
                right = self._joined(_BINDING[operator] + (0 if rightwards else 1))
            left = _apply(operator, left, right)
        self._depth -= 1
        return left

    def _operand(self) -> Term:
        token = self._next()
        match token.kind:
            case "name":
                return Variable(token.text)
            case "true" | "false":
                return Constant(token.kind == "true")
            case "not":
                self._deeper()
                operand = self._operand()
                self._depth -= 1
                return Apply("not", (operand,))
            case "(":
                inner = self._joined(0)
                self._expect(")")
                return inner
            case "if":
                condition = self._joined(0)
                self._expect("then")
                return Apply("implies", (condition, self._joined(0)))
            case _:
                raise NotAFormula

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotAFormula

    def _operator(self) -> Kind | None:
        kind = self._tokens[self._at].kind if self._at < len(self._tokens) else None
        return kind if kind in _BINDING else None

    def _next(self) -> FormulaToken:
        if self._at >= len(self._tokens):
            raise NotAFormula
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, kind: Kind) -> None:
        if self._next().kind != kind:
            raise NotAFormula


def _apply(operator: Kind, left: Term, right: Term) -> Term:
    match operator:
        case "and" | "or" | "implies" | "iff":
            return Apply(operator, (left, right))
        case _:
            return Apply("not", (Apply("iff", (left, right)),))
