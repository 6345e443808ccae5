"""The state machine at the heart of a run.

Pure and synchronous: events in, commands out. It knows no clock, no loop and no thread, and it is the only place
where the guarantees are made. A chunk costs O(its length), a rollback O(the text cut).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, assert_never

from ..chunks import CHARACTERS_A_TOKEN, Token
from ..events import Checked, Event, Intervened
from ..limits import Budget, Limits
from ..monitors import Monitor
from ..policies import meaning
from ..trace import Kept, Origin, Piece, cut
from ..triggers import lanes
from ..verdicts import Pass, Span, Unknown, Violation
from .arbitration import Finding, Ruling, arbitrate
from .checks import Answered, Checks, Made
from .counters import Counters
from .delivery import EVERYTHING, Delivery, Mode
from .interventions import Interventions, Rejection, Stretch
from .messages import (
    CancelChecks,
    Check,
    CheckResult,
    ChunkArrived,
    CloseSource,
    Command,
    Congested,
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
from .repair import Injection, Repair
from .track import Track

Phase: TypeAlias = Literal["streaming", "settling", "finished"]

RETRIES = 2
"""How often in a row a source may fail in passing before the run fails."""


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
        budget: Budget | None = None,
    ) -> None:
        self.spent = Budget.of_one_run(limits if limits is not None else Limits(), budget)
        self.counters = Counters()
        self.phase: Phase = "streaming"
        self.revision = 0
        self._checks = Checks(monitors)
        self.tip = Piece(None, "", Origin.GENERATED, lanes.begin(self._checks.triggers, prompt))
        self._delivery = Delivery(delivery, self._say, ahead)
        self._stream = 0
        self._reading = False
        self._failures = 0
        self._interventions = Interventions(prompt, monitors, self._checks, self.spent)
        self._over = ""
        self._out: list[Command] = []

    @property
    def tracks(self) -> Sequence[Track]:
        """The checks of each monitor on the text that stands."""
        return self._checks.tracks

    @property
    def safe(self) -> int:
        """Offset up to which every check that counts has cleared the text."""
        return self._checks.safe(self.tip)

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
                return self.text(stream, text, tokens)
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
            case Congested():
                self._cancel(self._checks.coalesce())
            case TimeUp(reason):
                self._finish("exhausted", reason)
            case _:
                assert_never(event)
        return self._flush()

    # Text

    def text(self, stream: int, text: str, tokens: tuple[Token, ...] = ()) -> list[Command]:
        """What `handle` does with a `ChunkArrived`, without one: nothing comes as often."""
        if stream == self._stream and self._reading and (text or tokens):
            self._chunk(text, tokens)
        return self._flush()

    def _chunk(self, text: str, tokens: tuple[Token, ...]) -> None:
        counters, spent = self.counters, self.spent
        counters.chunks += 1
        counters.reported_tokens += len(tokens)
        self._failures = 0
        characters = spent.characters + len(text)
        generated = counters.reported_tokens or characters // CHARACTERS_A_TOKEN
        self._over = spent.spend_text(len(text), generated - spent.tokens)
        if not self._over:
            self._append(text, Origin.GENERATED, tokens)

    def _append(self, text: str, origin: Origin, tokens: tuple[Token, ...] = ()) -> None:
        tip = self.tip
        states, units = lanes.feed(tip.lanes, text, tip.end, tokens)
        self.tip = piece = Piece(tip, text, origin, states, tokens)
        made: Made | None = None
        if units:
            closing = tip.end if origin is Origin.CLOSING else EVERYTHING
            made = self._checks.of_units(units, piece, self.revision, closing=closing)
            self._gate()  # what follows the unit may be in the same chunk
        self._delivery.append(piece)
        if made is not None:
            self._submit(made)
        if self._delivery.cautious:
            self._delivery.clear(self.safe)  # text that every trigger leaves out waits for nobody

    def _append_note(self, text: str) -> None:
        # A note ends whatever unit is open: no unit mixes the model's words with ours.
        start = self.tip.end
        states, units = lanes.close(self.tip.lanes, start)
        self._submit(self._checks.of_units(units, self.tip, self.revision, broken=True))
        self._relane(states)
        self._gate()
        self._interventions.noted(Stretch(start, start + len(text)))
        self.tip = Piece(self.tip, text, Origin.FEEDBACK, lanes.skip(states, start + len(text)))
        self._delivery.append(self.tip)

    def _submit(self, made: Made) -> None:
        if made.checks and not self._over:
            self._over = self.spent.spend_checks(len(made.checks))
        if made.checks and not self._over:
            self._out.append(Submit(tuple(made.checks)))
        self._cancel(made.replaced)  # after the new ones, which may want the answers that these wait for

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
        made = self._checks.at_the_end(self.tip, self.revision)
        self._relane(lanes.skip(self.tip.lanes, end))
        self._submit(made)
        self._settle()

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
        again: list[Check] = []
        undecided: list[Answered] = []
        settled: list[Answered] = []
        for result in results:
            answered = self._account(result)
            if answered is None:
                continue
            track, entry = answered
            check, monitor = entry.check, track.monitor
            entry.verdict = result.verdict
            self._out.append(Checked(monitor.name, Span(check.start, check.end), result.verdict))
            match result.verdict:
                case Pass(checked, told):
                    self.counters.claims += checked
                    if told and self.phase == "streaming" and self._interventions.may_stop(answered, self.tip):
                        settled.append(answered)
                case Violation() as violation:
                    self.counters.claims += 1
                    findings.append(Finding(monitor, check, violation))
                case Unknown(reason) as unknown:
                    match meaning(monitor.policy, unknown):
                        case "violation":
                            findings.append(Finding(monitor, check, Violation(f"could not be checked: {reason}")))
                        case "abstain":
                            undecided.append(answered)
                        case "retry" if not entry.retried:
                            again.append(self._checks.again(answered))
                        case "retry" | "pass" | "unverified":
                            pass
                case _:
                    assert_never(result.verdict)
        ruling = arbitrate(findings)
        first = min(settled, key=lambda each: (each.entry.check.end, each.track.monitor.name), default=None)
        if first is not None and (ruling is None or ruling.answered_by(first.entry.check.end)):
            self._stop_early(first)
        elif ruling is not None:
            self._act(ruling)
        standing = next((each for each in undecided if not each.entry.gone), None)
        if standing is not None and isinstance(standing.entry.verdict, Unknown):
            self._finish(
                "abstained", f"{standing.track.monitor.name} could not decide: {standing.entry.verdict.reason}"
            )
        if self.phase != "finished":
            self._submit(Made([check for check in again if self._checks.waits(check.id)]))
            self._delivery.clear(self.safe)
            self._gate()
            self._settle()

    def _account(self, result: CheckResult) -> Answered | None:
        counters = self.counters
        counters.check_seconds += result.ran
        counters.queue_seconds += result.queued
        counters.repeated_checks += result.attempts - 1
        self._over = self._over or self.spent.spend_check_seconds(result.cpu)
        if result.forks:
            self._over = self._over or self.spent.spend_forks(result.forks, result.fork_tokens)
        answered = self._checks.answer(result.id)
        counters.stale_verdicts += answered is None
        return answered

    def _gate(self) -> None:
        if self._checks.gated:
            self._delivery.gate(self._checks.wall())

    # Interventions

    def _act(self, ruling: Ruling) -> None:
        repair = self._interventions.about(ruling, self.tip, self._delivery.committed)
        match repair:
            case Repair():
                self._intervene(ruling.all, ruling.winner.check, repair)
            case Rejection(status, reason):
                self._reject(ruling, status, reason)
            case None:
                pass
            case _:
                assert_never(repair)

    def _stop_early(self, answered: Answered) -> None:
        track, entry = answered
        repair = self._interventions.stop(answered, self._delivery.committed)
        self._intervene((), entry.check, repair, track.monitor.name)

    def _intervene(self, findings: Sequence[Finding], check: Check, repair: Repair, *names: str) -> None:
        """Carry out `repair`, for `findings` that `check` led to, or without any for the monitors `names`."""
        monitors = tuple(dict.fromkeys((*(finding.monitor.name for finding in findings), *names)))
        self.counters.detection_lag += max(self.tip.end - check.end, 0)
        removed = self.tip.read(repair.cut)
        self._cut(repair.cut)
        parts = self._interventions.parts(repair, self.tip)
        self._out.append(
            Intervened(
                monitors=monitors,
                violations=tuple(finding.violation for finding in findings),
                offset=repair.cut,
                action=repair.action,
                injected="".join(part.text for part in parts),
                removed=removed,
            )
        )
        self._inject(parts)
        self._interventions.done(Stretch(repair.cut, self.tip.end), parts, monitors)
        self._close()
        self.phase = "streaming"
        self._stream += 1
        self._failures = 0
        self._open(attempt=repair.attempt)

    def _inject(self, parts: Iterable[Injection]) -> None:
        for part in parts:
            if part.text and part.scanned:
                self._append(part.text, part.origin)
            elif part.text:
                self._append_note(part.text)

    def _cut(self, offset: int) -> None:
        """Back to the state of `offset`: text, triggers, checks and delivery."""
        self.revision += 1
        kept = cut(self.tip, offset)
        self._count_discarded(offset, kept)
        self.tip = kept.tip
        self._interventions.cut(offset)
        self._cancel(self._checks.cut(offset))
        self._delivery.cut(offset)
        if kept.rest:
            self._reread(kept)

    def _count_discarded(self, offset: int, kept: Kept) -> None:
        generated = [piece for piece in self.tip.back_to(offset) if piece.origin is Origin.GENERATED]
        self.counters.discarded_characters += sum(piece.end - max(piece.start, offset) for piece in generated)
        self.counters.discarded_tokens += sum(len(piece.tokens) for piece in generated) - len(kept.tokens)

    def _cancel(self, ids: tuple[int, ...]) -> None:
        if ids:
            self.counters.cancelled_checks += len(ids)
            self._out.append(CancelChecks(ids))

    def _reread(self, kept: Kept) -> None:
        """Bring the triggers to the end of a piece that the cut went through; its text is delivered already."""
        states, units = lanes.feed(self.tip.lanes, kept.rest, self.tip.end, kept.tokens)
        self.tip = Piece(self.tip, kept.rest, kept.origin, states, kept.tokens)
        self._submit(self._checks.of_units(units, self.tip, self.revision))

    def _reject(self, ruling: Ruling, status: Status, reason: str) -> None:
        """End the run without an answer; what was rejected does not stay in its text."""
        self._close()
        self.phase = "settling"
        self._cut(max(min(finding.offset for finding in ruling.all), self._delivery.committed))
        self._finish(status, reason)

    # The end

    def _settle(self) -> None:
        if self.phase != "settling" or self._checks.pending or self._over:
            return
        objections = list(self._checks.objections())
        if objections:
            more = f" (and {len(objections) - 1} more)" if len(objections) > 1 else ""
            self._finish("unverified", objections[0] + more)
        elif not self._checks.required:
            self._finish("unverified", "no monitor is required")
        else:
            self._finish("verified", "every required check passed")

    def _finish(self, status: Status, reason: str) -> None:
        if self.phase == "finished":
            return
        self._close()
        self.phase = "finished"
        self._cancel(self._checks.drop())
        if status == "verified":
            self._delivery.gate(EVERYTHING)
            self._delivery.clear(self.tip.end)
            self._delivery.flush()
        self._out.append(Finish(status, reason))

    def _say(self, event: Event) -> None:
        self._out.append(event)

    def _flush(self) -> list[Command]:
        """What there is to carry out now; where a limit is spent, the end of the run is the last of it."""
        if self._over:
            self._finish("exhausted", self._over)
        out, self._out = self._out, []
        return out
