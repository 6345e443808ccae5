"""Facts that contradict each other: right solutions, in which there are none, and contradictions planted in them.

A right solution is judged behind each of its lines, as it is while it is streamed. What is planted: one digit of a fact
is changed where it is said again, or at the end, behind the word `So` or under the heading `Summary`. Facts that are
said again as they are, and then pass as checked, show how many of the misses are abstentions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from midtrace import Pass, Verdict, View, Violation
from midtrace.extractors.consistency import FactClaims, StatedFact
from midtrace.verifiers.consistency import Consistency

from .measured import Half, Measured, records


class Solution(NamedTuple):
    source: str
    id: str
    prompt: str
    text: str


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """Right solutions, contradictions planted in them, and those that GPT-4o planted."""
    right = Measured("consistency", "right solutions, behind every line")
    again = Measured("consistency", "facts planted wrong where they are said again")
    end = Measured("consistency", "variables planted wrong at the end")
    decided = Measured("consistency", "the same, where the right value would be checked")
    summary = Measured("consistency", "labelled amounts planted wrong in a summary")
    for solution in right_solutions(data, half):
        right.right += 1
        flag = first_violation(solution.text, right)
        if flag is not None:
            right.flagged.append(f"{solution.source} {solution.id}: {flag.message}")
            continue
        facts = [fact for fact in FactClaims().extract(View(solution.text, final=True)) or () if fact.asserted]
        for n, fact in enumerate(facts):
            name = f"{solution.source} {solution.id}: {fact.text}"
            wrong = changed(fact)
            if any(other.name == fact.name for other in facts[:n]):
                text = solution.text[: fact.span.start] + wrong + solution.text[fact.span.end :]
                _count(again, text, name)
            if " " in fact.name and not fact.name.startswith("\\"):
                _count(summary, f"{solution.text}\n\n**Summary:**\n- {wrong}\n", name)
            else:
                text = f"{solution.text}\nSo {fact.name} = {wrong[_sign(fact) + 1 :]}.\n"
                _count(end, text, name)
                if _checked(f"{solution.text}\nSo {fact.text}.\n") > _checked(solution.text):
                    _count(decided, text, name)
    yield right
    yield again
    yield end
    yield decided
    yield summary
    yield _contradictions(data, half)


def right_solutions(data: Path, half: Half) -> Iterator[Solution]:
    """Solutions of problems with the right answer, written by people and by many models."""
    for row in records(data, "gsm8k_human_solutions", half):
        yield Solution("human", row["id"], row["question"], row["solution"])
    for row in records(data, "gsm8k_model_solutions", half):
        for model, answer in row["models"].items():
            if answer["final_correct"]:
                yield Solution(model, row["id"], row["question"], answer["solution"])
    for name, label in (("gsm8k_llm_outputs", "final_correct"), ("math_l5_llm_outputs", "final_exact_match")):
        for row in records(data, name, half):
            if row[label]:
                yield Solution(row["model"], str(row["id"]), row["question"], row["output"])
    for name in ("steps_prm800k_correct", "steps_prmbench_qwq_correct"):
        for row in records(data, name, half):
            yield Solution(row["generator"], row["id"], row["problem"], "\n".join(row["steps"]))


def first_violation(text: str, measured: Measured) -> Violation | None:
    """What is found first if the text is judged behind each of its lines; each of these checks counts."""
    lines = text.splitlines(keepends=True)
    seen = ""
    for n, line in enumerate(lines):
        seen += line
        view = View(seen, final=n + 1 == len(lines))
        verdict = measured.timed(lambda view=view: judge(view))  # type: ignore[misc]
        if isinstance(verdict, Violation):
            return verdict
    return None


def judge(view: View) -> Verdict:
    """Extraction and check."""
    state = FactClaims().extract(view)
    return Pass(0) if state is None else Consistency().check(state)


def changed(fact: StatedFact) -> str:
    """The fact with one digit of its value changed, chosen by a hash."""
    seed = int.from_bytes(hashlib.sha256(f"{fact.span}{fact.text}".encode()).digest()[:4], "big")
    places = [at for at in range(_sign(fact), len(fact.text)) if fact.text[at].isdigit()]
    at = places[seed % len(places)]
    others = [digit for digit in "123456789" if digit != fact.text[at]]
    return fact.text[:at] + others[seed // 97 % len(others)] + fact.text[at + 1 :]


def _checked(text: str) -> int:
    verdict = judge(View(text, final=True))
    return verdict.checked if isinstance(verdict, Pass) else 0


def _sign(fact: StatedFact) -> int:
    return max(fact.text.rfind("="), fact.text.rfind(":"), fact.text.rfind(">"))  # "x = <<2*3=6>>6"


def _count(measured: Measured, text: str, name: str) -> None:
    measured.wrong += 1
    if first_violation(text, measured) is None:
        measured.missed.append(name)


def _contradictions(data: Path, half: Half) -> Measured:
    """Most of these are changes of mind, wrong formulas and the like, which no two facts tell."""
    found = Measured("consistency", "PRMBench, step contradictions")
    for row in records(data, "steps_prmbench_step_contradiction", half):
        _count(found, "\n".join(row["steps"]), row["id"])
    return found
