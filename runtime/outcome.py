"""What a run ended as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .certificate import Certificate
from .events import Intervened
from .ledger import Ledger
from .machine.messages import Status
from .machine.track import Track
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


def standing(tracks: Iterable[Track]) -> tuple[StandingViolation, ...]:
    """The violations that stand in the text; what several checks of the whole trace find is one."""
    each = (
        StandingViolation(
            track.monitor.name, violation.span or Span(entry.check.start, entry.check.end), replace(violation, also=())
        )
        for track in tracks
        for entry in track.entries
        if isinstance(entry.verdict, Violation)
        for violation in (entry.verdict, *entry.verdict.also)
    )
    return tuple(dict.fromkeys(each))
