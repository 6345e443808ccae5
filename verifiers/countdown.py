"""Number puzzles: make a target of given numbers with + - * /, each number once (Countdown, the game of 24)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors import Binary, Expression, Mixed, Root, subexpressions
from midtrace.extractors.countdown import CountdownExpression, CountdownWork

from ._countdown_numbers import Fault, Item, Pool, evaluated, foreign, given, leaves, listed, literal, taken
from ._countdown_problem import puzzle
from ._countdown_replay import Replay, replayed
from ._countdown_search import OutOfBudget, Searches
from ._findings import in_text_order, together

MAX_NUMBERS = 24
LONGEST = 120
"""Characters of an expression that a message quotes."""


@dataclass(frozen=True, slots=True)
class Countdown:
    """Checks steps, partial expressions and the answer of a number puzzle, in exact fractions.

    Args:
        numbers: What is given; each may be used once.
        target: What is to be made.
        use_all: Whether every number must be used.
        dead_ends: Whether a step or a partial expression is wrong as soon as the target is out of reach. If not, only
            a solution that ends there is.
        reveal: Whether a violation hints at a solution.

    Raises `UsageError` without numbers, with more than 24, or with anything but integers.
    """

    numbers: tuple[int, ...]
    target: int
    use_all: bool = True
    dead_ends: bool = False
    reveal: bool = False

    def __post_init__(self) -> None:
        whole = all(isinstance(number, int) for number in (*self.numbers, self.target))
        if not 0 < len(self.numbers) <= MAX_NUMBERS or not whole:
            raise UsageError(
                f"Countdown(numbers={self.numbers!r}, target={self.target!r}): expected 1 to {MAX_NUMBERS} integers"
            )

    @classmethod
    def of(cls, problem: str) -> Self:
        """The puzzle that a text poses, in words or as JSON; see `docs/verifiers/countdown.md`.

        Raises `UsageError` where it names no numbers or no target.
        """
        found = puzzle(problem)
        if found.target is None:
            raise UsageError(f"Countdown: expected a target, such as 'make 24 using ...', in {problem[:80]!r}")
        return cls(found.numbers, found.target, use_all=found.use_all)

    def check(self, state: CountdownWork, /) -> Verdict:
        """Pass with the number of steps and expressions that were decided, or what is wrong, the earliest first.

        `Unknown` where an answer cannot be read, or where the search for a solution that would refute a "not possible"
        exceeds its budget.
        """
        start = given(self.numbers)
        searches = Searches(self.target, use_all=self.use_all)
        replay = replayed(state.steps, start, whole=state.whole)
        found = [replay.violation] if replay.violation is not None else []
        checked, unknown = replay.checked, None
        for verdict in (*self._dead_ends(state, replay, searches), *self._expressions(state, start, searches)):
            match verdict:
                case Pass(decided):
                    checked += decided
                case Violation():
                    found.append(verdict)
                case Unknown():
                    unknown = verdict
        if not found:
            return unknown or Pass(checked)
        hint = self._hint(start, searches) if self.reveal else None
        return together([replace(each, hint=hint) for each in in_text_order(found)])

    def _dead_ends(self, state: CountdownWork, replay: Replay, searches: Searches) -> Iterator[Verdict]:
        """The first step after which the target is out of reach, or the one that the solution ends with."""
        over = state.ends_with_step and state.answer is None and replay.violation is None
        last = len(replay.after) - 1
        for n, (step, pool) in enumerate(replay.after):
            ends = over and n == last
            if (self.dead_ends or ends) and not step.tentative and _dead(pool, searches):
                what = "the solution ends with" if ends else f"{step.operation} leaves"
                yield Violation(f"{what} {listed(pool)}, of which {self.target} cannot be made", span=step.span)
                return

    def _expressions(self, state: CountdownWork, start: Pool, searches: Searches) -> Iterator[Verdict]:
        for partial in state.partial:
            yield self._partial(partial, start, searches)
        if state.answer is not None:
            yield self._answer(state.answer, start, searches)

    def _partial(self, partial: CountdownExpression, start: Pool, searches: Searches) -> Verdict:
        if partial.foreign is not None:
            return _violation(partial, foreign(partial.foreign))
        side = partial.sides[0] if partial.sides else None
        if side is None:
            return Pass(0)
        try:
            items, rest = taken(start, leaves(side))
            value = evaluated(side, (item.exact for item in items))
        except Fault as fault:
            return _violation(partial, fault)
        if self.dead_ends and _dead((*rest, Item(value, value)), searches):
            return _violation(partial, Fault("cannot be continued to {}", Fraction(self.target)))
        return Pass()

    def _answer(self, answer: CountdownExpression, start: Pool, searches: Searches) -> Verdict:
        computing = [side for side in answer.sides if side is not None and _computes(side)]
        if any(self._solves(side, start) for side in computing):
            return Pass()
        if answer.impossible:
            return self._impossible(answer, start, searches)
        if answer.several or (not answer.explicit and not self._claims_target(answer)):
            return Pass(0)
        if answer.foreign is not None:
            return _violation(answer, foreign(answer.foreign))
        if computing:
            return _violation(answer, self._fault(computing[0], start), computing[0])
        number = literal(answer.sides[0]) if answer.sides and answer.sides[0] is not None else None
        if number is None and not answer.explicit:
            return Pass(0)
        if number is None:
            return Unknown(f"the answer {_cut(answer.text)!r} cannot be read", kind="unparsed")
        if number.value == self.target:
            return Pass(0)  # the result alone, of a calculation that stands before
        return _violation(answer, Fault("is not {}", Fraction(self.target)))

    def _claims_target(self, answer: CountdownExpression) -> bool:
        """Whether an expression that merely ends the text says that it makes the target, or says no result at all."""
        results = [literal(side) for side in answer.sides[1:] if side is not None]
        return len(answer.sides) == 1 or any(each is not None and each.value == self.target for each in results)

    def _solves(self, side: Expression, start: Pool) -> bool:
        try:
            items, rest = taken(start, leaves(side))
        except Fault:
            return False
        if rest and self.use_all:
            return False
        return any(self._makes_target(side, [item.exact for item in items], bound=bound) for bound in (False, True))

    def _makes_target(self, side: Expression, numbers: list[Fraction], *, bound: bool) -> bool:
        try:
            return evaluated(side, iter(numbers), bound=bound) == self.target
        except Fault:
            return False

    def _fault(self, side: Expression, start: Pool) -> Fault:
        """Why an expression that is no solution is none."""
        try:
            items, rest = taken(start, leaves(side))
            value = evaluated(side, (item.exact for item in items))
        except Fault as fault:
            return fault
        if rest and self.use_all:
            return Fault("does not use {}", rest)
        return Fault("is {}, not {}", value, Fraction(self.target))

    def _impossible(self, answer: CountdownExpression, start: Pool, searches: Searches) -> Verdict:
        try:
            found = searches.solution(item.exact for item in start)
        except OutOfBudget:
            return Unknown(f"whether {self.target} can be made of {listed(start)} is beyond the budget of the search")
        if found is None:
            return Pass()
        return Violation(f"{self.target} can be made of {listed(start)}", span=answer.span)

    def _hint(self, start: Pool, searches: Searches) -> str | None:
        try:
            found = searches.solution(item.exact for item in start)
        except OutOfBudget:
            return None
        return None if found is None else f"{found} = {self.target}"


@dataclass(frozen=True, slots=True)
class Game24:
    """The game of 24: a `Countdown` to 24 with four numbers, all of which must be used.

    Raises `UsageError` for any other count of numbers.
    """

    numbers: tuple[int, ...]
    dead_ends: bool = False
    reveal: bool = False

    def __post_init__(self) -> None:
        if len(self.numbers) != 4:
            raise UsageError(f"Game24(numbers={self.numbers!r}): expected four numbers")
        _ = self.countdown

    @classmethod
    def of(cls, problem: str) -> Self:
        """The puzzle in a text such as `4 4 7 10`, or in any that `Countdown.of` reads and whose target is 24.

        Raises `UsageError` for anything else.
        """
        found = puzzle(problem)
        if found.target not in {None, 24} or not found.use_all:
            raise UsageError(f"Game24: expected the target 24 and all numbers used, in {problem[:80]!r}")
        return cls(found.numbers)

    @property
    def countdown(self) -> Countdown:
        """The same puzzle in its general form."""
        return Countdown(self.numbers, 24, dead_ends=self.dead_ends, reveal=self.reveal)

    def check(self, state: CountdownWork, /) -> Verdict:
        """What `Countdown.check` says."""
        return self.countdown.check(state)


def _computes(side: Expression) -> bool:
    return any(isinstance(part, Binary | Mixed | Root) for part in subexpressions(side))


def _dead(pool: Pool, searches: Searches) -> bool:
    """Whether the target is out of reach for certain."""
    try:
        return searches.solution(item.exact for item in pool) is None
    except OutOfBudget:
        return False


def _violation(expression: CountdownExpression, fault: Fault, side: Expression | None = None) -> Violation:
    """The fault of a side of the expression, the first one by default."""
    written = expression.text.split("=")
    at = expression.sides.index(side) if side is not None and len(written) == len(expression.sides) else 0
    return Violation(f"{_cut(written[at].rstrip(' !≠≈'))} {fault.message}", span=expression.span)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
