"""All checks of a run: which are open, what they said, and how far they clear the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..monitors import Monitor
from ..policies import Gate, Observe
from ..trace import Piece
from ..triggers.lanes import Unit
from ..triggers.protocol import Trigger, skipping
from ..verdicts import Unknown, Violation
from .delivery import EVERYTHING
from .messages import Check
from .track import Entry, Skipped, Track


class Answered(NamedTuple):
    """The place of a verdict that counts."""

    track: Track
    entry: Entry


class Made(NamedTuple):
    """Checks that are new, and those that nobody waits for any more because of them."""

    checks: Sequence[Check]
    replaced: tuple[int, ...] = ()


class Checks:
    """One track a monitor, and the checks that wait for a verdict. `made` counts the checks that were ever made."""

    def __init__(self, monitors: Sequence[Monitor]) -> None:
        self.triggers: list[Trigger] = []
        self.tracks: list[Track] = []
        for index, monitor in enumerate(monitors):
            if monitor.on not in self.triggers:
                self.triggers.append(monitor.on)
            self.tracks.append(Track(monitor, index, self.triggers.index(monitor.on)))
        self.required = [track for track in self.tracks if track.monitor.required]
        self.made = 0
        self.gated = any(isinstance(monitor.policy, Gate) for monitor in monitors)
        self._by_lane = [[track for track in self.tracks if track.lane == lane] for lane in range(len(self.triggers))]
        # Text that a monitor may still take back is not safe, whether or not the run depends on that monitor.
        self._clearing = [
            track for track in self.tracks if track.monitor.required or not isinstance(track.monitor.policy, Observe)
        ]
        self._gates = [track for track in self.tracks if isinstance(track.monitor.policy, Gate)]
        self._asking = any(track.asks for track in self.tracks)
        self._open: dict[int, Answered] = {}

    @property
    def pending(self) -> bool:
        """Whether any check waits for its verdict."""
        return bool(self._open)

    # Checks come

    def of_units(
        self,
        units: Iterable[Unit],
        snapshot: Piece,
        revision: int,
        *,
        broken: bool = False,
        closing: int = EVERYTHING,
    ) -> Made:
        """The checks that complete units call for.

        `broken` as in `Entry`. From `closing` on the text is what midtrace ends the reasoning with: nobody is asked
        about that alone.
        """
        made: list[Answered] = []
        for unit in units:
            for track in self._by_lane[unit.lane]:
                if track.reaches(unit.end):
                    continue
                if unit.skip or (track.asks and unit.start >= closing):
                    track.skipped.append(Skipped(unit.start, unit.end, unit.needs))
                else:
                    made.append(self._make(track, unit, snapshot, revision, broken=broken))
        return self._thinned(made)

    def at_the_end(self, snapshot: Piece, revision: int) -> Made:
        """The last checks: every monitor looks at what is still open when the source has ended."""
        end = snapshot.end
        made: list[Answered] = []
        for track in self.tracks:
            lane = snapshot.lanes[track.lane]
            start = lane.unchecked(end)
            if start > lane.opened:
                track.skipped.append(Skipped(lane.opened, start, end))
            # A blank rest says nothing to a monitor that has seen every unit before it. One that looks at the whole
            # trace, or asks about it, is shown it once more, as final; but nobody is asked about a phase that is over.
            seen = skipping(lane.scanner) if track.asks else track.monitor.scope == "unit" and _blank(snapshot, start)
            if track.entries and seen:
                continue
            rest = Unit(track.lane, start, end, end, skip=False)
            made.append(self._make(track, rest, snapshot, revision, final=True))
        return self._thinned(made)

    def again(self, answered: Answered) -> Check:
        """The same check for a second time."""
        entry = answered.entry
        entry.check = entry.check._replace(id=self._number())
        entry.verdict = None
        entry.retried = True
        self._open[entry.check.id] = answered
        return entry.check

    def _make(
        self, track: Track, unit: Unit, snapshot: Piece, revision: int, *, final: bool = False, broken: bool = False
    ) -> Answered:
        _, start, end, needs, _ = unit
        check = Check(self._number(), track.index, start, end, needs, revision, snapshot, track.monitor.scope, final)
        answered = self._open[check.id] = Answered(track, track.add(check, broken=broken))
        return answered

    def _thinned(self, made: Sequence[Answered]) -> Made:
        """What is submitted of the checks just made: who asks the model has one check at work, and one that waits."""
        if not self._asking:
            return Made([answered.entry.check for answered in made])
        asking = {answered.track.index: answered.track for answered in made if answered.track.asks}
        replaced = self._forget(entry for track in asking.values() for entry in track.coalesce())
        unseen = {answered.entry.check.id for answered in made}
        return Made(
            [answered.entry.check for answered in made if not answered.entry.gone],
            tuple(number for number in replaced if number not in unseen),
        )

    def _number(self) -> int:
        self.made += 1
        return self.made

    # Checks go

    def answer(self, number: int) -> Answered | None:
        """The place of check `number`, which waits no longer; None for one that nobody waits for."""
        return self._open.pop(number, None)

    def cut(self, offset: int) -> tuple[int, ...]:
        """Drop what rests on text from `offset` on; gives the checks that nobody waits for any more."""
        return self._forget(entry for track in self.tracks for entry in track.cut(offset))

    def left(self, answered: Answered, tip: Piece) -> bool:
        """Whether the trigger of a check leaves out what has followed its unit: the phase of the unit is over."""
        track, entry = answered
        return skipping(tip.lanes[track.lane].scanner) or track.left(entry.check.end)

    def coalesce(self) -> tuple[int, ...]:
        """Drop checks that a later one stands for; gives those that nobody waits for any more."""
        return self._forget(entry for track in self.tracks for entry in track.coalesce())

    def _forget(self, entries: Iterable[Entry]) -> tuple[int, ...]:
        return tuple(entry.check.id for entry in entries if self._open.pop(entry.check.id, None) is not None)

    def waits(self, number: int) -> bool:
        """Whether check `number` still wants a verdict."""
        return number in self._open

    def drop(self) -> tuple[int, ...]:
        """Wait for nothing any more."""
        gone = tuple(self._open)
        self._open.clear()
        return gone

    # What they say of the text

    def safe(self, tip: Piece) -> int:
        """Offset up to which every check that counts has cleared the text."""
        reached = end = tip.end
        for track in self._clearing:
            reached = min(reached, track.safe(tip.lanes[track.lane].unchecked(end)))
        return reached

    def wall(self) -> int:
        """Offset from which on gates hold the text back."""
        pending = (track.first_pending() for track in self._gates)
        return min((entry.check.end for entry in pending if entry is not None), default=EVERYTHING)

    def objections(self) -> Iterator[str]:
        """What keeps the text from being verified."""
        for track in self.required:
            for entry in track.entries:
                if not track.clears(entry.verdict):
                    yield f"{track.monitor.name}: {_described(entry)}"

    def start_before(self, monitor: Monitor, offset: int) -> int:
        """Where the last unit of `monitor` starts that starts before `offset`; 0 where there is none."""
        entries = next(track for track in self.tracks if track.monitor is monitor).entries
        return max((entry.check.start for entry in entries if entry.check.start < offset), default=0)


def _described(entry: Entry) -> str:
    match entry.verdict:
        case Violation(message):
            return message
        case Unknown(reason):
            return f"not decided: {reason}"
        case verdict:
            return f"{verdict}"


def _blank(snapshot: Piece, start: int) -> bool:
    return all(
        not piece.text or piece.text[max(start - piece.start, 0) :].strip() == "" for piece in snapshot.back_to(start)
    )
