"""One long expression: PaLM 2's steps with the first wrong one marked, with the problem in hand and without.

Three steps that are labelled right are wrong, and one that is labelled wrong is right; the page of the verifier names
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from midtrace import Pass, Verdict, View, Violation
from midtrace.extractors import ArithmeticClaims
from midtrace.extractors.multistep_arithmetic import MultistepClaims
from midtrace.verifiers import Arithmetic
from midtrace.verifiers.multistep_arithmetic import MultistepArithmetic

from .measured import Half, Measured, labelled, measured_steps, records


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """Steps without and with the problem, then whole answers of another model."""
    for name, check in (("Arithmetic", _lines), ("MultistepArithmetic", _check)):
        traces = labelled(records(data, "steps_bbmistake_multistep_arithmetic", half))
        yield measured_steps(name, "steps of PaLM 2", traces, check)
    yield _answers(data, half)


def _answers(data: Path, half: Half) -> Measured:
    result = Measured("MultistepArithmetic", "traces of code-davinci-002 by their answer")
    for row in records(data, "bbh_davinci_cot", half):
        if not row["task"].startswith("multistep_arithmetic") or row["final_correct"] is None:
            continue
        verdict = result.timed(partial(_check, row["question"], View(row["cot"], final=True)))
        if row["final_correct"]:
            result.right += 1
            result.flagged += [f"{row['id']}: {verdict.message}"] if isinstance(verdict, Violation) else []
        else:
            result.wrong += 1
            result.missed += [] if isinstance(verdict, Violation) else [row["id"]]
    return result


def _lines(_problem: str, view: View) -> Verdict:
    state = ArithmeticClaims().extract(view)
    return Pass(0) if state is None else Arithmetic().check(state)


def _check(problem: str, view: View) -> Verdict:
    state = MultistepClaims().extract(view)
    return Pass(0) if state is None else MultistepArithmetic.of(problem).check(state)
