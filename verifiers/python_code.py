"""Python code that a trace holds: its grammar, its names, and what it does under tests, run shut in."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from midtrace import Pass, Span, Unknown, UsageError, Verdict, Violation
from midtrace.extractors.code import Code

from . import _python_code_problem as problems
from ._findings import together
from ._python_code_names import NoRuffError, undefined
from ._python_code_output import OutputPrediction
from ._python_code_pieces import Piece, definition, lasting, program_of, read_pieces
from ._python_code_problem import Case
from ._python_code_sandbox import Compare, Outcome, Question, Trial, try_out
from ._python_code_syntax import parsed

__all__ = ["MEMORY", "Case", "OutputPrediction", "PythonCode"]

MEMORY = 512 << 20
"""Bytes of address space that code under test may use by default."""

MAX_SECONDS = 60.0
MAX_ALSO = 5
"""Failed tests that are named beside the first."""


@dataclass(frozen=True, slots=True)
class PythonCode:
    """Checks Python code in up to three layers: syntax always, tests and names if they are asked for.

    Args:
        tests: Python statements each, which use the code's names and must not raise: `"assert f(2) == 4"`. A property
            is a test with a loop. They run in this order and share their names.
        cases: Calls and the literals that they must return, both as text; floats may differ in the ninth digit.
        preamble: Code in front of the answer, such as the imports that the problem gives.
        undefined_names: Also look for names that nothing defines, once the trace has ended. Needs the program ruff
            (`midtrace[code]`); without it the check is `Unknown`.
        seconds: Wall time for all tests together; they are run again before a violation is reported.
        memory: Bytes of address space for the code.

    Code is run on Linux only, in a process of its own that can create no file, process or thread and reach no network,
    see docs/verifiers/python_code.md; elsewhere the check is `Unknown`. The tests judge the last blocks that define
    the names which they use. Raises `UsageError` for tests, cases or a preamble that are no Python.
    """

    tests: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    preamble: str = ""
    undefined_names: bool = False
    seconds: float = 3.0
    memory: int = MEMORY

    def __post_init__(self) -> None:
        asked = problems.questions(self.tests, self.cases)
        if asked and not problems.names(_sources(asked)):
            raise UsageError("PythonCode: expected tests that use a name which the answer is to define")
        if not isinstance(parsed(self.preamble), ast.Module):
            raise UsageError(f"PythonCode(preamble={self.preamble!r:.80}): expected Python")
        if not 0 < self.seconds <= MAX_SECONDS:
            raise UsageError(f"PythonCode(seconds={self.seconds}): expected more than 0 and at most {MAX_SECONDS:g}")
        if not self.memory >= 64 << 20:
            raise UsageError(f"PythonCode(memory={self.memory}): expected at least {64 << 20} bytes")

    @classmethod
    def of(cls, problem: str) -> Self:
        """The tests that a problem states; see `docs/verifiers/python_code.md`. Raises `UsageError` without any."""
        spec = problems.read(problem)
        return cls(spec.tests, spec.cases, spec.preamble)

    def check(self, state: Code, /) -> Verdict:
        """Pass with the number of blocks read and tests passed, the first fault, or why something was not decided.

        A program that passes its tests outweighs blocks that do not parse.
        """
        pieces, faults, unjudged = read_pieces(state)
        asked = problems.questions(self.tests, self.cases)
        verdicts: list[Verdict] = []
        if asked:
            verdicts.append(self._tested(state, pieces, asked, unjudged))
        if faults and not any(isinstance(each, Pass) and each.checked for each in verdicts):
            return together(faults)
        if self.undefined_names and state.final and state.whole and pieces:
            verdicts.append(self._named(pieces, asked))
        if unjudged and not asked:
            verdicts.append(Unknown(unjudged, "unparsed"))
        for kind in (Violation, Unknown):
            for verdict in verdicts:
                if isinstance(verdict, kind):
                    return verdict
        return Pass(len(pieces) + sum(each.checked for each in verdicts if isinstance(each, Pass)))

    def _tested(self, state: Code, pieces: Sequence[Piece], asked: Sequence[Question], unjudged: str) -> Verdict:
        names = problems.names(_sources(asked))
        program = program_of(pieces, frozenset(names) - self._given())
        if program is None:
            if state.final:
                return Unknown(unjudged or f"no block of code defines {' and '.join(names)}", "unparsed")
            return Pass(0)
        sources = [self.preamble, *(piece.code for piece in program)]
        trial = try_out(sources, names, asked, seconds=self.seconds, memory=self.memory)
        if trial.refused:
            return Unknown(f"the code was not run: {trial.refused}", "refused")
        if _failed(trial):
            # Once more with another order of sets: what differs from run to run is no finding.
            again = try_out(sources, names, asked, seconds=self.seconds, memory=self.memory, seed=1)
            trial = _agreed(trial, again)
        failed = _failed(trial)
        if failed and not state.whole and "NameError" in trial.load_error + trial.outcomes[failed[0]].text:
            return Unknown("the code uses names that may be defined before this unit")
        if failed:
            span = definition(program, names)
            return together([_violation(asked[index], trial, index, span) for index in failed[: MAX_ALSO + 1]])
        return _overall(trial, asked)

    def _given(self) -> frozenset[str]:
        tree = parsed(self.preamble)
        return problems.bound(tree) if isinstance(tree, ast.Module) else frozenset()

    def _named(self, pieces: Sequence[Piece], asked: Sequence[Question]) -> Verdict:
        wanted = frozenset(problems.names(_sources(asked))) - self._given()
        program = (program_of(pieces, wanted) if asked else None) or lasting(pieces)
        offset = self.preamble.count("\n") + 1
        try:
            found = undefined("\n".join([self.preamble, *(piece.code for piece in program)]))
        except NoRuffError as reason:
            return Unknown(f"names were not checked: {reason}", "refused")
        faults = []
        for fault in found:
            line = fault.line - offset
            for piece in program:
                count = piece.code.count("\n") + 1
                if 0 < line <= count and piece.in_function(line):
                    faults.append(Violation(fault.message, piece.block.line(line), evidence={"rule": "ruff"}))
                line -= count
        return together(faults) if faults else Pass(1)


def _sources(asked: Sequence[Question]) -> list[str]:
    return [
        text for each in asked for text in ((each.left, *each.rights) if isinstance(each, Compare) else (each.source,))
    ]


def _failed(trial: Trial) -> list[int]:
    """The questions that the code fails, also by not defining what it is asked for."""
    return [
        index
        for index, outcome in enumerate(trial.outcomes)
        if outcome.kind == "failed" or (outcome.kind == "missing" and trial.load_error and trial.own_fault)
    ]


def _agreed(one: Trial, other: Trial) -> Trial:
    """The first trial, with failures left undecided that are not the same in the second one."""
    differs = Outcome("undecided", "it did not end alike when it was run again")
    failed = _failed(one)
    return replace(
        one,
        outcomes=tuple(
            differs if index in failed and other.outcomes[index : index + 1] != (outcome,) else outcome
            for index, outcome in enumerate(one.outcomes)
        ),
    )


def _violation(question: Question, trial: Trial, index: int, span: Span) -> Violation:
    test, outcome = _source(question), trial.outcomes[index]
    evidence = {"test": test[:1_000], "sandbox": trial.held}
    if outcome.kind == "missing":
        return Violation(f"loading the code raises {trial.load_error}", span, evidence=evidence)
    if isinstance(question, Compare) and outcome.value:
        evidence |= {"value": outcome.value, "expected": outcome.expected}
        return Violation(f"{outcome.text}, not {outcome.expected}", span, hint=test, evidence=evidence)
    line = " ".join(test.split())
    shown = line if len(line) <= 100 else f"{line[:100]}..."
    return Violation(
        f"{outcome.text or 'an assertion is false'}, so `{shown}` fails", span, hint=test, evidence=evidence
    )


def _source(question: Question) -> str:
    match question:
        case Compare(left, rights):
            return f"assert {left} == {rights[0]}"
        case _:
            return question.source


def _overall(trial: Trial, asked: Sequence[Question]) -> Verdict:
    for question, outcome in zip(asked, trial.outcomes, strict=True):
        if outcome.kind != "passed":
            reason = outcome.text if outcome.kind != "missing" else f"{outcome.text} is not defined"
            what = " ".join(_source(question).split())[:100]
            why = f"{trial.load_error}: " if trial.load_error else ""
            return Unknown(
                f"`{what}` was not decided: {why}{reason}", "timeout" if outcome.kind == "timeout" else "undecided"
            )
    if trial.load_error:
        return Unknown(f"the tests pass, but loading the code ends with {trial.load_error}")
    return Pass(len(asked))
