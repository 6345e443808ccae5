"""Walks told step by step: `>>> STEP 3: Move LEFT from (4, 1) to (4, 0)`, then the position, the turn, the counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from midtrace import Span

from ._maze_state import Counts, WalkStep
from ._maze_words import PAIR, WORD, direction, turn
from ._step_lines import StepLine

_STEP = re.compile(
    rf"[\s>*#-]{{0,12}}(?P<whole>step\s+([0-9]{{1,5}})\s*[:.)]\W{{0,6}}(?:move\s+)?({WORD})\s+from\s+{PAIR}\s+to\s+{PAIR})",
    re.IGNORECASE,
)
_DETAIL = re.compile(
    r"[\s>*-]{0,12}(current\ position|previous\ direction|current\ direction|turn\ type|running\ count)s?"
    r"\s*\W?:\W{0,4}?(.{0,120})",
    re.IGNORECASE,
)
_PAIR = re.compile(PAIR)
_COUNT = re.compile(r"\b(right|left|total)\b(?:\s+turns?)?\s*[=:]\s*([0-9]{1,6})", re.IGNORECASE)
_OTHER = re.compile(r"[\s>*#-]{0,12}(?:step\s+[0-9]|>>>)", re.IGNORECASE)


def read_walk(lines: Sequence[StepLine], base: int) -> tuple[WalkStep, ...]:
    """The steps that stand at the end: one told again replaces what followed it. `base` is the offset of the view."""
    walk: list[WalkStep] = []
    inside = False
    for line in lines:
        step = _STEP.match(line.text)
        if step is not None:
            number = int(step[2])
            while walk and walk[-1].number >= number:
                walk.pop()
            towards = direction(step[3])
            assert towards is not None
            at = base + line.at
            span = Span(at + step.start("whole"), at + step.end())
            origin, target = (int(step[4]), int(step[5])), (int(step[6]), int(step[7]))
            walk.append(WalkStep(span, number, towards, origin, target))
            inside = True
        elif _OTHER.match(line.text) is not None:
            inside = False
        elif inside and (detail := _DETAIL.match(line.text)) is not None:
            walk[-1] = _detailed(walk[-1], detail, line, base)
    return tuple(walk)


def _detailed(step: WalkStep, detail: re.Match[str], line: StepLine, base: int) -> WalkStep:
    value = detail[2].strip()
    match detail[1].lower():
        case "current position":
            pair = _PAIR.match(value)
            return step if pair is None else replace(step, current=(int(pair[1]), int(pair[2])))
        case "previous direction":
            return replace(step, before=direction(value.strip(" .*")))
        case "current direction":
            return replace(step, heading=direction(value.strip(" .*")))
        case "turn type":
            return replace(step, turn=turn(value))
        case _:
            found = {}
            for count in _COUNT.finditer(line.text, detail.start(2)):
                if not (line.open and count.end() == len(line.text)):  # it may have been going on
                    found[count[1].lower()] = int(count[2])
            span = Span(base + line.at + detail.start(1), base + line.at + len(line.text.rstrip()))
            return replace(step, counts=Counts(span, found.get("right"), found.get("left"), found.get("total")))
