"""Routes in prose: `(1,4) → (2,4) → (2,3)`, numbered moves with a cell each, `Up → Up → Left`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from midtrace import Span

from ._maze_state import CellRoute, DirectionRoute, Route, Waypoint
from ._maze_words import ARROW, PAIR, WORD, Direction, direction
from ._step_lines import StepLine

MAX_POINTS = 10_000
"""Cells of a route; what goes beyond is not read."""

FEWEST = 3
"""Cells, or moves, of the shortest route that is read."""

_PAIR = re.compile(PAIR)
_LINK = re.compile(rf"[^()\n→]{{0,14}}{ARROW}[^()\n→]{{0,14}}")
_CHAIN = re.compile(rf"(?:\b(?:{WORD})\b)(?:\s*(?:{ARROW}|,|\bthen\b)\s*(?:\b(?:{WORD})\b))+", re.IGNORECASE)
_MOVE = re.compile(rf"\b(?:{WORD})\b", re.IGNORECASE)
_ITEM = re.compile(
    r"\s{0,8}(?:step\s+([0-9]{1,4})\s*:|([0-9]{1,4})[.)]|-\s+step\s+([0-9]{1,4})\s*:)\s*(?=\S)(.*)", re.IGNORECASE
)
_STOP = re.compile(
    r"\b(?:can|could|might|may|cannot|not|blocked|walls?|possible|possibly|potential|options?|either|or|if|but|try|tried|trying|maybe"
    r"|neighbou?rs?|adjacent|explor\w*|reach\w*|visited|queue|distance|invalid|would|estimate\w*|approx\w*|directions?|allowed"
    r"|assum\w*|suppos\w*|seems?|example|e\.g|any|wrong|incorrect)\b|n't\b|\?|\.\.\.|…",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\b(?:wait|re-?check|re-?count|re-?trace|recalculate|reconsider|let\ me|actually|hmm|oops|mistake|incorrect|wrong"
    r"|not\ (?:possible|valid|allowed)|blocked|invalid|however|but|cannot|can't|doesn't|isn't)\b",
    re.IGNORECASE | re.VERBOSE,
)
_TRACED = re.compile(r"\b(?:path|route|trac(?:e|ing)|moves?|sequence|walk|follow\w*)\b", re.IGNORECASE)
NEAR = 250
"""Characters behind a route in which it may be taken back."""


def read_routes(text: str, lines: Sequence[StepLine], base: int) -> tuple[Route, ...]:
    """The routes that are meant as they stand; `base` is the offset of the view, `text` what it holds."""
    found: list[Route] = [*_listed(lines, base)]
    previous = ""
    for line in lines:
        if _STOP.search(line.text) is None and _STOP.search(previous) is None:
            found += _chains(line, base)
            found += _directed(line, previous, base)
        previous = line.text
    standing = [route for route in found if not _withdrawn(text, route.span.end - base)]
    return tuple(sorted(standing, key=lambda route: route.span))


def _withdrawn(text: str, end: int) -> bool:
    return _WITHDRAWN.search(text, end, min(end + NEAR, len(text))) is not None


def _chains(line: StepLine, base: int) -> Iterator[Route]:
    """Cells with arrows between them."""
    chain: list[Waypoint] = []
    end = 0
    for pair in _PAIR.finditer(line.text):
        linked = bool(chain) and pair.start() - end <= 40 and _LINK.fullmatch(line.text, end, pair.start()) is not None
        if not linked:
            yield from _cells(chain)
            chain = []
        if len(chain) < MAX_POINTS:
            chain.append(_waypoint(pair, line, base))
        end = pair.end()
    yield from _cells(chain)


def _cells(points: list[Waypoint]) -> Iterator[Route]:
    if len(points) >= FEWEST:
        yield CellRoute(Span(points[0].span.start, points[-1].span.end), tuple(points))


def _waypoint(pair: re.Match[str], line: StepLine, base: int, towards: Direction | None = None) -> Waypoint:
    at = base + line.at
    return Waypoint(Span(at + pair.start(), at + pair.end()), (int(pair[1]), int(pair[2])), towards)


def _directed(line: StepLine, previous: str, base: int) -> Iterator[Route]:
    """Directions with arrows or commas between them, where a line that speaks of a path holds no cell."""
    if _PAIR.search(line.text) is not None or _TRACED.search(previous + " " + line.text) is None:
        return
    for chain in _CHAIN.finditer(line.text):
        words = [direction(word) for word in _MOVE.findall(chain.group())]
        moves = tuple(word for word in words if word is not None)
        whole = not line.text[: chain.start()].strip(" \t-*:>0123456789.)") or ":" in line.text[: chain.start()]
        if len(moves) > FEWEST and whole and not _turns_back(moves):
            at = base + line.at
            yield DirectionRoute(Span(at + chain.start(), at + chain.end()), moves[:MAX_POINTS])


def _turns_back(moves: Sequence[Direction]) -> bool:
    """Whether a move undoes the one before: then these are rather the directions there are."""
    back = {("up", "down"), ("down", "up"), ("left", "right"), ("right", "left")}
    return any(pair in back for pair in pairwise(moves))


def _listed(lines: Sequence[StepLine], base: int) -> Iterator[Route]:
    """Numbered lines in a row, each with the cell that it reaches."""
    points: list[Waypoint] = []
    number, header, previous = -1, "", ""
    for line in lines:
        item = _ITEM.match(line.text)
        pairs = [] if item is None else list(_PAIR.finditer(line.text, item.start(4)))
        count = -1 if item is None else int(item[1] or item[2] or item[3])
        joined = len(pairs) == 2 and _LINK.fullmatch(line.text, pairs[0].end(), pairs[1].start()) is not None
        fits = bool(pairs) and (len(pairs) == 1 or joined) and _STOP.search(line.text) is None
        if not fits or count != number + 1:
            yield from _kept(points, header)
            points, header = [], previous
        if fits:
            word = _MOVE.search(line.text, item.start(4) if item else 0, pairs[-1].start())
            towards = None if word is None else direction(word.group())
            if joined and (not points or points[-1].pair != (int(pairs[0][1]), int(pairs[0][2]))):
                yield from _kept(points, header)
                points = [_waypoint(pairs[0], line, base)]
            if len(points) < MAX_POINTS:
                points.append(_waypoint(pairs[-1], line, base, towards))
        number = count if fits else -1
        previous = line.text
    yield from _kept(points, header)


def _kept(points: list[Waypoint], header: str) -> Iterator[Route]:
    if _STOP.search(header) is None:
        yield from _cells(points)
