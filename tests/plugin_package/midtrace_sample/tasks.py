"""A task with known answers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from midtrace.tasks import Problem

from .monitors import calendar


@dataclass(frozen=True, slots=True)
class NextDays:
    """The day after a given one."""

    name: str = "next-days"
    model: str = "smollm2-135m"
    stop: tuple[str, ...] = ("\n\n",)

    def problem(self, seed: int) -> Problem:
        """A day of this century."""
        day = date(2000, 1, 1) + timedelta(days=random.Random(seed).randrange(36_524))
        question = f"Which day follows {day}?"
        return Problem(
            id=f"{self.name}-{seed}",
            prompt=f"{question}\n",
            question=question,
            answer=str(day + timedelta(days=1)),
            monitors=(calendar(),),
        )

    def right(self, problem: Problem, text: str) -> bool:
        """Whether the answer is the first thing said."""
        return text.strip().startswith(problem.answer)
