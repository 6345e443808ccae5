"""A run as a person sees it: the text line by line, what was found on each line, and what was cut away."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from ..events import Checked, Event, Intervened, Pressure, Retracted, SafeUpTo, TextDelta
from ..ledger import Ledger
from ..outcome import Outcome
from ..verdicts import Pass, Span, Unknown, Verdict, Violation

MARKS = {
    "pending": ("·", "dim"),
    "pass": ("✓", "green"),
    "violation": ("✗", "red"),
    "unknown": ("?", "yellow"),
}


@dataclass(frozen=True, slots=True)
class Struck:
    """Text that was cut away at `offset`, and why."""

    offset: int
    text: str
    reason: str


class Transcript:
    """Follows the events of one run."""

    def __init__(self) -> None:
        self.text = ""
        self.struck: list[Struck] = []
        self._written: list[Span] = []
        self._verdicts: list[tuple[Span, Verdict]] = []

    def follow(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case TextDelta(text, offset, origin):
                self.text += text
                if origin.value != "generated":
                    self._written.append(Span(offset, offset + len(text)))
            case Retracted(offset):
                self._cut(offset)
            case Checked(_, span, verdict):
                self._verdicts.append((span, verdict))
            case Intervened() as act:
                self._cut(act.offset)
                wrong = next((line for line in act.removed.split("\n") if line), "")
                told = "; ".join(violation.message for violation in act.violations)
                reason = told or f"{', '.join(act.monitors)}: nothing left to find out"
                self.struck = [each for each in self.struck if each.offset <= act.offset]
                self.struck.append(Struck(act.offset, wrong, reason))
            case SafeUpTo() | Pressure():
                pass

    def _cut(self, offset: int) -> None:
        self.text = self.text[:offset]
        self._written = [span for span in self._written if span.end <= offset]
        self._verdicts = [(span, verdict) for span, verdict in self._verdicts if span.end <= offset]

    def lines(self) -> list[Text]:
        """The transcript, a line each; cut lines stand before what replaced them."""
        shown: list[Text] = []
        offset = 0
        struck = list(self.struck)
        for line in self.text.splitlines(keepends=True):
            end = offset + len(line)
            while struck and struck[0].offset < end:
                shown.append(_struck(struck.pop(0)))
            if line.strip():
                shown.append(self._line(line.rstrip("\n"), Span(offset, end)))
            offset = end
        shown.extend(_struck(each) for each in struck)
        return shown

    def _line(self, text: str, span: Span) -> Text:
        state = self._state(span)
        mark, style = MARKS[state]
        written = any(each.start < span.end and each.end > span.start for each in self._written)
        line = Text.assemble((f" {mark} ", style), (text, "bold green" if written else ""))
        if written:
            line.append("   written by midtrace", "dim green")
        return line

    def _state(self, span: Span) -> str:
        found = [verdict for each, verdict in self._verdicts if each.start < span.end and each.end >= span.end]
        if any(isinstance(verdict, Violation) for verdict in found):
            return "violation"
        if any(isinstance(verdict, Unknown) for verdict in found):
            return "unknown"
        return "pass" if any(isinstance(verdict, Pass) for verdict in found) else "pending"


def _struck(each: Struck) -> Text:
    return Text.assemble((" ✗ ", "red"), (each.text or "(nothing yet)", "red strike"), (f"   {each.reason}", "red dim"))


def summary(outcome: Outcome) -> str:
    """What happened and what it cost, in one line."""
    ledger = outcome.ledger
    parts = [
        f"{outcome.status} ({outcome.reason})",
        _count(ledger.checks, "check"),
        _count(ledger.interventions, "intervention"),
        f"{ledger.added_seconds * 1000:.0f} ms added to {ledger.wall_seconds:.1f} s",
        _tokens(ledger),
    ]
    return ", ".join(parts)


def _tokens(ledger: Ledger) -> str:
    discarded = f" of which {ledger.discarded_tokens} cut away" if ledger.discarded_tokens else ""
    return f"{ledger.main_tokens} tokens{discarded}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
