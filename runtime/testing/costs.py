"""How cost grows with the length of a text, measured so that a busy machine does not matter."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import NamedTuple

TIMES = 8
"""How many times longer the long text is."""

LIMIT = 24.0
"""How many times more it may cost: 8 is linear, 64 quadratic."""

LINEAR = 10.0
"""Up to here nothing but linear work is in sight."""

ENOUGH = 0.003
"""Seconds of CPU that the short text has to cost before its cost says anything."""

TRIES = 4

SHORTEST, LONGEST = 64, 32_768

FARTHEST = 16 * LONGEST
"""For work that takes less than `ENOUGH` up to `LONGEST`."""


def growth(work: Callable[[int], object]) -> float:
    """How many times more CPU `work(8 * n)` takes than `work(n)`, for the first n that takes long enough to tell.

    Counts this thread's CPU time, not the clock's. The least of some tries counts, since others can only make a long
    text take longer; one that is below `LINEAR` is enough. Between `LINEAR` and `LIMIT` longer texts decide: quadratic
    work that a fast instruction does (searching, copying) hides behind linear work for a while.
    """
    collecting = gc.isenabled()
    gc.disable()  # its own cost grows with what is alive elsewhere
    try:
        return _growth(work)
    finally:
        if collecting:
            gc.enable()


def _growth(work: Callable[[int], object]) -> float:
    length = SHORTEST
    # More than once: the first time that work is done, it takes longer than it needs.
    while length < LONGEST and any(_cpu(work, length) < ENOUGH for _ in range(3)):
        length *= 2
    ratio, short = _ratio(work, length)
    while ratio > LINEAR:
        # What is too fast to be timed may be anything: it is asked again on texts that take it longer.
        told = short >= ENOUGH
        if length >= (LONGEST if told else FARTHEST) or (told and ratio > LIMIT):
            break
        length *= 2
        ratio, short = _ratio(work, length)
    return ratio


class _Ratio(NamedTuple):
    times: float
    short: float  # seconds that the short text took


def _ratio(work: Callable[[int], object], length: int) -> _Ratio:
    ratio, short = float("inf"), 0.0
    for _ in range(TRIES):  # both texts anew: a machine may be slow for seconds, and then for the long one alone
        short = max(min(_cpu(work, length) for _ in range(3)), ENOUGH / 10)
        ratio = min(ratio, _cpu(work, length * TIMES) / short)
        if ratio <= LINEAR:
            break
    return _Ratio(ratio, short)


def _cpu(work: Callable[[int], object], length: int) -> float:
    began = time.thread_time()
    work(length)
    return time.thread_time() - began
