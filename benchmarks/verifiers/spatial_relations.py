"""Places: every label as the answer to every StepGame story, and as the last sentence of a trace.

Some stories say the opposite of what their label was computed from: their generator has templates with wrong words.
Those in which the label does not follow are left out; `--cases` lists them, with what they say instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from midtrace import Pass, Unknown, Verdict, View, Violation
from midtrace.extractors.spatial_relations import SpatialClaims
from midtrace.verifiers.spatial_relations import SpatialRelations

from .measured import Half, Measured, Record, records

LABELS = (
    "left", "right", "above", "below", "upper-left", "upper-right", "lower-left", "lower-right", "overlap",
)  # fmt: skip
WRONG_TEMPLATES = re.compile(
    r"(?P<self>\b[A-Z]\b) is diagonally left and above (?P=self)\.|at the 10 position of a clock face"
    r"|placed at the bottom of|are horizontal and . is to the right of|are parallel, and . (?:is to|on) the right of"
    r"|positioned below . and to the left|both there with the object . is to the right of"
    r"|to the right and above . at an angle|slightly off center"
)
"""Each of these stands for two directions, or names one thing twice, in the stories with labels that do not follow."""


def measure(data: Path, half: Half) -> Iterator[Measured]:
    answers = Measured("spatial_relations", "StepGame, every label as the answer")
    sentences = Measured("spatial_relations", "StepGame, every label in a last sentence")
    listed = Measured("spatial_relations", "")
    for record in records(data, "stepgame", half):
        problem = " ".join(record["story"]) + " " + record["question"]
        extract, verify = SpatialClaims.of(problem), SpatialRelations.of(problem)
        verdicts = {label: _judge(extract, verify, f"The answer is {label}.") for label in LABELS}
        gold = verdicts[record["label"]]
        if WRONG_TEMPLATES.search(problem) and not (isinstance(gold, Pass) and gold.checked):
            listed.unknown += isinstance(gold, Unknown)
            says = [label for label, verdict in verdicts.items() if isinstance(verdict, Pass)]
            listed.flagged.append(
                f"{record['id']}: label {record['label']}, the story says {', '.join(says) or 'nothing'}"
            )
            continue
        _count(answers, record, {label: f"The answer is {label}." for label in LABELS}, extract, verify)
        one, two = re.findall(r"agent ([A-Z])", record["question"])
        said = {label: f"So {one} is {_wording(label)} {two}." for label in LABELS if label != "overlap"}
        _count(sentences, record, said, extract, verify)
    yield answers
    yield sentences
    listed.text = (
        f"StepGame, {len(listed.flagged)} stories left out: a wrong template, and a label that does not follow"
    )
    yield listed


def _wording(label: str) -> str:
    return label if label in {"above", "below"} else f"to the {label} of"


def _count(
    measured: Measured, record: Record, said: dict[str, str], extract: SpatialClaims, verify: SpatialRelations
) -> None:
    for label, text in said.items():
        verdict = measured.timed(partial(_judge, extract, verify, text))
        measured.unknown += isinstance(verdict, Unknown)
        if label == record["label"]:
            measured.right += 1
            if not (isinstance(verdict, Pass) and verdict.checked):
                measured.flagged.append(f"{record['id']}: {text} {verdict}")
        else:
            measured.wrong += 1
            if not isinstance(verdict, Violation):
                measured.missed.append(f"{record['id']}: {text} {verdict}")


def _judge(extract: SpatialClaims, verify: SpatialRelations, text: str) -> Verdict:
    state = extract.extract(View(text, final=True))
    return Pass(0) if state is None else verify.check(state)
