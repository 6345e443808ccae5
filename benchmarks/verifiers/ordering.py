"""Fixed orders: the steps and answers of PaLM 2 on logical deduction (BIG-Bench Mistake), and Codex's answers (BBH)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from midtrace import Pass, Unknown, Verdict, View, Violation
from midtrace.extractors.ordering import OrderClaims
from midtrace.verifiers.ordering import Ordering

from .measured import Half, Measured, records


def measure(data: Path, half: Half) -> Iterator[Measured]:
    yield from _steps(data, half)
    yield from _final_answers(data, half)


def _steps(data: Path, half: Half) -> Iterator[Measured]:
    """Steps before the first wrong one are right, that one is wrong, those behind it have no label."""
    found = Measured("ordering", "logical deduction, steps before the first error and the first error")
    traces = Measured("ordering", "logical deduction, traces with an error: found in some step")
    for record in records(data, "steps_bbmistake_logical_deduction", half):
        if record["label_suspect"]:
            continue
        extract, verify = OrderClaims.of(record["problem"]), Ordering.of(record["problem"])
        text, flagged = "", []
        for n, step in enumerate(record["steps"]):
            view = View(step + "\n", len(text), text[-600:], record["problem"], final=n + 1 == len(record["steps"]))
            text += step + "\n"
            verdict = found.timed(partial(_judge, extract, verify, view))
            if isinstance(verdict, Violation):
                flagged.append(n)
            first = record["first_error"]
            if first is not None and n > first:
                continue
            found.unknown += isinstance(verdict, Unknown)
            line = f"{record['id']} step {n}: {verdict.message if isinstance(verdict, Violation) else step}"
            if n == first:
                found.wrong += 1
                if n not in flagged:
                    found.missed.append(line)
            else:
                found.right += 1
                if n in flagged:
                    found.flagged.append(line)
        if record["first_error"] is None:
            traces.right += 1
            traces.flagged += [record["id"]] if flagged else []
        else:
            traces.wrong += 1
            traces.missed += [] if flagged else [record["id"]]
    yield found
    yield traces


def _final_answers(data: Path, half: Half) -> Iterator[Measured]:
    """Answers that are the target are right, others wrong; each option of each problem as an answer, too."""
    mistakes = Measured("ordering", "logical deduction, final answers (PaLM 2)")
    for record in records(data, "steps_bbmistake_logical_deduction", half):
        right = record["answer"] == record["target"]
        _count(mistakes, record["problem"], record["steps"][-1], record["id"], right=right)
    yield mistakes
    codex = Measured("ordering", "BBH logical deduction, final answers (Codex)")
    every = Measured("ordering", "BBH logical deduction, every option as the answer")
    for record in records(data, "bbh_davinci_cot", half):
        if not record["task"].startswith("logical_deduction"):
            continue
        last = record["cot"].rsplit("\n", 1)[-1]
        _count(codex, record["question"], last, record["id"], right=record["final_correct"])
        for letter, _ in Ordering.of(record["question"]).options:
            right = f"({letter})" == record["target"]
            _count(every, record["question"], f"So the answer is ({letter}).", f"{record['id']} {letter}", right=right)
    yield codex
    yield every


def _count(measured: Measured, problem: str, text: str, name: str, *, right: bool) -> None:
    extract, verify = OrderClaims.of(problem), Ordering.of(problem)
    verdict = measured.timed(lambda: _judge(extract, verify, View(text, prompt=problem, final=True)))
    measured.unknown += isinstance(verdict, Unknown)
    measured.right += right
    measured.wrong += not right
    if right and isinstance(verdict, Violation):
        measured.flagged.append(f"{name}: {verdict.message}")
    if not right and not isinstance(verdict, Violation):
        measured.missed.append(f"{name}: {text}")


def _judge(extract: OrderClaims, verify: Ordering, view: View) -> Verdict:
    state = extract.extract(view)
    return Pass(0) if state is None else verify.check(state)
