"""Trying again what nobody has noticed yet: at other endpoints, and after a pause."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import anyio

from ...arguments import AMOUNT, COUNT, expect
from ...errors import SourceError
from .endpoints import Endpoint
from .refusals import Failure

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """How often a request is tried, and how long one waits in between: at random, up to `base`, 2 `base`, 4 `base`, ...

    `most` bounds that, `longest` is the longest wait that a server may ask for (`retry-after`). All in seconds.

    Raises `UsageError` for what is no such number.
    """

    attempts: int = 3
    base: float = 0.25
    most: float = 8.0
    longest: float = 30.0

    def __post_init__(self) -> None:
        expect(self, {"attempts": COUNT, **dict.fromkeys(("base", "most", "longest"), AMOUNT)})


class Success(NamedTuple, Generic[T]):
    """What came of it, and the place of the endpoint that gave it."""

    place: int
    value: T


async def first_success(
    endpoints: Sequence[Endpoint], first: int, once: Callable[[Endpoint], Awaitable[T | Failure]], retrying: Retrying
) -> Success[T]:
    """The first success of `once`: at each endpoint, from place `first` on, then at those that may be asked again.

    Raises `SourceError` with the last failure, `transient` where it may go better another time.
    """
    order = [*range(first, len(endpoints)), *range(first)]
    for attempt in range(retrying.attempts):
        failures: list[Failure] = []
        for place in order:
            outcome = await once(endpoints[place])
            if not isinstance(outcome, Failure):
                return Success(place, outcome)
            if not outcome.transient:
                raise SourceError(outcome.message)
            failures.append(outcome)
        *_, last = failures
        order = [place for place, failure in zip(order, failures, strict=True) if failure.again]
        if not order or attempt + 1 >= retrying.attempts:
            break
        asked = min(failure.wait or 0.0 for failure in failures if failure.again)
        if asked > retrying.longest:
            raise SourceError(f"{last.message}; it asks to wait {asked:.0f} s")
        pause = _random.uniform(0, min(retrying.base * 2**attempt, retrying.most))
        await anyio.sleep(max(pause, asked))
    many = len(endpoints)
    raise SourceError(
        last.message if many == 1 else f"none of {many} endpoints answers; {last.message}", transient=True
    )


_random = random.SystemRandom()
