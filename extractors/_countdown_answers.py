"""Finds what a solution gives as its answer: tagged, boxed, announced, or simply its last line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from midtrace import Span

from ._countdown_equations import Run, after_bullet, runs
from ._countdown_state import CountdownExpression

MAX_CONTENT = 600
"""Characters of an answer, and of the line around it, that are read; what is longer is no answer."""

MAX_PLACES = 64
"""Places of each kind that are looked at, the last ones in the text."""

_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_INNER = re.compile(r"<answer>|\\boxed\b", re.IGNORECASE)
_BOX = re.compile(r"\\boxed\s{0,2}\{")
_ANNOUNCED = re.compile(
    r"(?:\A|[.!?]\s{1,3})[\s>*#_(\-]{0,8}(?:(?:so|thus|therefore|hence|the|my|our|final|correct)\b,?\s{1,2}){0,4}"
    r"(?:answer|(?:final|correct)\s(?:expression|solution)|solution)(?:\sexpression)?\b[*_]{0,3}"
    r"(?:\s{0,2}:|\sis\b\s{0,2}:?)[*_]{0,3}",
    re.IGNORECASE,
)
_PARTIAL = re.compile(
    r"\b(?:(?:partial|current)\sexpression(?:\sso\sfar)?"
    r"|expression\s(?:that\s)?(?:i\s)?(?:have\s)?(?:found\s)?(?:so\sfar|till\snow|until\snow))"
    r"(?:\sis\b)?[ \t]{0,2}:?[ \t]{0,2}",
    re.IGNORECASE,
)
_IMPOSSIBLE = re.compile(
    r"\b(?:no|not any)\b[^.\n]{0,40}\b(?:solution|combination|way|sequence|answer|operation)s?\b"
    r"|(?:\bnot|n['’]t)\s(?:be\s)?(?:possible|solvable)\b|\bimpossible\b|\bunsolvable\b|\bsolution not found\b"
    r"|\b(?:cannot|can['’]t|can not|unable to|could not|couldn['’]t)\b[^.\n]{0,60}?"
    r"\b(?:make|obtain|get|form|reach|create|produce|result|yield|find|made|obtained|reached|formed|used|solved|done)\b"
    r"|\b(?:input|numbers|set|combination)\b[^.\n]{0,40}\b(?:does|do)(?:\snot|n['’]t)\b",
    re.IGNORECASE,
)
_NONE = re.compile(r"\A\W{0,6}(?:none|invalid|incorrect|no)\b", re.IGNORECASE)
_DENYING = re.compile(r"\b(?:not|cannot|never|wrong|incorrect|invalid)\b|n['’]t\b", re.IGNORECASE)
_UNEQUAL = re.compile(r"≠|!=|\\neq?\b")
_RETRACTED = re.compile(
    r"[\s.,;:*$)]{0,6}(?:(?:is|was)\s(?:not|wrong|incorrect|invalid)|isn['’]t|doesn['’]t|does\snot)\b", re.IGNORECASE
)


class _Place(NamedTuple):
    """Where an answer may be: `[start, end)` is its content, `past` the end of what surrounds it."""

    start: int
    end: int
    past: int


def is_announced(line: str) -> bool:
    """Whether the line announces an answer."""
    return _ANNOUNCED.search(line) is not None


def answer(text: str, offset: int, *, final: bool) -> CountdownExpression | None:
    """The last answer that the text gives, its span moved by `offset`; None if it gives none yet.

    A line that announces an answer counts once it is complete; the last line as such only when `final`.
    """
    kinds = (_tagged(text), _boxed(text), _announced(text, final=final))
    places = [place for kind in kinds for place in deque(kind, MAX_PLACES)]
    for place in sorted(places, key=lambda place: (place.past, place.start), reverse=True):
        if not _RETRACTED.match(text, place.past):
            found = _read(text, place, offset)
            if found is not None:
                return found
    return _last_line(text, offset) if final else None


def partials(text: str, offset: int, *, final: bool) -> Iterator[CountdownExpression]:
    """The expressions that the text calls its expression so far, in order."""
    for match in deque(_PARTIAL.finditer(text), MAX_PLACES):
        content = text[match.end() : match.end() + MAX_CONTENT]
        line, newline, _ = content.partition("\n")
        if line.startswith("{"):
            braced, closed, _ = line.partition("}")
            line, newline = " " + braced[1:], newline or closed
        ended = newline or (final and len(content) < MAX_CONTENT)
        found = runs(line)
        if ended and len(found) == 1 and found[0].computes and "?" not in line:
            yield _expression(text, match.end(), found[0], offset)


def _tagged(text: str) -> Iterator[_Place]:
    opened: int | None = None
    for match in _TAG.finditer(text):
        if not match[1]:
            opened = match.end()
        elif opened is not None:
            yield _Place(opened, match.start(), match.end())
            opened = None


def _boxed(text: str) -> Iterator[_Place]:
    for match in deque(_BOX.finditer(text), MAX_PLACES):
        depth = 1
        for at in range(match.end(), min(match.end() + MAX_CONTENT, len(text))):
            depth += (text[at] == "{") - (text[at] == "}")
            if not depth:
                before = text[max(match.start() - MAX_CONTENT, 0) : match.start()].rpartition("\n")[2]
                if before.rstrip(" $").endswith("="):  # (7 - 4) * 8 = \boxed{24}
                    yield _Place(match.start() - len(before), at + 1, at + 1)
                else:
                    yield _Place(match.end(), at, at + 1)
                break


def _announced(text: str, *, final: bool) -> Iterator[_Place]:
    begin, pending = 0, False
    for line in text.split("\n"):
        end = begin + len(line)
        if len(line) <= MAX_CONTENT and line.strip() and (final or end < len(text)):
            starts = [begin] if pending else []
            starts += [begin + match.end() for match in _ANNOUNCED.finditer(line)]
            if not _INNER.search(line):  # what is boxed or tagged is a place of its own
                yield from (_Place(start, end, end) for start in starts)
            pending = bool(starts) and not text[starts[-1] : end].strip()
        begin = end + 1


def _read(text: str, place: _Place, offset: int) -> CountdownExpression | None:
    content = text[place.start : place.end]
    if len(content) > MAX_CONTENT or "?" in content:
        return None
    found = runs(content)
    computing = [run for run in found if run.computes]
    if not computing:
        if _NONE.match(content) or _IMPOSSIBLE.search(content):
            return _impossible(text, place.start, place.end, offset)
        if len(found) == 1 and found[0].alone:
            return _expression(text, place.start, found[0], offset)
        return None
    lead = content[: computing[0].start]
    if _IMPOSSIBLE.search(lead):
        return _impossible(text, place.start, place.end, offset)
    if _DENYING.search(lead):
        return None
    several = len(computing) > 1
    given_up = _IMPOSSIBLE.search(content) is not None or _UNEQUAL.search(content) is not None
    return _expression(text, place.start, computing[0], offset, several=several, impossible=given_up, all_of=computing)


def _last_line(text: str, offset: int) -> CountdownExpression | None:
    """The last line, if it is nothing but an equation, an expression that stands apart, or says "no solution"."""
    end = len(text.rstrip())
    begin = text.rfind("\n", 0, end) + 1
    if not 0 < end - begin <= MAX_CONTENT or "?" in text[begin:end] or _PARTIAL.search(text, begin, end):
        return None
    apart = not text[:begin].endswith("\n") or text[:begin].endswith("\n\n")
    colon = text.rfind(": ", begin, end)
    begin = colon + 2 if colon >= 0 else after_bullet(text, begin, end)
    found = runs(text[begin:end])
    if len(found) == 1 and found[0].alone and found[0].computes and (apart or len(found[0].sides) > 1):
        return _expression(text, begin, found[0], offset, explicit=False)
    if not any(run.computes for run in found) and _IMPOSSIBLE.search(text, begin, end):
        return _impossible(text, begin, end, offset)
    return None


def _impossible(text: str, start: int, end: int, offset: int) -> CountdownExpression:
    content = text[start:end]
    start += len(content) - len(content.lstrip())
    content = content.strip()
    return CountdownExpression(Span(offset + start, offset + start + len(content)), content, impossible=True)


def _expression(
    text: str,
    begin: int,
    run: Run,
    offset: int,
    *,
    several: bool = False,
    impossible: bool = False,
    explicit: bool = True,
    all_of: list[Run] | None = None,
) -> CountdownExpression:
    start, end = begin + run.start, begin + run.end
    return CountdownExpression(
        Span(offset + start, offset + end),
        text[start:end],
        sides=tuple(side for each in all_of or [run] for side in each.sides),
        foreign=run.foreign,
        impossible=impossible,
        several=several,
        explicit=explicit,
    )
