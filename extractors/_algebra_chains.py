"""Chains `a = b = c` in the tokens of a text: their sides, and what stands between and beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ._algebra_parser import readings
from ._algebra_terms import Readings, Symbol, symbols
from ._algebra_tokens import DASH, EXPRESSION, Mark, Token
from ._algebra_vocabulary import words
from ._words import LABELS, NUMERALS, OPERATIONS

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LINKING = words("and or to from out around almost about between per i e r R nearly roughly approximately")
_LEFT_WORDS = (OPERATIONS - _LINKING) | NUMERALS | frozenset({"squares", "square", "cube", "cubes", "function"})
_RIGHT_WORDS = (OPERATIONS - _LINKING - {"negative", "root", "base", "log", "sqrt"}) | NUMERALS
MAX_VALUES = 12
"""Values in one list of solutions."""

_CLEAN = frozenset({Mark.STOP, Mark.BREAK, Mark.EQUALS, Mark.ARROW})


class Side(NamedTuple):
    """One side of a chain: where it stands, how it can be read, and its variables.

    A plus-or-minus sign makes two branches, a list of values one for each.
    """

    start: int
    end: int
    branches: tuple[Readings, ...]
    names: frozenset[str]

    @property
    def term(self) -> Readings:
        """The readings of a side without a plus-or-minus sign."""
        return self.branches[0]


class Chain(NamedTuple):
    """Sides with equals signs between them; None for a side that cannot be read safely.

    `first` and `last` are the tokens it takes up. `open` says that it begins with its equals sign, so that it goes on
    what stands in the line before; its first side is None then.
    """

    sides: tuple[Side | None, ...]
    first: int
    last: int
    start: int
    end: int
    open: bool


def chains(tokens: Sequence[Token]) -> Iterator[Chain]:
    """The chains in the tokens, in their order."""
    at = 0
    while at < len(tokens):
        if tokens[at].mark is not Mark.EQUALS:
            at += 1
            continue
        begin = _left(tokens, at)
        first, left = begin, _side(tokens, begin, _inner(tokens, at, -1), left=True)
        is_open = begin == at and left is None and _opens_line(tokens, at)
        sides = [left]
        while at < len(tokens) and tokens[at].mark is Mark.EQUALS:
            stop = _right(tokens, at)
            sides.append(_side(tokens, _inner(tokens, at, 1), stop, left=False))
            at = max(stop, at + 1)
            if at + 1 < len(tokens) and tokens[at].mark is Mark.FENCE and tokens[at + 1].mark is Mark.EQUALS:
                at += 1
        at, sides[-1] = _with_others(tokens, at, sides)
        last = at
        end = next((side.end for side in reversed(sides) if side is not None), tokens[last - 1].end)
        start = next((side.start for side in sides if side is not None), tokens[first].start)
        yield Chain(tuple(sides), first, last, start, end, is_open)


def _with_others(tokens: Sequence[Token], at: int, sides: Sequence[Side | None]) -> tuple[int, Side | None]:
    """The last side with the other values of `x = 2 or 3`, and where they end; None where they cannot be read."""
    first, value = sides[0], sides[-1]
    if first is None or value is None or not isinstance(first.term[0], Symbol) or value.names:
        return at, value
    for _ in range(MAX_VALUES):
        begin = at
        while begin < len(tokens) and tokens[begin].mark is Mark.FENCE:
            begin += 1
        separators = begin
        while begin < len(tokens) and tokens[begin].text in {",", "or", "and", "quad", "qquad"}:
            begin += 1
        if begin == separators:
            break
        spoken = any(token.text == "or" for token in tokens[separators:begin])
        while begin < len(tokens) and tokens[begin].mark is Mark.FENCE:
            begin += 1
        stop = begin
        while stop < len(tokens) and tokens[stop].mark in EXPRESSION and (stop == begin or _joined(tokens, stop)):
            stop += 1
        if stop == begin or (stop < len(tokens) and tokens[stop].mark is Mark.EQUALS):
            break
        other = _side(tokens, begin, stop, left=False)
        if other is None or other.names:
            return (stop, None) if spoken else (at, value)
        at, value = stop, value._replace(end=other.end, branches=value.branches + other.branches)
    return at, value


def side_of_line_before(tokens: Sequence[Token], chain: Chain) -> Side | None:
    """What an open chain goes on: the expression that ends the line before it."""
    at = chain.first
    while at > 0 and chain.first - at < 6 and tokens[at - 1].mark in {Mark.BREAK, Mark.FENCE}:
        at -= 1
    if at in {0, chain.first}:
        return None
    begin = at
    while begin > 0 and tokens[begin - 1].mark in EXPRESSION and (begin == at or _joined(tokens, begin)):
        begin -= 1
    return _side(tokens, begin, at, left=True)


def _inner(tokens: Sequence[Token], equals: int, step: int) -> int:
    """Where a side stops (`step` -1) or starts (1) beside its equals sign: behind a delimiter that stands between."""
    beside = equals + step
    if 0 <= beside < len(tokens) and tokens[beside].mark is Mark.FENCE:
        return beside if step < 0 else beside + 1
    return equals if step < 0 else beside


def _left(tokens: Sequence[Token], equals: int) -> int:
    end = _inner(tokens, equals, -1)
    at = end
    while at > 0 and tokens[at - 1].mark in EXPRESSION and (at == end or _joined(tokens, at)):
        at -= 1
    return at


def _right(tokens: Sequence[Token], equals: int) -> int:
    begin = _inner(tokens, equals, 1)
    at = begin
    while at < len(tokens) and tokens[at].mark in EXPRESSION and (at == begin or _joined(tokens, at)):
        at += 1
    return at


def _joined(tokens: Sequence[Token], at: int) -> bool:
    """Whether the token at `at` belongs to the one before it: in plain text operands with space between do not."""
    before, after = tokens[at - 1], tokens[at]
    if (before.math and after.math) or after.tight:
        return True
    operators = {Mark.OPERATOR, Mark.SIGNS}
    if before.mark in operators or after.mark in operators:
        return True
    return before.mark in {Mark.OPEN, Mark.FUNCTION, Mark.FRAC, Mark.ROOT} or after.mark is Mark.CLOSE


def _opens_line(tokens: Sequence[Token], at: int) -> bool:
    return at == 0 or tokens[at - 1].mark in {Mark.BREAK, Mark.FENCE}


def _side(tokens: Sequence[Token], begin: int, stop: int, *, left: bool) -> Side | None:
    """The side that these tokens are, if what stands beside them leaves no doubt that it is all of it.

    `left`: whether it is the first of a chain.
    """
    begin, stop = _trimmed(tokens, begin, stop, left=left)
    if begin < stop and _is_article(tokens, begin):
        begin += 1
    if begin >= stop or not _clean(tokens, begin, -1) or not _clean(tokens, stop - 1, 1):
        return None
    span = list(tokens[begin:stop])
    signs = sum(token.mark is Mark.SIGNS for token in span)
    branches = [readings(span)] + ([readings(span, minus=True)] if signs else [])
    if signs > 1 or not all(branches):
        return None
    if begin and tokens[begin - 1].text == DASH and tokens[begin - 1].mark is Mark.STOP and not signs:
        sign = span[0]._replace(mark=Mark.OPERATOR, text="-", end=span[0].start)
        branches = [branches[0] + readings([sign, *span])]
    return Side(span[0].start, span[-1].end, tuple(branches), symbols(branches[0][0]))


def _trimmed(tokens: Sequence[Token], begin: int, stop: int, *, left: bool) -> tuple[int, int]:
    """The range without the brackets at its outer end whose partners are further out, as in `(so x = 2)`."""
    depth = lowest = 0
    for token in tokens[begin:stop]:
        depth += (token.mark is Mark.OPEN) - (token.mark is Mark.CLOSE)
        lowest = min(lowest, depth)
    opened, closed = depth - lowest, -lowest
    while left and opened and begin < stop and tokens[begin].mark is Mark.OPEN:
        begin, opened = begin + 1, opened - 1
    while not left and closed and begin < stop and tokens[stop - 1].mark is Mark.CLOSE:
        stop, closed = stop - 1, closed - 1
    return begin, stop


def _is_article(tokens: Sequence[Token], begin: int) -> bool:
    """Whether the side begins with the English word `a` rather than a variable."""
    token = tokens[begin]
    return token.text in {"a", "A", "I"} and not token.math and begin + 1 < len(tokens) and not _is_used(tokens, begin)


def _is_used(tokens: Sequence[Token], at: int) -> bool:
    after = tokens[at + 1]
    return after.tight or after.mark in {Mark.OPERATOR, Mark.EQUALS, Mark.SIGNS, Mark.RAISED, Mark.FENCE, Mark.STOP}


def _clean(tokens: Sequence[Token], at: int, step: int) -> bool:
    """Whether the expression that ends at `at` in direction `step` ends there for certain."""
    at += step
    fenced = False
    while 0 <= at < len(tokens) and tokens[at].mark in {Mark.FENCE, Mark.OPEN, Mark.CLOSE}:
        if tokens[at].mark is not Mark.FENCE and tokens[at].mark is not (Mark.OPEN if step < 0 else Mark.CLOSE):
            return fenced
        fenced = fenced or tokens[at].mark is Mark.FENCE
        at += step
    if not 0 <= at < len(tokens):
        return True
    token = tokens[at]
    if token.mark is Mark.WORD:
        if not fenced and _goes_on(tokens, at, step):
            return False
        word = token.text.split()[0 if step > 0 else -1].lower() if token.text.strip() else ""
        return word not in (_RIGHT_WORDS if step > 0 else _LEFT_WORDS) and not (step < 0 and word in LABELS and fenced)
    if token.mark is Mark.STOP:
        if step > 0 and not fenced and at + 1 < len(tokens) and tokens[at + 1].tight and token.text in {".", ","}:
            return tokens[at + 1].mark in {Mark.FENCE, Mark.CLOSE, Mark.STOP}  # `0.\\overline{7}` goes on
        return step > 0 or token.text != "," or not _in_list(tokens, at)
    if token.mark is Mark.RELATION:
        return step > 0 and token.text in {"≈", "approx"}
    if token.mark in _CLEAN:
        return True
    return fenced and token.mark is Mark.SYMBOL and step > 0 and not token.math and token.text in {"a", "I"}


def _goes_on(tokens: Sequence[Token], at: int, step: int) -> bool:
    """Whether the word beside an expression may be a product of letters that belongs to it: `ax + 2a`, `2abcd`."""
    beside = tokens[at + 1] if step < 0 else tokens[at]
    if beside.tight:
        return True
    if step > 0 or beside.mark not in {Mark.OPERATOR, Mark.SIGNS}:
        return False
    return beside.text != "-" or at + 2 >= len(tokens) or not tokens[at + 2].tight


def _in_list(tokens: Sequence[Token], comma: int) -> bool:
    """Whether the comma stands between two lone names, as in `x, y = 2, 3`."""
    if comma == 0 or comma + 2 >= len(tokens):
        return False
    lone = tokens[comma - 1].mark is Mark.SYMBOL and tokens[comma + 1].mark is Mark.SYMBOL
    before = tokens[comma - 2].mark if comma > 1 else Mark.BREAK
    return lone and tokens[comma + 2].mark is Mark.EQUALS and before not in {Mark.EQUALS, Mark.OPERATOR}
