"""One long expression that a trace evaluates by parts: every chain of equations is held against the problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Self

from midtrace import Pass, UsageError, Verdict, Violation
from midtrace.extractors.multistep_arithmetic import (
    ChainClaim,
    MultistepSteps,
    ResultClaim,
    Term,
    longest_expression,
)

from ._findings import in_text_order, together
from ._values import Undecidable, Value, values
from ._wording import exact

MAX_NAMES = 26
"""Definitions behind an expression that are looked up before it is judged."""


@dataclass(frozen=True, slots=True)
class MultistepArithmetic:
    """An arithmetic expression, which a trace evaluates step by step, with names for its parts if it likes.

    Raises `UsageError` for what is no expression of numbers, is beyond 200 tokens, or has no value.
    """

    expression: str

    def __post_init__(self) -> None:
        if self._values() is None:
            raise UsageError(f"MultistepArithmetic: expected an arithmetic expression, got {self.expression[:60]!r}")

    @classmethod
    def of(cls, problem: str) -> Self:
        """The problem in its usual words: the longest expression in it, with or without `=` behind it.

        Raises `UsageError` where there is none, or where the problem defines operations of its own.
        """
        found = longest_expression(problem)
        return cls(problem if found is None else found.text)

    def _values(self) -> tuple[Value, ...] | None:
        term = longest_expression(self.expression)
        try:
            return None if term is None or term.text != self.expression.strip() else _values(term, {})
        except Undecidable:
            return None

    def check(self, state: MultistepSteps, /) -> Verdict:
        """Pass with the number of equations that were decided, or the first wrong one with the others in `also`.

        A name stands for what it was defined as where its own chain starts, and for the result that the trace found
        wherever it is used later: a step is judged by what it builds on. An expression that is introduced as the
        whole problem, and the answer, must have the problem's value. Of a chain only the first wrong link counts.
        """
        judge = _Judge(self._values() or ())
        violations = [found for at in range(len(state)) for found in judge.judged(state, at)]
        if not violations:
            return Pass(checked=judge.decided)
        return together(in_text_order(violations))


class _Judge:
    """Goes through the equations of a trace with the table of its names."""

    def __init__(self, due: Sequence[Value]) -> None:
        self.due = due
        self.defined: dict[str, Fraction] = {}
        self.found: dict[str, Fraction] = {}
        self.last: Term | None = None
        self.name: str | None = None
        self.decided = 0

    def judged(self, state: MultistepSteps, at: int) -> Iterator[Violation]:
        """Take the claim at `at`, the next one; gives what is wrong with it."""
        match state[at]:
            case ResultClaim(term):
                yield from self._result(term)
            case ChainClaim() as claim:
                if claim.whole:
                    yield from self._whole(claim.terms[0], state[at + 1 : at + 1 + MAX_NAMES])
                yield from self._chain(claim)

    def _result(self, term: Term) -> Iterator[Violation]:
        try:
            found = _values(term, self.found)
        except Undecidable:
            return
        self.decided += 1
        if not _agree(found, self.due):
            right = exact(self.due[0].exact)
            yield Violation(f"the answer is {right}, not {term.text}", term.span, hint=right, correction=right)

    def _whole(self, term: Term, following: Sequence[ChainClaim | ResultClaim]) -> Iterator[Violation]:
        """What is introduced as the whole problem, with the definitions that follow it."""
        defined = dict(self.defined)
        for claim in following:
            if not (isinstance(claim, ChainClaim) and claim.defines):
                break
            defined |= self._definition(claim)
        try:
            found = _values(term, defined)
        except Undecidable:
            return
        self.decided += 1
        if not _agree(found, self.due):
            yield Violation(
                f"{term.text} is {exact(found[0].exact)}, not the problem's value",
                term.span,
                evidence={"problem": exact(self.due[0].exact)},
            )

    def _chain(self, claim: ChainClaim) -> Iterator[Violation]:
        terms = claim.terms
        if claim.defines:
            self.defined |= self._definition(claim)
            self.found |= self._definition(claim)
        elif claim.continues and self.last is not None:
            terms = (self.last, *terms)
        name = self.name if claim.continues else terms[0].name
        for left, right in pairwise(terms):
            violation = self._link(left, right)
            if violation is not None:
                yield violation
                break
        self.last, self.name = terms[-1], name
        if name is not None:
            self._learn(name, terms)

    def _definition(self, claim: ChainClaim) -> dict[str, Fraction]:
        name = claim.terms[0].name
        try:
            found = _values(claim.terms[1], self.found)
        except (IndexError, Undecidable):
            return {}
        return {name: found[0].exact} if name is not None and len(found) == 1 and found[0].sharp else {}

    def _learn(self, name: str, terms: Sequence[Term]) -> None:
        """The name stands for the last result that was found for it; for none if that may be rounded."""
        try:
            result = _values(terms[-1], self.found)[0]
        except Undecidable:
            result = None
        if result is None or not result.sharp:
            self.found.pop(name, None)
            return
        self.found[name] = result.exact
        self.defined.setdefault(name, result.exact)

    def _link(self, left: Term, right: Term) -> Violation | None:
        try:
            lefts = _values(left, self.defined if left.name is not None else self.found)
            rights = _values(right, self.found)
        except Undecidable:
            return None
        self.decided += 1
        if _agree(lefts, rights):
            return None
        value, written = exact(lefts[0].exact), exact(rights[0].exact)
        literal = right.text.strip("() ").lstrip("-").isdecimal()
        return Violation(
            f"{left.text} is {value}, not {written}"
            if literal
            else f"{left.text} is {value}, {right.text} is {written}",
            right.span,
            hint=f"{left.text} = {value}",
            correction=value if len(lefts) == 1 else None,
            evidence={"left": value, "right": written},
        )


def _agree(lefts: Sequence[Value], rights: Sequence[Value]) -> bool:
    return any(left.low <= right.high and right.low <= left.high for left in lefts for right in rights)


def _values(term: Term, names: Mapping[str, Fraction]) -> tuple[Value, ...]:
    """The values of a term with these names. Raises `Undecidable` where it has none, or cannot be read."""
    expression = term.expression(names)
    if expression is None:
        raise Undecidable
    return values(expression)
