"""Whether a trace mentions the values that somebody says are in it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from pydantic import BaseModel

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_WORD = re.compile(r"[^\W_]+")

DEPTH = 20
"""Levels of a state that are looked into."""


def missing(state: object, texts: Sequence[str]) -> str:
    """The first value in `state` that none of `texts` mentions, as text; empty where all are mentioned.

    Numbers are mentioned by value, whatever their sign (`1,200` is 1200.0), texts by their words in order, whatever
    their case. Names of fields, booleans and None are no values.
    """
    numbers = {_value(each) for text in texts for each in _NUMBER.findall(text)}
    words = "".join(f" {word}" for text in texts for word in [*_WORD.findall(text.casefold()), ""]) + " "
    for value in _leaves(state, DEPTH):
        if isinstance(value, str):
            said = _WORD.findall(value.casefold())
            if said and f" {' '.join(said)} " not in words:
                return value
        elif abs(value) not in numbers:
            return str(value)
    return ""


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


def _leaves(state: object, depth: int) -> Iterator[str | Decimal]:
    if depth == 0:
        return
    match state:
        case None | bool():
            return
        case str():
            number = _as_number(state)
            yield state if number is None else number
        case int() | float() | Decimal():
            number = _as_number(str(state))
            if number is not None:
                yield number
        case Mapping():
            yield from _all(state.values(), depth)
        case BaseModel():
            yield from _all((each for _, each in state), depth)
        case Iterable():
            yield from _all(state, depth)
        case _ if dataclasses.is_dataclass(state):
            yield from _all((getattr(state, each.name) for each in dataclasses.fields(state)), depth)


def _all(states: Iterable[object], depth: int) -> Iterator[str | Decimal]:
    for each in states:
        yield from _leaves(each, depth - 1)


def _as_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
