"""Ready monitors of numbers and expressions."""

from __future__ import annotations

from ..policies import Policy, Rollback
from .monitor import Monitor

# Verifiers and extractors build on this package, and are imported when they are asked for.
# ruff: noqa: PLC0415


def arithmetic(policy: Policy | None = None) -> Monitor:
    """Arithmetic claims of each line, checked exactly; a wrong one is cut away and written right."""
    from midtrace.extractors import ArithmeticClaims
    from midtrace.verifiers import Arithmetic

    return Monitor(
        "arithmetic",
        extract=ArithmeticClaims(),
        verify=Arithmetic(),
        policy=Rollback(to="claim", repair="correct") if policy is None else policy,
    )
