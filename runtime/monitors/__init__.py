"""Monitors: what they are, and the ready ones by name.

A ready monitor is a function that makes one; those that take a `problem`, as text, are for that problem only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .code import output_prediction as output_prediction
from .code import python_code as python_code
from .early import PROBE as PROBE
from .early import cold_stop as cold_stop
from .early import confident as confident
from .early import converged as converged
from .early import entropy_stop as entropy_stop
from .logic import constraints as constraints
from .logic import knights_knaves as knights_knaves
from .logic import logic_grid as logic_grid
from .logic import propositional as propositional
from .monitor import AnyExtractor as AnyExtractor
from .monitor import AnyVerifier as AnyVerifier
from .monitor import Monitor as Monitor
from .monitor import Rule as Rule
from .monitor import Scope as Scope
from .monitor import check_names as check_names
from .numbers import algebra as algebra
from .numbers import arithmetic as arithmetic
from .numbers import consistency as consistency
from .numbers import countdown as countdown
from .numbers import game24 as game24
from .numbers import units as units
from .space import maze as maze
from .space import ordering as ordering
from .space import spatial_relations as spatial_relations
from .steps import bracketing as bracketing
from .steps import multistep_arithmetic as multistep_arithmetic
from .steps import object_tracking as object_tracking
from .steps import sorting as sorting

MonitorFactory: TypeAlias = Callable[..., Monitor]
"""What the entry-point group `midtrace.monitors` holds."""
