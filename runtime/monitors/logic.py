"""Ready monitors of logic: what follows from what a problem says."""

from __future__ import annotations

from ..policies import Policy, Rollback
from .monitor import Monitor

# Verifiers and extractors build on this package, and are imported when they are asked for.
# ruff: noqa: PLC0415


def constraints(problem: str, policy: Policy | None = None) -> Monitor:
    """What each line says variables are, against the constraints of a YAML or JSON document."""
    from midtrace.verifiers import Constraints

    verifier = Constraints.of(problem)
    return Monitor("constraints", extract=verifier.claims, verify=verifier, policy=policy or Rollback(), scope="trace")


def logic_grid(problem: str, policy: Policy | None = None) -> Monitor:
    """What is said to be in which house, against the clues of the puzzle."""
    from midtrace.verifiers import LogicGrid

    verifier = LogicGrid.of(problem)
    return Monitor("logic_grid", extract=verifier.claims, verify=verifier, policy=policy or Rollback(), scope="trace")
