"""The process that holds the tests: runs them shut in, and asks another process about the code in question.

It never sees the code. Runs in a fresh interpreter.
"""

from __future__ import annotations

import builtins
import math

from . import _python_code_cage as cage
from . import _python_code_values as values
from ._python_code_remote import Line, MissingError, UndecidedError, number_of, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLOSE = 1e-9
"""Relative difference of two floats that counts as none, where a case gives a result."""


def main(*numbers: int) -> None:
    """Read names and questions from standard input, put the questions, and report on each.

    `numbers` are descriptors to ask, to get answers and to report, the parent's process, and the limits.
    """
    ask, answer, report, parent, seconds, memory = numbers
    cage.end_with(parent)
    names, questions = _told(values.decode(values.take_input(), _never))
    try:
        cage.confine(seconds, memory)
    except cage.NotConfinedError as reason:
        values.send(report, _plain(("refused", str(reason))))
        return
    line = Line(ask, answer)
    start = line.start()
    values.send(report, _plain(start))
    if start[0] == "refused":
        return
    namespace: dict[str, Any] = {"__name__": "tests", "__builtins__": builtins}
    for index, question in enumerate(questions):
        line.last = ""
        try:
            for name in names:
                if name not in namespace:
                    namespace[name] = line.ask(("get", name), name)
            outcome = _put(question, namespace)
        except MissingError as reason:
            outcome = ("missing", str(reason))
        except UndecidedError as reason:
            outcome = ("undecided", str(reason))
        except BaseException as error:  # noqa: BLE001  (a test may raise anything)
            outcome = _after(error, line)
        if outcome[0] == "failed" and (question[-1] == "identity" or (question[-1] == "type" and line.foreign)):
            outcome = ("undecided", "the test asks which object, or of which type, something is")
        values.send(report, _plain((index, *outcome)))


def _put(question: Any, namespace: dict[str, Any]) -> tuple[str, ...]:  # noqa: ANN401
    match question:
        case ("run", str() as source, str()):
            exec(compile(source, "<test>", "exec", dont_inherit=True), namespace)  # noqa: S102  (the problem's own)
            return ("passed",)
        case ("compare", str() as left, list() as rights, bool() as close, str()):
            value = eval(left, namespace)  # noqa: S307
            expected = [eval(right, namespace) for right in rights]  # noqa: S307
            if any(_same(value, each, close=close) for each in expected):
                return ("passed",)
            return ("failed", f"{left} gives {shown(value)}", shown(value), shown(expected[0]))
    return ("undecided", "not understood")


def _same(one: Any, other: Any, *, close: bool) -> bool:  # noqa: ANN401
    if one == other:
        return True
    if not close:
        return False
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-12) or (one != one and other != other)  # noqa: PLR0124
    if isinstance(one, list | tuple) and type(one) is type(other) and len(one) == len(other):
        return all(_same(a, b, close=True) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return all(_same(one[key], other[key], close=True) for key in one)
    return False


def _after(error: BaseException, line: Line) -> tuple[str, ...]:
    """What an exception that a test lets through says of the code."""
    if isinstance(error, AssertionError) or hasattr(error, "_midtrace_remote"):
        return ("failed", line.last)
    if isinstance(error, TypeError | ValueError | LookupError | ArithmeticError) and line.last and not line.foreign:
        return ("failed", f"{line.last}, with which the test raises {type(error).__name__}")
    return ("undecided", f"the test itself raises {type(error).__name__}")


def _told(message: object) -> tuple[list[Any], list[Any]]:
    match message:
        case (list() as names, list() as questions):
            return names, questions
    raise ValueError("expected names and questions")


def _never(number: int, _kind: str) -> object:
    return number


def _plain(value: object) -> bytes:
    return values.encode(value, number_of)
