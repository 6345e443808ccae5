"""Ready monitors of numbers and expressions.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from ..policies import Policy, Rollback
from .monitor import Monitor


def algebra(problem: str = "", policy: Policy | None = None) -> Monitor:
    """Rewritten expressions and steps between equations; with a problem, also the answer to it."""
    from midtrace.extractors import AlgebraSteps
    from midtrace.verifiers import Algebra

    return Monitor(
        "algebra",
        extract=AlgebraSteps(),
        verify=Algebra.of(problem) if problem else Algebra(),
        policy=policy or Rollback(to="claim"),
    )


def arithmetic(policy: Policy | None = None) -> Monitor:
    """Arithmetic claims of each line, checked exactly; a wrong one is cut away and written right."""
    from midtrace.extractors import ArithmeticClaims
    from midtrace.verifiers import Arithmetic

    return Monitor(
        "arithmetic",
        extract=ArithmeticClaims(),
        verify=Arithmetic(),
        policy=policy or Rollback(to="claim", repair="correct"),
    )


def countdown(problem: str, policy: Policy | None = None) -> Monitor:
    """Steps and answers of a numbers game: each number used once, every result exact."""
    from midtrace.extractors import CountdownTrace
    from midtrace.verifiers import Countdown

    return Monitor(
        "countdown",
        extract=CountdownTrace(),
        verify=Countdown.of(problem),
        policy=policy or Rollback(to="claim"),
        scope="trace",
    )


def game24(problem: str, policy: Policy | None = None) -> Monitor:
    """Steps and answers of the game of 24, whose problem may be four bare numbers."""
    from midtrace.extractors import CountdownTrace
    from midtrace.verifiers import Game24

    return Monitor(
        "game24",
        extract=CountdownTrace(),
        verify=Game24.of(problem),
        policy=policy or Rollback(to="claim"),
        scope="trace",
    )


def consistency(policy: Policy | None = None) -> Monitor:
    """What the text says that a name is, against what it has said before."""
    from midtrace.extractors import FactClaims
    from midtrace.verifiers import Consistency

    return Monitor(
        "consistency", extract=FactClaims(), verify=Consistency(), policy=policy or Rollback(), scope="trace"
    )


def units(policy: Policy | None = None) -> Monitor:
    """Dimensions of quantities and conversions between units."""
    from midtrace.extractors import UnitClaims
    from midtrace.verifiers import Units

    return Monitor(
        "units",
        extract=UnitClaims(),
        verify=Units(),
        policy=policy or Rollback(to="claim", repair="correct"),
    )
