"""One monitor's checks in the order of the text, and how far they have cleared it."""

from __future__ import annotations

from ..monitors import Monitor
from ..verdicts import Pass, Unknown, Verdict, Violation
from .messages import Check


class Entry:
    """A check and, once it is known, its verdict."""

    __slots__ = ("check", "verdict")

    def __init__(self, check: Check) -> None:
        self.check = check
        self.verdict: Verdict | None = None


class Track:
    """The checks of one monitor whose text still stands, by offset."""

    __slots__ = ("_cleared", "_resolved", "entries", "lane", "monitor")

    def __init__(self, monitor: Monitor, lane: int) -> None:
        self.monitor = monitor
        self.lane = lane
        self.entries: list[Entry] = []
        self._cleared = 0
        self._resolved = 0

    def add(self, check: Check) -> Entry:
        """Note a check of text that follows all earlier ones."""
        entry = Entry(check)
        self.entries.append(entry)
        return entry

    def covers(self, offset: int) -> bool:
        """Whether a check already reaches `offset`: text read again after a cut is not checked again."""
        return bool(self.entries) and self.entries[-1].check.end >= offset

    def cut(self, offset: int) -> list[Entry]:
        """Drop, and give back, the checks that rest on text from `offset` on."""
        dropped: list[Entry] = []
        while self.entries and self.entries[-1].check.needs > offset:
            dropped.append(self.entries.pop())
        self._cleared = min(self._cleared, len(self.entries))
        self._resolved = min(self._resolved, len(self.entries))
        return dropped

    def safe(self, opened: int) -> int:
        """Offset up to which every check has cleared the text; `opened` is where the open unit starts."""
        while self._cleared < len(self.entries) and self.clears(self.entries[self._cleared].verdict):
            self._cleared += 1
        return self.entries[self._cleared].check.start if self._cleared < len(self.entries) else opened

    def first_pending(self) -> Entry | None:
        """The earliest check without a verdict."""
        while self._resolved < len(self.entries) and self.entries[self._resolved].verdict is not None:
            self._resolved += 1
        return self.entries[self._resolved] if self._resolved < len(self.entries) else None

    def clears(self, verdict: Verdict | None) -> bool:
        """Whether text with this verdict counts as checked and found right."""
        match verdict:
            case Pass():
                return True
            case Unknown():
                return self.monitor.policy.on_unknown == "pass"
            case Violation() | None:
                return False
