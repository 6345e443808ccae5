"""Conclusions from premises: what models answered, and its negation where the premises allow no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
        answers.judge(READER, rules, f"<answer>{row['model_answer']}</answer>", row["id"], is_right=is_right)
        texts.judge(READER, rules, row["response"], row["id"], is_right=is_right)
        if is_right and rules.consistent():
            negated.judge(READER, rules, f"<answer>¬({row['model_answer']})</answer>", row["id"], is_right=False)
    yield from (answers, texts, negated)
