"""Ready monitors of tasks that are solved step by step.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from dataclasses import replace

from ..policies import Policy, Rollback
from .monitor import Monitor


def bracketing(problem: str, policy: Policy | None = None) -> Monitor:
    """Stacks of open brackets and what closes them, replayed."""
    from midtrace.extractors import BracketClaims
    from midtrace.verifiers import Bracketing

    return Monitor(
        "bracketing",
        extract=BracketClaims(),
        verify=Bracketing.of(problem),
        policy=policy or Rollback(to="claim", repair="correct"),
        scope="trace",
    )


def multistep_arithmetic(problem: str, policy: Policy | None = None) -> Monitor:
    """Chains of results and their parts, against one long expression."""
    from midtrace.extractors import MultistepClaims
    from midtrace.verifiers import MultistepArithmetic

    return Monitor(
        "multistep_arithmetic",
        extract=MultistepClaims(),
        verify=MultistepArithmetic.of(problem),
        policy=policy or Rollback(to="claim", repair="correct"),
        scope="trace",
    )


def object_tracking(problem: str, policy: Policy | None = None) -> Monitor:
    """Who has what after each swap, replayed."""
    from midtrace.extractors import TrackingClaims
    from midtrace.verifiers import ObjectTracking

    return Monitor(
        "object_tracking",
        extract=TrackingClaims(),
        verify=ObjectTracking.of(problem),
        policy=policy or Rollback(),
        scope="trace",
    )


def sorting(problem: str, policy: Policy | None = None, *, stepwise: bool = False) -> Monitor:
    """Letters, orders and groups of words, against the words themselves; `stepwise` wants one group at a time."""
    from midtrace.extractors import SortingClaims
    from midtrace.verifiers import Sorting

    return Monitor(
        "sorting",
        extract=SortingClaims(),
        verify=replace(Sorting.of(problem), stepwise=stepwise),
        policy=policy or Rollback(),
        scope="trace",
    )
