"""How a value fares on its way to another process, and whether two values are the same."""

from __future__ import annotations

import pickle
from typing import TypeVar

import cloudpickle

from ..errors import one_line
from .conformance import ConformanceError, shown

T = TypeVar("T")


def packed(subject: object, value: object) -> bytes:
    """The value as bytes, as it travels to a worker. Raises `ConformanceError` where it cannot."""
    try:
        blob: bytes = cloudpickle.dumps(value)
    except Exception as error:
        raise ConformanceError(subject, "travels", f"{shown(value)} does not pickle ({one_line(error)})") from error
    return blob


def fresh(subject: object, value: T) -> T:
    """A copy that has been to bytes and back. Raises `ConformanceError` where there is no way back."""
    blob = packed(subject, value)
    try:
        copy: T = pickle.loads(blob)  # noqa: S301  (the test's own)
    except Exception as error:
        raise ConformanceError(subject, "travels", f"{shown(value)} does not unpickle ({one_line(error)})") from error
    return copy


def alike(one: object, other: object) -> bool:
    """Whether two values are the same: equal, or, for types that do not know equality, made of the same bytes."""
    try:
        if bool(one == other):
            return True
        # One round first, so that both owe their bytes to their content and not to how they came about.
        first, second = (pickle.loads(cloudpickle.dumps(value)) for value in (one, other))  # noqa: S301
        return bool(cloudpickle.dumps(first) == cloudpickle.dumps(second))
    except Exception:  # noqa: BLE001  (a foreign __eq__, an array, a value that does not pickle)
        return False
