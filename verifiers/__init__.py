"""Verifiers: one file a domain.

Each part is loaded when it is first asked for: a program pays for what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from midtrace.lazy import lazily as _lazily

if TYPE_CHECKING:
    from .algebra import Algebra as Algebra
    from .arithmetic import Arithmetic as Arithmetic
    from .bracketing import Bracketing as Bracketing
    from .budget import Budget as Budget
    from .combinators import AllOf as AllOf
    from .combinators import AnyOf as AnyOf
    from .combinators import Cached as Cached
    from .consistency import Consistency as Consistency
    from .constraints import Constraints as Constraints
    from .countdown import Countdown as Countdown
    from .countdown import Game24 as Game24
    from .early_stop import ColdStop as ColdStop
    from .early_stop import Confident as Confident
    from .early_stop import Converged as Converged
    from .early_stop import EntropyStop as EntropyStop
    from .knights_knaves import KnightsKnaves as KnightsKnaves
    from .logic_grid import LogicGrid as LogicGrid
    from .maze import Maze as Maze
    from .multistep_arithmetic import MultistepArithmetic as MultistepArithmetic
    from .object_tracking import ObjectTracking as ObjectTracking
    from .ordering import Ordering as Ordering
    from .propositional import PropositionalEntailment as PropositionalEntailment
    from .python_code import Case as Case
    from .python_code import OutputPrediction as OutputPrediction
    from .python_code import PythonCode as PythonCode
    from .schedule import Schedule as Schedule
    from .sorting import Sorting as Sorting
    from .spatial_relations import SpatialRelations as SpatialRelations
    from .state_invariants import StateInvariants as StateInvariants
    from .symbols import symbol as symbol
    from .units import Units as Units

_MODULES = {
    "Units": "units",
    "Consistency": "consistency",
    "Algebra": "algebra",
    "AllOf": "combinators",
    "AnyOf": "combinators",
    "Arithmetic": "arithmetic",
    "Bracketing": "bracketing",
    "Budget": "budget",
    "Cached": "combinators",
    "Case": "python_code",
    "ColdStop": "early_stop",
    "Confident": "early_stop",
    "Constraints": "constraints",
    "Converged": "early_stop",
    "Countdown": "countdown",
    "EntropyStop": "early_stop",
    "Game24": "countdown",
    "KnightsKnaves": "knights_knaves",
    "LogicGrid": "logic_grid",
    "Maze": "maze",
    "MultistepArithmetic": "multistep_arithmetic",
    "ObjectTracking": "object_tracking",
    "Ordering": "ordering",
    "OutputPrediction": "python_code",
    "PropositionalEntailment": "propositional",
    "PythonCode": "python_code",
    "Schedule": "schedule",
    "Sorting": "sorting",
    "SpatialRelations": "spatial_relations",
    "StateInvariants": "state_invariants",
    "symbol": "symbols",
}

__all__ = [
    "Algebra",
    "AllOf",
    "AnyOf",
    "Arithmetic",
    "Bracketing",
    "Budget",
    "Cached",
    "Case",
    "ColdStop",
    "Confident",
    "Consistency",
    "Constraints",
    "Converged",
    "Countdown",
    "EntropyStop",
    "Game24",
    "KnightsKnaves",
    "LogicGrid",
    "Maze",
    "MultistepArithmetic",
    "ObjectTracking",
    "Ordering",
    "OutputPrediction",
    "PropositionalEntailment",
    "PythonCode",
    "Schedule",
    "Sorting",
    "SpatialRelations",
    "StateInvariants",
    "Units",
    "symbol",
]

__getattr__, __dir__ = _lazily(__name__, _MODULES)
