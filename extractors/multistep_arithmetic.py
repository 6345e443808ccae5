"""Steps of evaluating one long expression by parts: `A = (4 * -7 - 2) = (-28 - 2) = -30`, then `A + B = -30 + 6`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._expressions import Expression
from ._parser import parse
from ._scanner import tokenize
from ._stated_answers import stated_answer
from ._step_lines import StepLine, step_lines
from ._tokens import Kind, Token

MAX_TOKENS = 200
"""Numbers, operators and brackets of an expression, names replaced."""


@dataclass(frozen=True, slots=True)
class Term:
    """One side of an equation: its text, its tokens, in which single capital letters are names, and its place."""

    text: str
    tokens: tuple[Token, ...]
    span: Span

    @property
    def name(self) -> str | None:
        """The name that the term is, if it is one and nothing else."""
        return self.tokens[0].text if len(self.tokens) == 1 and self.named else None

    @property
    def named(self) -> bool:
        """Whether there are names in the term."""
        return any(map(_is_name, self.tokens))

    def expression(self, names: Mapping[str, Fraction]) -> Expression | None:
        """What the term says, with values for its names; None if it is no expression, or too long, or lacks a name."""
        if len(self.tokens) > MAX_TOKENS:
            return None
        parts = [_valued(token, names) for token in self.tokens]
        return parse([token for part in parts for token in part], most=MAX_TOKENS) if all(parts) else None


@dataclass(frozen=True, slots=True)
class ChainClaim:
    """Terms that are said to be equal, in their order.

    `whole` says that the text introduces the first one as the whole problem, `defines` that it introduces names
    (`where A = ...`), `continues` that the terms go on from the last one of the chain before.
    """

    terms: tuple[Term, ...]
    whole: bool = False
    defines: bool = False
    continues: bool = False


@dataclass(frozen=True, slots=True)
class ResultClaim:
    """The answer, where it is an expression."""

    term: Term


MultistepSteps: TypeAlias = tuple[ChainClaim | ResultClaim, ...]
"""The state that `MultistepClaims` reads: what a trace says, in the order of the text."""


@dataclass(frozen=True, slots=True)
class MultistepClaims:
    """Reads every chain of equations of a whole trace, with the names that it gives to parts of the problem."""

    def extract(self, view: View, /) -> MultistepSteps | None:
        """The claims so far, or None if there are none. Never raises; time is linear in the length of the text."""
        claims: list[ChainClaim | ResultClaim] = []
        for line in step_lines(view):
            if "=" not in line.text and _NAMED.search(line.text) is None:
                continue
            for claim in _chains(line, view.start + line.at):
                begin, end = claim.terms[0].span.start - view.start, claim.terms[-1].span.end - view.start
                if context.standing(view.text, begin, end, view.before):
                    claims.append(claim)
        answer = stated_answer(view)
        if answer is not None and answer.how != "last line":
            line = StepLine(answer.text, answer.at)
            claims += [
                ResultClaim(term) for run in _runs(line.text) for term in _terms(run, line, view.start + line.at)
            ][:1]
        return tuple(claims) or None


_PARTS = frozenset({Kind.NUMBER, Kind.OPERATOR, Kind.OPEN, Kind.CLOSE, Kind.EQUALS})
_BOUNDS = frozenset({Kind.STOP, Kind.QUOTE, Kind.BREAK})
_SCALES = frozenset({"hundred", "thousand", "million", "billion", "percent", "dozen", "mod"})
_WHOLE = re.compile(
    r"\b(?:equation|problem|original expression|given expression)\b[^.;:=]{0,40}\b(?:as|is|becomes)\b[^\w(.=]{0,4}\Z",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:equation|problem|expression)\b", re.IGNORECASE)
_DEFINES = re.compile(r"\b(?:where|define)\b|\blet\b(?!['’])", re.IGNORECASE)


def longest_expression(text: str) -> Term | None:
    """The longest expression of a problem, without the equals sign behind it; None if there is none.

    A problem that defines operations of its own has none.
    """
    found: list[Term] = []
    at = 0
    for line in text.splitlines(keepends=True) if context.ordinary(text) else ():
        for run in _runs(line):
            found += _terms(run, StepLine(line, at), at)
        at += len(line)
    return max((term for term in found if not term.named), key=lambda term: len(term.tokens), default=None)


def _is_name(token: Token) -> bool:
    """Whether the token names a part of the problem: a single capital letter."""
    return token.kind is Kind.WORD and len(token.text) == 1 and "A" <= token.text <= "Z"


def _valued(token: Token, names: Mapping[str, Fraction]) -> tuple[Token, ...]:
    """The token, or the value that it names, in brackets; nothing for a name without a value."""
    if not _is_name(token):
        return (token,)
    value = names.get(token.text)
    if value is None:
        return ()
    written = [(Kind.NUMBER, str(abs(value.numerator)))]
    if value < 0:
        written.insert(0, (Kind.OPERATOR, "-"))
    if value.denominator > 1:
        written += [(Kind.OPERATOR, "/"), (Kind.NUMBER, str(value.denominator))]
    written = [(Kind.OPEN, "("), *written, (Kind.CLOSE, ")")]
    return tuple(token._replace(kind=kind, text=text, tight=False) for kind, text in written)


class _Run(NamedTuple):
    """Tokens in a row that make up a chain, and whether its first and last term are whole."""

    tokens: tuple[Token, ...]
    opens: bool
    closes: bool


def _runs(text: str) -> Iterator[_Run]:
    """The longest pieces of a line that consist of numbers, operators, brackets, names and equals signs."""
    run: list[Token] = []
    before: Token | None = None
    for token in (*tokenize(text)[0], None):
        if token is not None and (token.kind in _PARTS or _is_name(token)):
            run.append(token)
        elif token is None or token.kind is not Kind.DELIMITER:
            if run:
                yield _Run(tuple(run), _opens(before, run[0]), token is None or _ends(token))
            run, before = [], token


def _opens(before: Token | None, first: Token) -> bool:
    """Whether an expression starts with `first`: not in the middle of `x + 2`, `f(2)` or `3 eggs * 2`."""
    if first.kind is Kind.OPERATOR and first.text != "-":
        return False
    if before is None or before.kind is not Kind.WORD:
        return before is None or before.kind in _BOUNDS
    return not (first.tight and before.end == first.start) and _ends(before)


def _ends(token: Token) -> bool:
    """Whether an expression ends before this token: a word that is no variable, or a mark between sentences."""
    if token.kind is Kind.WORD:
        return len(token.text) > 1 and token.text.lower() not in _SCALES
    return token.kind in _BOUNDS or token.text == "?"


def _chains(line: StepLine, base: int) -> Iterator[ChainClaim]:
    text = line.text
    defines = _DEFINES.search(text)
    for run in _runs(text):
        start = run.tokens[0].start
        whole = _WHOLE.search(text[max(start - 80, 0) : start]) is not None
        continues = run.tokens[0].kind is Kind.EQUALS and not text[:start].strip()
        terms = tuple(_terms(run, line, base))
        if len(terms) > 1 or (terms and (whole or continues)):
            yield ChainClaim(
                terms,
                whole=whole,
                defines=defines is not None and defines.end() <= start and terms[0].name is not None,
                continues=continues,
            )


def _terms(run: _Run, line: StepLine, base: int) -> Iterator[Term]:
    begin = 0
    tokens = run.tokens
    for at in range(len(tokens) + 1):
        if at < len(tokens) and tokens[at].kind is not Kind.EQUALS:
            continue
        part = tokens[begin:at]
        cut = (begin == 0 and not run.opens) or (at == len(tokens) and not run.closes)
        begin = at + 1
        if part and not cut:
            start, end = part[0].start, part[-1].end
            yield Term(line.text[start:end], part, Span(base + start, base + end))
