"""What arguments of sources have to be: said once, and held against what is given before anything starts."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeGuard

from ..errors import UsageError


class Expected(NamedTuple):
    """What a value has to be, in words; one that is `secret` is not repeated."""

    fits: Callable[[object], bool]
    words: str
    secret: bool = False


def expect(owner: object, expected: Mapping[str, Expected]) -> None:
    """Hold the attributes of `owner` against what is expected of each. Raises `UsageError` for the first that fails."""
    for name, (fits, words, secret) in expected.items():
        value: object = getattr(owner, name)
        if not fits(value):
            given = "..." if secret else f"{value!r:.60}"
            raise UsageError(f"{type(owner).__name__}({name}={given}): expected {words}")


def or_none(expected: Expected) -> Expected:
    """The same, or None."""
    fits = expected.fits
    return Expected(lambda value: value is None or fits(value), f"{expected.words}, or None", expected.secret)


def one_of(*values: object) -> Expected:
    """One of these."""
    *most, last = map(repr, values)
    return Expected(lambda value: value in values, f"{', '.join(most)} or {last}")


def instance_of(kind: type) -> Expected:
    """A value of this class."""
    return Expected(lambda value: isinstance(value, kind), f"{kind.__name__}(...)")


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_list(value: object, kind: type) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str | bytes)
        and all(isinstance(each, kind) for each in value)
    )


def _names(value: object, kind: type) -> bool:
    return isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, kind) for k, v in value.items())


COUNT = Expected(lambda value: _is_whole(value) and value >= 1, "1 or more")
COUNT_OR_NOTHING = Expected(lambda value: _is_whole(value) and value >= 0, "0 or more")
WHOLE = Expected(_is_whole, "a whole number")
HEAT = Expected(lambda value: _is_number(value) and value >= 0, "0 or more")
SHARE = Expected(lambda value: _is_number(value) and 0 < value <= 1, "above 0, and 1 at most")
SECONDS = Expected(lambda value: _is_number(value) and value > 0, "seconds above 0")
TEXT = Expected(lambda value: isinstance(value, str), "text")
TEXTS = Expected(lambda value: _is_list(value, str), "texts, such as ['\\n\\n']")
SWITCH = Expected(lambda value: isinstance(value, bool), "True or False")
OBJECT = Expected(lambda value: _names(value, object), "fields of a request's body by name")
OBJECTS = Expected(lambda value: _is_list(value, Mapping), "objects as the server takes them")
PATH = Expected(lambda value: isinstance(value, str | os.PathLike), "the path of a file")
KEY = Expected(lambda value: isinstance(value, str), "text", secret=True)
HEADERS = Expected(lambda value: _names(value, str), "texts by name", secret=True)

GENERATING = {"max_tokens": COUNT, "temperature": HEAT, "stop": TEXTS}
"""What every source that generates is given."""

DECODING = {**GENERATING, "top_p": SHARE, "seed": WHOLE, "stretch": COUNT}
"""What a model in this process is given."""
