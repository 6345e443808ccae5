"""Conformance of a trigger."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..errors import UsageError, one_line
from ..triggers.protocol import Boundary, Scanner, Trigger
from .conformance import ConformanceError, Report, shown
from .costs import LIMIT, growth
from .sources import rechunk

ROUNDS = 10
"""Ways of cutting each text, beside whole and by characters."""

LINE = "so it goes.\n"


def check_trigger(trigger: Trigger, *, texts: Sequence[str], prompt: str = "") -> Report:
    """Hold a trigger against what the runtime expects of one.

    Args:
        trigger: What a `Monitor` takes as `on`.
        texts: Texts that hold what it looks for, whole and in parts: they are cut everywhere, and repeated to measure
            growth.
        prompt: What precedes them.

    Raises `ConformanceError` for the first promise that is broken, `UsageError` without a text in which there is a
    boundary: nothing would have been shown.
    """
    _is_value(trigger)
    found = 0
    for text in texts:
        found += _chunking(trigger, text, prompt)
        _restores(trigger, text, prompt)
    if not found:
        raise UsageError("check_trigger: expected a text in which the trigger finds a boundary")
    for text in filter(None, texts):
        for size in (1, 0):
            ratio = growth(_scanning(trigger, text, size))
            if ratio > LIMIT:
                how = "one by one" if size else "at once"
                raise ConformanceError(
                    trigger,
                    "linear",
                    f"eight times as much of {shown(text)}, given {how}, costs {ratio:.0f} times as much time",
                )
    return Report(shown(trigger), ("value", "boundaries", "chunking", "linear"))


@dataclass(frozen=True, slots=True)
class _Scanned:
    scanner: Scanner
    boundaries: list[Boundary]
    offset: int


def _scan(trigger: Trigger, scanner: Scanner, chunks: Iterable[str], offset: int = 0) -> _Scanned:
    """Feed all chunks; every boundary is held against the promises on the way."""
    found: list[Boundary] = []
    for text in chunks:
        try:
            scanner, boundaries = scanner.feed(text, offset, ())
        except Exception as error:
            raise ConformanceError(
                trigger, "boundaries", f"fed with {shown(text)} at {offset} it raised {one_line(error)}"
            ) from error
        for each in boundaries:
            if not each.end <= each.needs:
                raise ConformanceError(trigger, "boundaries", f"{each} ends behind the text that proves it")
            if not offset < each.needs <= offset + len(text):
                raise ConformanceError(
                    trigger, "boundaries", f"{each} was given by the feed of [{offset}, {offset + len(text)})"
                )
        found += boundaries
        offset += len(text)
    for one, other in pairwise(found):
        if not (one.end < other.end and one.needs <= other.needs):
            raise ConformanceError(trigger, "boundaries", f"{one} precedes {other}; expected both numbers to grow")
    return _Scanned(scanner, found, offset)


def _chunking(trigger: Trigger, text: str, prompt: str) -> int:
    whole = _scan(trigger, trigger.scanner(prompt), [text])
    chance = random.Random(len(text))  # noqa: S311  (the same cuts in every run)
    cuts = [[1] * len(text), *([chance.randint(1, 9) for _ in text] for _ in range(ROUNDS))]
    for sizes in cuts:
        cut = _scan(trigger, trigger.scanner(prompt), rechunk(text, sizes))
        if cut.boundaries != whole.boundaries:
            raise ConformanceError(
                trigger,
                "chunking",
                f"{shown(text)} has {_places(whole)} when given at once, {_places(cut)} in chunks of {sizes[:8]}...",
            )
        # What it knows at the end must not depend on chunks either.
        tails = [_scan(trigger, each.scanner, [LINE, text], len(text)).boundaries for each in (whole, cut)]
        if tails[0] != tails[1]:
            raise ConformanceError(trigger, "chunking", f"after {shown(text)} it goes on in a way that chunks decide")
    return len(whole.boundaries)


def _restores(trigger: Trigger, text: str, prompt: str) -> None:
    """A rollback goes on with an earlier scanner, whatever a later one has read since."""
    whole = _scan(trigger, trigger.scanner(prompt), [text])
    chance = random.Random(len(text))  # noqa: S311
    for at in {0, len(text), *(chance.randint(0, len(text)) for _ in range(ROUNDS))}:
        kept = _scan(trigger, trigger.scanner(prompt), [text[:at]])
        other = text[::-1] + LINE
        _scan(trigger, kept.scanner, [other[: chance.randint(1, len(other))]], at)
        again = _scan(trigger, kept.scanner, [text[at:]], at)
        if [*kept.boundaries, *again.boundaries] != whole.boundaries:
            raise ConformanceError(
                trigger, "value", f"its scanner after {shown(text[:at])} changed when a later one went on"
            )


def _is_value(trigger: Trigger) -> None:
    try:
        twin = copy.deepcopy(trigger)
        same = twin == trigger and hash(twin) == hash(trigger)
    except Exception as error:
        raise ConformanceError(trigger, "value", f"it cannot be copied and compared ({one_line(error)})") from error
    if not same:
        raise ConformanceError(trigger, "value", "a copy of it does not equal it; expected a frozen dataclass")


def _places(scanned: _Scanned) -> str:
    return f"boundaries at {shown([each.end for each in scanned.boundaries])}"


def _scanning(trigger: Trigger, text: str, size: int) -> Callable[[int], object]:
    def scan(length: int) -> object:
        repeated = (text * (length // len(text) + 1))[:length]
        scanner = trigger.scanner("")
        offset = 0
        for chunk in repeated if size else [repeated]:
            scanner, _ = scanner.feed(chunk, offset, ())
            offset += len(chunk)
        return scanner

    return scan
