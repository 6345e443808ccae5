"""Which violation is acted on: lowest offset, then priority, then name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..monitors import Monitor
from ..policies import Abstain, Observe, Reaction, Rollback, Stop, on_violation
from ..verdicts import Violation
from .messages import Check


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation that calls for action, and whose text still stands."""

    monitor: Monitor
    check: Check
    violation: Violation

    @property
    def offset(self) -> int:
        """Where the violation is, held within what the check could see."""
        if self.violation.span is None:
            return self.check.start  # all before it has been seen, and was not objected to
        first = 0 if self.check.scope == "trace" else self.check.start
        return min(max(self.violation.span.start, first), self.check.end)

    @property
    def stop(self) -> int:
        """Where the violated span ends, held within what the check could see."""
        if self.violation.span is None:
            return self.check.end
        return min(max(self.violation.span.end, self.offset), self.check.end)

    @property
    def reaction(self) -> Reaction:
        """What the monitor's policy answers to a violation."""
        return on_violation(self.monitor.policy)

    @property
    def cut(self) -> int:
        """Where the text is cut if this finding is acted on."""
        match self.reaction:
            case Rollback(to="claim"):
                return self.offset
            case Rollback(to="unit"):
                return min(self.check.start, self.offset)
            case Rollback(to="checkpoint") | Stop():
                return self.check.end
            case Rollback() | Abstain() | Observe():
                return self.offset

    @property
    def key(self) -> tuple[str, str]:
        """What makes two findings the same complaint."""
        return self.monitor.name, self.violation.message


@dataclass(frozen=True, slots=True)
class Ruling:
    """The finding that is acted on, the others that the same act answers, and where the text is cut."""

    winner: Finding
    merged: tuple[Finding, ...]
    cut: int

    @property
    def all(self) -> tuple[Finding, ...]:
        """Winner first."""
        return (self.winner, *self.merged)

    def answered_by(self, stop: int) -> bool:
        """Whether a cut at `stop` takes away all that is objected to, so that nothing else need be done about it.

        Who abstains does so whatever becomes of the text.
        """
        return stop <= min(self.cut, self.winner.offset) and not isinstance(self.winner.reaction, Abstain)


def arbitrate(findings: Sequence[Finding]) -> Ruling | None:
    """Choose what to act on among findings that are known together; None where nothing calls for action."""
    acting = [finding for finding in findings if not isinstance(finding.reaction, Observe)]
    if not acting:
        return None
    acting.sort(key=lambda finding: (finding.offset, -finding.monitor.priority, finding.monitor.name))
    winner, *others = acting
    merged: list[Finding] = []
    cut = winner.cut
    # What the cut removes answers itself. What it would leave standing, or shares its unit, is told in one go.
    for other in others:
        if other.offset < cut or other.cut == winner.cut:
            merged.append(other)
            cut = min(cut, other.cut)
    return Ruling(winner, tuple(merged), cut)
