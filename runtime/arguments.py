"""What arguments have to be: said once, and held against what is given before anything starts."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeGuard

from .errors import UsageError, alternatives


class Expected(NamedTuple):
    """What a value has to be, in words; one that is `secret` is not repeated."""

    fits: Callable[[object], bool]
    words: str
    secret: bool = False


def expect(owner: object, expected: Mapping[str, Expected], name: str = "") -> None:
    """Hold the attributes of `owner` against what is expected of each. Raises `UsageError` for the first that fails.

    `name` is what the message calls it; default: its class.
    """
    for each, (fits, words, secret) in expected.items():
        value: object = getattr(owner, each)
        if not fits(value):
            given = "..." if secret else f"{value!r:.60}"
            raise UsageError(f"{name or type(owner).__name__}({each}={given}): expected {words}")


def or_none(expected: Expected) -> Expected:
    """The same, or None."""
    fits = expected.fits
    return Expected(lambda value: value is None or fits(value), f"{expected.words}, or None", expected.secret)


def one_of(*values: object) -> Expected:
    """One of these."""
    return Expected(lambda value: value in values, alternatives(values))


def instance_of(kind: type) -> Expected:
    """A value of this class."""
    return Expected(lambda value: isinstance(value, kind), f"{kind.__name__}(...)")


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_list(value: object, kind: type) -> TypeGuard[Sequence[object]]:
    """Whether it is a list or the like of values of one class; text is none."""
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str | bytes)
        and all(isinstance(each, kind) for each in value)
    )


def _names(value: object, kind: type) -> bool:
    return isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, kind) for k, v in value.items())


COUNT = Expected(lambda value: _is_whole(value) and value >= 1, "1 or more in whole numbers")
COUNT_OR_NOTHING = Expected(lambda value: _is_whole(value) and value >= 0, "0 or more in whole numbers")
WHOLE = Expected(_is_whole, "a whole number")
AMOUNT = Expected(lambda value: _is_number(value) and value >= 0, "0 or more")
SHARE = Expected(lambda value: _is_number(value) and 0 < value <= 1, "above 0, and 1 at most")
POSITIVE = Expected(lambda value: _is_number(value) and value > 0, "a number above 0")
SECONDS = POSITIVE._replace(words="seconds above 0")
SECONDS_OR_EVER = Expected(lambda value: value == math.inf or AMOUNT.fits(value), "seconds, 0 or more")
TEXT = Expected(lambda value: isinstance(value, str), "text")
TEXTS = Expected(lambda value: is_list(value, str) and all(value), "texts, such as ['\\n\\n']")
SWITCH = Expected(lambda value: isinstance(value, bool), "True or False")
OBJECT = Expected(lambda value: _names(value, object), "fields of a request's body by name")
OBJECTS = Expected(lambda value: is_list(value, Mapping), "objects as the server takes them")
PATH = Expected(lambda value: isinstance(value, str | os.PathLike), "the path of a file")
KEY = Expected(lambda value: isinstance(value, str), "text", secret=True)
HEADERS = Expected(lambda value: _names(value, str), "texts by name", secret=True)

GENERATING = {"max_tokens": COUNT, "temperature": AMOUNT, "stop": TEXTS}
"""What every source that generates is given."""

DECODING = {**GENERATING, "top_p": SHARE, "seed": WHOLE, "stretch": COUNT}
"""What a model in this process is given."""
