"""Bracket sequences: PaLM 2's stacks with the first wrong step marked, and long ones in which a problem quotes a trace.

Five labels of the tuning half and one of the other call a list wrong for a comma behind its last item, and one of each
half a stack for standing without spaces: they count as missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from midtrace import Pass, Verdict, View
from midtrace.extractors.bracketing import BracketClaims
from midtrace.verifiers.bracketing import Bracketing

from .measured import Half, LabelledTrace, Measured, Record, labelled, measured_steps, records


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """Short sequences and long ones."""
    short = labelled(records(data, "steps_bbmistake_dyck_languages", half))
    yield measured_steps("Bracketing", "steps of PaLM 2", short, _check)
    long = (_quoted(row) for row in records(data, "bbeh_dyck_languages", half))
    yield measured_steps("Bracketing", "steps quoted in BBEH", long, _check)


def _check(problem: str, view: View) -> Verdict:
    state = BracketClaims().extract(view)
    return Pass(0) if state is None else Bracketing.of(problem).check(state)


def _quoted(row: Record) -> LabelledTrace:
    steps = tuple(re.findall(r"^Thought \d+: (.*)", row["input"], re.MULTILINE))
    return LabelledTrace(row["id"], row["input"], steps, None if row["target"] == "No" else int(row["target"]) - 1)
