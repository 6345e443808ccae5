"""Algebra on model solutions: what is right must pass, one slip planted into a claim must be found, answers as scored.

Solutions are read line by line, as they stream. A claim counts if it was decided; a slip is planted into every claim
that was found to hold. Some slips leave a claim true (`2x = 0`, `3x = 0`): they count as missed all the same.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from midtrace import Pass, Unknown, Verdict, View, Violation
from midtrace.extractors.algebra import AlgebraAnswer, AlgebraSteps, DerivationClaim, RewritingClaim
from midtrace.verifiers.algebra import Algebra

from .measured import Half, Measured, Record, records

TASKS = ("simple_equations", "polynomial_equations", "polynomial_multiplication", "complex_arithmetic")
EXTRACTOR = AlgebraSteps()
CONTEXT = 600  # characters before the unit that a session shows a check


class Solution(NamedTuple):
    """A text, the problem it solves, and whether its final answer is right."""

    id: str
    problem: str
    text: str
    right: bool


def measure(data: Path, half: Half) -> Iterator[Measured]:
    texts = list(solutions(data, half))
    yield correct_solutions(texts)
    yield from planted_slips(texts)
    yield from answers(data, half)


def solutions(data: Path, half: Half) -> Iterator[Solution]:
    for row in records(data, "steps_prm800k_correct", half):
        yield Solution(row["id"], row["problem"], "\n".join(row["steps"]), right=True)
    for row in records(data, "steps_prmbench_qwq_correct", half):
        yield Solution(row["id"], row["problem"], "".join(row["steps"]), right=True)
    for row in records(data, "math_l5_llm_outputs", half):
        yield Solution(
            f"math-{row['id']}-{row['model']}", row["question"], row["output"] or "", right=row["final_exact_match"]
        )
    for task in TASKS:
        for row in records(data, f"rg_eval_algebra__{task}", half):
            yield Solution(row["id"], row["question"], row["response"] or "", right=row["score"] == 1)


def correct_solutions(texts: list[Solution]) -> Measured:
    measured = Measured("Algebra", "claims of solutions with a right answer")
    verifier = Algebra()
    for solution in texts:
        if not solution.right:
            continue
        for view in lines(solution):
            verdict = measured.timed(lambda view=view: verifier.check(EXTRACTOR.extract(view) or ()))  # type: ignore[misc]
            measured.right += len(found_in(verdict)) + (verdict.checked if isinstance(verdict, Pass) else 0)
            measured.flagged += [f"{solution.id}: {each.message}" for each in found_in(verdict)]
    return measured


def planted_slips(texts: list[Solution]) -> Iterator[Measured]:
    verifier, chance = Algebra(), random.Random(2_026)
    rows = {
        kind: Measured("Algebra", f"one slip in {kind}")
        for kind in ("an expression rewritten", "a step in one variable", "a step in several")
    }
    for solution in texts:
        for view in lines(solution):
            for claim in EXTRACTOR.extract(view) or ():
                if isinstance(claim, AlgebraAnswer) or verifier.check((claim,)) != Pass(1):
                    continue
                changed = with_slip(view, claim, chance)
                if changed is None:
                    continue
                measured = rows[kind_of(claim)]
                measured.wrong += 1
                verdict = measured.timed(lambda view=changed: verifier.check(EXTRACTOR.extract(view) or ()))  # type: ignore[misc]
                if not isinstance(verdict, Violation):
                    measured.missed.append(f"{solution.id}: {changed.text.strip()[:200]}")
    yield from rows.values()


def answers(data: Path, half: Half) -> Iterator[Measured]:
    chance = random.Random(2_026)
    for task in TASKS:
        gold, given = Measured("Algebra", f"{task}: gold, and gold changed"), Measured("Algebra", f"{task}: answers")
        for row in records(data, f"rg_eval_algebra__{task}", half):
            verifier = Algebra.of(row["question"])
            gold.right += 1
            gold.wrong += 1
            if not isinstance(judged(gold, verifier, row["expected_answer"]), Pass):
                gold.flagged.append(f"{row['id']}: {row['expected_answer'][:100]}")
            other = changed_number(row["expected_answer"], chance)
            if not isinstance(judged(gold, verifier, other), Violation):
                gold.missed.append(f"{row['id']}: {other[:100]}")
            if row["model_answer"]:
                _answer(given, verifier, row)
        yield gold
        yield given


def _answer(measured: Measured, verifier: Algebra, row: Record) -> None:
    answer = row["model_answer"]
    verdict = judged(measured, verifier, answer)
    measured.unknown += isinstance(verdict, Unknown)
    if row["score"] == 1:
        measured.right += 1
        if isinstance(verdict, Violation):
            measured.flagged.append(f"{row['id']}: {answer[:100]}")
    else:
        measured.wrong += 1
        if not isinstance(verdict, Violation):
            measured.missed.append(f"{row['id']}: {answer[:100]} (due {row['expected_answer'][:100]})")


def judged(measured: Measured, verifier: Algebra, answer: str) -> Verdict:
    view = View(f"<answer>{answer}</answer>\n")
    return measured.timed(lambda: verifier.check(EXTRACTOR.extract(view) or ()))


def lines(solution: Solution) -> Iterator[View]:
    at, text = 0, solution.text
    for line in text.splitlines(keepends=True):
        before = text[max(0, at - CONTEXT) : at]
        yield View(line, at, before, solution.problem, final=at + len(line) == len(text))
        at += len(line)


def found_in(verdict: Verdict) -> tuple[Violation, ...]:
    return (verdict, *verdict.also) if isinstance(verdict, Violation) else ()


def kind_of(claim: RewritingClaim | DerivationClaim) -> str:
    if isinstance(claim, RewritingClaim):
        return "an expression rewritten"
    return "a step in one variable" if len(claim.conclusion[0].names) == 1 else "a step in several"


def with_slip(view: View, claim: RewritingClaim | DerivationClaim, chance: random.Random) -> View | None:
    """The view with one number, sign or exponent changed in what the claim arrives at."""
    begin, end = claim.span.start - view.start, claim.span.end - view.start
    text = claim.right_text if isinstance(claim, RewritingClaim) else claim.text
    at = view.text.rfind(text, begin, end)
    places = [] if at < 0 else [*_NUMBER.finditer(text), *_SIGN.finditer(text)]
    if not places:
        return None
    place = chance.choice(places)
    if place.group() in "+-":
        new = "-" if place.group() == "+" else "+"
    else:
        number = int(place.group())
        new = str(number + chance.choice([shift for shift in (-2, -1, 1, 2, 3) if number + shift >= 0]))
    changed = text[: place.start()] + new + text[place.end() :]
    return View(
        view.text[:at] + changed + view.text[at + len(text) :], view.start, view.before, view.prompt, view.final
    )


_NUMBER = re.compile(r"(?<![\d.,_])\d{1,6}(?![\d.,])")
_SIGN = re.compile(r"(?<=[\w)}\s])[+-](?=[\s\w({\\])")


def changed_number(answer: str, chance: random.Random) -> str:
    """The answer with one of its numbers off by a little: by more than rounding explains."""
    place = chance.choice(list(re.finditer(r"(?<!\*\*)(?<![\d.])\d+(?:\.\d+)?", answer)))
    whole, _, decimals = place.group().partition(".")
    digits = int(whole + decimals) + chance.choice([3, 5, 7])
    shown = f"{digits:0{len(decimals) + 1}d}"
    new = f"{shown[: -len(decimals)]}.{shown[-len(decimals) :]}" if decimals else shown
    return answer[: place.start()] + new + answer[place.end() :]
