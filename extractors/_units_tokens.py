"""Unit phrases in a line of tokens: `36 cm^2`, `60 miles per hour`, `12 square feet`, `2 hours and 30 minutes`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ._scanner import tokenize
from ._tokens import Kind, Token
from ._units_table import NAMES, UNITS

_SYMBOL = 2
_SQUARES = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_POWERED = {"squared": 2, "cubed": 3}
_ONE = frozenset({"a", "an", "one"})
_MEASURED = frozenset({Kind.NUMBER, Kind.CLOSE})
# 120/60 minutes is a division on the way from minutes to hours, 3/4 hours are three quarters of an hour
_PARTS = frozenset({"2", "3", "4", "5", "6", "8", "10"})
_LETTERS = frozenset("msghlL")


def measured(line: str) -> list[Token]:
    """The tokens of a line with each unit phrase behind a number as one `UNIT`, whose text is `cm^2` or `mi/h`.

    `an hour` is `1 hour`; `2 hours and 30 minutes` and `5 feet 6 inches` are sums in brackets, and so is the `3/4` of
    `3/4 hours`. Any other word stays what it is.
    """
    return _summed(_divided(list(_joined(_flat(line)))))


def letters(tokens: Sequence[Token]) -> set[str]:
    """The units of a single letter, which may be a variable's name."""
    found = (re.findall(r"[A-Za-z]+", token.text) for token in tokens if token.kind is Kind.UNIT)
    return {name for names in found for name in names if name in _LETTERS}


def _flat(line: str) -> list[Token]:
    """The tokens of a line; those inside `\\text{ km/h}` as well."""
    flat: list[Token] = []
    for token in tokenize(line)[0]:
        if token.kind is Kind.WORD and not token.text.isalpha():
            inner, _ = tokenize(token.text)
            flat += [each._replace(start=token.start, end=token.end) for each in inner]
        else:
            flat.append(token)
    return flat


def _joined(tokens: Sequence[Token]) -> Iterator[Token]:
    at, before = 0, None
    while at < len(tokens):
        token = tokens[at]
        one = token.kind is Kind.WORD and token.text.lower() in _ONE and before is not Kind.NUMBER
        begin = at + 1 if one else at
        phrase = _phrase(tokens, begin) if one or before in _MEASURED else None
        if phrase is None:
            yield token
            at += 1
        else:
            unit, end = phrase
            if one:
                yield Token(Kind.NUMBER, "1", token.start, token.end, token.tight)
            yield Token(Kind.UNIT, unit, tokens[begin].start, tokens[end - 1].end, tokens[begin].tight)
            at, token = end, tokens[end - 1]._replace(kind=Kind.UNIT)
        before = token.kind


def _phrase(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """The unit phrase at a token and where it ends."""
    first = _factor(tokens, at)
    if first is None:
        return None
    unit, at = first
    if _text(tokens, at) in {"/", "per"}:
        begin = at + 2 if _text(tokens, at + 1) in _ONE else at + 1
        second = _factor(tokens, begin)
        if second is not None:
            return f"{unit}/{second[0]}", second[1]
        if _kind(tokens, at + 1) is Kind.WORD or _text(tokens, at) == "per":
            return None  # "grams/bar"
    return None if tokens[at - 1].text == "in" and _kind(tokens, at) is Kind.WORD else (unit, at)


def _factor(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    power = _SQUARES.get(_text(tokens, at).lower(), 1)
    if power > 1:
        at += 2 if _text(tokens, at + 1) == "." else 1
    unit = _unit(tokens, at)
    if unit is None:
        return None
    at += 1
    if power == 1 and (word := _POWERED.get(_text(tokens, at).lower())) is not None:
        power, at = word, at + 1
    elif power == 1 and _text(tokens, at) == "^":
        braced = _text(tokens, at + 1) == "{"
        exponent = _text(tokens, at + 1 + braced)
        if exponent not in {"2", "3"} or (braced and _text(tokens, at + 3) != "}"):
            return None
        power, at = int(exponent), at + 2 + 2 * braced
    return (unit if power == 1 else f"{unit}^{power}"), at


def _unit(tokens: Sequence[Token], at: int) -> str | None:
    if _kind(tokens, at) is not Kind.WORD:
        return None
    word = tokens[at].text
    name = word if len(word) <= _SYMBOL else word.lower()
    return NAMES[name] if name in UNITS else None


def _divided(tokens: list[Token]) -> list[Token]:
    """The tokens with brackets around the fraction of `3/4 hours`."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        found.append(token)
        if token.kind is not Kind.UNIT or at < 3 or [each.kind for each in found[-4:-1:2]] != [Kind.NUMBER] * 2:
            continue
        upper, slash, lower = found[-4:-1]
        before = found[-5].kind if len(found) > 4 else None
        tight = slash.text == "/" and slash.tight and lower.tight
        if tight and lower.text in _PARTS and before not in {Kind.NUMBER, Kind.OPERATOR, Kind.CLOSE}:
            opening = Token(Kind.OPEN, "(", upper.start, upper.start, upper.tight)
            closing = Token(Kind.CLOSE, ")", lower.end, lower.end, tight=True)
            found[-4:-1] = [opening, upper._replace(tight=True), slash, lower, closing]
    return found


def _summed(tokens: list[Token]) -> list[Token]:
    """The tokens with quantities of several units as sums in brackets."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        run = _run(tokens, at)
        if len(run) < 2:
            found.append(tokens[at])
            at += 1
            continue
        start, end = tokens[at], tokens[run[-1] + 1]
        found.append(Token(Kind.OPEN, "(", start.start, start.start, start.tight))
        for n, number in enumerate(run):
            if n:
                found.append(Token(Kind.OPERATOR, "+", tokens[number].start, tokens[number].start, tight=False))
            found += tokens[number : number + 2]
        found.append(Token(Kind.CLOSE, ")", end.end, end.end, tight=True))
        at = run[-1] + 2
    return found


def _run(tokens: Sequence[Token], at: int) -> list[int]:
    """Where the numbers of a quantity of several units stand, each unit smaller than the one before."""
    run: list[int] = []
    while _kind(tokens, at) is Kind.NUMBER and _kind(tokens, at + 1) is Kind.UNIT:
        if run and not _smaller(tokens[at + 1].text, tokens[run[-1] + 1].text):
            break
        run.append(at)
        at += 3 if _text(tokens, at + 2) == "and" else 2
    return run


def _smaller(unit: str, other: str) -> bool:
    if unit not in UNITS or other not in UNITS:
        return False
    one, whole = UNITS[unit][0], UNITS[other][0]
    return one.powers == whole.powers and one.size < whole.size


def _text(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].text if at < len(tokens) else ""


def _kind(tokens: Sequence[Token], at: int) -> Kind | None:
    return tokens[at].kind if at < len(tokens) else None
