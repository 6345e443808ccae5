"""Ready monitors of logic: what follows from what a problem says.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from ..policies import Policy, Rollback
from .monitor import Monitor


def constraints(problem: str, policy: Policy | None = None) -> Monitor:
    """What a text says variables are, against the constraints of a YAML or JSON document."""
    from midtrace.verifiers import Constraints

    verifier = Constraints.of(problem)
    return Monitor("constraints", extract=verifier.claims, verify=verifier, policy=policy or Rollback(), scope="trace")


def knights_knaves(problem: str, policy: Policy | None = None) -> Monitor:
    """Who is said to tell the truth and who to lie, against what everybody says."""
    from midtrace.extractors import RoleClaims
    from midtrace.verifiers import KnightsKnaves

    return Monitor(
        "knights_knaves",
        extract=RoleClaims(),
        verify=KnightsKnaves.of(problem),
        policy=policy or Rollback(),
        scope="trace",
    )


def logic_grid(problem: str, policy: Policy | None = None) -> Monitor:
    """What is said to be in which house, against the clues of the puzzle."""
    from midtrace.verifiers import LogicGrid

    verifier = LogicGrid.of(problem)
    return Monitor("logic_grid", extract=verifier.claims, verify=verifier, policy=policy or Rollback(), scope="trace")


def propositional(problem: str, policy: Policy | None = None) -> Monitor:
    """Formulas that are concluded, against the premises."""
    from midtrace.extractors import FormulaClaims
    from midtrace.verifiers import PropositionalEntailment

    return Monitor(
        "propositional",
        extract=FormulaClaims(),
        verify=PropositionalEntailment.of(problem),
        policy=policy or Rollback(),
        scope="trace",
    )
