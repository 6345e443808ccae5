"""What a run cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

SCHEMA = "midtrace.ledger/1"

ForkOutcome: TypeAlias = Literal["answered", "failed", "cancelled", "open"]
"""What became of a question: an answer, none, its text was cut away first, or the run ended first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkCost:
    """One question that the model was asked beside its stream.

    `offset` is where in the trace it was asked, `monitors` who asked, `attempt` above 0 says that it was to confirm a
    violation. `tokens` are those of the answer; `prompt_tokens` and `cached_tokens` as in the ledger. `seconds` is how
    long the answer took.
    """

    monitors: tuple[str, ...]
    offset: int
    attempt: int
    outcome: ForkOutcome
    tokens: int
    prompt_tokens: int
    cached_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The cost of a run. Text is counted in tokens (as the source gives them, else four characters each).

    `prompt_tokens` are those of all prefixes that the source was called with and `cached_tokens` those of them that it
    did not evaluate again, as far as it tells them. `forks` are the questions asked beside the stream, in the order in
    which they were asked, `fork_tokens` what all of them were answered with.

    Times are seconds: `check` and `queue` are summed over all checks; `handling` is what midtrace did on the
    caller's loop, `settling` the wait for the last verdicts after the source ended, `restarting` the waits from a
    rollback to the first chunk of the resumed source. `detection_lag` is the characters that had been generated
    past the violated unit, summed over interventions.
    """

    schema: str = SCHEMA
    chunks: int = 0
    main_tokens: int = 0
    discarded_tokens: int = 0
    resent_characters: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    source_calls: int = 0
    forks: tuple[ForkCost, ...] = ()
    fork_tokens: int = 0
    checks: int = 0
    claims: int = 0
    cancelled_checks: int = 0
    stale_verdicts: int = 0
    repeated_checks: int = 0
    interventions: int = 0
    detection_lag: int = 0
    check_seconds: float = 0.0
    check_cpu_seconds: float = 0.0
    queue_seconds: float = 0.0
    handling_seconds: float = 0.0
    settling_seconds: float = 0.0
    restarting_seconds: float = 0.0
    wall_seconds: float = 0.0

    @property
    def added_seconds(self) -> float:
        """Wall time that the user waited because of midtrace, text generated anew not counted."""
        return self.handling_seconds + self.settling_seconds + self.restarting_seconds
