"""Python code: CRUXEval's functions, and what models say they return."""

from __future__ import annotations

import ast
import json
import resource
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from midtrace import Pass, Unknown, Verdict, View, Violation
from midtrace.extractors.code import CodeBlocks, PredictedOutputs
from midtrace.verifiers.python_code import OutputPrediction, PythonCode

from .measured import Half, Measured, records

T = TypeVar("T")


def measure(data: Path, half: Half) -> Iterator[Measured]:
    problems = {record["id"]: record for record in records(data, "cruxeval", half)}
    yield _stated(problems)
    yield _labelled(data, half, problems)
    yield _cases(problems)


def _stated(problems: dict[str, Any]) -> Measured:
    """The right output, and one that was changed, in each of the three forms."""
    measured = Measured("OutputPrediction", "CRUXEval outputs, right and changed")
    for number, (name, problem) in enumerate(problems.items()):
        verifier = OutputPrediction(problem["code"], problem["input"])
        for output in (problem["output"], repr(_changed(ast.literal_eval(problem["output"])))):
            text = _FORMS[number % len(_FORMS)](verifier, output)
            count(measured, name, output == problem["output"], partial(_output, verifier, text))
    return measured


_FORMS: tuple[Callable[[OutputPrediction, str], str], ...] = (
    lambda _, output: f"So it is clear.\n```json\n{json.dumps({'reasoning': 'as above', 'answer': output})}\n```",
    lambda _, output: f"It returns a value.\n[ANSWER]\n{output}\n[/ANSWER]\n",
    lambda v, output: f"Therefore\n```python\nassert {v.function}({v.arguments}) == {output}\n```\n",
)


def _labelled(data: Path, half: Half, problems: dict[str, Any]) -> Measured:
    measured = Measured("OutputPrediction", "CRUXEval answers of 5 models (labels compare fuzzily)")
    for record in records(data, "cruxeval_llm_outputs", half):
        if record["final_correct"] is None:
            continue
        problem = problems[record["crux_id"]]
        verifier = OutputPrediction(problem["code"], problem["input"])
        name = f"{record['crux_id']} {record['model']}: {record['output'][-120:]!r} for {record['gold']}"
        count(measured, name, record["final_correct"], partial(_output, verifier, record["output"]))
    return measured


def _cases(problems: dict[str, Any]) -> Measured:
    """CRUXEval's functions under the case that goes with each, and under one that it must fail."""
    measured = Measured("PythonCode", "CRUXEval functions under a right and a changed case")
    for name, problem in problems.items():
        text = f"Here it is:\n\n```python\n{problem['code']}\n```\n"
        call = f"f({problem['input']})"
        for output in (problem["output"], repr(_changed(ast.literal_eval(problem["output"])))):
            verifier = PythonCode(cases=((call, output),))
            count(measured, name, output == problem["output"], partial(judged, verifier, text))
    return measured


def _output(verifier: OutputPrediction, text: str) -> Verdict:
    state = PredictedOutputs().extract(View(text, final=True))
    return Pass(0) if state is None else verifier.check(state)


def judged(verifier: PythonCode, text: str) -> Verdict:
    """The verdict on a whole trace."""
    state = CodeBlocks().extract(View(text, final=True))
    return Pass(0) if state is None else verifier.check(state)


def count(measured: Measured, name: str, right: bool, work: Callable[[], Verdict]) -> None:
    """Do one check and count it, with the processor time of the processes that it starts."""
    before = _children()
    verdict = measured.timed(work)
    measured.seconds += _children() - before
    measured.unknown += isinstance(verdict, Unknown) or verdict == Pass(0)
    if right:
        measured.right += 1
        if isinstance(verdict, Violation):
            measured.flagged.append(f"{name} -> {verdict.message}")
    else:
        measured.wrong += 1
        if not isinstance(verdict, Violation):
            measured.missed.append(f"{name} -> {verdict}")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _changed(value: Any) -> Any:
    """Another value of the same kind, near enough to be a mistake."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value[:-1] if value else " "
        case bytes():
            return value + b" "
        case list() | tuple():
            return value[:-1] if value else type(value)([0])
        case dict():
            return dict(list(value.items())[:-1]) if value else {0: 0}
        case set():
            return value | {"another"}
        case None:
            return False
    raise TypeError(type(value).__name__)
