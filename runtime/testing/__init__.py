"""For those who test their own monitors, sources and verifiers: sources with a script, engines without processes."""

from .engines import InlineEngine as InlineEngine
from .engines import ManualEngine as ManualEngine
from .engines import PendingCheck as PendingCheck
from .sources import Scripted as Scripted
from .sources import rechunk as rechunk

__all__ = ["InlineEngine", "ManualEngine", "PendingCheck", "Scripted", "rechunk"]
