"""The public names are a promise: this list changes only on purpose."""

from __future__ import annotations

import midtrace

NAMES = """
Abilities Abstain Answer Askable Asker Backlog Budget Certificate Checked Chunk EngineError Event Extractor ForkCost
Forks Gate Intervened Ledger Limits MidtraceError ModelError Monitor MonitoredCall Observe Origin Outcome Pass Policy
Pool Pressure Question Resampling Resources Retracted Rollback Run Runtime SafeUpTo Source SourceError Span
StandingViolation Stop TextDelta Token Unknown Unparsed Usage UsageError Verdict Verifier View Violation at_end cold
every every_line every_sentence generate generate_sync high_entropy monitored monitors on_block on_match
on_phase_change on_tool_call open_runtime policies thinking triggers verifier
"""


def test_public_names() -> None:
    assert sorted(vars(midtrace)["__all__"]) == sorted(NAMES.split())
