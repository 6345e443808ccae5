"""Solutions of number puzzles (Countdown, the game of 24): steps with the numbers left, and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from midtrace import Span, View

from ._countdown_answers import answer, is_announced, partials
from ._countdown_equations import after_bullet, runs
from ._countdown_state import CountdownExpression, CountdownStep, CountdownWork, WrittenNumber

__all__ = ["CountdownExpression", "CountdownStep", "CountdownTrace", "CountdownWork", "WrittenNumber"]

MAX_LINE = 600
"""Characters of a line in which a step is looked for."""

MAX_STEPS = 1000
"""Steps that are read of one text; those after them are left out."""


@dataclass(frozen=True, slots=True)
class CountdownTrace:
    """Reads the steps, the partial expressions and the last answer of a text.

    A text that goes on to a next puzzle (a line `Input: ...`, as models that were shown examples do) ends before it.
    """

    def extract(self, view: View, /) -> CountdownWork | None:
        """The work so far, or None if the text holds no step and no answer. Never raises; time is linear."""
        lines = _Lines(view.text, view.start, final=view.final)
        steps = tuple(lines.steps())
        text = view.text[: lines.end]
        ended = view.final or lines.end < len(view.text)
        partial = tuple(partials(text, view.start, final=ended))
        given = answer(text, view.start, final=ended)
        if not steps and not partial and given is None:
            return None
        whole = view.start == 0 and _LEFT.search(view.prompt.rstrip().rpartition("\n")[2]) is None
        ends_with_step = bool(steps) and ended and "\n" not in text[steps[-1].span.end - view.start :].rstrip()
        return CountdownWork(steps, partial, given, whole=whole, ends_with_step=ends_with_step)


_LEFT = re.compile(r"(?<!\\)\b(?:left|remain(?:ing|s)?)\b[^:\n]{0,20}:", re.IGNORECASE)
_AVAILABLE = re.compile(r"[^\w\n]{0,8}(?:available|current|given)\b[^:\n]{0,20}:", re.IGNORECASE)
_OPERATION = re.compile(r"[^\w\n]{0,8}(?:(?:suggested|next|chosen)\s)?operation\b[^:\n]{0,20}:", re.IGNORECASE)
_NEXT_PUZZLE = re.compile(r"\s{0,4}Input\s?:")
_TENTATIVE = re.compile(
    r"\b(?:not|cannot|never|invalid|ignore|wrong|incorrect|suppose|assum\w{1,6}|if|try|trying|tried|maybe|perhaps|would"
    r"|could|what|instead|oops)\b|n['’]t\b|\?|~~",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"≈|~|\\approx|\bappro|\babout\b|\broughly\b|\bround", re.IGNORECASE)
_CALCULATION = re.compile(r"[0-9)}]\s?(?:=|≈)\s?[~(\-−$]{0,2}[0-9\\]")
_NUMBER = (
    r"(?:[~≈]\s?)?(?:[-−–]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:/[1-9][0-9]{0,14})?"
    r"|[-−–]?\\[dt]?frac\{-?[0-9]{1,15}\}\{[1-9][0-9]{0,14}\})(?:\.{3}|…)?"
)
_LIST = re.compile(
    rf"[\s\[({{$*]*({_NUMBER}(?:(?:\s{{0,3}}[,;]\s{{0,3}}|\s{{1,3}})(?:and\s{{1,3}})?{_NUMBER}){{0,23}})"
    r"(?:(\s{0,3}[\])}])|(?!\s{0,3}[\w+*/=×÷^(\[\\-]|\.[0-9]|\s{0,3}[,;]\s{0,3}[\w-]))"
)
_WRITTEN = re.compile(_NUMBER)


@dataclass(slots=True)
class _Lines:
    """The lines of a text, read one after the other; `end` is where this puzzle's text ends."""

    text: str
    offset: int
    final: bool
    end: int = 0
    count: int = 0
    gap: bool = False
    available: tuple[WrittenNumber, ...] | None = None
    operation: Span | None = None  # of an operation in a block that awaits its remaining numbers

    def steps(self) -> Iterator[CountdownStep]:
        begin, announced = 0, False
        self.end = len(self.text)
        for line in self.text.split("\n"):
            if _NEXT_PUZZLE.match(line) and (self.count or announced):
                self.end = begin
                return
            end = begin + len(line)
            if line and len(line) <= MAX_LINE and self.count < MAX_STEPS:
                step = self._step(line, begin, complete=self.final or end < len(self.text))
                announces = is_announced(line)
                announced = announced or announces
                if step is not None:
                    self.count += 1
                    self.gap, self.available, self.operation = False, None, None
                    yield step
                elif _CALCULATION.search(line) and self.operation is None and not announces:
                    self.gap = True
            elif len(line) > MAX_LINE:
                self.gap = True
            begin = end + 1

    def _step(self, line: str, begin: int, *, complete: bool) -> CountdownStep | None:
        found = _LEFT.search(line)
        if found is None:
            self._block(line, begin)
            return None
        listed = _LIST.match(line, found.end())
        end = begin + found.start()
        start = after_bullet(self.text, begin, end)
        if any(sign.isdigit() for sign in line[: found.start()]):
            self.operation = self.available = None
        elif self.operation is not None:
            start, end = self.operation
        else:
            self.gap = True  # a list of its own, whose numbers come from somewhere else
            return None
        if listed is None or not (listed[2] or complete):
            self.gap = True
            return None
        return self._read(line, begin, start, end, listed)

    def _read(self, line: str, begin: int, start: int, end: int, listed: re.Match[str]) -> CountdownStep | None:
        head = self.text[start:end].rstrip(" \t([{,;:.->→")
        equations = [run for run in runs(head) if run.computes]
        run = equations[-1] if equations else None
        if run is None or (None in run.sides and run.foreign is None):
            self.gap = True
            return None
        base = self.offset + start
        around = head[: run.start] + head[run.end :] + line[listed.end() :]
        past = begin + (listed.end(2) if listed[2] else listed.end(1))
        return CountdownStep(
            span=Span(base + run.start, self.offset + past),
            text=self.text[start + run.start : past],
            operation=head[run.start : run.first_end],
            readings=run.readings,
            left=_written(listed[1]),
            result=Span(base + run.last_start, base + run.end),
            listed=Span(self.offset + begin + listed.start(1), self.offset + begin + listed.end(1)),
            foreign=run.foreign,
            available=self.available,
            about=_ABOUT.search(head + line[listed.end() :]) is not None,
            tentative=_TENTATIVE.search(around) is not None or len(equations) > 1,
            gap=self.gap,
        )

    def _block(self, line: str, begin: int) -> None:
        """Remember the lines of a structured block until its remaining numbers complete it."""
        label = _AVAILABLE.match(line)
        if label is not None:
            listed = _LIST.match(line, label.end())
            self.available = _written(listed[1]) if listed is not None else None
            return
        label = _OPERATION.match(line)
        if label is not None:
            self.operation = Span(begin + label.end(), begin + len(line))


def _written(numbers: str) -> tuple[WrittenNumber, ...]:
    return tuple(_number(match.group()) for match in _WRITTEN.finditer(numbers))


def _number(text: str) -> WrittenNumber:
    about = text[0] in "~≈" or text.endswith(("...", "…"))
    text = text.strip("~≈ .…").replace("−", "-").replace("–", "-")
    if "frac" in text:
        sign = -1 if text.startswith("-") else 1
        upper, lower = re.findall(r"-?[0-9]+", text.partition("{")[2])
        text = f"{sign * int(upper)}/{lower}"
    upper, _, lower = text.partition("/")
    decimals = 0 if lower else len(upper.partition(".")[2])
    return WrittenNumber(Fraction(upper) / int(lower or 1), decimals, about)
