"""What is to be done about violations and settled passes, one at a time; and what has been done before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, assert_never

from ..limits import Budget
from ..monitors import Monitor
from ..policies import Abstain, Observe, Rollback, Stop, on_settled
from ..trace import Origin, Piece
from .arbitration import Ruling
from .checks import Answered, Checks
from .ladder import Ladder
from .messages import Status
from .reasoning import Reasoning
from .repair import Injection, Repair, plan


class Stretch(NamedTuple):
    """`[start, end)` of the trace that midtrace wrote."""

    start: int
    end: int


NOWHERE = Stretch(-1, -1)


class Rejection(NamedTuple):
    """The run ends without an answer."""

    status: Status
    reason: str


class Interventions:
    """Decides, and carries nothing out; remembers what was done, and forgets what a cut takes away.

    `committed`, where it is asked for, is the offset before which nothing can be taken back.
    """

    def __init__(self, prompt: str, monitors: Sequence[Monitor], checks: Checks, spent: Budget) -> None:
        self._checks = checks
        self._spent = spent
        self._ladder = Ladder()
        self._last_note = NOWHERE
        self._noted: set[str] = set()
        self._notes: list[Stretch] = []
        self._charged: Counter[str] = Counter()
        self._stopped = False
        closings = {stop.closing for monitor in monitors if (stop := on_settled(monitor.policy)) is not None}
        self._reasoning = {closing: Reasoning(closing, prompt) for closing in closings}

    # Violations

    def about(self, ruling: Ruling, tip: Piece, committed: int) -> Repair | Rejection | None:
        """What a ruling asks for; None where it only observes."""
        winner = ruling.winner
        reaction = winner.reaction
        match reaction:
            case Observe():
                return None
            case Abstain():
                return Rejection("abstained", f"{winner.monitor.name}: {winner.violation.message}")
            case Stop(closing):
                if self._stopped:
                    return Rejection("abstained", f"{winner.monitor.name} again: {winner.violation.message}")
                return self._closed(closing, ruling.cut, committed)
            case Rollback():
                return self._rollback(ruling, reaction, tip, committed)
            case _:
                assert_never(reaction)

    def _rollback(self, ruling: Ruling, policy: Rollback, tip: Piece, committed: int) -> Repair | Rejection:
        name = ruling.winner.monitor.name
        message = ruling.winner.violation.message
        if policy.limit is not None and self._charged[name] >= policy.limit:
            return Rejection("exhausted", f"{name} has spent its {policy.limit} rollbacks: {message}")
        check = ruling.winner.check
        rung = self._ladder.climb(ruling.winner.key, self._own(check.start), self._own(check.end))
        if rung.step == "abstain":
            return Rejection("abstained", f"{name}: no repair helped: {message}")
        over = self._spent.spend_rollback()
        if over:
            return Rejection("exhausted", f"{over}; {name}: {message}")
        self._charged[name] += 1
        where = ruling.cut
        if check.start == self._last_note.end and name in self._noted:
            where = min(where, self._last_note.start)  # the last note gained nothing: it goes too
        if rung.step == "earlier":
            where = min(where, self._checks.start_before(ruling.winner.monitor, where))
        return plan(ruling, policy, tip, rung=rung, cut=max(where, committed))

    def _own(self, offset: int) -> int:
        """`offset` in the text without midtrace's notes."""
        return offset - sum(note.end - note.start for note in self._notes if note.end <= offset)

    # Early stops

    def may_stop(self, answered: Answered, tip: Piece) -> bool:
        """Whether a settled pass ends the reasoning: there is some left, and no end of it has been made before."""
        track, entry = answered
        stop = on_settled(track.monitor.policy)
        return (
            stop is not None
            and not self._stopped
            and not entry.check.final
            and not entry.broken
            and not self._checks.left(answered, tip)
            and not self._reasoning[stop.closing].over(tip)
        )

    def stop(self, answered: Answered, committed: int) -> Repair:
        """The repair for a settled pass that may stop the reasoning."""
        stop = on_settled(answered.track.monitor.policy)
        assert stop is not None
        return self._closed(stop.closing, answered.entry.check.end, committed)

    def _closed(self, closing: str, cut: int, committed: int) -> Repair:
        """The repair that ends the reasoning at `cut`, for the first and last time."""
        self._stopped = True
        return Repair(max(cut, committed), (Injection(closing, Origin.CLOSING, scanned=True),), 0, "stop")

    # What was done

    def parts(self, repair: Repair, tip: Piece) -> list[Injection]:
        """What of a repair is written behind `tip`.

        Reasoning that is over is not ended once more: that would be read as text of the answer.
        """
        return [
            part
            for part in repair.injections
            if part.origin is not Origin.CLOSING or not self._reasoning[part.text].over(tip)
        ]

    def noted(self, note: Stretch) -> None:
        """A note stands there."""
        self._notes.append(note)

    def done(self, written: Stretch, parts: Sequence[Injection], monitors: Sequence[str]) -> None:
        """An intervention for `monitors` has been carried out."""
        self._last_note = written if any(not part.scanned for part in parts) else NOWHERE
        self._noted = set(monitors)

    def cut(self, offset: int) -> None:
        """Text from `offset` on is gone."""
        while self._notes and self._notes[-1].end > offset:
            self._notes.pop()
        for reasoning in self._reasoning.values():
            reasoning.forget(offset)
