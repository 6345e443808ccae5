"""Arithmetic claims in free text: `12 * 7 = 84`, `$1,200 + $300 = $1,500`, `5% of 200 is 10`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import ClassVar, NamedTuple, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._clauses import join_units
from ._equations import Equation, equations
from ._expressions import Binary, Expression
from ._parser import MAX_CHARACTERS
from ._scanner import tokenize
from ._tokens import Kind, Token
from ._units import factors


@dataclass(frozen=True, slots=True)
class ArithmeticClaim:
    """One equation between a computation and its result.

    `span` runs from the first character of the computation to the last one of the result, `result` covers the result
    alone; both are offsets in the generated text. `text` is what stands in `span`, `computation` its left side.
    `readings` are the ways in which that can be read, the usual one first. `factors` are ratios of the two sides that
    units or words nearby explain (hundredths, thousands, minutes in an hour). Claims of one chain `a = b = c` share
    `chain`. `cut` says that the trace ends right behind the result, which may have been going on.
    """

    span: Span
    text: str
    computation: str
    result: Span
    readings: tuple[Expression, ...]
    right: Expression
    factors: frozenset[Fraction] = frozenset()
    chain: int = 0
    cut: bool = False


ClaimedArithmetic: TypeAlias = tuple[ArithmeticClaim, ...]
"""The state that `ArithmeticClaims` reads: the claims of a unit in the order of their results."""


@dataclass(frozen=True, slots=True)
class ArithmeticClaims:
    """Reads every equation whose two sides are plain numbers, and leaves out whatever could mean something else."""

    inline: ClassVar[bool] = True

    def extract(self, view: View, /) -> ClaimedArithmetic | None:
        """The claims of the unit, or None if it makes none. Never raises; time is linear in the unit's length."""
        text = view.text
        if "=" not in text and _SHARE_HINT.search(text) is None:
            return None
        if not context.ordinary(view.prompt):
            return None
        claims = tuple(_claims(view))
        return claims or None


class _Line(NamedTuple):
    view: View
    begin: int  # of the line in the unit
    text: str
    at: int  # of `text` in the line: a calculator annotation is read as a line of its own


_SHARE_HINT = re.compile(r" of (?=[^\n]{0,40}? (?:is|equals) )")
_BULLET = re.compile(r"[ \t]*(?:(?:[-+•‣◦*]|#{1,6}|[0-9]{1,3}[.)]|\([0-9a-zA-Z]{1,3}\)|[a-zA-Z][.)])[ \t]+){0,3}")
_DASHED = re.compile(r"[ \t]*[-+][ \t]+\Z")
_CENTS = re.compile(r"\b(?:cents?|penn(?:y|ies)|nickels?|dimes?|quarters?)\b|¢", re.IGNORECASE)
_EXPLAINING = re.compile(r"[a-z%]+")


def _claims(view: View) -> Iterator[ArithmeticClaim]:
    chains = count()
    fence = context.Fence().after(view.before)
    begin = 0
    for line in view.text.split("\n"):
        if context.is_fence(line):
            fence = fence.after(line)
        elif not fence.code and not _skipped(line):
            yield from _line_claims(_Line(view, begin, line, 0), chains)
        begin += len(line) + 1


def _skipped(line: str) -> bool:
    """Tables and quotations, whose layout is not that of arithmetic."""
    return line.count("|") > 1 or line.lstrip().startswith(">") or ("=" not in line and " of " not in line)


def _line_claims(line: _Line, chains: Iterator[int]) -> Iterator[ArithmeticClaim]:
    bullet = _BULLET.match(line.text)
    skip = bullet.end() if bullet is not None else 0
    dashed = _DASHED.match(line.text[:skip]) is not None
    line = line._replace(text=line.text[skip:], at=line.at + skip)
    raw, notes = tokenize(line.text)
    tokens = join_units(raw)
    for note in notes:
        yield from _line_claims(line._replace(text=line.text[note.start : note.end], at=line.at + note.start), chains)
    chain = next(chains)
    for found in equations(tokens, dashed=dashed):
        if not found.linked:
            chain = next(chains)
        claim = _claim(line, tokens, found, chain)
        if claim is not None:
            yield claim


def _claim(line: _Line, tokens: Sequence[Token], found: Equation, chain: int) -> ArithmeticClaim | None:
    """The equation as a claim, unless the text around it speaks against that."""
    view = line.view
    start = _start(line.text, tokens, found)
    result, end = _extent(line.text, tokens, found, start)
    text = line.text[start:end]
    offset = line.begin + line.at
    if len(text) > 2 * MAX_CHARACTERS or text in view.prompt or text in view.before:
        return None  # too long to be one, or quoted from the problem or the text so far
    if _quoted(line.text, start, end) or ("$" in text and _CENTS.search(text) is not None):
        return None
    if not context.standing(view.text, offset + start, offset + end, view.before):
        return None
    if _uses_x(line.text, tokens, found) and context.has_variable_x(view.text, offset + start, offset + end):
        return None
    base = view.start + offset
    return ArithmeticClaim(
        span=Span(base + start, base + end),
        text=text,
        computation=line.text[start : tokens[found.left.last - 1].end],
        result=Span(base + result.start, base + result.end),
        readings=found.readings,
        right=found.result,
        factors=_explained(found, line.text[max(start - 60, 0) : end + 60].lower(), text, view.prompt),
        chain=chain,
        cut=view.final and offset + end == len(view.text),
    )


def _extent(text: str, tokens: Sequence[Token], found: Equation, start: int) -> tuple[Span, int]:
    """Offsets of the written result, and where the claim ends: behind markup that was opened inside the claim."""
    side = found.right
    first, last = tokens[side.first], side.last
    if tokens[last - 1].kind is Kind.UNIT:
        last -= 1
    end = tokens[last - 1].end
    boxed = tokens[side.first - 1].text == "{" and tokens[last - 1].text == "}"
    result_end = tokens[last - 2].end if boxed else end
    if first.kind is Kind.CURRENCY and "<<" in text[first.end : tokens[side.first + 1].start]:
        first = tokens[side.first + 1]  # "$<<12*7=84>>84": the annotation is no part of the result
    if text.startswith("**", end) and text[start : first.start].count("**") % 2:
        end += 2
    return Span(first.start, result_end), end


def _explained(found: Equation, near: str, text: str, prompt: str) -> frozenset[Fraction]:
    words = [*_EXPLAINING.findall(near), *context.scales(prompt)]
    hundredths = "%" in near or "$" in text or "cents" in words
    both = Binary("*", found.readings[0], found.result)
    return factors(both, words) | (frozenset({Fraction(100)}) if hundredths else frozenset())


def _start(text: str, tokens: Sequence[Token], found: Equation) -> int:
    """Where the computation starts: behind a dollar sign that opens mathematics rather than an amount."""
    first, last = tokens[found.left.first], found.right.last
    start = first.start
    if first.kind is not Kind.CURRENCY or first.text != "$":
        return start
    closed = last < len(tokens) and tokens[last].kind is Kind.DELIMITER
    if closed or "\\" in (inside := text[start : tokens[last - 1].end]) or "^" in inside:
        return tokens[found.left.first + 1].start
    return start


def _uses_x(text: str, tokens: Sequence[Token], found: Equation) -> bool:
    span = tokens[found.left.first : found.right.last]
    return any(token.kind is Kind.OPERATOR and text[token.start : token.end] in {"x", "X"} for token in span)


def _quoted(text: str, start: int, end: int) -> bool:
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    return bool(before) and before in "\"'“`«" and bool(after) and after in "\"'”`»"
