"""Verifiers: one file a domain."""

from __future__ import annotations

from .arithmetic import Arithmetic as Arithmetic
from .bracketing import Bracketing as Bracketing
from .budget import Budget as Budget
from .combinators import AllOf as AllOf
from .combinators import AnyOf as AnyOf
from .combinators import Cached as Cached
from .constraints import Constraints as Constraints
from .countdown import Countdown as Countdown
from .countdown import Game24 as Game24
from .knights_knaves import KnightsKnaves as KnightsKnaves
from .logic_grid import LogicGrid as LogicGrid
from .maze import Maze as Maze
from .multistep_arithmetic import MultistepArithmetic as MultistepArithmetic
from .object_tracking import ObjectTracking as ObjectTracking
from .ordering import Ordering as Ordering
from .propositional import PropositionalEntailment as PropositionalEntailment
from .schedule import Schedule as Schedule
from .sorting import Sorting as Sorting
from .spatial_relations import SpatialRelations as SpatialRelations
from .state_invariants import StateInvariants as StateInvariants
from .symbols import symbol as symbol

__all__ = [
    "AllOf",
    "AnyOf",
    "Arithmetic",
    "Bracketing",
    "Budget",
    "Cached",
    "Constraints",
    "Countdown",
    "Game24",
    "KnightsKnaves",
    "LogicGrid",
    "Maze",
    "MultistepArithmetic",
    "ObjectTracking",
    "Ordering",
    "PropositionalEntailment",
    "Schedule",
    "Sorting",
    "SpatialRelations",
    "StateInvariants",
    "symbol",
]
