"""Verifiers: one file a domain."""

from __future__ import annotations

from .arithmetic import Arithmetic as Arithmetic
from .constraints import Constraints as Constraints
from .logic_grid import LogicGrid as LogicGrid
from .symbols import symbol as symbol

__all__ = ["Arithmetic", "Constraints", "LogicGrid", "symbol"]
