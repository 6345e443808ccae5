"""What a run counts."""

from __future__ import annotations


class Counters:
    """What the machine counts as it goes, beside what it spends; read by the ledger."""

    def __init__(self) -> None:
        self.chunks = 0
        self.reported_tokens = 0
        self.discarded_characters = 0
        self.discarded_tokens = 0
        self.resent_characters = 0
        self.source_calls = 0
        self.claims = 0
        self.cancelled_checks = 0
        self.stale_verdicts = 0
        self.repeated_checks = 0
        self.detection_lag = 0
        self.check_seconds = 0.0
        self.queue_seconds = 0.0
