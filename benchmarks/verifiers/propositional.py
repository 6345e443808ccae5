"""Conclusions from premises: what models answered, and its negation where the premises allow no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from midtrace import Pass, Unknown, Verdict, View, Violation
from midtrace.extractors.propositional import FormulaClaims
from midtrace.verifiers.propositional import PropositionalEntailment

from .measured import Half, Measured, records

READER = FormulaClaims()
FOLLOWS = 0.25
"""The score of an answer that follows but is trivial; one that does not follow gets 0.05, none at all 0."""


def measure(data: Path, half: Half) -> Iterator[Measured]:
    answers = Measured("propositional", "models' answers")
    texts = Measured("propositional", "models' texts")
    negated = Measured("propositional", "right answers negated")
    for row in records(data, "rg_eval_logic__propositional_logic", half):
        if not row["score"]:
            continue  # no answer was given
        rules = PropositionalEntailment.of(row["question"])
        is_right = row["score"] >= FOLLOWS
        note(answers, rules, f"<answer>{row['model_answer']}</answer>", row["id"], is_right=is_right)
        note(texts, rules, row["response"], row["id"], is_right=is_right)
        if is_right and rules.consistent():
            note(negated, rules, f"<answer>¬({row['model_answer']})</answer>", row["id"], is_right=False)
    yield from (answers, texts, negated)


def note(measured: Measured, rules: PropositionalEntailment, text: str, case: str, *, is_right: bool) -> None:
    def judged() -> Verdict:
        state = READER.extract(View(text, final=True))
        return Pass(0) if state is None else rules.check(state)

    measured.right += is_right
    measured.wrong += not is_right
    match measured.timed(judged):
        case Violation(message=message):
            if is_right:
                measured.flagged.append(f"{case}: {message}")
        case verdict:
            measured.unknown += isinstance(verdict, Unknown)
            if not is_right:
                measured.missed.append(f"{case}: {verdict}")
