"""What a call of given code returns, claimed by a trace and found by running it."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors.code import OutputClaim

from ._python_code_problem import names
from ._python_code_sandbox import Compare, Outcome, try_out

MEMORY = 512 << 20
LONGEST_SHOWN = 300
"""Characters of a result up to which it can be put in place of the claim."""


@dataclass(frozen=True, slots=True)
class OutputPrediction:
    """Checks the output that a trace claims for `function(arguments)`, by calling it.

    Args:
        code: Python source that defines the function.
        arguments: Python source of the arguments, as between the parentheses of the call.
        function: Name of the function.
        seconds: Wall time for the call.
        memory: Bytes of address space for it.

    The last claim of the trace counts, one in JSON or `[ANSWER]` before one in an `assert`. Runs the code as
    `PythonCode` does. Raises `UsageError` for arguments that do not parse.
    """

    code: str
    arguments: str
    function: str = "f"
    seconds: float = 3.0
    memory: int = MEMORY

    def __post_init__(self) -> None:
        if _call(self._expression) is None:
            raise UsageError(f"OutputPrediction(arguments={self.arguments!r:.80}): expected Python arguments")

    @classmethod
    def of(cls, problem: str) -> Self:
        """Read code and call from JSON with `code` and `input`, or from Python code with `assert f(...) == ??`.

        Raises `UsageError` where there is neither.
        """
        if problem.lstrip().startswith("{"):
            try:
                content = json.loads(problem)
            except ValueError as error:
                raise UsageError(f"the problem starts like JSON and is none: {error}") from None
            match content:
                case {"code": str() as code, "input": str() as arguments}:
                    return cls(code, arguments)
            raise UsageError("expected text under 'code' and 'input' in the problem")
        question = _QUESTION.search(problem)
        start = _START.search(problem)
        if question is None or start is None or start.start() >= question.start():
            raise UsageError("expected code in the problem, and a line such as 'assert f(1, 2) == ??'")
        code = problem[start.start() : question.start()].rstrip().removesuffix("```").rstrip()
        return cls(code, question["arguments"], question["function"])

    def check(self, state: tuple[OutputClaim, ...], /) -> Verdict:
        """Pass if the claim is what the call returns; a violation gives the right output."""
        claim = self._claim(state)
        if claim is None:
            return Pass(0)
        if not claim.readings:
            return Unknown(f"{claim.text[:80]!r} is no Python literal", "unparsed")
        question = Compare(self._expression, claim.readings)
        first = self._run(question, 0)
        if isinstance(first, Unknown):
            return first
        if first.kind == "failed":
            again = self._run(question, 1)
            if again != first:
                return Unknown("the output differs from run to run")
        match first.kind:
            case "passed":
                return Pass(1)
            case "failed" if first.value:
                return self._violation(claim, first)
            case _:
                late = first.kind == "timeout"
                return Unknown(f"the output was not found: {first.text}", "timeout" if late else "undecided")

    @property
    def _expression(self) -> str:
        return f"{self.function}({self.arguments})"

    def _claim(self, claims: Sequence[OutputClaim]) -> OutputClaim | None:
        due = _call(self._expression)
        own = [claim for claim in claims if not claim.call or _call(claim.call) == due]
        explicit = [claim for claim in own if claim.form != "assert"]
        return next(reversed(explicit or own), None)

    def _run(self, question: Compare, seed: int) -> Outcome | Unknown:
        trial = try_out(
            [self.code], names([self._expression]), [question], seconds=self.seconds, memory=self.memory, seed=seed
        )
        if trial.refused:
            return Unknown(f"the code was not run: {trial.refused}", "refused")
        return trial.outcomes[0]

    def _violation(self, claim: OutputClaim, outcome: Outcome) -> Verdict:
        if claim.readings == (repr(claim.text),) and _CONSTRUCTOR.match(claim.text):
            return Unknown(f"{claim.text[:80]!r} is no literal, and may be another way to write the output", "unparsed")
        short = len(outcome.value) <= LONGEST_SHOWN
        written = json.dumps(outcome.value, ensure_ascii=False) if claim.quoted else outcome.value
        return Violation(
            f"{self.function} returns {outcome.value}, not {claim.readings[0][:LONGEST_SHOWN]}",
            claim.span,
            hint=f"{self._expression} == {outcome.value}" if short else None,
            correction=written if short else None,
            evidence={"output": outcome.value, "claimed": claim.text[:LONGEST_SHOWN]},
        )


_QUESTION = re.compile(
    r"^[ \t]*assert (?P<function>[A-Za-z_]\w{0,60})\((?P<arguments>[^\n]{0,4000})\) == \?\?", re.MULTILINE
)
_START = re.compile(r"^(?:import|from|def|class|@)\b", re.MULTILINE)
_CONSTRUCTOR = re.compile(r"\s*[A-Za-z_][\w.]{0,60}\(")


def _call(source: str) -> str | None:
    """The call in a spelling of its own, or None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, mode="eval")
            return ast.unparse(tree) if isinstance(tree.body, ast.Call) else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
