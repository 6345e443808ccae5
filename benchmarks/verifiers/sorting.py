"""Words to be sorted: PaLM 2's steps with the first wrong one marked; the labels also mark breaks of the method."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from midtrace import Pass, Verdict, View, Violation
from midtrace.extractors.sorting import SortingClaims
from midtrace.verifiers.sorting import Sorting

from .measured import Half, Measured, labelled, measured_steps, records


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """Steps without and with the discipline of the method, then whole answers of another model."""
    for stepwise in (False, True):
        traces = labelled(records(data, "steps_bbmistake_word_sorting", half))
        name = "Sorting(stepwise=True)" if stepwise else "Sorting"
        yield measured_steps(name, "steps of PaLM 2", traces, partial(_check, stepwise=stepwise))
    yield _answers(data, half)


def _answers(data: Path, half: Half) -> Measured:
    """What is flagged of traces with a right answer are slips on the way: each is to be read."""
    result = Measured("Sorting", "traces of code-davinci-002 by their answer")
    for row in records(data, "bbh_davinci_cot", half):
        if row["task"] != "word_sorting" or row["final_correct"] is None:
            continue
        verdict = result.timed(partial(_check, row["question"], View(row["cot"], final=True), stepwise=False))
        if row["final_correct"]:
            result.right += 1
            result.flagged += [f"{row['id']}: {verdict.message}"] if isinstance(verdict, Violation) else []
        else:
            result.wrong += 1
            result.missed += [] if isinstance(verdict, Violation) else [row["id"]]
    return result


def _check(problem: str, view: View, *, stepwise: bool) -> Verdict:
    state = SortingClaims().extract(view)
    return Pass(0) if state is None else Sorting.of(problem, stepwise=stepwise).check(state)
