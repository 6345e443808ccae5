"""Objects that are swapped: PaLM 2's steps with the first wrong one marked; problems by their answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from midtrace import Pass, Verdict, View, Violation
from midtrace.extractors.object_tracking import TrackingClaims
from midtrace.verifiers.object_tracking import ObjectTracking

from .measured import Half, Measured, Record, labelled, measured_steps, records


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """Steps, then every option of problems whose answer is known, asked about as if a trace had given it."""
    traces = labelled(records(data, "steps_bbmistake_tracking_shuffled_objects", half))
    yield measured_steps("ObjectTracking", "steps of PaLM 2", traces, _check)
    yield _options("options of BBH", ((row, row["question"]) for row in _tracking(data, half)))
    yield _options("options of BBEH", ((row, row["input"]) for row in records(data, "bbeh_shuffled_objects", half)))


def _tracking(data: Path, half: Half) -> Iterator[Record]:
    return (row for row in records(data, "bbh_davinci_cot", half) if row["task"].startswith("tracking"))


def _options(text: str, problems: Iterator[tuple[Record, str]]) -> Measured:
    result = Measured("ObjectTracking", text)
    for row, problem in problems:
        count = len(ObjectTracking.of(problem).options)
        for letter in (f"({chr(ord('A') + at)})" for at in range(count)):
            view = View(f"So the answer is {letter}.", final=True)
            verdict = result.timed(partial(_check, problem, view))
            if letter == row["target"]:
                result.right += 1
                result.flagged += [f"{row['id']}: {verdict.message}"] if isinstance(verdict, Violation) else []
            else:
                result.wrong += 1
                result.missed += [] if isinstance(verdict, Violation) else [f"{row['id']} {letter}"]
    return result


def _check(problem: str, view: View) -> Verdict:
    state = TrackingClaims().extract(view)
    return Pass(0) if state is None else ObjectTracking.of(problem).check(state)
