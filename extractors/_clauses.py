"""A line's tokens with unit phrases joined, and where the expression beside a relation begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ._parser import MAX_TOKENS
from ._tokens import Kind, Token
from ._words import COLLECTIVES, CONNECTIVES, LABELS, NOT_UNITS, NUMERALS, OPERATIONS, SUFFIX_UNITS

_TERM = frozenset(
    {Kind.NUMBER, Kind.OPERATOR, Kind.OPEN, Kind.CLOSE, Kind.CURRENCY, Kind.PERCENT, Kind.DEGREE, Kind.MACRO, Kind.UNIT}
)
_MEASURABLE = frozenset({Kind.NUMBER, Kind.CLOSE, Kind.PERCENT})
_CONTINUES = frozenset({Kind.OPERATOR, Kind.EQUALS, Kind.CLOSE})
_QUIET = frozenset({Kind.STOP, Kind.BREAK, Kind.DELIMITER, Kind.QUOTE, Kind.RELATION, Kind.EQUALS})


class Side(NamedTuple):
    """The tokens `[first, last)` of one side of a relation."""

    first: int
    last: int


def join_units(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with each unit phrase (`chocolate bars`, `miles per hour`, `(monkeys)`) as one `UNIT`."""
    joined: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        stop = _unit_end(tokens, at) if joined and joined[-1].kind in _MEASURABLE else at
        if stop > at:
            words = ["/" if part.text == "per" else part.text for part in tokens[at:stop]]
            joined.append(Token(Kind.UNIT, " ".join(words), token.start, tokens[stop - 1].end, token.tight))
            at = stop
        else:
            joined.append(token)
            at += 1
    return joined


def _unit_end(tokens: Sequence[Token], at: int) -> int:
    """The end of the unit phrase that begins at `at`, or `at` where there is none."""
    if tokens[at].kind is Kind.OPEN and tokens[at].text == "(":
        return _comment_end(tokens, at)
    end = _words_end(tokens, at, 3)
    if end < len(tokens) and tokens[end].text in {"per", "/"}:
        after = _words_end(tokens, end + 1, 2, denominator=True)
        if after > end + 1:
            end = after
    return end if end == len(tokens) or tokens[end].kind in _CONTINUES else at


def _words_end(tokens: Sequence[Token], at: int, limit: int, *, denominator: bool = False) -> int:
    end = at
    while end < len(tokens) and end - at < limit and tokens[end].kind is Kind.WORD:
        word = tokens[end].text
        if word.lower() in NOT_UNITS or (len(word) == 1 and not (denominator and word in {"h", "s", "g", "L"})):
            break
        if tokens[end].tight and end == at and not denominator and word not in SUFFIX_UNITS:
            break
        end += 1
    return end


def _comment_end(tokens: Sequence[Token], at: int) -> int:
    end = at + 1
    while end < len(tokens) and end - at <= 5 and tokens[end].kind is Kind.WORD:
        end += 1
    closed = end > at + 1 and end < len(tokens) and tokens[end].text == ")" and tokens[end].kind is Kind.CLOSE
    single = end == at + 2 and len(tokens[at + 1].text) == 1
    return end + 1 if closed and not single and not tokens[at].tight else at


def side_before(tokens: Sequence[Token], relation: int) -> Side | None:
    """The maximal expression that ends at `relation`; None if nothing ends there or it is beyond the limits."""
    at, depth = relation, 0
    while at > 0 and tokens[at - 1].kind in _TERM:
        token = tokens[at - 1]
        if token.kind is Kind.CLOSE:
            depth += 1
        elif token.kind is Kind.OPEN:
            if not depth:
                break
            depth -= 1
        at -= 1
        if relation - at > MAX_TOKENS:
            return None
    while at < relation and _detached(tokens, at):
        at += 1
    return Side(at, relation) if at < relation else None


def _detached(tokens: Sequence[Token], at: int) -> bool:
    """Whether the token closes a remark in front of the expression: `(Monday) 3 + 4`."""
    token = tokens[at]
    if token.kind is not Kind.CLOSE or token.text != ")" or at == 0 or tokens[at - 1].kind is not Kind.WORD:
        return False
    follows = tokens[at + 1] if at + 1 < len(tokens) else None
    return follows is not None and not follows.tight and follows.kind in {Kind.NUMBER, Kind.CURRENCY}


def side_after(tokens: Sequence[Token], relation: int) -> Side | None:
    """The expression that begins behind `relation`, up to the first token that is none of it."""
    at, depth = relation + 1, 0
    while at < len(tokens) and tokens[at].kind in _TERM:
        token = tokens[at]
        if token.kind is Kind.OPEN:
            follows = tokens[at + 1] if at + 1 < len(tokens) else None
            if at > relation + 1 and not token.tight and follows is not None and follows.kind is Kind.WORD:
                break  # "= 12 (since ...": a remark
            depth += 1
        elif token.kind is Kind.CLOSE:
            if not depth:
                break
            depth -= 1
        at += 1
        if at - relation > MAX_TOKENS:
            return None
    return Side(relation + 1, at) if at > relation + 1 else None


def starts_clean(tokens: Sequence[Token], side: Side) -> bool:
    """Whether nothing in front of the expression could belong to it."""
    first = tokens[side.first]
    if first.kind is Kind.OPERATOR and not (first.text == "-" and _sign(tokens, side.first)):
        return False
    if side.first == 0:
        return True
    before = tokens[side.first - 1]
    if before.kind is Kind.STOP:
        if first.tight:
            return False
        ratio = (
            before.text == ":" and not before.tight and side.first > 1 and tokens[side.first - 2].kind is Kind.NUMBER
        )
        return not ratio
    if before.kind is Kind.OPEN:
        outer = tokens[side.first - 2] if side.first > 1 else None
        return before.text != "{" or (outer is not None and outer.kind is Kind.MACRO and outer.text == "boxed")
    if before.kind is Kind.CLOSE:
        return not first.tight
    if before.kind is Kind.WORD:
        return not first.tight and _harmless(tokens, side.first - 1)
    return before.kind in _QUIET


def _sign(tokens: Sequence[Token], at: int) -> bool:
    if at + 1 >= len(tokens) or not tokens[at + 1].tight:
        return False
    before = tokens[at - 1] if at else None
    if before is None or before.kind in _QUIET or before.kind is Kind.OPEN:
        return True
    return before.kind is Kind.WORD and before.text.lower() in CONNECTIVES


def _harmless(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at `at` takes nothing from the expression behind it."""
    word = tokens[at].text
    lower = word.lower().rsplit(" ", 1)[-1]
    before = tokens[at - 1] if at else None
    if lower == "of":
        return before is not None and before.text.lower() in COLLECTIVES
    if lower in {"to", "and"}:  # "equal to 3 + 4", "apples and 3 + 4": harmless unless a number stands before
        return before is not None and before.kind is Kind.WORD and before.text.lower() not in NUMERALS
    if len(word) == 1 and word not in {"a", "A", "I"}:
        return False
    return lower not in OPERATIONS and lower not in LABELS and lower not in NUMERALS


def ends_clean(tokens: Sequence[Token], side: Side) -> bool:
    """Whether nothing behind the result could belong to it."""
    if side.last >= len(tokens):
        return True
    after = tokens[side.last]
    if after.kind is Kind.STOP:
        follows = tokens[side.last + 1] if side.last + 1 < len(tokens) else None
        if follows is None or follows.kind is not Kind.NUMBER:
            return True
        split = after.text == "," and len(follows.text) == 3 and len(tokens[side.last - 1].text) <= 3
        return after.text != ":" and not split  # "= 5, 000"
    if after.kind is Kind.WORD:
        if after.tight and after.text not in SUFFIX_UNITS:
            return False
        return _neutral(tokens, side.last)
    if after.kind is Kind.OPEN:
        return not after.tight
    return after.kind in _QUIET or after.kind is Kind.CLOSE


def _neutral(tokens: Sequence[Token], at: int) -> bool:
    """Whether the words behind a result leave its value alone."""
    lower = tokens[at].text.lower()
    if len(lower) == 1 and lower != "a":
        return False
    if lower in NUMERALS or lower in {"or", "mod", "modulo", "remainder", "of", "out", "plus", "minus", "divided", "am",
                                      "pm", "o'clock", "over", "multiplied", "squared", "cubed"}:  # fmt: skip
        return False
    for offset in range(1, 5):  # "= 2 hours and 30 minutes", "= 3 times 4"
        kind = _kind_at(tokens, at + offset)
        if kind is Kind.NUMBER:
            previous = tokens[at + offset - 1]
            return previous.kind is Kind.STOP or previous.text.lower() not in {"and", "times", "plus", "minus"}
        if kind is not Kind.WORD:
            return True
        if offset == 1 and tokens[at + 1].text.lower() in NUMERALS:
            return False
    return True


def _kind_at(tokens: Sequence[Token], at: int) -> Kind | None:
    return tokens[at].kind if at < len(tokens) else None


def words_after(tokens: Sequence[Token], at: int) -> list[str]:
    """Up to three words behind a result: its unit, if it has one."""
    words: list[str] = []
    while at < len(tokens) and len(words) < 3 and (tokens[at].kind is Kind.WORD or tokens[at].text == "/"):
        words += tokens[at].text.lower().split()[:3]
        at += 1
    return words
