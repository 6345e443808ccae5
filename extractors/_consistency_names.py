"""Assignments in a sentence: a name, an equals sign, and at the end of the chain a literal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ._clauses import Side, side_after
from ._expressions import Expression, is_result
from ._parser import parse
from ._scanner import tokenize
from ._tokens import Kind, Token
from ._words import NUMERALS, OPERATIONS

MAX_NAME = 40
"""Characters between the beginning of a name and its equals sign."""

MAX_CHAIN = 8
"""Equals signs of one chain `x = a = b`."""


class Literal(NamedTuple):
    """A written value, its unit if it has one, and the offset in the sentence at which it ends.

    `alone` says that the statement ends there, too: not so in `n = 3 works`.
    """

    value: Expression
    unit: str
    end: int
    alone: bool = True


class Assignment(NamedTuple):
    """`start` is the offset in the sentence at which the name begins."""

    name: str
    start: int
    literal: Literal


_GREEK = r"\\(?:alpha|beta|gamma|delta|theta|phi|lambda|mu|omega|ell)"
_NAME = re.compile(
    rf"(?P<name>(?:{_GREEK}|[A-Za-z])(?:_(?:[A-Za-z0-9]|\{{[A-Za-z0-9]{{1,8}}\}}))?'?(?:\([^()=\n]{{1,20}}\))?"
    r"|(?:\\angle|∠)\ ?[A-Z]{1,3}|(?:\\overline\{[A-Z]{2}\}|[A-Z]{2}))[ \t]*\Z"
)
_OPENS = re.compile(
    r"(?:\A|[,:;$\"“⇒→∴—]|\*\*|\\+[(\[]|\\+(?:Rightarrow|implies|therefore|quad|qquad|to|rightarrow)|[-=]>"
    r"|\\boxed\{|\A[-•*+]|\A\(?[0-9a-z]{1,2}[.)]|\b(?P<word>[A-Za-z]{2,}))\Z"
)
_TAKES = (OPERATIONS - {"and", "to", "than", "from", "by"}) | {
    "step", "part", "day", "equation", "eq", "angle", "triangle", "segment", "side", "line", "cdot", "div", "le", "ge",
    "leq", "geq", "neq", "frac", "text", "mathrm",
}  # fmt: skip
_GOES_ON = frozenset({"and", "so", "which", "since", "because", "as", "while", "thus", "therefore", "hence", "is"})
_JOINED = frozenset("_^'\\-+*")
_CLOSES = frozenset({Kind.DELIMITER, Kind.QUOTE, Kind.CLOSE})
_BREAKS = frozenset({Kind.STOP, Kind.BREAK, Kind.RELATION, Kind.DELIMITER, Kind.QUOTE})
_COMPARED = frozenset({"<", ">", "≤", "≥", "le", "ge", "leq", "geq"})


def assignments(sentence: str) -> Iterator[Assignment]:
    """The assignments of a sentence, in text order."""
    if "=" not in sentence:
        return
    tokens, _ = tokenize(sentence)
    signs = [at for at, token in enumerate(tokens) if token.kind is Kind.EQUALS]
    chained = [_chained(tokens, *pair) for pair in pairwise(signs)] + [False]
    for n, at in enumerate(signs):
        name = _name(sentence, tokens[at].start)
        if name is None:
            continue
        last = n
        while chained[last] and last - n < MAX_CHAIN:
            last += 1
        literal = literal_behind(tokens, signs[last])
        if literal is not None:
            yield Assignment(name.group("name"), name.start("name"), literal)


def literal_behind(tokens: Sequence[Token], sign: int) -> Literal | None:
    """The literal behind the token `sign`; None for anything else, and where what follows may belong to it."""
    boxed = [token.text for token in tokens[sign + 1 : sign + 3]] == ["boxed", "{"]
    side = side_after(tokens, sign + 2 if boxed else sign)
    if side is None or _divides(tokens, side):
        return None
    value = parse(tokens[side.first : side.last])
    if value is None or not is_result(value):
        return None
    unit, end = _unit(tokens, side.last), tokens[side.last - 1].end
    if unit is not None:
        return Literal(value, unit, end)
    return Literal(value, "", end, alone=False) if _is_predicate(tokens, _closed(tokens, side.last)) else None


def _name(sentence: str, sign: int) -> re.Match[str] | None:
    """The name in front of the equals sign at this offset, unless it is part of something larger."""
    match = _NAME.search(sentence, max(sign - MAX_NAME, 0), sign)
    if match is None:
        return None
    before = sentence[max(match.start() - 30, 0) : match.start()]
    if before[-1:].isalnum() or (before[-1:] in _JOINED and not before.endswith("**")):
        return None
    opening = _OPENS.search(before.rstrip(" \t"))
    return None if opening is None or (opening["word"] or "").lower() in _TAKES else match


def _chained(tokens: Sequence[Token], sign: int, following: int) -> bool:
    """Whether `a = b = c` goes on between these two signs: what stands there is one expression."""
    return all(
        token.kind not in _BREAKS and (token.kind is not Kind.WORD or len(token.text) == 1)
        for token in tokens[sign + 1 : following]
    )


def _divides(tokens: Sequence[Token], side: Side) -> bool:
    """Whether this is a division to be done rather than a fraction."""
    return any(token.text == "/" and not token.tight for token in tokens[side.first : side.last])


def _unit(tokens: Sequence[Token], at: int) -> str | None:
    """The word behind a value, empty where there is none; None where what follows may belong to the value."""
    at = _closed(tokens, at)
    if at < len(tokens) and tokens[at].kind is Kind.OPEN and not tokens[at].tight:
        return ""  # a remark
    if at < len(tokens) and tokens[at].kind is Kind.WORD and tokens[at].text.lower() not in _GOES_ON:
        word = tokens[at].text
        if word.lower() in NUMERALS | OPERATIONS or (tokens[at].tight and len(word) == 1):
            return None
        return word if _ends(tokens, at + 1) else None
    return "" if _ends(tokens, at) else None


def _is_predicate(tokens: Sequence[Token], at: int) -> bool:
    """Whether words go on here that leave the value in front of them alone: `n = 3 works`."""
    if at == len(tokens) or tokens[at].kind is not Kind.WORD or tokens[at].tight:
        return False
    return tokens[at].text.lower() not in NUMERALS | OPERATIONS


def _ends(tokens: Sequence[Token], at: int) -> bool:
    at = _closed(tokens, at)
    if at == len(tokens):
        return True
    token, after = tokens[at], tokens[at + 1].kind if at + 1 < len(tokens) else None
    match token.kind:
        case Kind.STOP:
            joined = after is not None and tokens[at + 1].tight  # "0.\overline{4}"
            return token.text != ":" and not joined and after not in {Kind.NUMBER, Kind.OPERATOR, Kind.CURRENCY}
        case Kind.WORD:
            return token.text.lower() in _GOES_ON and after not in {Kind.NUMBER, Kind.OPERATOR, Kind.CURRENCY}
        case Kind.RELATION:
            return token.text not in _COMPARED
        case kind:
            return kind is Kind.BREAK


def _closed(tokens: Sequence[Token], at: int) -> int:
    while at < len(tokens) and tokens[at].kind in _CLOSES:
        at += 1
    return at
