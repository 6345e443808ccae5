"""When two answers are the same one: what is said counts, not how it is set.

Nothing is ever looked for inside an answer: no letter of an option, no number, no word. Answers that differ in more
than this module says are different answers, and reasoning goes on.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from fractions import Fraction

from midtrace import Span

LONGEST = 1_000
"""Characters of an answer whose setting is looked at; a longer one is compared as it is."""

DEPTH = 20
"""Levels of a state that are looked into; what is deeper is compared as it is."""

_NUMBER = re.compile(
    r"([-+]?)\s?(?:\\?\$)?\s?((?:[0-9]{1,3}(?:,[0-9]{3}){1,30}|[0-9]{0,200})(?:\.[0-9]{1,200})?)(?:[eE]([-+]?[0-9]{1,3}))?"
)
_QUOTIENT = re.compile(
    r"([-+]?)\s?(?:\\[dt]?frac\s?\{\s?([0-9]{1,200})\s?\}\s?\{|([0-9]{1,200})\s?/)\s?([0-9]{1,200})\s?\}?"
)
_AROUND_SIGNS = re.compile(r" ?([=+*/^×÷·,;<>()\[\]{}]) ?| (-) ")
_PAIRS = (
    ("**", "**"),
    ("`", "`"),
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("\\boxed{", "}"),
    ("\\text{", "}"),
    ("(", ")"),
)
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"))


def same(first: object, second: object) -> bool:
    """Whether two answers say the same.

    Numbers count by their exact value, texts by their words: white space, mark-up and punctuation around them, and
    spaces around signs, do not. States of any type count by their fields, without the places where they were read.
    """
    return bool(_plain(first, DEPTH) == _plain(second, DEPTH))


def _plain(value: object, depth: int) -> object:
    """A value that is equal for answers that are the same."""
    if depth == 0:
        return value
    match value:
        case bool():
            return "truth", value
        case str():
            return _of_text(value)
        case int() | Fraction():
            return "number", Fraction(value)
        case float() | Decimal():
            return ("number", Fraction(str(value))) if math.isfinite(value) else ("text", str(value))
        case Span():
            return None
        case Mapping():
            pairs = ((_plain(name, depth - 1), _plain(each, depth - 1)) for name, each in value.items())
            return "mapping", sorted(pairs, key=lambda pair: repr(pair[0]))
        case list() | tuple():
            return "row", [_plain(each, depth - 1) for each in value]
        case AbstractSet():
            return "set", sorted((_plain(each, depth - 1) for each in value), key=repr)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            parts = [_plain(getattr(value, each.name), depth - 1) for each in dataclasses.fields(value)]
            return type(value), parts
        case _:
            return value


def _of_text(text: str) -> object:
    if len(text) > LONGEST:
        return "text", text
    said, quoted = _bare(" ".join(text.split()).replace("\u2212", "-").replace("{,}", ","))
    number = None if quoted else _number(said)
    return ("text", _AROUND_SIGNS.sub(r"\1\2", said)) if number is None else ("number", number)


def _bare(text: str) -> tuple[str, bool]:
    """The text without what surrounds it, and whether quotation marks did: a quoted number is a text."""
    quoted = False
    while True:
        before = text
        text = text.strip().rstrip(",;:")
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        if text.endswith("!") and text[-2:-1].isalpha():  # behind a number it is a factorial
            text = text[:-1]
        for opening, closing in (*_PAIRS, *_QUOTES):
            inner = text[len(opening) : len(text) - len(closing)]
            framed = text.startswith(opening) and text.endswith(closing) and len(inner) + 1 < len(text)
            # A pair or an interval is more than what it holds, and brackets may belong to different pairs.
            if framed and inner and not any(sign in inner for sign in (opening, closing)) and "," not in inner:
                text = inner
                quoted = quoted or (opening, closing) in _QUOTES
        if text == before:
            return text, quoted


def _number(text: str) -> Fraction | None:
    quotient = _QUOTIENT.fullmatch(text)
    if quotient is not None:
        sign, above, over, below = quotient.groups()
        framed = above is not None
        if framed != text.endswith("}") or int(below) == 0:
            return None
        value = Fraction(int(above or over), int(below))
        return -value if sign == "-" else value
    number = _NUMBER.fullmatch(text)
    if number is None or not number.group(2):
        return None
    sign, digits, power = number.groups()
    value = Fraction(digits.replace(",", "")) * Fraction(10) ** int(power or 0)
    return -value if sign == "-" else value
