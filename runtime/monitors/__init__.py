"""Monitors: what they are, and the ready ones by name.

A ready monitor is a function that makes one; those that take a `problem`, as text, are for that problem only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from .logic import constraints as constraints
from .logic import logic_grid as logic_grid
from .monitor import AnyExtractor as AnyExtractor
from .monitor import AnyVerifier as AnyVerifier
from .monitor import Monitor as Monitor
from .monitor import Rule as Rule
from .monitor import Scope as Scope
from .monitor import check_names as check_names
from .numbers import arithmetic as arithmetic

MonitorFactory: TypeAlias = Callable[..., Monitor]
"""What the entry-point group `midtrace.monitors` holds."""
