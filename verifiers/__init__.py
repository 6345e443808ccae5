"""Verifiers: one file a domain."""

from __future__ import annotations

from .arithmetic import Arithmetic as Arithmetic
from .combinators import AllOf as AllOf
from .combinators import AnyOf as AnyOf
from .combinators import Cached as Cached
from .constraints import Constraints as Constraints
from .logic_grid import LogicGrid as LogicGrid
from .ordering import Ordering as Ordering
from .spatial_relations import SpatialRelations as SpatialRelations
from .state_invariants import StateInvariants as StateInvariants
from .symbols import symbol as symbol

__all__ = [
    "AllOf",
    "AnyOf",
    "Arithmetic",
    "Cached",
    "Constraints",
    "LogicGrid",
    "Ordering",
    "SpatialRelations",
    "StateInvariants",
    "symbol",
]
