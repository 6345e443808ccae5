"""Whether a trace mentions the values that somebody says are in it."""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from pydantic import BaseModel

from midtrace import Span

DEPTH = 20
"""Levels of a state that are looked into."""

VALUES = 2_000
"""Values of a state, and groups of them, that are looked for: each costs up to one search of the text."""

DIGITS = 4_000
"""Digits of an integer in a state; turning longer ones into text takes more than linear time."""

SHOWN = 80

# Possessive, so that no digit is read twice. A point begins a number where no other one ends: `.5`, not `1.2.5`.
_EXPONENT = r"(?:e[+-]?\d++(?![^\W_]))?+"
_NUMERAL = rf"(?:\d++(?:,\d++)*+(?:\.\d++)?+|(?<![\w.])\.\d++){_EXPONENT}"
_NUMBER = re.compile(_NUMERAL)
_SIGNED = re.compile(rf"[+\-\u2212]?({_NUMERAL})")
_RATIO = re.compile(r"(?<![\d.,/])(\d++) ?/ ?(\d++)(?![.,]\d| ?/)")
_WORD = re.compile(rf"({_NUMERAL})([^\W_]*+)|([^\W_]++)")


def missing(state: object, texts: Sequence[str]) -> str:
    """What in `state` none of `texts` mentions, described in one line; empty where all is mentioned.

    Numbers are mentioned by their exact value, whatever their sign and the way they are written (`1,200`, `.5`, `1e21`;
    a `Fraction` also as `1/3`); texts by their words in order, whatever their case and what stands between them, and
    without any word literally, white space aside; an `Enum` by its value, dates as ISO writes them. Fields of models,
    dataclasses and named tuples count, their names do not; of any other mapping the keys count too. None and booleans
    are no values.

    What is not understood is not mentioned: values of other types, iterators (which are left as they are), numbers
    that are not finite, integers of more than `DIGITS` digits, what lies below `DEPTH` levels, and more than `VALUES`
    values.
    """
    try:
        return next(_Said(texts).lacks(state, DEPTH), "")
    except Exception as error:  # noqa: BLE001  (the state is of any class, and its attributes may be code)
        return f"a value that cannot be looked into ({type(error).__name__:.{SHOWN}})"


class _Said:
    """What texts mention, ready to be looked up."""

    def __init__(self, texts: Sequence[str]) -> None:
        folded = [text.casefold() for text in texts]
        self._numbers = {each for text in folded for found in _NUMBER.findall(text) for each in _values(found)}
        self._ratios = {(_plain(top), _plain(low)) for text in folded for top, low in _RATIO.findall(text)}
        # Two spaces part the texts, so that no words of a state reach from one into the next.
        self._words = "".join(f" {word}" for text in folded for word in (*_words(text), "")) + " "
        self._marks = ["".join(text.split()) for text in folded]
        self._left = VALUES

    def lacks(self, state: object, depth: int) -> Iterator[str]:
        """Descriptions of what is not mentioned in `state`."""
        self._left -= 1
        if self._left < 0 or depth == 0:
            yield f"more than {VALUES:,} values" if depth else f"a value below {DEPTH} levels"
            return
        match state:
            case None | bool() | Span():  # a span says where something stands, not what
                return
            case Enum():
                yield from self.lacks(state.value, depth - 1)
            case str():
                if not self._tells(state):
                    yield _shown(state)
            case int() | float() | Decimal() | Fraction():
                yield from self._lacks_number(state)
            case date():
                if not self._tells(state.isoformat()):
                    yield _shown(state.isoformat())
            case _:
                parts = _parts(state)
                if parts is None:
                    yield f"a value of type {type(state).__name__:.{SHOWN}}"
                else:
                    for each in parts:
                        yield from self.lacks(each, depth - 1)

    def _tells(self, value: str) -> bool:
        text = value.casefold().strip()
        if (number := _SIGNED.fullmatch(text)) and len(values := _values(number[1])) == 1:
            return values[0] in self._numbers
        if words := " ".join(_words(text)):
            return f" {words} " in self._words
        marks = "".join(text.split())
        return not marks or any(marks in said for said in self._marks)

    def _lacks_number(self, number: float | Decimal | Fraction) -> Iterator[str]:
        match number:
            case float():
                finite = math.isfinite(number)
            case Decimal():
                finite = number.is_finite()
            case _:
                finite = True
                if max(abs(number.numerator), number.denominator) >= _LONGEST:
                    yield f"a number of more than {DIGITS:,} digits"
                    return
        if not finite:
            yield f"a number that is not finite ({str(number)[:SHOWN]})"
        elif isinstance(number, Fraction):
            ratio = (str(Decimal(abs(number.numerator))), str(Decimal(number.denominator)))
            if ratio not in self._ratios and _value_of_fraction(number) not in self._numbers:
                yield _shown("/".join(ratio))
        else:
            exact = Decimal(float.__repr__(number)) if isinstance(number, float) else Decimal(number)
            _, digits, exponent = exact.as_tuple()
            if _value("".join(map(str, digits)), int(exponent)) not in self._numbers:
                yield _shown(str(exact))


_LONGEST = 10**DIGITS


def _parts(state: object) -> Iterable[object] | None:
    """The values that a state is made of; None where nobody knows."""
    match state:
        case BaseModel():
            # Names that the schema does not have come from the answer.
            return [*(getattr(state, name) for name in type(state).model_fields), state.__pydantic_extra__ or {}]
        case _ if dataclasses.is_dataclass(state) and not isinstance(state, type):
            return [getattr(state, each.name) for each in dataclasses.fields(state)]
        case Mapping():
            return (part for item in state.items() for part in item)
        case bytes() | bytearray() | memoryview():
            return None
        case Sequence() | AbstractSet():
            return state
        case _:
            return None


def _words(text: str) -> Iterator[str]:
    """Words of a text in lower case, the numbers among them as values: 3.5kg is not 5kg."""
    for number, unit, word in _WORD.findall(text):
        if number:
            *first, last = _values(number)
            yield from first
            yield f"{last}{unit}"
        else:
            yield word


def _values(numeral: str) -> list[str]:
    """What a numeral stands for: one value, or several where its commas part no thousands."""
    mantissa, _, power = numeral.partition("e")
    whole, _, part = mantissa.partition(".")
    groups = whole.split(",")
    if len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]):
        groups = ["".join(groups)]
    *first, last = (_ascii(group) for group in groups)
    digits = f"{last}{_ascii(part)}"
    if len(power) > 18:  # nothing else has such a value; it is mentioned as it is written
        return [*(_value(each, 0) for each in first), f"{digits}^{power}"]
    return [*(_value(each, 0) for each in first), _value(digits, int(power or 0) - len(part))]


def _value(digits: str, exponent: int) -> str:
    """digits * 10**exponent, the same text for the same value. A `^` is in no word."""
    digits = digits.lstrip("0")
    short = digits.rstrip("0")
    return f"{short}^{exponent + len(digits) - len(short)}" if short else "0^0"


def _value_of_fraction(number: Fraction) -> str:
    # A decimal fraction has no more decimals than its denominator has bits.
    places = number.denominator.bit_length()
    whole, rest = divmod(abs(number.numerator) * 10**places, number.denominator)
    return "" if rest else _value(str(Decimal(whole)), -places)


def _plain(digits: str) -> str:
    return _ascii(digits).lstrip("0")


def _ascii(digits: str) -> str:
    return digits if digits.isascii() else "".join(str(unicodedata.decimal(each)) for each in digits)


def _shown(value: str) -> str:
    # Cut before it is quoted: the whole may be long.
    return repr(value if len(value) <= SHOWN else f"{value[: SHOWN - 3]}...")
