"""What a problem asks for: the solutions of an equation, or the value of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from midtrace import UsageError
from midtrace.extractors.algebra import Alternatives, Readings, equations_in, expression_in

MAX_PROBLEM = 20_000

_SOLVE = re.compile(
    r"\b(?:solve\b[^.\n]{0,60}?\bfor(?: all| the)?(?: real)?(?: values?(?: of)?)?|find|determine|values?(?:\(s\))? of)"
    r"[ ]+\$?(?P<name>[A-Za-z])\$?(?![A-Za-z])(?![ ]*[-+*/^=(\\])",
    re.IGNORECASE,
)
_CALCULATE = re.compile(
    r"\b(?:simplify|calculate|compute|evaluate|expand|multiply|add|subtract|divide|factor)\b[^:\n]{0,60}:",
    re.IGNORECASE,
)
_RESTRICTED = re.compile(
    r"\b(?:positive|negative|integers?|whole|natural|prime|complex|largest|smallest|greatest|least|sum|product|number"
    r"|many|nonzero|non-zero|acute|between|modul\w*|mod|digits?|base|interval)\b|[<>≤≥]|\\[lg]eq?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class EquationToSolve:
    """An equation whose real solutions for `unknown` a final answer must list, all of them."""

    equation: Alternatives
    unknown: str


@dataclass(frozen=True, slots=True)
class ExpressionToWorkOut:
    """An expression that a final answer must be equal to. `real`: whether `i` is a variable like others."""

    expression: Readings
    real: bool = True


AlgebraProblem: TypeAlias = EquationToSolve | ExpressionToWorkOut


def problem_in(text: str) -> AlgebraProblem:
    """Read a problem in words, or a lone equation in one variable.

    Raises `UsageError` if there is neither an equation to solve over the reals nor an expression to work out.
    """
    text = text[:MAX_PROBLEM].strip()
    equation = _to_solve(text)
    if equation is not None:
        return equation
    mark = _CALCULATE.search(text)
    expression = None if mark is None else expression_in(text[mark.end() :])
    if mark is None or expression is None:
        shown = text[:100]
        raise UsageError(f"Algebra.of: expected an equation with one unknown, or an expression, got {shown!r}")
    return ExpressionToWorkOut(expression, real="complex" not in mark.group().lower())


def _to_solve(text: str) -> EquationToSolve | None:
    asked = _SOLVE.search(text)
    if asked is None:
        lone = equations_in(text) if "\n" not in text and expression_in(text.replace("=", "-", 1)) else ()
        names = lone[0][0].names if len(lone) == 1 else frozenset()
        return EquationToSolve(lone[0], *names) if len(names) == 1 else None
    begin = text.rfind("\n", 0, asked.start()) + 1
    lines = text[begin:].split("\n", 2)
    near = "\n".join(lines[: 1 if "=" in lines[0] else 2])
    found = equations_in(near)
    if len(found) != 1 or _RESTRICTED.search(near) is not None:
        return None
    name = asked["name"]
    return EquationToSolve(found[0], name) if all(each.names == {name} for each in found[0]) else None
