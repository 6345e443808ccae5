"""Finds the equations in a short text, in plain or LaTeX notation, and reads their sides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ._countdown_state import Sides
from ._parser import parse
from ._scanner import tokenize
from ._tokens import Kind, Token

_SAME = str.maketrans("✖∕⁄／（）［］＋－＊＝‒➗`~…", "*///()[]+-*=-/   ")
_BLANK = re.compile(r"\\[bB]ig+[lr]?(?![a-zA-Z])|(?<=[0-9])\.{2,}")
_TIMES = re.compile(r"(?<=[0-9)])( {0,3})[xX]( {0,3})(?=[0-9(])")

_BULLET = re.compile(r"\s*(?:(?:[-*•>]|[0-9]{1,3}[.)])\s+){0,3}")

_MATH = frozenset(
    {Kind.NUMBER, Kind.OPERATOR, Kind.OPEN, Kind.CLOSE, Kind.MACRO, Kind.EQUALS, Kind.RELATION, Kind.PERCENT}
)
_TRANSPARENT = frozenset({Kind.CURRENCY, Kind.DELIMITER})
_BETWEEN = frozenset({Kind.EQUALS, Kind.RELATION})


class Run(NamedTuple):
    """An uninterrupted stretch of mathematics: one equation, or one expression.

    `start`, `end` are its offsets, `first_end` and `last_start` those of its first and last side. `computes` says
    that there is at least one operation in it, `alone` that the text says nothing else.
    """

    start: int
    end: int
    first_end: int
    last_start: int
    readings: tuple[Sides, ...]
    foreign: str | None
    computes: bool
    alone: bool

    @property
    def sides(self) -> Sides:
        """The sides in the usual reading, in which `10 / 4/3` is ten by four by three."""
        return self.readings[-1]


def runs(text: str) -> list[Run]:
    """The stretches of mathematics in a text, in order."""
    tokens = [token for token in tokenize(_plain(text))[0] if token.kind not in _TRANSPARENT]
    stretches: list[list[Token]] = [[]]
    others = 0
    for token in tokens:
        if token.kind in _MATH or (token.kind is Kind.OTHER and token.text == "!"):
            stretches[-1].append(token)
        else:
            others += token.kind is not Kind.STOP
            stretches.append([])
    found = [stretch for stretch in stretches if any(token.kind is Kind.NUMBER for token in stretch)]
    alone = len(found) == 1 and not others
    return [_run(stretch, alone=alone) for stretch in found]


def after_bullet(text: str, begin: int, end: int) -> int:
    """Where the line `[begin, end)` of a text starts behind its indent, bullet and number."""
    match = _BULLET.match(text, begin, end)
    return begin if match is None else match.end()


def _plain(text: str) -> str:
    """The text in signs that the tokenizer knows, each at the offset at which it stood."""
    text = _BLANK.sub(lambda match: " " * len(match.group()), text.translate(_SAME))
    return _TIMES.sub(r"\1*\2", text)


def _run(stretch: Sequence[Token], *, alone: bool) -> Run:
    parts = list(_parts(stretch))
    if not alone:
        parts = [part for part in map(_trimmed, parts) if part]
    parts = parts or [stretch]
    flat = tuple(parse(_multiplied(part)) for part in parts)
    fractions = tuple(parse(_multiplied(_joined(part))) for part in parts)
    return Run(
        start=parts[0][0].start,
        end=parts[-1][-1].end,
        first_end=parts[0][-1].end,
        last_start=parts[-1][0].start,
        readings=(flat,) if fractions == flat or None in fractions else (fractions, flat),
        foreign=_foreign(stretch),
        computes=any(token.kind is Kind.OPERATOR or token.text in {"frac", "sqrt"} for token in stretch[1:])
        or any(left.kind is Kind.CLOSE and right.kind is Kind.OPEN for left, right in pairwise(stretch)),
        alone=alone,
    )


def _parts(stretch: Sequence[Token]) -> Iterator[Sequence[Token]]:
    part: list[Token] = []
    for token in stretch:
        if token.kind in _BETWEEN:
            if part:
                yield _unboxed(part)
            part = []
        elif token.text != "!":
            part.append(token)
    if part:
        yield _unboxed(part)


def _unboxed(part: list[Token]) -> list[Token]:
    boxed = len(part) > 3 and part[0].text == "boxed" and part[1].text == "{" and part[-1].text == "}"
    return part[2:-1] if boxed else part


def _trimmed(part: Sequence[Token]) -> Sequence[Token]:
    """Without the brackets of a remark around it: `3 (which` and `so 4 * 6)`."""
    first, last = 0, len(part)
    while last > first and part[last - 1].kind is Kind.OPEN:
        last -= 1
    while last > first and part[first].kind is Kind.CLOSE:
        first += 1
    depth = sum((token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE) for token in part[first:last])
    while depth < 0 and last > first and part[last - 1].kind is Kind.CLOSE:
        last, depth = last - 1, depth + 1
    while depth > 0 and last > first and part[first].kind is Kind.OPEN:
        first, depth = first + 1, depth - 1
    return part[first:last]


def _multiplied(part: Sequence[Token]) -> list[Token]:
    """With a sign for the product in `(1 + 1)12` and `(1 + 1)\\frac{3}{4}`."""
    tokens: list[Token] = []
    for token in part:
        factor = token.kind is Kind.NUMBER or (token.kind is Kind.MACRO and token.text in {"frac", "sqrt"})
        if factor and tokens and tokens[-1].kind is Kind.CLOSE:
            tokens.append(Token(Kind.OPERATOR, "*", token.start, token.start, tight=True))
        tokens.append(token)
    return tokens


def _joined(part: Sequence[Token]) -> list[Token]:
    """With brackets around every fraction that is written without spaces among spaced signs: `4 * 2/3`."""
    tokens: list[Token] = []
    at = 0
    while at < len(part):
        kinds = [token.kind for token in part[at : at + 3]]
        if kinds == [Kind.NUMBER, Kind.OPERATOR, Kind.NUMBER] and part[at + 1].text == "/":
            upper, slash, lower = part[at : at + 3]
            behind = part[at + 3 : at + 4]
            before = part[at - 1 : at] if at else []
            tied = (before and before[0].kind is Kind.OPERATOR and upper.tight) or (
                behind and behind[0].kind is Kind.OPERATOR and behind[0].tight
            )
            if slash.tight and lower.tight and not tied:
                tokens.append(Token(Kind.OPEN, "(", upper.start, upper.start, upper.tight))
                tokens += (upper, slash, lower)
                tokens.append(Token(Kind.CLOSE, ")", lower.end, lower.end, tight=True))
                at += 3
                continue
        tokens.append(part[at])
        at += 1
    return tokens


def _foreign(stretch: Sequence[Token]) -> str | None:
    """The first sign of an operation that is not one of the four."""
    for token, after in pairwise([*stretch, None]):
        assert token is not None
        match token.kind:
            case Kind.OPERATOR if token.text == "^":
                return "a power"
            case Kind.OPERATOR if token.text == "/" and after is not None and after.text == "/" and after.tight:
                return "//"
            case Kind.MACRO if token.text in {"sqrt", "√"}:
                return "a root"
            case Kind.PERCENT:
                return "%"
            case Kind.OTHER if after is not None and after.kind in {Kind.OPERATOR, Kind.CLOSE, Kind.EQUALS}:
                return "!"
            case _:
                pass
    return None
