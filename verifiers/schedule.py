"""Schedules: tasks that take their time, wait for each other, and share what only one can use."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from midtrace import UsageError, Verdict
from midtrace.extractors import Apply, Claim, Constant, Real, ScheduleSlots, Slots, Sort, Term, Variable

from .constraints import Constraints
from .symbols import Number, exact


@dataclass(frozen=True, slots=True)
class Schedule:
    """When tasks can take place; a placement is wrong if no schedule has it.

    All times are in one unit, minutes since midnight where texts give clock times.

    Args:
        durations: How long each task takes, by its name.
        after: What must have ended before a task begins, by the task's name.
        alone: By the name of a machine or person: tasks of which only one can take place at a time.
        earliest: When a task can begin at the earliest, by its name. Default: 0.
        latest: When a task must have ended, by its name.
        end: When all must have ended.

    Raises `UsageError` for tasks that are none and for times that cannot be.
    """

    durations: Mapping[str, Number]
    after: Mapping[str, Sequence[str]] = field(default_factory=dict)
    alone: Mapping[str, Sequence[str]] = field(default_factory=dict)
    earliest: Mapping[str, Number] = field(default_factory=dict)
    latest: Mapping[str, Number] = field(default_factory=dict)
    end: Number | None = None
    _constraints: Constraints = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = [
            *self.after,
            *self.earliest,
            *self.latest,
            *itertools.chain(*self.after.values(), *self.alone.values()),
        ]
        for name in named:
            if name not in self.durations:
                raise UsageError(f"Schedule: {name!r}: expected one of {', '.join(self.durations)}")
        for name, duration in self.durations.items():
            if duration < 0:
                raise UsageError(f"Schedule(durations): {name!r}: expected 0 or more, got {duration}")
        sorts: dict[str, Sort] = {name: Real(exact(self.earliest.get(name, 0))) for name in self.durations}
        object.__setattr__(self, "_constraints", Constraints(sorts, dict(self._rules()), reveal=False))

    def __hash__(self) -> int:
        return hash(self._constraints)

    @property
    def claims(self) -> ScheduleSlots:
        """What reads placements of these tasks from text."""
        return ScheduleSlots(tuple(self.durations))

    def check(self, state: Slots, /) -> Verdict:
        """All placements together; `Unknown` if there is no schedule at all, or where the solver gives up."""
        claims: list[Claim] = []
        for slot in state:
            if slot.start is not None:
                claims.append(Claim(_is(Variable(slot.task), slot.start), slot.span, slot.text))
            if slot.end is not None:
                claims.append(Claim(_is(self._end(slot.task), slot.end), slot.span, slot.text))
        return self._constraints.check(tuple(claims))

    def _end(self, task: str) -> Term:
        return Apply("+", (Variable(task), Constant(exact(self.durations[task]))))

    def _rules(self) -> Iterator[tuple[str, Term]]:
        for task, earlier in self.after.items():
            for other in earlier:
                yield f"{task} after {other}", Apply(">=", (Variable(task), self._end(other)))
        for place, tasks in self.alone.items():
            for one, other in itertools.combinations(tasks, 2):
                apart = (
                    Apply(">=", (Variable(one), self._end(other))),
                    Apply(">=", (Variable(other), self._end(one))),
                )
                yield f"{one} and {other} not at once ({place})", Apply("or", apart)
        for task in self.durations:
            for bound, why in ((self.latest.get(task), f"{task} in time"), (self.end, f"{task} by the end")):
                if bound is not None:
                    yield why, Apply("<=", (self._end(task), Constant(exact(bound))))


def _is(term: Term, value: Fraction) -> Term:
    return Apply("==", (term, Constant(value)))
