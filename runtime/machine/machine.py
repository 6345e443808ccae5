"""The state machine at the heart of a run.

Pure and synchronous: events in, commands out. It knows no clock, no loop and no thread, and it is the only place
where the guarantees are made. A chunk costs O(its length), a rollback O(the text cut).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias, assert_never

from ..chunks import CHARACTERS_A_TOKEN, Token
from ..events import Checked, Event, Intervened
from ..limits import Limits
from ..monitors import Monitor
from ..policies import Abstain, Gate, Observe, Rollback, Stop
from ..trace import Kept, Origin, Piece, cut
from ..triggers import lanes
from ..triggers.protocol import Trigger
from ..verdicts import Pass, Span, Unknown, Violation
from .arbitration import Finding, Ruling, arbitrate
from .delivery import EVERYTHING, Delivery, Mode
from .ladder import Ladder
from .messages import (
    CancelChecks,
    Check,
    CheckResult,
    ChunkArrived,
    CloseSource,
    Command,
    Deliver,
    Finish,
    MachineEvent,
    OpenSource,
    SourceEnded,
    SourceFailed,
    Status,
    Submit,
    TimeUp,
    VerdictsArrived,
)
from .repair import Injection, Repair, plan
from .track import Entry, Track

Phase: TypeAlias = Literal["streaming", "settling", "finished"]

RETRIES = 2
"""How often in a row a source may fail in passing before the run fails."""


class Stretch(NamedTuple):
    """`[start, end)` of the trace that midtrace wrote."""

    start: int
    end: int


class Counters:
    """What the machine counts as it goes; read by the ledger."""

    def __init__(self) -> None:
        self.chunks = 0
        self.characters = 0
        self.tokens = 0
        self.discarded_characters = 0
        self.resent_characters = 0
        self.source_calls = 0
        self.checks = 0
        self.claims = 0
        self.cancelled_checks = 0
        self.stale_verdicts = 0
        self.repeated_checks = 0
        self.rollbacks = 0
        self.detection_lag = 0
        self.check_seconds = 0.0
        self.queue_seconds = 0.0


class Machine:
    """One run. Feed it with `handle`; carry out what it gives back, in order."""

    def __init__(
        self,
        prompt: str,
        monitors: Sequence[Monitor],
        *,
        delivery: Mode = "live",
        ahead: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.limits = limits if limits is not None else Limits()
        self.counters = Counters()
        self.phase: Phase = "streaming"
        self.revision = 0
        triggers: list[Trigger] = []
        self.tracks: list[Track] = []
        for monitor in monitors:
            if monitor.on not in triggers:
                triggers.append(monitor.on)
            self.tracks.append(Track(monitor, triggers.index(monitor.on)))
        self._by_lane = [
            [index for index, track in enumerate(self.tracks) if track.lane == lane] for lane in range(len(triggers))
        ]
        self._required = [track for track in self.tracks if track.monitor.required]
        # Text that a monitor may still take back is not safe, whether or not the run depends on that monitor.
        self._clearing = [
            track for track in self.tracks if track.monitor.required or not isinstance(track.monitor.policy, Observe)
        ]
        self._gates = [track for track in self.tracks if isinstance(track.monitor.policy, Gate)]
        self.tip = Piece(None, "", Origin.GENERATED, lanes.begin(triggers, prompt))
        self._delivery = Delivery(delivery, ahead)
        self._outstanding: dict[int, tuple[Track, Entry]] = {}
        self._stream = 0
        self._reading = False
        self._failures = 0
        self._ladder = Ladder()
        self._last_repair = Stretch(-1, -1)
        self._notes: list[Stretch] = []
        self._charged: dict[str, int] = {}
        self._stopped = False
        self._out: list[Command] = []

    # What goes in

    def start(self) -> list[Command]:
        """The first commands of the run."""
        self._open()
        return self._flush()

    def handle(self, event: MachineEvent) -> list[Command]:
        """Take one event; gives the commands it leads to."""
        if self.phase == "finished":
            return []
        match event:
            case ChunkArrived(stream, text, tokens):
                if stream == self._stream and self._reading and text:
                    self._chunk(text, tokens)
            case VerdictsArrived(results):
                self._verdicts(results)
            case SourceEnded(stream):
                if stream == self._stream and self._reading:
                    self._reading = False
                    self._source_ended()
            case SourceFailed(stream, reason, transient):
                if stream == self._stream and self._reading:
                    self._reading = False
                    self._source_failed(reason, transient=transient)
            case TimeUp():
                self._finish("exhausted", f"the time limit of {self.limits.seconds} s is spent")
            case _:
                assert_never(event)
        if self.limits.checks is not None and self.counters.checks > self.limits.checks:
            self._finish("exhausted", f"the limit of {self.limits.checks} checks is spent")
        return self._flush()

    # Text

    def _chunk(self, text: str, tokens: tuple[Token, ...]) -> None:
        counters = self.counters
        counters.chunks += 1
        counters.characters += len(text)
        counters.tokens += len(tokens)
        self._failures = 0
        limits = self.limits
        if limits.characters is not None and counters.characters > limits.characters:
            self._finish("exhausted", f"the limit of {limits.characters} characters is spent")
            return
        self._append(text, Origin.GENERATED, tokens)
        if limits.tokens is not None and self.tokens > limits.tokens:
            self._finish("exhausted", f"the limit of {limits.tokens} tokens is spent")

    @property
    def tokens(self) -> int:
        """Tokens generated so far, as the source counts them; else estimated from the characters."""
        return self.counters.tokens or self.counters.characters // CHARACTERS_A_TOKEN

    def _append(self, text: str, origin: Origin, tokens: tuple[Token, ...] = (), *, scanned: bool = True) -> None:
        tip = self.tip
        if scanned:
            states, units = lanes.feed(tip.lanes, text, tip.end, tokens)
        else:
            states, units = lanes.skip(tip.lanes, tip.end + len(text)), ()
        self.tip = tip = Piece(tip, text, origin, states, tokens)
        if units:
            self._submit(units)
        said: list[Event] = []
        self._delivery.append(tip, said)
        self._say(said)
        if units and self._gates:
            self._move_gate()

    def _submit(self, units: Iterable[lanes.Unit]) -> None:
        checks = [
            self._check(self.tracks[index], unit.start, unit.end, unit.needs, final=False)
            for unit in units
            for index in self._by_lane[unit.lane]
            if not self.tracks[index].covers(unit.end)
        ]
        if checks:
            self._out.append(Submit(tuple(checks)))

    def _check(self, track: Track, start: int, end: int, needs: int, *, final: bool) -> Check:
        self.counters.checks += 1
        check = Check(
            id=self.counters.checks,
            monitor=self.tracks.index(track),
            start=start,
            end=end,
            needs=needs,
            revision=self.revision,
            snapshot=self.tip,
            scope=track.monitor.scope,
            final=final,
        )
        self._outstanding[check.id] = (track, track.add(check))
        return check

    # The source

    def _open(self, *, attempt: int = 0) -> None:
        self._reading = True
        self.counters.source_calls += 1
        if self.counters.source_calls > 1:
            self.counters.resent_characters += self.tip.end
        self._out.append(OpenSource(self._stream, self.tip, attempt, self._failures))

    def _close(self) -> None:
        if self._reading:
            self._reading = False
            self._out.append(CloseSource(self._stream))

    def _source_ended(self) -> None:
        end = self.tip.end
        if end == 0:
            self._finish("failed", "the source ended without giving any text")
            return
        self.phase = "settling"
        opened = [state.opened for state in self.tip.lanes]
        self._relane(lanes.skip(self.tip.lanes, end))
        checks: list[Check] = []
        for track in self.tracks:
            start = opened[track.lane]
            # A blank rest says nothing to a monitor that has seen every unit before it. One that looks at the whole
            # trace is shown it once more, as final.
            if track.entries and track.monitor.scope == "unit" and self._blank(start):
                continue
            checks.append(self._check(track, start, end, end, final=True))
        if checks:
            self._out.append(Submit(tuple(checks)))
        self._settle()

    def _blank(self, start: int) -> bool:
        return all(
            not piece.text or piece.text[max(start - piece.start, 0) :].strip() == ""
            for piece in self.tip.back_to(start)
        )

    def _relane(self, states: lanes.LaneStates) -> None:
        """The same text, read differently by the triggers."""
        self.tip = Piece(self.tip.before, self.tip.text, self.tip.origin, states, self.tip.tokens)

    def _source_failed(self, reason: str, *, transient: bool) -> None:
        self._failures += 1
        if transient and self._failures <= RETRIES:
            self._stream += 1
            self._open()
        else:
            self._finish("failed", reason)

    # Verdicts

    def _verdicts(self, results: Iterable[CheckResult]) -> None:
        findings: list[Finding] = []
        abstain = ""
        for result in results:
            known = self._outstanding.pop(result.id, None)
            self.counters.check_seconds += result.ran
            self.counters.queue_seconds += result.queued
            self.counters.repeated_checks += result.attempts - 1
            if known is None:
                self.counters.stale_verdicts += 1
                continue
            track, entry = known
            check, monitor = entry.check, track.monitor
            entry.verdict = result.verdict
            self._out.append(Deliver(Checked(monitor.name, Span(check.start, check.end), result.verdict)))
            match result.verdict:
                case Pass(checked):
                    self.counters.claims += checked
                case Violation() as violation:
                    self.counters.claims += 1
                    findings.append(Finding(monitor, check, violation))
                case Unknown(reason):
                    if monitor.policy.on_unknown == "violation":
                        findings.append(Finding(monitor, check, Violation(f"could not be checked: {reason}")))
                    elif monitor.policy.on_unknown == "abstain" and not abstain:
                        abstain = f"{monitor.name} could not decide: {reason}"
                case _:
                    assert_never(result.verdict)
        ruling = arbitrate(findings)
        if ruling is not None:
            self._act(ruling)
        elif abstain:
            self._finish("abstained", abstain)
        if self.phase == "finished":
            return
        self._clear()
        self._settle()

    def _clear(self) -> None:
        said: list[Event] = []
        self._delivery.clear(self.safe, said)
        self._say(said)
        if self._gates:
            self._move_gate()

    @property
    def safe(self) -> int:
        """Offset up to which every check that counts has cleared the text."""
        states = self.tip.lanes
        return min((track.safe(states[track.lane].opened) for track in self._clearing), default=self.tip.end)

    def _move_gate(self) -> None:
        wall = EVERYTHING
        for track in self._gates:
            pending = track.first_pending()
            if pending is not None:
                wall = min(wall, pending.check.end)
        said: list[Event] = []
        self._delivery.gate(wall, said)
        self._say(said)

    # Interventions

    def _act(self, ruling: Ruling) -> None:
        winner = ruling.winner
        reaction = winner.reaction
        match reaction:
            case Observe():
                return
            case Abstain():
                self._reject(ruling, "abstained", f"{winner.monitor.name}: {winner.violation.message}")
            case Stop(closing):
                if self._stopped:
                    self._reject(ruling, "abstained", f"{winner.monitor.name} again: {winner.violation.message}")
                    return
                self._stopped = True
                parts = (Injection(closing, Origin.CLOSING, scanned=True),)
                where = max(ruling.cut, self._delivery.committed)
                self._intervene(ruling, Repair(where, parts, 0, "stop"))
            case Rollback():
                self._rollback(ruling, reaction)
            case _:
                assert_never(reaction)

    def _rollback(self, ruling: Ruling, policy: Rollback) -> None:
        name = ruling.winner.monitor.name
        message = ruling.winner.violation.message
        if self.limits.rollbacks is not None and self.counters.rollbacks >= self.limits.rollbacks:
            reason = f"the limit of {self.limits.rollbacks} rollbacks is spent; {name}: {message}"
            self._reject(ruling, "exhausted", reason)
            return
        charged = self._charged.get(name, 0)
        if policy.limit is not None and charged >= policy.limit:
            self._reject(ruling, "exhausted", f"{name} has spent its {policy.limit} rollbacks: {message}")
            return
        check = ruling.winner.check
        rung = self._ladder.climb(ruling.winner.key, self._own(check.start), self._own(check.end))
        if rung.step == "abstain":
            self._reject(ruling, "abstained", f"{name}: no repair helped: {message}")
            return
        self._charged[name] = charged + 1
        self.counters.rollbacks += 1
        where = ruling.cut
        if check.start == self._last_repair.end:
            where = min(where, self._last_repair.start)  # the last note gained nothing: it goes too
        if rung.step == "earlier":
            where = min(where, self._previous_checkpoint(ruling.winner, where))
        where = max(where, self._delivery.committed)
        self._intervene(ruling, plan(ruling, policy, self.tip, rung=rung, cut=where))

    def _own(self, offset: int) -> int:
        """`offset` in the text without midtrace's notes."""
        return offset - sum(note.end - note.start for note in self._notes if note.end <= offset)

    def _previous_checkpoint(self, finding: Finding, offset: int) -> int:
        entries = next(track for track in self.tracks if track.monitor is finding.monitor).entries
        return max((entry.check.start for entry in entries if entry.check.start < offset), default=0)

    def _intervene(self, ruling: Ruling, repair: Repair) -> None:
        old = self.tip.end
        self.counters.detection_lag += max(old - ruling.winner.check.end, 0)
        removed = self.tip.read(repair.cut)
        self._cut(repair.cut)
        injected = "".join(part.text for part in repair.injections)
        self._out.append(
            Deliver(
                Intervened(
                    monitors=tuple(dict.fromkeys(finding.monitor.name for finding in ruling.all)),
                    violations=tuple(finding.violation for finding in ruling.all),
                    offset=repair.cut,
                    action=repair.action,
                    injected=injected,
                    removed=removed,
                )
            )
        )
        self._inject(repair.injections)
        noted = any(not part.scanned for part in repair.injections)
        self._last_repair = Stretch(repair.cut, self.tip.end) if noted else Stretch(-1, -1)
        self._close()
        self.phase = "streaming"
        self._stream += 1
        self._failures = 0
        self._open(attempt=repair.attempt)

    def _inject(self, parts: Iterable[Injection]) -> None:
        for part in parts:
            if not part.text:
                continue
            if not part.scanned:
                # A note ends whatever unit is open: no unit mixes the model's words with ours.
                states, units = lanes.close(self.tip.lanes, self.tip.end)
                self._submit(units)
                self._relane(states)
                self._notes.append(Stretch(self.tip.end, self.tip.end + len(part.text)))
            self._append(part.text, part.origin, scanned=part.scanned)

    def _cut(self, offset: int) -> None:
        """Back to the state of `offset`: text, triggers, checks and delivery."""
        self.revision += 1
        self.counters.discarded_characters += self.tip.end - offset
        kept = cut(self.tip, offset)
        self.tip = kept.tip
        while self._notes and self._notes[-1].end > offset:
            self._notes.pop()
        cancelled = [
            entry.check.id
            for track in self.tracks
            for entry in track.cut(offset)
            if self._outstanding.pop(entry.check.id, None) is not None
        ]
        if cancelled:
            self.counters.cancelled_checks += len(cancelled)
            self._out.append(CancelChecks(tuple(cancelled)))
        said: list[Event] = []
        self._delivery.cut(offset, said)
        self._say(said)
        if kept.rest:
            self._reread(kept)

    def _reread(self, kept: Kept) -> None:
        """Bring the triggers to the end of a piece that the cut went through; its text is delivered already."""
        states, units = lanes.feed(self.tip.lanes, kept.rest, self.tip.end, kept.tokens)
        self.tip = Piece(self.tip, kept.rest, kept.origin, states, kept.tokens)
        self._submit(units)

    def _reject(self, ruling: Ruling, status: Status, reason: str) -> None:
        """End the run without an answer; what was rejected does not stay in its text."""
        self._close()
        self.phase = "settling"
        self._cut(max(min(finding.offset for finding in ruling.all), self._delivery.committed))
        self._finish(status, reason)

    # The end

    def _settle(self) -> None:
        if self.phase != "settling" or self._outstanding:
            return
        open_findings = [
            f"{track.monitor.name}: {self._describe(entry)}"
            for track in self._required
            for entry in track.entries
            if not track.clears(entry.verdict)
        ]
        if open_findings:
            more = f" (and {len(open_findings) - 1} more)" if len(open_findings) > 1 else ""
            self._finish("unverified", open_findings[0] + more)
        elif not self._required:
            self._finish("unverified", "no monitor is required")
        else:
            self._finish("verified", "every required check passed")

    @staticmethod
    def _describe(entry: Entry) -> str:
        match entry.verdict:
            case Violation(message):
                return message
            case Unknown(reason):
                return f"not decided: {reason}"
            case verdict:
                return f"{verdict}"

    def _finish(self, status: Status, reason: str) -> None:
        if self.phase == "finished":
            return
        self._close()
        self.phase = "finished"
        if self._outstanding:
            self.counters.cancelled_checks += len(self._outstanding)
            self._out.append(CancelChecks(tuple(self._outstanding)))
            self._outstanding.clear()
        if status == "verified":
            said: list[Event] = []
            self._delivery.gate(EVERYTHING, said)
            self._delivery.clear(self.tip.end, said)
            self._delivery.flush(said)
            self._say(said)
        self._out.append(Finish(status, reason))

    def _say(self, events: Iterable[Event]) -> None:
        self._out.extend(map(Deliver, events))

    def _flush(self) -> list[Command]:
        out, self._out = self._out, []
        return out
