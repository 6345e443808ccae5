"""Algebra: expressions that are said to be equal, equations that are said to follow, and final answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from midtrace import Pass, Unknown, Verdict, Violation
from midtrace.extractors.algebra import (
    AlgebraAnswer,
    AlgebraClaim,
    Alternatives,
    ClaimedAlgebra,
    DerivationClaim,
    Readings,
    RewritingClaim,
)

from ._algebra_answers import judged_solutions, judged_value
from ._algebra_problem import AlgebraProblem, EquationToSolve, ExpressionToWorkOut, problem_in
from ._algebra_relations import excluded
from ._algebra_rewriting import compared
from ._algebra_solutions import is_imaginary, said
from ._algebra_steps import followed
from ._findings import together
from ._values import Undecidable

MAX_QUOTED = 120
"""Characters of a claim that a message repeats."""


@dataclass(frozen=True, slots=True)
class Algebra:
    """Checks algebra exactly, and reports a difference only with a proof and a point that shows it.

    Args:
        problem: What is asked for; a final answer is checked against it, and only if there is one.
        variables: Names that are variables although they may be constants elsewhere: `e`, `i`.
        complete: Whether a step may leave out no solution. By default it may choose among them, as a text does that
            knows its numbers to be positive.
    """

    problem: AlgebraProblem | None = None
    variables: frozenset[str] = frozenset()
    complete: bool = False

    @classmethod
    def of(cls, problem: str) -> Self:
        """Read the equation to solve, or the expression to work out, from a problem in words.

        Raises `UsageError` if there is neither, or more than one.
        """
        found = problem_in(problem)
        match found:
            case EquationToSolve(_, unknown):
                return cls(found, frozenset({unknown}))
            case ExpressionToWorkOut():
                return cls(found)

    def check(self, state: ClaimedAlgebra, /) -> Verdict:
        """Pass with the number of claims that could be decided, or the first wrong one with the others in `also`.

        What is drawn from a wrong claim is not judged by it. `Unknown` only if nothing is wrong and a final answer
        could not be judged.
        """
        decided = 0
        wrong: list[Violation] = []
        unknown: Unknown | None = None
        suspect: set[Readings | Alternatives | None] = set()
        for claim in state:
            premise, outcome = _ends(claim)
            if premise is not None and premise in suspect:
                suspect.add(outcome)
                continue
            try:
                verdict = self._judged(claim)
            except Undecidable:
                if not isinstance(claim, AlgebraAnswer) or self.problem is None:
                    continue
                verdict = Unknown("the answer could not be decided")
            match verdict:
                case None:
                    decided += 1
                case Unknown():
                    unknown = unknown or verdict
                case Violation():
                    wrong.append(verdict)
                    suspect.add(outcome)
        if wrong:
            return together(wrong)
        return unknown or Pass(checked=decided)

    def _judged(self, claim: AlgebraClaim) -> Violation | Unknown | None:
        match claim:
            case RewritingClaim():
                return self._rewriting(claim)
            case DerivationClaim():
                return self._step(claim)
            case AlgebraAnswer():
                return self._answer(claim)

    def _rewriting(self, claim: RewritingClaim) -> Violation | None:
        found = compared(claim.left, claim.right, claim.known, self.variables, claim.setting)
        if found is None:
            return None
        if claim.cut:
            raise Undecidable
        left, right = _line(claim.left_text), _line(claim.right_text)
        where = f"at {found.point} " if found.point else ""
        return Violation(
            f"{left} is not {right}: {where}the left side is {found.left}, the right side {found.right}",
            span=claim.span,
            hint=None if found.normal is None else f"{left} = {found.normal}",
            evidence={"point": found.point, "left": found.left, "right": found.right},
        )

    def _step(self, claim: DerivationClaim) -> Violation | None:
        if len(claim.conclusion[0].names) > 1:
            return self._rearrangement(claim)
        (name,) = claim.conclusion[0].names
        if name == "i" and "i" not in self.variables and is_imaginary(claim.given, claim.conclusion):
            raise Undecidable
        found = followed(claim.given, claim.conclusion, claim.known, name, listed=claim.listed, complete=self.complete)
        if found is None:
            return None
        if claim.cut:
            raise Undecidable
        given, text = _line(claim.given_text), _line(claim.text)
        values = " or ".join(f"{name} = {said(root)}" for root in found.roots)
        return Violation(
            f"{text} does not follow from {given}, which {name} = {said(found.root)} solves",
            span=claim.span,
            hint=f"{given} means {values}",
            evidence={"fault": found.fault, "solution": said(found.root)},
        )

    def _rearrangement(self, claim: DerivationClaim) -> Violation | None:
        if {"e", "i"} & claim.conclusion[0].names - self.variables:
            raise Undecidable
        place = excluded(claim.given, claim.conclusion, claim.known)
        if place is None:
            return None
        if claim.cut:
            raise Undecidable
        given, text = _line(claim.given_text), _line(claim.text)
        return Violation(
            f"{text} does not follow from {given}, which holds at {place}",
            span=claim.span,
            evidence={"fault": "contradicts", "solution": place},
        )

    def _answer(self, claim: AlgebraAnswer) -> Violation | Unknown | None:
        match self.problem:
            case EquationToSolve(equation, unknown):
                return judged_solutions(claim, equation, unknown)
            case ExpressionToWorkOut(expression, real):
                return judged_value(claim, expression, real=real)
            case None:
                raise Undecidable


def _ends(claim: AlgebraClaim) -> tuple[Readings | Alternatives | None, Readings | Alternatives | None]:
    """What the claim starts from, and what it arrives at."""
    match claim:
        case RewritingClaim():
            return claim.left, claim.right
        case DerivationClaim():
            return claim.given, claim.conclusion
        case AlgebraAnswer():
            return None, None


def _line(text: str) -> str:
    """What stands in the text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]}..."


__all__ = ["Algebra", "AlgebraProblem", "EquationToSolve", "ExpressionToWorkOut"]
