"""Ready monitors of places, ways and orders.

Verifiers and extractors build on this package, and are imported when they are asked for.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from ..policies import Policy, Rollback
from .monitor import Monitor


def maze(problem: str, policy: Policy | None = None) -> Monitor:
    """Routes, walks, turns and answers, replayed in the maze."""
    from midtrace.extractors import MazeClaims
    from midtrace.verifiers import Maze

    return Monitor("maze", extract=MazeClaims(), verify=Maze.of(problem), policy=policy or Rollback(), scope="trace")


def ordering(problem: str, policy: Policy | None = None) -> Monitor:
    """Claims about a fixed order of things, against the statements about it."""
    from midtrace.extractors import OrderClaims
    from midtrace.verifiers import Ordering

    return Monitor(
        "ordering",
        extract=OrderClaims.of(problem),
        verify=Ordering.of(problem),
        policy=policy or Rollback(),
    )


def spatial_relations(problem: str, policy: Policy | None = None) -> Monitor:
    """Claims about what is left of, above or north of what, against the statements about it."""
    from midtrace.extractors import SpatialClaims
    from midtrace.verifiers import SpatialRelations

    return Monitor(
        "spatial_relations",
        extract=SpatialClaims.of(problem),
        verify=SpatialRelations.of(problem),
        policy=policy or Rollback(),
    )
