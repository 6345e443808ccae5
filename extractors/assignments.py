"""What a text says that named variables are: `x = 5`, `colour: red`, `{"x": 5}`, `| x | 5 |`, `x is 5`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, NamedTuple, TypeAlias

from midtrace import Span, View

from ._context import standing
from ._terms import Boolean, Choice, Integer, Real, Sort, Term, Value, equals

MAX_CLAIMS = 200
"""Claims that are read from one view; the first ones."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that the text says, as a term. `span` is where, in characters of the generated text."""

    term: Term
    span: Span
    text: str


Claims: TypeAlias = tuple[Claim, ...]
"""Claims in text order."""


class _Found(NamedTuple):
    name: str
    value: Value
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Assignments:
    """Reads the values that a text gives to these variables; upper and lower case are alike.

    A hypothesis, a question and a negation are left out, and so is a value that the variable cannot have: it may be
    meant for something else.
    """

    variables: Mapping[str, Sort]

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> Claims | None:
        """The claims of the unit, or None if it makes none. Time is linear in the unit's length."""
        names = {name.casefold(): name for name in self.variables}
        claims: list[Claim] = []
        for found in self._found(view.text, names):
            if not view.final and found.end == len(view.text):
                continue  # the value may go on
            if not standing(view.text, found.start, found.end, view.before):
                continue
            span = Span(view.start + found.start, view.start + found.end)
            claims.append(Claim(equals(found.name, found.value), span, view.text[found.start : found.end]))
            if len(claims) == MAX_CLAIMS:
                break
        return tuple(claims) or None

    def _found(self, text: str, names: Mapping[str, str]) -> Iterator[_Found]:
        if not names:
            return
        for match in _pattern(tuple(names)).finditer(text):
            name = names[match["name"].casefold()]
            value = _value(match["value"], self.variables[name])
            before = text[max(match.start() - 3, 0) : match.start()].rstrip(" \t")
            if value is not None and (before.endswith("**") or before[-1:] not in _OPERATORS):
                yield _Found(name, value, match.start("name"), match.start("value") + len(_literal(match["value"])))


# A number that an operator follows is the beginning of a computation.
_NUMBER = r"[-−]?[0-9]{1,30}(?:,[0-9]{3}){0,9}(?:\.[0-9]{1,30})?(?:/[0-9]{1,20})?"
_NO_MORE = r"(?![\w%]|[.,][0-9]|[ \t]{0,3}[-−+*/^×·(\\][ \t]{0,3}[\w(\\])"
_VALUE = rf"""(?P<value>[$€£]?{_NUMBER}{_NO_MORE}|[^\W\d_][^\n,;|"`*{{}}()]{{0,60}})"""
_BETWEEN = r"""["'`*]{0,3}(?:[ \t]{0,3}(?:=|:|:=|\||is|equals)[ \t]{0,3}){1,2}["'`*]{0,3}"""

_OPERATORS = frozenset("+-−*/^×·)=<>≤≥≠(")


def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    # `re` keeps what it has compiled, so this is done once a worker.
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w.])(?P<name>{alternatives}){_BETWEEN}{_VALUE}", re.IGNORECASE)


def _literal(text: str) -> str:
    return text.rstrip(" \t.'")


def _value(text: str, sort: Sort) -> Value | None:
    """The value that a variable of this sort has by this text; None where it cannot be read as one."""
    literal = _literal(text)
    match sort:
        case Integer() | Real():
            try:
                number = Fraction(literal.lstrip("$€£").replace("−", "-").replace(",", ""))
            except (ValueError, ZeroDivisionError):
                return None
            return None if isinstance(sort, Integer) and number.denominator != 1 else number
        case Boolean():
            word = literal.casefold()
            return word == "true" if word in {"true", "false"} else None
        case Choice(values):
            words = literal.casefold()
            return max((value for value in values if _begins(words, value.casefold())), key=len, default=None)
    return None


def _begins(text: str, value: str) -> bool:
    return text.startswith(value) and not text[len(value) : len(value) + 1].isalnum()
