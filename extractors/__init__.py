"""Extractors: one file a way of reading state from text."""

from __future__ import annotations

from ._expressions import Binary as Binary
from ._expressions import Expression as Expression
from ._expressions import Group as Group
from ._expressions import Mixed as Mixed
from ._expressions import Negative as Negative
from ._expressions import Number as Number
from ._expressions import Percent as Percent
from ._expressions import Quantity as Quantity
from ._expressions import Root as Root
from ._expressions import subexpressions as subexpressions
from .arithmetic import ArithmeticClaim as ArithmeticClaim
from .arithmetic import ArithmeticClaims as ArithmeticClaims
from .arithmetic import ClaimedArithmetic as ClaimedArithmetic

__all__ = [
    "ArithmeticClaim",
    "ArithmeticClaims",
    "Binary",
    "ClaimedArithmetic",
    "Expression",
    "Group",
    "Mixed",
    "Negative",
    "Number",
    "Percent",
    "Quantity",
    "Root",
    "subexpressions",
]
