"""Eighteen defects that such an engine has had elsewhere; each of these tests fails if one of them comes here."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple

import anyio
import pytest

import midtrace as mt
from midtrace.sources.completions import Completions
from midtrace.testing import InlineEngine, ManualEngine, Scripted
from midtrace.triggers import Boundary, Scanner, Trigger

# A server that fails in the way it is told


class Answer(NamedTuple):
    """What the server says to one request, and how its connection goes on."""

    frames: Sequence[bytes] = ()
    status: int = 200
    ending: Literal["complete", "cut", "silent"] = "complete"


def frame(text: str, finish: str | None = None) -> bytes:
    return f"data: {json.dumps({'choices': [{'text': text, 'finish_reason': finish}]})}\n\n".encode()


STOP = (frame("", "stop"), b"data: [DONE]\n\n")


def says(*texts: str) -> Answer:
    """A stream that comes to its own end."""
    return Answer([*map(frame, texts), *STOP])


class Site(NamedTuple):
    """A running server: where it is, and the requests it has seen."""

    url: str
    seen: list[dict[str, Any]]

    @property
    def prompts(self) -> list[str]:
        return [each["prompt"] for each in self.seen]


@contextmanager
def site(answers: Sequence[Answer]) -> Iterator[Site]:
    """Gives one answer a request, the last one again after that."""
    seen: list[dict[str, Any]] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            answer = answers[min(len(seen), len(answers) - 1)]
            seen.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(answer.status)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for each in answer.frames:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(each), each))
            if answer.ending == "silent":
                over.wait()
            if answer.ending == "complete":
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that has gone away is what some of these tests are about

    with Server(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{http.server_port}", seen)
        finally:
            over.set()
            http.shutdown()
            thread.join()


Serving = Callable[..., Site]


@pytest.fixture
def serving() -> Iterator[Serving]:
    with ExitStack() as stack:
        yield lambda *answers: stack.enter_context(site(answers))


# A rule, and ways to watch a run


@mt.verifier
def rule(line: str) -> mt.Verdict:
    """No line may say bad; the message does not repeat the word."""
    return (
        mt.Pass()
        if "bad" not in line
        else mt.Violation("a word is wrong", correction=line.strip().replace("bad", "good"))
    )


def monitor(policy: mt.Policy | None = None, name: str = "words", **options: Any) -> mt.Monitor:
    return mt.Monitor(name, verify=rule, policy=mt.Rollback() if policy is None else policy, **options)


@pytest.fixture
def inline() -> mt.Runtime:
    return mt.Runtime(InlineEngine())


@pytest.fixture
def manual() -> ManualEngine:
    return ManualEngine()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something has happened."""
    while not condition():
        await asyncio.sleep(0)


def waiting(manual: ManualEngine, text: str) -> bool:
    return any(each.text == text for each in manual.pending)


def answer(manual: ManualEngine, *texts: str) -> None:
    """Give the checks of these units their own verdicts, in this order."""
    for text in texts:
        check = next(each for each in manual.pending if each.text == text)
        manual.pending.remove(check)
        check.answer()


async def finish(manual: ManualEngine, run: mt.Run, read: Callable[[str], object] = lambda text: None) -> mt.Outcome:
    """Answer every check as it comes until the run is over; `read` gets the text of each."""

    async def clerk() -> None:
        while True:
            texts = [each.text for each in manual.pending]
            for text in texts:
                read(text)
            answer(manual, *texts)
            await asyncio.sleep(0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clerk)
        outcome = await run.wait()
        tasks.cancel_scope.cancel()
    return outcome


class Told(NamedTuple):
    """What the user of a run has at its end: the text that was not taken back, and all events."""

    text: str
    events: list[mt.Event]
    outcome: mt.Outcome

    def of(self, kind: type[mt.Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


async def told(run: mt.Run) -> Told:
    text, events = "", []
    async for event in run:
        events.append(event)
        if isinstance(event, mt.TextDelta):
            text = text[: event.offset] + event.text
        elif isinstance(event, mt.Retracted):
            text = text[: event.offset]
    return Told(text, events, run.outcome)


# The defects


@pytest.mark.asyncio(loop_scope="session")
async def test_01_every_monitor_is_used(local: mt.Runtime, inline: mt.Runtime) -> None:
    """Only the first monitor of a list was ever asked; here all of them see all of the text, and each can act."""

    def against(word: str) -> mt.Monitor:
        wrong = mt.Violation(f"not {word}", correction=f"no {word}")
        return mt.Monitor(
            word,
            verify=lambda line: wrong if line.strip() == word else None,
            policy=mt.Rollback(repair="correct"),
            priority=len(word),
        )

    source = Scripted("one\nred\n", "blue\n", "green\n", "end\n")
    outcome = await local.generate(source, "P", monitors=[against(word) for word in ("red", "blue", "green")])

    assert outcome.text == "one\nno red\nno blue\nno green\nend\n"
    assert [act.monitors for act in outcome.interventions] == [("red",), ("blue",), ("green",)]
    assert {row.monitor: (row.start, row.end, row.verdict) for row in outcome.certificate.rows} == {
        word: (0, len(outcome.text), "pass") for word in ("red", "blue", "green")
    }

    # And the priority means something: of two complaints about one line the weightier speaks first.
    both = [monitor(name="light"), monitor(name="heavy", priority=1)]
    outcome = await inline.generate(Scripted("bad\n", "fine\n"), "P", monitors=both)

    assert [act.monitors for act in outcome.interventions] == [("heavy", "light")]


@pytest.mark.asyncio(loop_scope="session")
async def test_02_what_a_verifier_raises_is_neither_lost_nor_fatal(local: mt.Runtime) -> None:
    """An exception in a verifier vanished, so that its text passed, or it killed the stream; here it is `Unknown`."""

    def divides(line: str) -> None:
        _ = 1 // len(line.strip().replace("two", ""))

    def reads(line: str) -> str:
        raise LookupError("cannot read")

    def looked_at(line: str) -> None:
        return None

    monitors = [
        mt.Monitor("divides", verify=divides),
        mt.Monitor("reads", extract=reads, verify=looked_at, required=False),
        mt.Monitor("sound", verify=looked_at),
    ]
    outcome = await local.generate(Scripted("one\ntwo\nthree\n"), "P", monitors=monitors)

    assert outcome.status == "unverified"
    assert "ZeroDivisionError" in outcome.reason
    assert outcome.text == "one\ntwo\nthree\n"
    rows = [(row.monitor, row.start, row.end, row.verdict) for row in outcome.certificate.rows]
    assert rows[:3] == [("divides", 0, 4, "pass"), ("divides", 4, 8, "unknown"), ("divides", 8, 14, "pass")]
    assert [row[3] for row in rows if row[0] == "reads"] == ["unknown"] * 3
    assert rows[-1] == ("sound", 0, 14, "pass")
    assert not outcome.certificate.complete


FAULTS = {
    "status 500": (Answer([b"no memory left"], status=500), "answered 500: no memory left", ""),
    "status 404": (Answer([b"no such model"], status=404), "answered 404: no such model", ""),
    "error frame": (
        Answer([frame("so far\n"), b'data: {"error": "lost the model"}\n\n']),
        "lost the model",
        "so far\n",
    ),
    "cut off by a limit": (Answer([frame("so far\n", "length"), STOP[1]]), "cut off at max_tokens", "so far\n"),
    "no stream at all": (Answer([b"<html>Welcome</html>"]), "broke off before its end", ""),
}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", FAULTS)
async def test_03_a_failed_generation_is_no_result(local: mt.Runtime, serving: Serving, kind: str) -> None:
    """Error statuses, error frames and truncation passed for normal ends; here the run is `failed` and says why."""
    fault, reason, text = FAULTS[kind]

    async with Completions(serving(fault).url) as source:
        outcome = await local.generate(source, "P", monitors=[monitor()])

    assert outcome.status == outcome.certificate.status == "failed"
    assert reason in outcome.reason
    assert outcome.text == text
    assert not outcome.verified


@pytest.mark.asyncio(loop_scope="session")
async def test_04_a_silent_or_broken_server_is_survived(local: mt.Runtime, serving: Serving) -> None:
    """There was no timeout, no retry and no resumption; here a silent server ends the run, a cut one is taken up."""
    silent = serving(Answer(ending="silent"))
    async with Completions(silent.url, timeout=0.2) as source:
        outcome = await local.generate(source, "P", monitors=[monitor()])
    assert outcome.status == "failed"
    assert "Timeout" in outcome.reason
    assert len(silent.seen) > 1, "it was tried again"

    # Whatever the source's own patience, the run's limit ends it.
    silent = serving(Answer([frame("one\n")], ending="silent"))
    async with Completions(silent.url, timeout=60) as source:
        outcome = await local.generate(source, "P", monitors=[monitor()], limits=mt.Limits(seconds=0.2))
    assert outcome.status == "exhausted"

    # The connection is cut in the middle of the stream: nothing that was received is lost or asked for again.
    broken = serving(Answer([frame("one\n"), frame("two ")], ending="cut"), says("three\n"))
    async with Completions(broken.url) as source:
        outcome = await local.generate(source, "P", monitors=[monitor()])
    assert outcome.status == "verified"
    assert outcome.text == "one\ntwo three\n"
    assert broken.prompts == ["P", "Pone\ntwo "]


BUDGETS: dict[str, tuple[mt.Policy, mt.Limits]] = {
    "no rollback at all": (mt.Rollback(), mt.Limits(rollbacks=0)),
    "three rollbacks": (mt.Rollback(), mt.Limits(rollbacks=3)),
    "three tries": (mt.Rollback(repair="resample"), mt.Limits(rollbacks=3)),
    "two of the monitor's own": (mt.Rollback(limit=2), mt.Limits(rollbacks=None)),
    "no bound but the ladder's": (mt.Rollback(), mt.Limits(rollbacks=None)),
    "behind a gate": (mt.Gate(mt.Rollback(limit=1)), mt.Limits()),
    "no answer": (mt.Abstain(), mt.Limits()),
}


@pytest.mark.parametrize("delivery", ["live", "held", "final"])
@pytest.mark.parametrize("budget", BUDGETS)
async def test_05_no_ceiling_makes_an_answer_of_rejected_text(
    inline: mt.Runtime, budget: str, delivery: Literal["live", "held", "final"]
) -> None:
    """At the ceiling of corrections the rejected text was returned as the answer; here it is in no outcome."""
    policy, limits = BUDGETS[budget]
    source = Scripted("fine\nthe answer is bad\n", "the answer is bad\n")

    async with inline.watch(source, "P", monitors=[monitor(policy)], limits=limits, delivery=delivery) as run:
        got = await told(run)

    assert got.outcome.status in ("abstained", "exhausted")
    assert "a word is wrong" in got.outcome.reason
    assert "bad" not in got.outcome.text
    assert "bad" not in got.text
    assert got.outcome.text.startswith(got.text)


async def test_06_continuations_neither_nest_nor_get_a_budget_each(inline: mt.Runtime, serving: Serving) -> None:
    """Each correction nested a call and had the full token budget again; here depth is flat and `Limits` counts all.

    Connections are not looked at here; the sources' own tests do that.
    """
    rounds = sys.getrecursionlimit() + 500
    lines = [f"bad {n}\n" for n in range(rounds)]

    outcome = await inline.generate(
        Scripted(*lines, "end\n", size=99),
        "P",
        monitors=[monitor(mt.Rollback(repair="correct"))],
        limits=mt.Limits(rollbacks=None),
    )

    assert outcome.status == "verified"
    assert outcome.ledger.interventions == rounds

    pages = [says(*(f"{n}-{m} " for m in range(9)), "bad\n") for n in range(20)]
    busy = serving(*pages)
    async with Completions(busy.url, max_tokens=10, frame_is_token=True) as source:
        outcome = await inline.generate(
            source, "P", monitors=[monitor(mt.Rollback(repair="correct"))], limits=mt.Limits(tokens=55)
        )

    assert outcome.status == "exhausted"
    assert "55 tokens" in outcome.reason
    assert outcome.ledger.main_tokens == 56, "one token told that the limit is passed"
    assert len(busy.seen) == 6


async def test_07_a_burst_does_not_put_off_checking(inline: mt.Runtime) -> None:
    """Checks only ran when the reader waited for the network; here a source that never waits is stopped soon."""
    given: list[int] = []

    async def burst(prefix: str) -> AsyncIterator[str]:
        given.append(0)
        for n in range(100_000):
            given[-1] += 1
            yield "bad\n" if n == 50 and len(given) == 1 else "fine\n"
            if len(given) > 1 and n == 100:
                return

    outcome = await inline.generate(burst, "P", monitors=[monitor()])

    assert outcome.status == "verified"
    assert outcome.interventions[0].offset == 250
    assert given[0] < 1_000, "and not the whole burst"
    assert given[1] == 101


async def test_08_a_verdict_does_not_wait_for_the_next_chunk_or_for_other_checks(manual: ManualEngine) -> None:
    """A stop took effect one chunk later, or after all open checks at the end; here the verdict itself acts."""
    source = Scripted("bad\n", "bad too\nfine\nlast\n", "good\n", hold=True)

    async with mt.Runtime(manual).watch(source, "P", monitors=[monitor(mt.Rollback(repair="resample"))]) as run:
        await until(lambda: waiting(manual, "bad\n"))
        answer(manual, "bad\n")
        await until(lambda: len(source.prefixes) == 2)  # the first stream would never have given another chunk
        assert source.closed == 1

        # The second stream ends with three checks open. One verdict is enough, with the others still out.
        source.release()
        await until(lambda: len(manual.pending) == 3)
        answer(manual, "bad too\n")
        await until(lambda: len(source.prefixes) == 3)
        outcome = await finish(manual, run)

    assert outcome.text == "good\n"
    assert outcome.ledger.interventions == 2
    assert outcome.ledger.cancelled_checks == 2


async def test_09_the_earliest_violation_wins_whatever_is_fast(manual: ManualEngine) -> None:
    """The first verifier to finish won, and an earlier violation stayed; here a late verdict on earlier text cuts."""
    source = Scripted("bad early\nfine\nbad late\nfine\n", "fine 2\n", "fine 3\n")

    async with mt.Runtime(manual).watch(source, "P", monitors=[monitor()]) as run:
        await until(lambda: len(manual.pending) == 4)
        answer(manual, "bad late\n")
        await until(lambda: len(source.prefixes) == 2)
        assert waiting(manual, "bad early\n"), "nobody cancelled the slow one"
        answer(manual, "bad early\n")
        outcome = await finish(manual, run)

    assert [act.offset for act in outcome.interventions] == [15, 0]
    assert outcome.status == "verified"
    assert "bad" not in outcome.text

    # Known together, they lead to one cut, at the earlier one.
    together = Scripted(["bad early\nfine\nbad late\nfine\n"], "fine 2\n")
    corrected = monitor(mt.Rollback(repair="correct"))
    outcome = await mt.Runtime(InlineEngine()).generate(together, "P", monitors=[corrected])

    assert [act.offset for act in outcome.interventions] == [0]
    assert outcome.text == "good early\nfine 2\n"


async def test_10_concurrent_failures_spend_one_correction(manual: ManualEngine) -> None:
    """Each of several failing checks spent the budget though one note was written; here what is written is charged."""
    source = Scripted("bad 1\nbad 2\nbad 3\n", "fine\nbad 4\n", "fine too\n")
    two = monitor(mt.Rollback(limit=2))

    async with mt.Runtime(manual).watch(source, "P", monitors=[two]) as run:
        await until(lambda: len(manual.pending) == 3)
        answer(manual, "bad 1\n", "bad 2\n", "bad 3\n")
        outcome = await finish(manual, run)

    # The second of two corrections was left for the second text: checking had not been switched off.
    assert outcome.status == "verified"
    assert len(outcome.interventions) == 2
    assert "bad" not in outcome.text

    # The same with all three verdicts in one delivery.
    one = monitor(mt.Rollback(limit=1))
    outcome = await mt.Runtime(InlineEngine()).generate(
        Scripted(["bad 1\nbad 2\nbad 3\n"], "fine\n"), "P", monitors=[one]
    )

    assert outcome.status == "verified"
    assert len(outcome.interventions) == 1


class _Recording(NamedTuple):
    """A scanner that notes what it is given."""

    fed: list[tuple[int, str]]
    scanner: Scanner

    def feed(self, text: str, offset: int, tokens: Sequence[mt.Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        self.fed.append((offset, text))
        following, boundaries = self.scanner.feed(text, offset, tokens)
        return _Recording(self.fed, following), boundaries


@dataclass(frozen=True)
class Recorder:
    """A trigger of a user's own."""

    trigger: Trigger
    fed: list[tuple[int, str]] = field(compare=False, default_factory=list)

    def scanner(self, prompt: str, /) -> Scanner:
        return _Recording(self.fed, self.trigger.scanner(prompt))


@pytest.mark.parametrize("lines", [50, 400])
async def test_11_no_text_is_read_again_and_again(manual: ManualEngine, lines: int) -> None:
    """The whole text was scanned anew on every chunk; here triggers and checks get each character exactly once."""
    text = "".join(f"line {n} is fine\n" for n in range(lines))
    recorder = Recorder(mt.every_line())
    read: list[str] = []

    async with mt.Runtime(manual).watch(Scripted(text), "P", monitors=[monitor(on=recorder)]) as run:
        outcome = await finish(manual, run, read.append)

    assert outcome.status == "verified"
    assert read == text.splitlines(keepends=True)
    assert recorder.fed == list(enumerate(text)), "chunk by chunk, as they came, and nothing twice"


TRIGGERS: dict[str, Trigger] = {
    "lines": mt.every_line(),
    "lines by three": mt.every(lines=3),
    "paragraphs": mt.on_match("^$"),
    "characters": mt.every(characters=17),
    "tokens": mt.every(tokens=5),
    "sentences": mt.every_sentence(),
    "code": mt.on_block("code"),
    "doubt": mt.high_entropy(threshold=2.0),
}

WRITTEN = "".join(
    f"Step {n}. First, we add\n\n{n} and one. That is {n + 1}!\n```python\nprint({n})\n```\n \n" for n in range(12)
)
TOKENS = [mt.Token(word, entropy=3.0 if word == "add" else 0.1) for word in re.findall(r"\s+|\S+", WRITTEN)]


async def checkpoints(trigger: Trigger, packed: int) -> list[tuple[int, int]]:
    """Where a run is checked if the server packs so many tokens in a frame."""

    async def source(prefix: str) -> AsyncIterator[mt.Chunk]:
        for n in range(0, len(TOKENS), packed):
            tokens = TOKENS[n : n + packed]
            yield mt.Chunk("".join(token.text for token in tokens), tuple(tokens))

    monitors = [monitor(mt.Observe(), on=trigger)]
    async with mt.Runtime(InlineEngine()).watch(source, "P", monitors=monitors) as run:
        got = await told(run)
    assert got.outcome.status == "verified"
    return [event.span for event in got.of(mt.Checked)]


@pytest.mark.parametrize("kind", TRIGGERS)
async def test_12_packed_frames_lose_no_checkpoint(kind: str) -> None:
    """A checkpoint needed a chunk that ended exactly on its marker; here any packing gives the same checkpoints."""
    alone = await checkpoints(TRIGGERS[kind], 1)

    assert len(alone) >= 12
    for packed in (2, 4, 8, 50, len(TOKENS)):
        assert await checkpoints(TRIGGERS[kind], packed) == alone


def sum_of(text: str) -> int | None:
    """The sum that the text claims, if it claims one."""
    found = re.search(r"= (\d+)", text)
    return int(found[1]) if found else None


@dataclass(frozen=True)
class Sums:
    """The same as a class, which also sees where the unit stands."""

    def extract(self, view: mt.View, /) -> int | None:
        return sum_of(view.text)


@pytest.mark.asyncio(loop_scope="session")
async def test_13_an_extractor_written_as_documented_works(local: mt.Runtime) -> None:
    """The documented result of an extractor was not the one that the engine took; here both forms do what they say.

    An answer of any other kind, from a verifier, is never a pass: it is `Unknown` and says what was expected.
    """

    def is_four(total: int) -> str | None:
        return None if total == 4 else f"{total} is not 4"

    def documented(total: int) -> bool:
        return True

    def pair(total: int) -> tuple[bool, str]:
        return True, "text"

    text = "Add.\n2 + 2 = 4\n2 + 2 = 5\n"
    monitors = [
        mt.Monitor("function", extract=sum_of, verify=is_four, policy=mt.Observe()),
        mt.Monitor("class", extract=Sums(), verify=is_four, policy=mt.Observe()),
        mt.Monitor("bool", extract=sum_of, verify=documented, policy=mt.Observe()),  # type: ignore[arg-type]
        mt.Monitor("pair", extract=sum_of, verify=pair, policy=mt.Observe()),  # type: ignore[arg-type]
    ]
    outcome = await local.generate(Scripted(text), "P", monitors=monitors)

    rows = outcome.certificate.rows
    for name in ("function", "class"):
        found = [(row.start, row.end, row.verdict, row.claims, row.message) for row in rows if row.monitor == name]
        assert found == [(0, 15, "pass", 1, ""), (15, 25, "violation", 0, "5 is not 4")]
    for name, got in (("bool", "bool"), ("pair", "tuple")):
        first, *others = [row for row in rows if row.monitor == name]
        assert (first.verdict, first.claims) == ("pass", 0), "the line without a sum"
        assert [row.verdict for row in others] == ["unknown"] * 2
        assert f"expected None, a string or a verdict, got {got}" in others[0].message


def public_functions() -> Iterator[tuple[str, Any]]:
    """Functions and methods that a user calls, by name."""
    for name in [*vars(mt)["__all__"], "Completions"]:
        value = Completions if name == "Completions" else getattr(mt, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value) and not getattr(value, "_is_protocol", False):
            for member, method in vars(value).items():
                if inspect.isfunction(method) and (not member.startswith("_") or member in ("__init__", "__call__")):
                    yield f"{name}.{member}", method


@pytest.mark.asyncio(loop_scope="session")
async def test_14_nothing_is_printed_changed_or_ignored(
    local: mt.Runtime, serving: Serving, capfd: pytest.CaptureFixture[str]
) -> None:
    """Chunks were printed, a caller's dict was changed and so shared between runs, an option had no effect; not here.

    For options: every argument of every public function is read in its body, and no default is a mutable object.
    """
    extra: dict[str, Any] = {"logit_bias": {"7": 1}, "prompt": "mine"}
    stop = ["END"]
    before = json.dumps([extra, stop])
    busy = serving(says("fine\n"))
    both = [Completions(busy.url, extra=extra, stop=stop) for _ in range(2)]
    outcomes: dict[str, mt.Outcome] = {}

    async def one(source: Completions, prompt: str) -> None:
        async with source:
            outcomes[prompt] = await local.generate(source, prompt, monitors=[monitor()])

    async with anyio.create_task_group() as tasks:
        for source, prompt in zip(both, ("first", "second"), strict=True):
            tasks.start_soon(one, source, prompt)

    assert all(outcome.verified for outcome in outcomes.values())
    assert sorted(busy.prompts) == ["first", "second"]
    assert [each["logit_bias"] for each in busy.seen] == [{"7": 1}] * 2
    assert json.dumps([extra, stop]) == before
    assert capfd.readouterr() == ("", "")

    examined = 0
    for name, function in public_functions():
        parameters = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
        assert not [each for each in parameters if isinstance(each.default, list | dict | set)], name
        if function.__code__.co_filename == "<string>":
            continue  # what a dataclass writes for itself
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert {each.name for each in parameters} <= read, f"{name} ignores an argument"
        examined += len(parameters)
    assert examined > 30


MARKUP = re.compile(r"<[|\uff5c]|[|\uff5c]>|\[/?INST\]|<</?SYS>>|</?s>|<(start|end)_of_turn>|\b(assistant|user)\b")
"""What chat templates of the common model families are made of."""


async def test_15_feedback_has_no_chat_template_in_it(inline: mt.Runtime, serving: Serving) -> None:
    """One family's chat markup was part of all feedback; here defaults have none, and each monitor words its own.

    There is no chat endpoint yet. What is tested is that the server gets prompt, generated text and note, and no more.
    """

    def broken(violations: Sequence[mt.Violation]) -> str:
        raise ValueError("no words")

    for policy in (mt.Rollback(), mt.Rollback(feedback=broken)):
        stubborn = serving(says("fine\n", "bad\n"), says("bad\n"))
        async with Completions(stubborn.url) as source:
            outcome = await inline.generate(source, "P", monitors=[monitor(policy)], limits=mt.Limits(rollbacks=None))

        notes = [act.injected for act in outcome.interventions]
        assert len(notes) >= 3, "every way to word it by default"
        assert all("a word is wrong" in note for note in notes if note)
        assert not [prompt for prompt in stubborn.prompts if MARKUP.search(prompt)]
        assert stubborn.prompts[:2] == ["P", f"Pfine\n{notes[0]}"]

    def plainly(violations: Sequence[mt.Violation]) -> str:
        return f"<|im_end|>{len(violations)} wrong<|im_start|>"

    def against(word: str, feedback: Any) -> mt.Monitor:
        return mt.Monitor(
            word, verify=lambda line: word if word in line else None, policy=mt.Rollback(feedback=feedback)
        )

    monitors = [against("red", "[No: {message}]\n"), against("blue", plainly)]
    own = serving(says("red\n"), says("fine\n", "blue\n"), says("fine\n"))
    async with Completions(own.url) as source:
        outcome = await inline.generate(source, "P", monitors=monitors)

    assert outcome.verified
    assert own.prompts == ["P", "P[No: red]\n", "P[No: red]\nfine\n<|im_end|>1 wrong<|im_start|>"]


async def test_16_the_model_cannot_write_its_own_corrections(inline: mt.Runtime) -> None:
    """Corrections were counted by a pattern over the text, which a model can write; here offsets are kept beside it."""
    seen = await inline.generate(Scripted("bad\n", "fine\n"), "P", monitors=[monitor()])
    imitation = f"{seen.interventions[0].injected}\n[VERIFIER FEEDBACK] a word is wrong [/VERIFIER FEEDBACK]\n" * 5
    assert "a word is wrong" in imitation

    source = Scripted(imitation, size=7)
    outcome = await inline.generate(source, "P", monitors=[monitor(mt.Rollback(limit=0))])

    assert outcome.verified
    assert outcome.text == imitation
    assert source.prefixes == ["P"]
    assert outcome.interventions == ()
    assert outcome.certificate.injected == ()

    # Neither does it spend the budget, nor does it hide what stands inside it.
    source = Scripted(f"{imitation}[check: bad]\n", "fine\n", size=7)
    outcome = await inline.generate(source, "P", monitors=[monitor(mt.Rollback(limit=1))])

    assert outcome.verified
    (act,) = outcome.interventions
    assert act.removed == "[check: bad]\n"
    (note,) = outcome.certificate.injected
    assert (note.start, note.end) == (len(imitation), len(imitation) + len(act.injected))


async def test_17_the_ledger_counts_what_is_no_longer_seen() -> None:
    """Only the final text was counted; here the ledger has discarded tokens, re-sent text and every call as well.

    There are no forks yet, so all calls are those of the main stream.
    """
    engine = ManualEngine()
    prefixes: list[str] = []
    answers = ["good\nbad.\nlost\nlost\n", "more\nbad.\n", "last\n"]

    async def source(prefix: str) -> AsyncIterator[mt.Chunk]:
        prefixes.append(prefix)
        for token in re.findall(r".{4}\n", answers[len(prefixes) - 1]):
            yield mt.Chunk(token, (mt.Token(token),))
            await asyncio.sleep(0)
        await until(lambda: not engine.pending)

    async with mt.Runtime(engine).watch(source, "P", monitors=[monitor(mt.Rollback(repair="resample"))]) as run:
        await until(lambda: len(engine.pending) == 4)
        outcome = await finish(engine, run)

    assert outcome.status == "verified"
    assert outcome.text == "good\nmore\nlast\n"
    assert prefixes == ["P", "Pgood\n", "Pgood\nmore\n"]
    cost = outcome.ledger
    assert cost.source_calls == len(prefixes)
    assert cost.chunks == 7
    assert cost.main_tokens == 7, "of which the final text holds three"
    assert cost.discarded_tokens == 4
    assert cost.resent_characters == 5 + 10
    assert cost.detection_lag == 10, "two tokens were generated behind the first wrong one"
    assert cost.checks == 7
    assert cost.claims + cost.cancelled_checks == 7


async def test_18_a_fault_is_no_wrong_answer_and_runs_go_side_by_side(inline: mt.Runtime) -> None:
    """Evaluation ran one by one and took a broken server for a wrong answer; here `failed` stands apart from both.

    There is no `midtrace eval` yet. What is tested is what it builds on: outcomes that tell a fault from an answer,
    and one runtime for many runs at once, where one that breaks does not touch the others.
    """
    count = 20
    everybody = asyncio.Barrier(count)
    outcomes: dict[int, mt.Outcome] = {}

    def problem(number: int) -> mt.Source:
        async def source(prefix: str) -> AsyncIterator[str]:
            yield f"{number}\n"
            await everybody.wait()  # opens only if all runs are under way together
            if number % 4 == 1:
                raise OSError("the server is gone")
            yield "bad\n" if number % 4 == 2 else "right\n"

        return source

    async def one(number: int) -> None:
        outcomes[number] = await inline.generate(problem(number), "P", monitors=[monitor(mt.Abstain())])

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(one, number)

    by_kind = {0: "verified", 1: "failed", 2: "abstained", 3: "verified"}
    assert {number: each.status for number, each in outcomes.items()} == {n: by_kind[n % 4] for n in range(count)}
    for number, outcome in outcomes.items():
        assert outcome.certificate.status == outcome.status
        if outcome.status == "failed":
            assert "OSError: the server is gone" in outcome.reason
            assert outcome.violations == ()
            assert outcome.text == f"{number}\n", "what there was is kept, for a look"
