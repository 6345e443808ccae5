"""Claims about quantities with units: `3 h = 180 min`, `60 km / 2 h = 30 km/h`, `there are 12 inches in a foot`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._clauses import Side, side_after, side_before, starts_clean
from ._expressions import Binary, Expression, Quantity, computes, subexpressions
from ._parser import MAX_CHARACTERS, parse
from ._tokens import Kind, Token
from ._units_table import MOST, UNITS, Base, Measure, Powers
from ._units_tokens import letters, measured

__all__ = ["MOST", "UNITS", "Base", "ClaimedUnits", "Measure", "Powers", "UnitClaim", "UnitClaims"]


NEAR = 120
"""Characters on each side of a claim that are searched for words that explain it."""


@dataclass(frozen=True, slots=True)
class UnitClaim:
    """Two expressions that are said to be the same quantity.

    `span` is where, in characters of the generated text, and `text` what stands there; `computation` and `result` are
    where the left and the right side stand. The `unit` of a `Quantity` inside is written `cm^2`, `mi/h`. `scaled` says
    that one length may stand for another, as on a map. `cut` says that the trace ends right behind the claim, which
    may have been going on.
    """

    span: Span
    text: str
    computation: Span
    result: Span
    left: Expression
    right: Expression
    scaled: bool = False
    cut: bool = False


ClaimedUnits: TypeAlias = tuple[UnitClaim, ...]
"""The state that `UnitClaims` reads: the claims of a unit of text, in the order of their relations."""


@dataclass(frozen=True, slots=True)
class UnitClaims:
    """Reads equations both sides of which are quantities in known units, and what there is "in an hour"."""

    inline: ClassVar[bool] = True

    def extract(self, view: View, /) -> ClaimedUnits | None:
        """The claims of the unit, or None if it makes none. Never raises; time is linear in the unit's length."""
        if _RELATION_HINT.search(view.text) is None:
            return None
        return tuple(_claims(view)) or None


class _Sides(NamedTuple):
    left: Side
    right: Side


_RELATION_HINT = re.compile(r"=|\b(?:is|are|equals)\b")
_UNIT_HINT = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(UNITS)})(?![A-Za-z])", re.IGNORECASE)
_SCALE = re.compile(
    r"\b(?:scales?|scaled|maps?|models?|blueprints?|drawings?|drawn|represent\w*|diagram|replica|miniature|correspond\w*"
    r"|shadows?|photo\w*|pictures?|globe|exchange\w*|trade\w*|equivalent\ to)\b",
    re.IGNORECASE | re.VERBOSE,
)
_CHANGE = re.compile(
    r"\b(?:accelerat\w*|decelerat\w*|faster|slower|speeds? up|slows?|gain\w*|increas\w*|decreas\w*)\b", re.IGNORECASE
)
# A letter without a number, a slash or a bracket of its own in front, as only a variable stands.
_VARIABLE = re.compile(r"(?<![A-Za-z0-9/\\.)}'’])(?<![0-9/)}] )[msghlL](?![A-Za-z'’])")
_UPRIGHT = re.compile(r"\\+(?:text|mathrm)\{[^{}\n]{0,60}\}")
_HOURLY = re.compile(r"\b(?:an?|one|1|each|every|per) (?:single )?(?:hour|minute|second)\b|\bhourly\b", re.IGNORECASE)
_BULLET = re.compile(r"[ \t]{0,12}(?:[-+•*]|[0-9]{1,3}[.)])[ \t]")
_OPENS = frozenset({"so", "since", "because", "that", "thus", "therefore", "hence", "know", "as", "then", "where"})
_FOLLOWS = frozenset(
    {"so", "which", "because", "since", "thus", "therefore", "hence", "long", "tall", "wide", "high", "deep", "thick",
     "old", "away", "total", "altogether"}
)  # fmt: skip
_QUIET = frozenset({Kind.STOP, Kind.BREAK, Kind.DELIMITER, Kind.QUOTE, Kind.RELATION, Kind.EQUALS})


def _claims(view: View) -> Iterator[UnitClaim]:
    fence = context.Fence().after(view.before)
    begin = 0
    for line in view.text.split("\n"):
        if context.is_fence(line):
            fence = fence.after(line)
        elif not fence.code and line.count("|") <= 1 and _RELATION_HINT.search(line) and _UNIT_HINT.search(line):
            yield from _line(view, begin, line)
        begin += len(line) + 1


def _line(view: View, begin: int, line: str) -> Iterator[UnitClaim]:
    bullet = _BULLET.match(line)
    if bullet is not None:
        begin, line = begin + bullet.end(), line[bullet.end() :]
    tokens = measured(line)
    if sum(token.kind is Kind.UNIT for token in tokens) < 2:
        return
    symbols = letters(tokens)
    if symbols and not symbols.isdisjoint(_variables(view.prompt) | _variables(view.before) | _variables(line)):
        return
    for at, token in enumerate(tokens):
        if token.kind is Kind.EQUALS:
            found = _equation(tokens, at)
        elif token.kind is Kind.WORD and token.text in {"is", "are", "equals"}:
            found = _identity(tokens, at) or _content(tokens, at)
        else:
            continue
        claim = None if found is None else _claim(view, begin, line, tokens, found)
        if claim is not None:
            yield claim


def _equation(tokens: Sequence[Token], at: int) -> _Sides | None:
    left, right = side_before(tokens, at), side_after(tokens, at)
    if left is None or right is None or not _ends(tokens, right.last):
        return None
    return _Sides(left, right) if _starts(tokens, left) else None


def _identity(tokens: Sequence[Token], at: int) -> _Sides | None:
    """`1 hour is 60 minutes`, `3 hours are equal to 180 minutes`."""
    last = at + 2 if [token.text for token in tokens[at + 1 : at + 3]] == ["equal", "to"] else at
    left, right = side_before(tokens, at), side_after(tokens, last)
    if left is None or right is None or not _ends(tokens, right.last) or not _states(tokens, left):
        return None
    return _Sides(left, right)


def _content(tokens: Sequence[Token], at: int) -> _Sides | None:
    """`there are 60 minutes in an hour`: the hour is the left side."""
    if at == 0 or tokens[at - 1].text.lower() != "there":
        return None
    right = side_after(tokens, at)
    if right is None or right.last >= len(tokens) or tokens[right.last].text != "in":
        return None
    left = side_after(tokens, right.last)
    return None if left is None or not _ends(tokens, left.last) else _Sides(left, right)


def _starts(tokens: Sequence[Token], side: Side) -> bool:
    """Whether nothing in front belongs to the side; a lone quantity must stand at the beginning of a statement."""
    computed = any(token.kind is Kind.OPERATOR for token in tokens[side.first : side.last])
    return starts_clean(tokens, side) if computed else _states(tokens, side)


def _states(tokens: Sequence[Token], side: Side) -> bool:
    if side.first == 0:
        return True
    before = tokens[side.first - 1]
    if before.kind is Kind.WORD:
        return before.text.lower() in _OPENS
    return before.kind in _QUIET and not (before.kind is Kind.STOP and tokens[side.first].tight)


def _ends(tokens: Sequence[Token], at: int) -> bool:
    """Whether nothing behind a quantity belongs to it."""
    if at >= len(tokens):
        return True
    after = tokens[at]
    follows = tokens[at + 1] if at + 1 < len(tokens) else None
    match after.kind:
        case Kind.WORD:
            return after.text.lower() in _FOLLOWS
        case Kind.STOP:
            if follows is not None and follows.kind is Kind.NUMBER and (follows.tight or after.text == ","):
                return False
            return after.text != ":"
        case Kind.OPEN:
            return not after.tight and follows is not None and follows.kind is Kind.WORD
        case kind:
            return kind in _QUIET or kind is Kind.CLOSE


def _claim(view: View, begin: int, line: str, tokens: Sequence[Token], found: _Sides) -> UnitClaim | None:
    sides = _Sides(*(_inside(tokens, side) for side in found))
    left, right = (parse(tokens[side.first : side.last]) for side in sides)
    if left is None or right is None or not _has_unit(left) or not _is_result(tokens, sides.right, right):
        return None
    start = tokens[min(side.first for side in sides)].start
    end = tokens[max(side.last for side in sides) - 1].end
    text = line[start:end]
    if len(text) > 2 * MAX_CHARACTERS or text in view.prompt or text in view.before:
        return None  # too long to be one, or quoted from the problem or the text so far
    if not context.standing(view.text, begin + start, begin + end, view.before):
        return None
    around = line[max(start - NEAR, 0) : start] + " = " + line[end : end + NEAR]
    if _CHANGE.search(around) is not None and computes(left):
        return None  # "10 m/s * 3 s = 30 m/s", for a speed that grows every second
    if _is_hourly(left, around):
        return None  # "in one hour it flies 580 miles / 2 hours = 290 miles"
    base = view.start + begin
    return UnitClaim(
        span=Span(base + start, base + end),
        text=text,
        computation=_span(tokens, sides.left, base),
        result=_span(tokens, sides.right, base),
        left=left,
        right=right,
        scaled=any(_scaled(part) for part in (view.prompt, view.before, around)),
        cut=view.final and begin + end == len(view.text),
    )


def _inside(tokens: Sequence[Token], side: Side) -> Side:
    """The side without a dollar sign that opens mathematics: an amount of money has no other unit."""
    return Side(side.first + 1, side.last) if tokens[side.first].kind is Kind.CURRENCY else side


def _span(tokens: Sequence[Token], side: Side, base: int) -> Span:
    return Span(base + tokens[side.first].start, base + tokens[side.last - 1].end)


def _is_result(tokens: Sequence[Token], side: Side, expression: Expression) -> bool:
    """Whether this is what one writes as a result: a quantity, perhaps in several units, and nothing to be computed."""
    return _has_unit(expression) and not any(
        token.kind is Kind.OPERATOR and token.end > token.start and not (token.text == "/" and token.tight)
        for token in tokens[side.first + 1 : side.last]
    )


def _is_hourly(left: Expression, around: str) -> bool:
    parts = list(subexpressions(left))
    rates = any(isinstance(part, Quantity) and "/" in part.unit for part in parts)
    divides = any(isinstance(part, Binary) and part.operator == "/" for part in parts)
    return divides and not rates and _HOURLY.search(around) is not None


def _has_unit(expression: Expression) -> bool:
    return any(isinstance(part, Quantity) for part in subexpressions(expression))


@lru_cache(maxsize=32)
def _variables(text: str) -> frozenset[str]:
    """The letters that stand for a number somewhere in the text, though they might stand for a unit."""
    return frozenset(_VARIABLE.findall(_UPRIGHT.sub("", text)))


@lru_cache(maxsize=32)
def _scaled(text: str) -> bool:
    return _SCALE.search(text) is not None
