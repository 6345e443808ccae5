"""For those who write monitors, verifiers, extractors, triggers and sources: what their tests need.

Sources with a script, engines without processes, a clock that does not make tests wait, and functions that hold a part
against what the runtime expects of it.
"""

from .clock import VirtualTimeLoop as VirtualTimeLoop
from .clock import virtual_time as virtual_time
from .conformance import ConformanceError as ConformanceError
from .conformance import Latency as Latency
from .conformance import Promise as Promise
from .conformance import Report as Report
from .costs import growth as growth
from .engines import InlineEngine as InlineEngine
from .engines import ManualEngine as ManualEngine
from .engines import PendingCheck as PendingCheck
from .extractors import check_extractor as check_extractor
from .hostile import hostile_texts as hostile_texts
from .sources import Pause as Pause
from .sources import Scripted as Scripted
from .sources import reacting as reacting
from .sources import rechunk as rechunk
from .streams import check_source as check_source
from .triggers import check_trigger as check_trigger
from .verifiers import check_verifier as check_verifier

__all__ = [
    "ConformanceError",
    "InlineEngine",
    "Latency",
    "ManualEngine",
    "Pause",
    "PendingCheck",
    "Promise",
    "Report",
    "Scripted",
    "VirtualTimeLoop",
    "check_extractor",
    "check_source",
    "check_trigger",
    "check_verifier",
    "growth",
    "hostile_texts",
    "reacting",
    "rechunk",
    "virtual_time",
]
