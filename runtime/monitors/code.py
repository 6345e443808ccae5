"""Ready monitors of program code.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from ..policies import Policy, Rollback
from ..triggers import on_block
from .monitor import Monitor


def python_code(problem: str, policy: Policy | None = None) -> Monitor:
    """Python code in fences: its syntax, and the tests of the problem, run shut in."""
    from midtrace.extractors import CodeBlocks
    from midtrace.verifiers import PythonCode

    return Monitor(
        "python_code",
        on=on_block("code"),
        extract=CodeBlocks(),
        verify=PythonCode.of(problem),
        policy=policy or Rollback(),
        deadline=10.0,
        scope="trace",
    )


def output_prediction(problem: str, policy: Policy | None = None) -> Monitor:
    """What a function is said to give, against what it gives when it is run shut in."""
    from midtrace.extractors import PredictedOutputs
    from midtrace.verifiers import OutputPrediction

    return Monitor(
        "output_prediction",
        extract=PredictedOutputs(),
        verify=OutputPrediction.of(problem),
        policy=policy or Rollback(to="claim", repair="correct"),
        deadline=10.0,
        scope="trace",
    )
