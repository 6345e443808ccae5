"""The guarantees of the design as properties of the machine, under random text, chunking, order, loss and faults."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import midtrace as mt
from midtrace.extractors import Fork
from midtrace.machine.delivery import Mode
from midtrace.machine.machine import Machine
from midtrace.machine.messages import (
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
    Submit,
    TimeUp,
    VerdictsArrived,
)
from midtrace.machine.track import Track
from midtrace.monitors import AnyExtractor, Scope
from midtrace.policies import OnUnknown, meaning, on_settled, on_violation
from midtrace.testing import rechunk
from midtrace.trace import Origin, Piece, cut, provenance
from midtrace.triggers import Trigger, lanes
from midtrace.verdicts import UnknownKind

ALPHABET = "ab XY\n"
QUIET = "ab "
Fate: TypeAlias = Literal["goes on", "ends", "hiccups", "breaks", "takes too long"]
FATES: tuple[Fate, ...] = ("goes on", "goes on", "goes on", "ends", "ends", "hiccups", "breaks", "takes too long")


def letter_is_absent(letter: str, check: Check) -> mt.Verdict:
    """The rule of these tests: the unit must not hold `letter`."""
    view = check.view("")
    at = view.text.find(letter)
    if at < 0:
        return mt.Pass()
    span = mt.Span(view.start + at, view.start + at + 1)
    return mt.Violation(f"{letter} at {at}", span=span, correction="c", hint="c")


def monitor(
    letter: str,
    policy: mt.Policy,
    *,
    required: bool = True,
    priority: int = 0,
    on: Trigger = mt.every_line(),  # noqa: B008  (a frozen value)
    scope: Scope = "unit",
    extract: AnyExtractor = str,
) -> mt.Monitor:
    return mt.Monitor(
        letter,
        extract=extract,
        verify=lambda text: None,
        policy=policy,
        required=required,
        priority=priority,
        on=on,
        scope=scope,
    )


unknowns = st.sampled_from(get_args(OnUnknown))
errors = st.none() | unknowns
reactions = st.one_of(
    st.builds(
        mt.Rollback,
        to=st.sampled_from(["claim", "unit"]),
        repair=st.sampled_from(["correct", "note", "resample"]),
        limit=st.none() | st.integers(0, 3),
        anchor=st.sampled_from(["", "go on:"]),
        on_unknown=unknowns,
        on_error=errors,
    ),
    st.builds(mt.Rollback, to=st.just("checkpoint"), repair=st.sampled_from(["note", "resample"]), on_unknown=unknowns),
    st.builds(
        mt.Stop,
        closing=st.sampled_from(["</think>\n", "b\n</b>"]),
        otherwise=st.sampled_from([None, None, mt.Observe(), mt.Rollback(), mt.Abstain()]),
        on_unknown=unknowns,
        on_error=errors,
    ),
    st.builds(mt.Abstain, on_unknown=unknowns, on_error=errors),
    st.builds(mt.Observe, on_unknown=unknowns, on_error=errors),
)
policies = st.one_of(reactions, reactions, reactions, st.builds(mt.Gate, reactions))
PHASES = mt.thinking("a", "b")
places = st.sampled_from(
    [
        mt.every_line(),
        mt.every(characters=5),
        mt.every_line().within("answer", PHASES),
        mt.at_end().within("thinking", PHASES),
    ]
)


class Setup(NamedTuple):
    """What a run is started with."""

    first: mt.Policy
    second: mt.Policy
    on: Trigger
    scope: Scope
    required: bool
    delivery: Mode
    ahead: int | None
    rollbacks: int
    settles: bool
    asks: bool


setups = st.builds(
    Setup,
    first=policies,
    second=policies,
    on=places,
    scope=st.sampled_from(get_args(Scope)),
    required=st.booleans(),
    delivery=st.sampled_from(get_args(Mode)),
    ahead=st.none() | st.integers(0, 10),
    rollbacks=st.integers(0, 6),
    settles=st.booleans(),
    asks=st.booleans(),
)


class World(RuleBasedStateMachine):
    """A user and an engine around one machine; they check every command against what they know."""

    @initialize(setup=setups)
    def first_run(self, setup: Setup) -> None:
        self.begin(setup)

    @precondition(lambda self: self.finish is not None)
    @rule(setup=setups)
    def next_run(self, setup: Setup) -> None:
        """The steps that are left go to another run: most runs end early."""
        assert self.machine.handle(ChunkArrived(self.machine.revision, "more")) == []
        assert self.machine.handle(TimeUp("no time")) == []
        self.begin(setup)

    def begin(self, setup: Setup) -> None:
        self.delivery = setup.delivery
        self.ahead = setup.ahead if setup.delivery == "live" else None
        self.monitors = [
            monitor("X", setup.first),
            monitor(
                "Y",
                setup.second,
                required=setup.required,
                priority=1,
                on=setup.on,
                scope=setup.scope,
                extract=Fork("?", str) if setup.asks else str,
            ),
        ]
        self.batch = mt.Budget(rollbacks=4)
        self.machine = Machine(
            "P",
            self.monitors,
            delivery=setup.delivery,
            ahead=self.ahead,
            limits=mt.Limits(rollbacks=setup.rollbacks, characters=2_000),
            budget=self.batch,
        )
        self.text = ""
        self.user = ""
        self.safe = 0
        self.open_checks: dict[int, Check] = {}
        self.gone: list[int] = []
        self.seen: set[int] = set()
        self.stream: int | None = None
        self.streams = 0
        self.ended = False
        self.finish: Finish | None = None
        self.violated = False
        self.settles = setup.settles
        self.settled = False
        self.stops = 0
        self.asked: dict[tuple[int, int, int, int], int] = {}
        self.given = ""
        self.interventions = 0
        self.carry_out(self.machine.start())

    # What the user and the engine do with commands

    def carry_out(self, commands: Sequence[Command]) -> None:
        self.failed = True
        for command in commands:
            assert self.finish is None, "Finish is the last command"
            match command:
                case Submit(checks):
                    for check in checks:
                        assert check.id not in self.seen, "a check is submitted once"
                        self.seen.add(check.id)
                        self.open_checks[check.id] = check
                        place = (check.monitor, check.revision, check.start, check.end)
                        self.asked[place] = self.asked.get(place, 0) + 1
                        assert self.asked[place] <= 2, "a check is repeated once at most"
                case CancelChecks(ids):
                    for each in ids:
                        del self.open_checks[each]
                        self.gone.append(each)
                case CloseSource(stream):
                    assert stream == self.stream, "only the open stream is closed"
                    self.stream = None
                case OpenSource(stream, tip):
                    assert self.stream is None, "one stream at a time"
                    assert tip.read() == self.text
                    self.stream = stream
                    self.streams += 1
                    self.ended = False
                case Finish() as finish:
                    assert self.stream is None
                    self.finish = finish
                case _:
                    self.deliver(command)
        self.failed = False

    def deliver(self, event: mt.Event) -> None:
        match event:
            case mt.TextDelta(text, offset):
                assert offset == len(self.user), "text comes without gaps"
                self.user += text
            case mt.Retracted(offset):
                assert offset < len(self.user)
                assert self.delivery == "live", "only live delivery ever takes text back"
                self.user = self.user[:offset]
                self.safe = min(self.safe, offset)
            case mt.SafeUpTo(offset):
                assert offset > self.safe, "the safe offset only grows"
                # What a verified run was not required to check does not hold its text back.
                assert offset <= self.machine.safe or self.machine.phase == "finished"
                self.safe = offset
            case mt.Checked(_, span, _):
                assert span.end <= len(self.text), "no verdict on text that is gone"
            case mt.Intervened(offset=offset, injected=injected, removed=removed):
                assert self.text[offset:] == removed
                self.text = self.text[:offset] + injected
                self.safe = min(self.safe, offset)
                self.interventions += 1
                self.acted(event)

    def acted(self, act: mt.Intervened) -> None:
        """An early stop is one monitor's, asked for by its policy, and the only one of its run."""
        self.stops += act.action == "stop"
        assert self.stops <= 1
        if not act.violations:
            assert self.settled
            assert act.action == "stop"
            (name,) = act.monitors
            (policy,) = (each.policy for each in self.monitors if each.name == name)
            assert on_settled(policy) is not None
            assert not self.ended, "there is nothing to stop once the source has ended"

    def judge(self, check: Check) -> mt.Verdict:
        monitor = self.monitors[check.monitor]
        verdict = letter_is_absent(monitor.name, check)
        if isinstance(verdict, mt.Pass) and self.settles and "a" in check.view("").text:
            self.settled |= on_settled(monitor.policy) is not None
            return mt.Pass(settled="enough")
        return verdict

    def means(self, monitor: int, verdict: mt.Verdict | None) -> OnUnknown | None:
        return meaning(self.monitors[monitor].policy, verdict) if isinstance(verdict, mt.Unknown) else None

    def passes(self, monitor: int, verdict: mt.Verdict | None) -> bool:
        return isinstance(verdict, mt.Pass) or self.means(monitor, verdict) == "pass"

    def leave_stream(self) -> int:
        assert self.stream is not None
        left, self.stream = self.stream, None
        return left

    # What happens

    @precondition(lambda self: self.stream is not None)
    @rule(text=st.text(ALPHABET, min_size=1, max_size=12))
    def chunk(self, text: str) -> None:
        assert self.stream is not None
        assert self.machine.handle(ChunkArrived(self.stream - 1, text)) == [], "a closed stream is not heard"
        self.text += text
        self.given += text
        commands = self.machine.handle(ChunkArrived(self.stream, text))
        if any(isinstance(command, Finish) for command in commands):
            self.text = self.machine.tip.read()
        self.carry_out(commands)

    @precondition(lambda self: self.stream is not None)
    @rule(text=st.text(QUIET, max_size=12))
    def quiet_line(self, text: str) -> None:
        """A line that nothing is wrong with."""
        self.chunk(text + "\n")

    @precondition(lambda self: self.open_checks)
    @rule(data=st.data())
    def verdicts(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from(sorted(self.open_checks)), min_size=1, max_size=4, unique=True))
        results = []
        for each in ids:
            check = self.open_checks.pop(each)
            verdict = self.judge(check)
            self.violated |= isinstance(verdict, mt.Violation)
            results.append(CheckResult(each, verdict))
        self.take(VerdictsArrived(tuple(results)))

    @precondition(lambda self: self.open_checks)
    @rule(data=st.data(), kind=st.sampled_from(get_args(UnknownKind)))
    def no_verdict(self, data: st.DataObject, kind: UnknownKind) -> None:
        """A check that could not decide, crashed, or was lost with its worker."""
        each = data.draw(st.sampled_from(sorted(self.open_checks)))
        check = self.open_checks.pop(each)
        unknown = mt.Unknown("no verdict", kind)
        self.violated |= self.means(check.monitor, unknown) == "violation"
        self.take(VerdictsArrived((CheckResult(each, unknown),)))
        if self.means(check.monitor, unknown) == "abstain" and not self.violated:
            assert self.finish is not None
            assert self.finish.status == "abstained"

    @precondition(lambda self: self.finish is None)
    @rule()
    def congestion(self) -> None:
        """One check may stand for others; none is made for it, and the oldest stays."""
        oldest = min((c.id for c in self.open_checks.values()), default=None)
        commands = self.machine.handle(Congested())
        assert all(isinstance(command, CancelChecks) for command in commands)
        self.carry_out(commands)
        assert oldest is None or oldest in self.open_checks

    @precondition(lambda self: self.gone and self.finish is None)
    @rule(data=st.data())
    def stale_verdict(self, data: st.DataObject) -> None:
        """5. Stale verdicts never act."""
        each = data.draw(st.sampled_from(self.gone))
        before = self.text
        commands = self.machine.handle(VerdictsArrived((CheckResult(each, mt.Violation("stale")),)))
        assert not any(isinstance(c, CloseSource | OpenSource | Finish) for c in commands)
        self.carry_out(commands)
        assert self.machine.tip.read() == before

    @precondition(lambda self: self.stream is not None)
    @rule(fate=st.sampled_from(FATES))
    def source_may_stop(self, fate: Fate) -> None:
        match fate:
            case "goes on":
                pass
            case "ends":
                self.ended = True
                self.take(SourceEnded(self.leave_stream()))
            case "hiccups":
                self.streams -= 1
                self.take(SourceFailed(self.leave_stream(), "broken", transient=True))
            case "breaks":
                self.take(SourceFailed(self.leave_stream(), "broken"))
            case "takes too long":
                self.take(TimeUp("no time"))

    @precondition(lambda self: self.finish is None and self.stream is None)
    @rule(fate=st.sampled_from(FATES))
    def settling_may_take_too_long(self, fate: Fate) -> None:
        if fate == "takes too long":
            self.take(TimeUp("no time"))

    def take(self, event: MachineEvent) -> None:
        commands = self.machine.handle(event)
        if any(isinstance(command, Finish) for command in commands):
            # An abstained or exhausted run ends before what it rejected.
            assert self.text.startswith(self.machine.tip.read()) or any(
                isinstance(command, mt.Intervened) for command in commands
            )
        self.carry_out(commands)

    # What must hold

    @invariant()
    def the_user_has_what_the_mode_promises(self) -> None:
        if not hasattr(self, "machine"):
            return
        text = self.machine.tip.read()
        assert text.startswith(self.user)
        gated = any(isinstance(each.policy, mt.Gate) for each in self.monitors)
        match self.delivery:
            case "live" if self.finish is None and self.ahead is None and not gated:
                assert self.user == text
            case "live" if self.finish is None and self.ahead is not None:
                assert len(self.user) <= self.safe + self.ahead
            case "held" if self.finish is None:
                assert len(self.user) <= self.safe
            case "final" if self.finish is None:
                assert self.user == ""

    @invariant()
    def nothing_passes_a_gate(self) -> None:
        """What follows a checked unit is not delivered before its verdict."""
        if not hasattr(self, "machine") or self.finish is not None:
            return
        for check in self.open_checks.values():
            if isinstance(self.monitors[check.monitor].policy, mt.Gate):
                assert len(self.user) <= check.end

    @invariant()
    def who_asks_has_one_check_at_work_and_one_that_waits(self) -> None:
        if not hasattr(self, "machine") or self.finish is not None:
            return
        for track in self.machine.tracks:
            if track.asks:
                assert sum(check.monitor == track.index for check in self.open_checks.values()) <= 2

    @invariant()
    def text_is_what_was_generated_and_injected(self) -> None:
        if hasattr(self, "machine") and self.finish is None:
            assert self.machine.tip.read() == self.text

    @invariant()
    def untouched_unless_violated(self) -> None:
        """1. Without a violation or an early stop the text is the source's own, and the source is called once."""
        if hasattr(self, "machine") and not self.violated and not self.settled:
            assert self.machine.tip.read() == self.given or self.finish is not None
            assert self.streams <= 1
            assert self.interventions == 0

    @invariant()
    def safe_text_is_checked_text(self) -> None:
        if not hasattr(self, "machine"):
            return
        safe = self.machine.safe
        for track in self.machine.tracks:
            if track.monitor.required:
                for entry in track.entries:
                    if entry.check.start < safe:
                        assert self.passes(track.index, entry.verdict)

    @invariant()
    def verified_means_verified(self) -> None:
        """6. Every required check passed on all of the text, and no Unknown was passed over."""
        if not hasattr(self, "machine") or self.finish is None or self.finish.status != "verified":
            return
        text = self.machine.tip.read()
        assert self.user == text, "a verified text is delivered whole, in every mode"
        for track in self.machine.tracks:
            if not track.monitor.required:
                continue
            assert all(self.passes(track.index, entry.verdict) for entry in track.entries)
            for entry in track.entries:
                if isinstance(entry.verdict, mt.Pass):
                    assert track.monitor.name not in entry.check.view("").text
            assert track.entries, "every monitor has run"
            self.nothing_is_left_out(track)

    def nothing_is_left_out(self, track: Track) -> None:
        """All text is in a check, in a note, or in what the trigger was told to leave out."""
        parts = [(entry.check.start, entry.check.end) for entry in track.entries]
        parts += [(skipped.start, skipped.end) for skipped in track.skipped]
        parts += [part.span for part in provenance(self.machine.tip) if part.origin is Origin.FEEDBACK]
        reached = 0
        for start, end in sorted(parts):
            assert start <= reached or self.machine.tip.read(reached, start).isspace()
            reached = max(reached, end)
        assert self.machine.tip.read(reached).strip() == "", "only a blank rest may go unchecked"

    @invariant()
    def rejected_text_is_no_answer(self) -> None:
        """6. No budget turns rejected text into an answer."""
        if not hasattr(self, "machine") or self.finish is None:
            return
        if self.finish.status not in ("abstained", "exhausted"):
            return
        for track in self.machine.tracks:
            policy = track.monitor.policy
            match on_violation(policy):
                case mt.Rollback(to="claim" | "unit") | mt.Abstain():
                    assert not any(isinstance(entry.verdict, mt.Violation) for entry in track.entries)
                case _:
                    pass  # these leave what they object to in the text, and say so beside it

    @invariant()
    def rollbacks_are_bounded(self) -> None:
        """7. Always ends."""
        if hasattr(self, "machine"):
            limit = self.machine.spent.limits.rollbacks
            assert limit is not None
            assert self.machine.spent.rollbacks <= min(limit, 4)
            assert self.batch.rollbacks == self.machine.spent.rollbacks

    def teardown(self) -> None:
        """7. Whatever state a run is in: when the source ends and all verdicts are in, it is over."""
        if not hasattr(self, "machine") or self.failed:
            return
        for _ in range(200):
            if self.finish is not None:
                return
            if self.stream is not None:
                self.ended = True
                self.take(SourceEnded(self.leave_stream()))
            elif self.open_checks:
                checks = list(self.open_checks)
                results = tuple(CheckResult(each, self.judge(self.open_checks.pop(each))) for each in checks)
                self.take(VerdictsArrived(results))
        raise AssertionError("the run does not end")


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=int(os.environ.get("MIDTRACE_EXAMPLES", "200")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@given(
    text=st.text(ALPHABET, max_size=80),
    sizes=st.lists(st.integers(1, 9), max_size=80),
)
def test_chunking_does_not_matter(text: str, sizes: list[int]) -> None:
    """3. Any re-chunking gives the same checkpoints and states."""
    assert checks_of([text]) == checks_of(list(rechunk(text, sizes)))


def checks_of(chunks: list[str]) -> list[tuple[int, int, int, bool, str, str]]:
    triggers = [mt.every_line(), mt.at_end(), mt.every(characters=7), mt.every(tokens=3), mt.on_match("X.*Y")]
    monitors = [monitor(f"{n}", mt.Observe(), on=each) for n, each in enumerate(triggers)]
    machine = Machine("P", monitors)
    commands = machine.start()
    for chunk in chunks:
        commands += machine.handle(ChunkArrived(0, chunk))
    commands += machine.handle(SourceEnded(0))
    checks = [check for command in commands if isinstance(command, Submit) for check in command.checks]
    views = [(check, check.view("")) for check in checks]
    return sorted((c.monitor, c.start, c.end, c.final, v.text, v.before) for c, v in views)


@given(text=st.text(ALPHABET, max_size=60), cut=st.integers(0, 60), more=st.text(ALPHABET, max_size=20))
def test_a_rollback_restores_triggers_exactly(text: str, cut: int, more: str) -> None:
    cut = min(cut, len(text))
    triggers = [mt.every_line(), mt.at_end(), mt.every(characters=7), mt.every(lines=2), mt.every_sentence()]
    straight, _ = lanes.feed(lanes.begin(triggers, "P"), text[:cut] + more, 0, ())
    before, _ = lanes.feed(lanes.begin(triggers, "P"), text[:cut], 0, ())
    resumed, _ = lanes.feed(before, more, cut, ())
    assert straight == resumed


def test_a_cut_through_a_chunk_keeps_its_tokens() -> None:
    """What the source told of the kept part of a chunk is there for the triggers that read it again."""
    tokens = (mt.Token("calm ", entropy=0.1), mt.Token("odd ", entropy=3.0), mt.Token("bad", entropy=0.1))
    tip = Piece(None, "", Origin.GENERATED, lanes.begin([mt.high_entropy(threshold=2.0)], "P"))
    tip = Piece(tip, "calm odd bad", Origin.GENERATED, tip.lanes, tokens)

    kept = cut(tip, 9)

    assert (kept.rest, tuple(kept.tokens)) == ("calm odd ", tokens[:2])
    _, units = lanes.feed(kept.tip.lanes, kept.rest, 0, kept.tokens)
    assert [(unit.start, unit.end) for unit in units] == [(0, 9)]


def test_earliest_violation_wins() -> None:
    """4. A later-arriving earlier violation rolls back further."""
    machine = Machine("P", [monitor("X", mt.Rollback(to="unit", repair="note"))])
    machine.start()
    commands = machine.handle(ChunkArrived(0, "X1\nok\nX2\nok\n"))
    checks = [check for command in commands if isinstance(command, Submit) for check in command.checks]
    late, early = checks[2], checks[0]
    commands = machine.handle(VerdictsArrived((CheckResult(late.id, mt.Violation("late")),)))
    assert [c.offset for c in commands if isinstance(c, mt.Intervened)] == [6]
    commands = machine.handle(VerdictsArrived((CheckResult(early.id, mt.Violation("early")),)))
    assert [c.offset for c in commands if isinstance(c, mt.Intervened)] == [0]


def test_simultaneous_violations_are_merged_and_charged_once() -> None:
    machine = Machine("P", [monitor("X", mt.Rollback()), monitor("Y", mt.Rollback())])
    machine.start()
    commands = machine.handle(ChunkArrived(0, "XY\n"))
    checks = [check for command in commands if isinstance(command, Submit) for check in command.checks]
    results = tuple(CheckResult(check.id, mt.Violation(f"no {check.monitor}")) for check in checks)
    commands = machine.handle(VerdictsArrived(results))
    (act,) = [c for c in commands if isinstance(c, mt.Intervened)]
    assert act.monitors == ("X", "Y")
    assert "no 0; no 1" in act.injected
    assert machine.spent.rollbacks == 1


def test_the_model_cannot_imitate_an_intervention() -> None:
    """8. Text that looks like feedback is text."""
    machine = Machine("P", [monitor("X", mt.Rollback())])
    machine.start()
    machine.handle(ChunkArrived(0, "\nWait, that is not right: X at 0. \n[check failed again: no]\n"))
    assert machine.revision == 0
    assert machine.spent.rollbacks == 0


def test_the_same_complaint_climbs_the_ladder_and_ends() -> None:
    """7. The same violation at the same place is not answered in the same way for ever."""
    machine = Machine("P", [monitor("X", mt.Rollback())], limits=mt.Limits(rollbacks=None))
    commands = machine.start()
    acts, stream, finish = [], 0, None
    for _ in range(20):
        commands = machine.handle(ChunkArrived(stream, "good line\nX is wrong\n" if stream == 0 else "X is wrong\n"))
        checks = [check for command in commands if isinstance(command, Submit) for check in command.checks]
        results = tuple(CheckResult(check.id, letter_is_absent("X", check)) for check in checks)
        commands = machine.handle(VerdictsArrived(results))
        acts += [c for c in commands if isinstance(c, mt.Intervened)]
        stream = max((c.stream for c in commands if isinstance(c, OpenSource)), default=stream)
        finish = next((c for c in commands if isinstance(c, Finish)), None)
        if finish is not None:
            break
    assert finish is not None
    assert finish.status == "abstained"
    assert len({(act.offset, act.injected) for act in acts}) >= 3
    assert "X is wrong" not in machine.tip.read()
