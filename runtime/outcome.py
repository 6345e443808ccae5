"""What a run ended as."""

from __future__ import annotations

from dataclasses import dataclass

from .certificate import Certificate
from .events import Intervened
from .ledger import Ledger
from .machine.messages import Status
from .verdicts import Span, Violation


@dataclass(frozen=True, slots=True)
class StandingViolation:
    """A violation whose text is part of the outcome, and where: the violated span, else the checked unit."""

    monitor: str
    span: Span
    violation: Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a run.

    `status` is `verified` only if every required check passed on all of `text`. An `abstained` or
    `exhausted` run ends before what it rejects, except where its policy keeps what it objects to
    (`Rollback(to="checkpoint")`). `violations` are those that still stand in `text`, `interventions` what was done on
    the way.
    """

    status: Status
    reason: str
    text: str
    violations: tuple[StandingViolation, ...]
    interventions: tuple[Intervened, ...]
    certificate: Certificate
    ledger: Ledger

    @property
    def verified(self) -> bool:
        """Whether every required check passed on all of the text."""
        return self.status == "verified"
