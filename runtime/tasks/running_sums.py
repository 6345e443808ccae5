"""Running sums: eight two-digit numbers added one at a time, a line each.

Small models know the format by heart and get the numbers wrong, which makes it a good first sight of a monitor.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from .. import monitors
from ..monitors import Monitor
from ..policies import Rollback
from ..verdicts import Pass, Span, Verdict, Violation
from ..views import View
from .task import Problem

COUNT = 8
EXAMPLES = 3
STEP = re.compile(r"(\d{1,9}) \+ (\d{1,9}) = (\d{1,9})")
TOTAL = re.compile(r"Total: (\d{1,9})")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a solution and where it stands; `left` and `right` are what it adds, None in the total line."""

    text: str
    span: Span
    left: int | None = None
    right: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """The lines of a solution so far; `final` says that no more will come."""

    lines: tuple[Line, ...]
    end: int
    final: bool


@dataclass(frozen=True, slots=True)
class SolutionLines:
    """Reads a solution line by line; lines of another form are left to other monitors."""

    def extract(self, view: View, /) -> Solution:
        """All lines up to the end of the view."""
        lines: list[Line] = []
        offset = view.start
        for raw in view.text.splitlines(keepends=True):
            text = raw.rstrip("\n")
            span = Span(offset, offset + len(text))
            if step := STEP.fullmatch(text):
                lines.append(Line(text, span, left=int(step[1]), right=int(step[2])))
            elif total := TOTAL.fullmatch(text):
                lines.append(Line(text, span, total=int(total[1])))
            offset += len(raw)
        return Solution(tuple(lines), view.end, view.final)


@dataclass(frozen=True, slots=True)
class RunningSum:
    """Each line takes up the sum so far and adds the next number; the total is their sum.

    Whether a line adds up is the arithmetic monitor's business.
    """

    numbers: tuple[int, ...]

    def check(self, state: Solution, /) -> Verdict:
        """The first line that is not the one due, if any."""
        sums = [sum(self.numbers[: n + 1]) for n in range(len(self.numbers))]
        due = [f"{a} + {b} = {a + b}" for a, b in zip(sums, self.numbers[1:], strict=False)]
        due.append(f"Total: {sums[-1]}")
        for line, right in zip(state.lines, due, strict=False):
            if not self._follows(line, right):
                return Violation(
                    f"{line.text!r} is not the step that is due",
                    span=line.span,
                    hint=right,
                    correction=right,
                    evidence={"due": right},
                )
        if state.final and len(state.lines) < len(due):
            right = due[len(state.lines)]
            return Violation(
                "the solution ends before its total", Span(state.end, state.end), hint=right, correction=right
            )
        return Pass(checked=len(state.lines))

    @staticmethod
    def _follows(line: Line, due: str) -> bool:
        if step := STEP.fullmatch(due):
            return (line.left, line.right) == (int(step[1]), int(step[2]))
        return line.text == due


@dataclass(frozen=True, slots=True)
class RunningSums:
    """The task; see the module."""

    name: str = "running-sums"
    model: str = "qwen2.5-coder-0.5b"
    stop: tuple[str, ...] = ("\n\n", "\nAdd")

    def problem(self, seed: int) -> Problem:
        """Eight numbers from 10 to 99."""
        numbers = _numbers(random.Random(seed))  # noqa: S311  (problems, not secrets)
        examples = random.Random(7)  # noqa: S311
        shown = "".join(_worked(_numbers(examples)) for _ in range(EXAMPLES))
        rule = Monitor(
            "running-sum",
            extract=SolutionLines(),
            verify=RunningSum(numbers),
            policy=Rollback(to="claim", repair="correct"),
            priority=1,
            scope="trace",
        )
        return Problem(
            id=f"{self.name}-{seed}",
            prompt=f"Add the numbers one at a time.\n\n{shown}{_head(numbers)}",
            question=_head(numbers).strip(),
            answer=str(sum(numbers)),
            monitors=(monitors.arithmetic(), rule),
        )

    def right(self, problem: Problem, text: str) -> bool:
        """Whether the last total in the text is the sum."""
        totals = TOTAL.findall(text)
        return bool(totals) and totals[-1] == problem.answer


def _numbers(source: random.Random) -> tuple[int, ...]:
    return tuple(source.randint(10, 99) for _ in range(COUNT))


def _head(numbers: tuple[int, ...]) -> str:
    return f"Add {' + '.join(map(str, numbers))}\n"


def _worked(numbers: tuple[int, ...]) -> str:
    lines = [_head(numbers)]
    total = numbers[0]
    for number in numbers[1:]:
        lines.append(f"{total} + {number} = {total + number}\n")
        total += number
    lines.append(f"Total: {total}\n\n")
    return "".join(lines)
