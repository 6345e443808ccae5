"""One monitor's checks in the order of the text, and how far they have cleared it."""

from __future__ import annotations

from typing import NamedTuple

from ..forks.asking import asking_of
from ..monitors import Monitor
from ..policies import meaning
from ..verdicts import Pass, Unknown, Verdict, Violation
from .messages import Check


class Entry:
    """A check and, once it is known, its verdict.

    `retried` says that it runs for a second time, `gone` that its text does not stand any more. `broken` says that it
    is no end of the unit's own where it ends: a note of midtrace's stands there.
    """

    __slots__ = ("broken", "check", "gone", "retried", "verdict")

    def __init__(self, check: Check, *, broken: bool = False) -> None:
        self.check = check
        self.verdict: Verdict | None = None
        self.retried = False
        self.gone = False
        self.broken = broken


class Skipped(NamedTuple):
    """Text that the monitor's trigger leaves out; `needs` as in `Boundary`."""

    start: int
    end: int
    needs: int


class Track:
    """The checks of one monitor whose text still stands, by offset. `asks` says that it asks the model."""

    __slots__ = ("_cleared", "_resolved", "asks", "entries", "index", "lane", "monitor", "skipped")

    def __init__(self, monitor: Monitor, index: int, lane: int) -> None:
        self.monitor = monitor
        self.index = index
        self.lane = lane
        self.asks = asking_of(monitor.extract) is not None
        self.entries: list[Entry] = []
        self.skipped: list[Skipped] = []
        self._cleared = 0
        self._resolved = 0

    def add(self, check: Check, *, broken: bool = False) -> Entry:
        """Note a check of text that follows all earlier ones."""
        entry = Entry(check, broken=broken)
        self.entries.append(entry)
        return entry

    def reaches(self, offset: int) -> bool:
        """Whether `offset` is dealt with: text read again after a cut is not checked again."""
        if self.entries and self.entries[-1].check.end >= offset:
            return True
        return bool(self.skipped) and self.skipped[-1].end >= offset

    def cut(self, offset: int) -> list[Entry]:
        """Drop, and give back, the checks that rest on text from `offset` on."""
        dropped: list[Entry] = []
        while self.entries and self.entries[-1].check.needs > offset:
            entry = self.entries.pop()
            entry.gone = True
            dropped.append(entry)
        while self.skipped and self.skipped[-1].needs > offset:
            self.skipped.pop()
        self._cleared = min(self._cleared, len(self.entries))
        self._resolved = min(self._resolved, len(self.entries))
        return dropped

    def safe(self, unchecked: int) -> int:
        """Offset up to which every check has cleared the text; at `unchecked` starts what still wants a check."""
        while self._cleared < len(self.entries) and self.clears(self.entries[self._cleared].verdict):
            self._cleared += 1
        return self.entries[self._cleared].check.start if self._cleared < len(self.entries) else unchecked

    def first_pending(self) -> Entry | None:
        """The earliest check without a verdict."""
        while self._resolved < len(self.entries) and self.entries[self._resolved].verdict is not None:
            self._resolved += 1
        return self.entries[self._resolved] if self._resolved < len(self.entries) else None

    def coalesce(self) -> list[Entry]:
        """Let one open check stand for its open neighbours before it; gives back those that fall away.

        For a monitor whose every check sees the whole trace, or asks about it. The oldest open check stays: somebody
        may be at it, and with it the text is cleared bit by bit, however fast new checks come.
        """
        if (self.monitor.scope != "trace" and not self.asks) or self.first_pending() is None:
            return []
        first = self._resolved + 1
        kept, dropped = self.entries[:first], list[Entry]()
        for entry in self.entries[first:]:
            last = kept[-1]
            if len(kept) > first and last.verdict is None and entry.verdict is None:
                entry.check = entry.check._replace(start=last.check.start)
                last.gone = True
                dropped.append(kept.pop())
            kept.append(entry)
        self.entries = kept
        return dropped

    def left(self, offset: int) -> bool:
        """Whether text behind `offset` is left out: the phase of the unit that ends there is over."""
        return bool(self.skipped) and self.skipped[-1].end > offset

    def clears(self, verdict: Verdict | None) -> bool:
        """Whether text with this verdict counts as checked and found right."""
        match verdict:
            case Pass():
                return True
            case Unknown():
                return meaning(self.monitor.policy, verdict) == "pass"
            case Violation() | None:
                return False
