"""Propositional logic: whether what a trace concludes follows from the premises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors import Constant, Term, variables_of
from midtrace.extractors.propositional import ClaimedFormulas, FormulaClaim, read_formula

from ._entailment import Standing, standing
from ._findings import together

MAX_PREMISES = 200
_ABSURD = (Constant(value=False),)


@dataclass(frozen=True, slots=True)
class PropositionalEntailment:
    """Checks that every formula that a trace concludes follows from the premises.

    A claim is wrong if it does not follow in any reading: because the premises contradict it, or because they leave it
    open. Claims with propositions that the premises do not name are left out; for an answer that is `Unknown`.

    From premises that contradict each other everything follows. Then the claim that they do passes, and every other
    one is `Unknown`, which says so; with `ex_falso` it passes as well.
    """

    premises: tuple[Term, ...]
    ex_falso: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.premises) <= MAX_PREMISES:
            raise UsageError(
                f"PropositionalEntailment: expected 1 to {MAX_PREMISES} premises, got {len(self.premises)}"
            )

    @classmethod
    def of(cls, problem: str, *, ex_falso: bool = False) -> Self:
        """The premises of a problem: a list behind "Given:" or "Premises:", or JSON `{"premises": ["P → Q", "P"]}`.

        Raises `UsageError` where there is none, or one that is no formula.
        """
        premises: list[Term] = []
        for number, text in enumerate(_listed(problem), start=1):
            readings = read_formula(text)
            if len(readings) != 1:
                reason = "has two readings" if readings else "is no formula"
                raise UsageError(f"premise {number} {reason}: {text[:80]!r}; expected one such as 'P ∧ (Q → ¬R)'")
            premises += readings
        return cls(tuple(premises), ex_falso)

    def consistent(self) -> bool | None:
        """Whether the premises can all hold; None where that was too hard to say."""
        found = standing(self.premises, Constant(value=True))
        return None if found == "undecided" else found != "inconsistent"

    def check(self, state: ClaimedFormulas, /) -> Verdict:
        """Pass with the number of claims that follow, or the first that does not with the others in `also`."""
        known = {name for premise in self.premises for name in variables_of(premise)}
        violations: list[Violation] = []
        unknown: Unknown | None = None
        decided = 0
        for claim in state:
            strange = sorted({name for each in claim.readings for name in variables_of(each)} - known)
            if strange or not claim.readings:
                if claim.answer:
                    reason = f"uses {strange[0]}, which no premise names" if strange else "is no formula"
                    unknown = Unknown(f"the answer {claim.text[:60]!r} {reason}")
                continue
            found = {standing(self.premises, reading) for reading in claim.readings}
            if "inconsistent" in found:
                if self.ex_falso or claim.readings == _ABSURD:
                    decided += 1
                else:
                    unknown = Unknown("the premises contradict each other, so that everything follows from them")
            elif "undecided" in found:
                unknown = Unknown("too hard to say within the limits whether the claim follows")
            else:
                decided += 1
                if "entailed" not in found:
                    violations.append(_violation(claim, found))
        if violations:
            return together(violations)
        return unknown or Pass(checked=decided)


def _violation(claim: FormulaClaim, found: set[Standing]) -> Violation:
    text = " ".join(claim.text.split())
    shown = text if len(text) <= 80 else text[:77] + "..."
    contradicted = found == {"contradicted"}
    if claim.readings == _ABSURD:
        message = "the premises do not contradict each other"
    elif contradicted:
        message = f"{shown} contradicts the premises"
    else:
        message = f"{shown} does not follow: the premises can hold without it"
    return Violation(message, span=claim.span, evidence={"standing": "contradicted" if contradicted else "open"})


_HEAD = re.compile(r"^.{0,200}\b(?:given|premises?)\b[^:\n]{0,80}:", re.IGNORECASE | re.MULTILINE)
_BULLET = re.compile(r"\A[\s.]{0,8}(?:(?:premise\s*)?(?:\d{1,3}|P\d{1,3})[.):]|[-*•])?\s*", re.IGNORECASE)
_PROSE = re.compile(r"\b(?:what|which|can|conclude|infer|question|following|determine|answer)\b|\?", re.IGNORECASE)


def _listed(problem: str) -> Iterator[str]:
    """The texts of the premises."""
    if problem.lstrip().startswith("{"):
        yield from _specified(problem)
        return
    head = _HEAD.search(problem)
    if head is None:
        raise UsageError("found no premises: expected a list behind 'Given:' or 'Premises:'")
    # The last list of the problem is meant: earlier ones explain the notation.
    while (later := _HEAD.search(problem, head.end())) is not None:
        head = later
    for line in problem[head.end() :].split("\n"):
        text = _BULLET.sub("", line, count=1).strip(" .;,")
        if text and _PROSE.search(text) is not None:
            return
        if text:
            yield text


def _specified(problem: str) -> Iterator[str]:
    try:
        found = json.loads(problem)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"expected JSON with a list of premises: {error}") from error
    premises = found.get("premises") if isinstance(found, dict) else None
    if not isinstance(premises, list) or not all(isinstance(each, str) for each in premises):
        raise UsageError('expected JSON such as {"premises": ["P → Q", "P"]}')
    yield from premises
