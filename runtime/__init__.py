"""midtrace verifies a generation while it streams, and touches the stream only when a check fails."""

from . import monitors as monitors
from . import policies as policies
from . import triggers as triggers
from .backlog import Backlog as Backlog
from .calls import MonitoredCall as MonitoredCall
from .calls import generate as generate
from .calls import generate_sync as generate_sync
from .calls import monitored as monitored
from .certificate import Certificate as Certificate
from .chunks import Chunk as Chunk
from .chunks import Resampling as Resampling
from .chunks import Source as Source
from .chunks import Token as Token
from .chunks import Usage as Usage
from .engines.pools import Pool as Pool
from .errors import EngineError as EngineError
from .errors import MidtraceError as MidtraceError
from .errors import ModelError as ModelError
from .errors import SourceError as SourceError
from .errors import Unparsed as Unparsed
from .errors import UsageError as UsageError
from .events import Checked as Checked
from .events import Event as Event
from .events import Intervened as Intervened
from .events import Pressure as Pressure
from .events import Retracted as Retracted
from .events import SafeUpTo as SafeUpTo
from .events import TextDelta as TextDelta
from .forks.protocol import Answer as Answer
from .forks.protocol import Askable as Askable
from .forks.protocol import Asker as Asker
from .forks.protocol import Question as Question
from .forks.settings import Forks as Forks
from .ledger import ForkCost as ForkCost
from .ledger import Ledger as Ledger
from .limits import Budget as Budget
from .limits import Limits as Limits
from .monitors import Monitor as Monitor
from .opening import open_runtime as open_runtime
from .outcome import Outcome as Outcome
from .outcome import StandingViolation as StandingViolation
from .policies import Abstain as Abstain
from .policies import Gate as Gate
from .policies import Observe as Observe
from .policies import Policy as Policy
from .policies import Rollback as Rollback
from .policies import Stop as Stop
from .resources import Resources as Resources
from .runtime import Runtime as Runtime
from .session import Run as Run
from .sources.protocol import Abilities as Abilities
from .trace import Origin as Origin
from .triggers import at_end as at_end
from .triggers import cold as cold
from .triggers import every as every
from .triggers import every_line as every_line
from .triggers import every_sentence as every_sentence
from .triggers import high_entropy as high_entropy
from .triggers import on_block as on_block
from .triggers import on_match as on_match
from .triggers import on_phase_change as on_phase_change
from .triggers import on_tool_call as on_tool_call
from .triggers import thinking as thinking
from .verdicts import Pass as Pass
from .verdicts import Span as Span
from .verdicts import Unknown as Unknown
from .verdicts import Verdict as Verdict
from .verdicts import Verifier as Verifier
from .verdicts import Violation as Violation
from .verdicts import verifier as verifier
from .views import Extractor as Extractor
from .views import View as View

__all__ = [
    "Abilities",
    "Abstain",
    "Answer",
    "Askable",
    "Asker",
    "Backlog",
    "Budget",
    "Certificate",
    "Checked",
    "Chunk",
    "EngineError",
    "Event",
    "Extractor",
    "ForkCost",
    "Forks",
    "Gate",
    "Intervened",
    "Ledger",
    "Limits",
    "MidtraceError",
    "ModelError",
    "Monitor",
    "MonitoredCall",
    "Observe",
    "Origin",
    "Outcome",
    "Pass",
    "Policy",
    "Pool",
    "Pressure",
    "Question",
    "Resampling",
    "Resources",
    "Retracted",
    "Rollback",
    "Run",
    "Runtime",
    "SafeUpTo",
    "Source",
    "SourceError",
    "Span",
    "StandingViolation",
    "Stop",
    "TextDelta",
    "Token",
    "Unknown",
    "Unparsed",
    "Usage",
    "UsageError",
    "Verdict",
    "Verifier",
    "View",
    "Violation",
    "at_end",
    "cold",
    "every",
    "every_line",
    "every_sentence",
    "generate",
    "generate_sync",
    "high_entropy",
    "monitored",
    "monitors",
    "on_block",
    "on_match",
    "on_phase_change",
    "on_tool_call",
    "open_runtime",
    "policies",
    "thinking",
    "triggers",
    "verifier",
]
