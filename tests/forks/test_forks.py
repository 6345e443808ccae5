"""The model asked beside its stream, from the user's side."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest

import midtrace as mt
from midtrace.extractors import Fork
from midtrace.testing import InlineEngine, Scripted

TEXT = "one 1\ntwo 2\nthree 3\n"


class Model:
    """A source that can be asked; answers are what `say` makes of the question. `hold` keeps answers back."""

    def __init__(self, say: Callable[[mt.Question], str], text: str = TEXT, *, hold: bool = False) -> None:
        self._say = say
        self.stream = Scripted(text, size=3)
        self.questions: list[mt.Question] = []
        self.called_off = 0
        self.open = 0
        self.threads: set[str] = set()
        self._hold = hold

    def __call__(self, prefix: str, /) -> AsyncIterator[str | mt.Chunk]:
        return self.stream(prefix)

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[mt.Asker]:
        self.open += 1
        self.threads.add(threading.current_thread().name)
        yield self
        self.open -= 1

    async def ask(self, question: mt.Question, /) -> mt.Answer:
        self.questions.append(question)
        try:
            if self._hold:
                await anyio.sleep_forever()
            await anyio.lowlevel.checkpoint()
        except BaseException:
            self.called_off += 1
            raise
        text = self._say(question)
        return mt.Answer(text, usage=mt.Usage(len(question.prefix), len(question.text), len(text)))


def last_number(question: mt.Question) -> str:
    return question.text.split()[-1] if question.text.split() else "0"


def number(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None


def asking(name: str = "asks", verify: Callable[[int], str | None] = lambda state: None, **more: object) -> mt.Monitor:
    fork = Fork("\nLast number:", number, max_tokens=4, **more)  # type: ignore[arg-type]
    return mt.Monitor(name, extract=fork, verify=verify)


async def run(
    source: object, *monitors: mt.Monitor, forks: mt.Forks | None = None, limits: mt.Limits | None = None
) -> mt.Outcome:
    runtime = mt.Runtime(InlineEngine())
    return await runtime.generate(source, "P:", monitors=monitors, forks=forks, limits=limits)  # type: ignore[arg-type]


async def test_the_model_is_asked_at_checkpoints_and_its_answers_are_judged() -> None:
    model = Model(last_number)
    outcome = await run(model, asking())

    assert outcome.verified
    assert outcome.text == TEXT
    assert model.questions[0] == mt.Question(
        prefix="P:one 1\n\nLast number:", max_tokens=4, prompt="P:", suffix="\nLast number:"
    )
    assert model.questions[-1].text == TEXT
    assert model.open == 0
    assert model.threads
    assert threading.current_thread().name not in model.threads
    assert not [each for each in threading.enumerate() if each.name == "midtrace-forks"]


async def test_untouched_means_one_call_and_the_same_text() -> None:
    """1. Forks go beside the stream."""
    model = Model(last_number)
    outcome = await run(model, asking())

    assert outcome.text == TEXT
    assert model.stream.prefixes == ["P:"]


async def test_a_violation_that_an_answer_shows_rolls_back() -> None:
    model = Model(last_number)
    model.stream = Scripted(TEXT, lambda prefix: "2 after all\n", size=3)
    outcome = await run(model, asking(verify=lambda state: "a three" if state == 3 else None))

    assert outcome.ledger.interventions == 1
    assert outcome.interventions[0].monitors == ("asks",)
    assert outcome.text.startswith("one 1\n")
    assert "three" not in outcome.text.replace("a three", "")


async def test_monitors_that_ask_the_same_share_the_answer() -> None:
    model = Model(last_number)
    outcome = await run(model, asking("first"), asking("second"), asking("hotter", temperature=0.5))

    assert outcome.verified
    cold = [each for each in model.questions if each.temperature == 0]
    assert len(cold) == len({each.prefix for each in cold})
    assert ("first", "second") in {each.monitors for each in outcome.ledger.forks}
    assert outcome.ledger.fork_tokens == sum(each.tokens for each in outcome.ledger.forks)


async def test_every_question_is_in_the_ledger() -> None:
    model = Model(last_number)
    outcome = await run(model, asking())

    forks = outcome.ledger.forks
    assert len(forks) == len(model.questions) >= 2
    assert all(each.outcome == "answered" and each.seconds > 0 and each.monitors == ("asks",) for each in forks)
    assert [each.prompt_tokens for each in forks] == [len(each.prefix) for each in model.questions]
    assert [each.cached_tokens for each in forks] == [len(each.text) for each in model.questions]
    assert forks[-1].offset == len(TEXT)


async def test_an_unreadable_answer_is_no_pass() -> None:
    outcome = await run(Model(lambda question: "no idea"), asking())
    assert outcome.status == "unverified"
    assert "says nothing that can be read" in outcome.reason


@pytest.mark.parametrize(
    ("second", "interventions", "status"), [("3", 1, "verified"), ("2", 0, "unverified"), ("4", 0, "unverified")]
)
async def test_a_violation_wants_a_second_answer(second: str, interventions: int, status: str) -> None:
    """An answer that is wrong does not touch a trace that is right."""
    model = Model(lambda question: second if question.attempt and "three" in question.text else last_number(question))
    model.stream = Scripted(TEXT, "all 2\n", size=3)

    def at_most_two(state: int) -> str | None:
        return f"{state} is too much" if state > 2 else None

    outcome = await run(model, asking(verify=at_most_two, confirm=2))

    assert outcome.ledger.interventions == interventions
    assert outcome.status == status
    assert {each.attempt for each in model.questions if "three" in each.text} >= {0, 1}
    assert all(each.attempt == 0 for each in model.questions if "three" not in each.text)
    if not interventions:
        assert "one answer led to a violation, another to something else: 3 is too much" in outcome.reason


async def test_an_answer_that_does_not_come_is_unknown() -> None:
    model = Model(last_number, hold=True)
    outcome = await run(model, asking(), forks=mt.Forks(timeout=0.01))

    assert outcome.status == "unverified"
    assert "the model did not answer within 0.01 s" in outcome.reason
    assert model.called_off == len(model.questions)
    assert {each.outcome for each in outcome.ledger.forks} == {"failed"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (mt.SourceError("the server is gone", transient=True), "the model could not be asked: the server is gone"),
        (ValueError("what?"), "asking the model raised ValueError: what?"),
    ],
)
async def test_who_fails_to_answer_is_unknown(error: Exception, reason: str) -> None:
    def fail(question: mt.Question) -> str:
        raise error

    outcome = await run(Model(fail), asking())
    assert outcome.status == "unverified"
    assert reason in outcome.reason


async def test_questions_are_called_off_when_their_text_is_gone() -> None:
    model = Model(last_number, hold=True)
    plain = mt.Monitor("plain", verify=lambda text: "three" if "three" in text else None, policy=mt.Abstain())
    outcome = await run(model, asking(), plain)

    assert outcome.status == "abstained"
    assert model.called_off == len(model.questions) >= 1
    assert model.open == 0


async def test_a_budget_of_forks_ends_the_run() -> None:
    """7. Forks are bounded by `Limits`."""
    model = Model(last_number, "\n".join(map(str, range(50))) + "\n")
    outcome = await run(model, asking(), limits=mt.Limits(forks=1))
    assert outcome.status == "exhausted"
    assert outcome.reason == "the limit of 1 forks is spent"

    model = Model(last_number, "\n".join(map(str, range(50))) + "\n")
    outcome = await run(model, asking(), limits=mt.Limits(fork_tokens=1))
    assert outcome.reason == "the limit of 1 tokens of forks is spent"


async def test_forks_take_their_share_of_the_stream_and_no_more() -> None:
    text = "".join(f"{n}\n" for n in range(100, 200))
    model = Model(lambda question: "123456789", text)
    outcome = await run(model, asking(), forks=mt.Forks(share=0.1))

    assert outcome.verified
    assert outcome.ledger.fork_tokens <= 0.1 * len(text) / 4 + 2 * 9
    assert model.questions[-1].text == text


# Who is asked


async def test_others_can_be_asked() -> None:
    stream, other, third = Scripted(TEXT, size=3), Model(lambda question: "7"), Model(lambda question: "8")
    seen: list[int] = []
    monitors = [asking("a"), asking("b", endpoint="judge")]
    outcome = await run(stream, *monitors, forks=mt.Forks(source=other, endpoints={"judge": third}))

    assert outcome.verified
    assert other.questions
    assert third.questions
    assert not seen


async def test_any_source_can_be_asked_by_calling_it() -> None:
    prefixes: list[str] = []

    async def source(prefix: str) -> AsyncIterator[str | mt.Chunk | mt.Usage]:
        prefixes.append(prefix)
        yield mt.Usage(3)
        for piece in (" 4", "2\nand", " so on"):
            yield piece
        yield mt.Chunk("!")

    def is_42(state: int) -> str | None:
        return None if state == 42 else f"{state}"

    outcome = await run(Scripted(TEXT, size=3), asking(verify=is_42, stop=("\n",)), forks=mt.Forks(source=source))
    assert outcome.verified
    assert prefixes[-1] == "P:" + TEXT + "\nLast number:"


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (
            None,
            "monitor 'asks' asks the model, and this source cannot be asked beside its stream: expected forks=Forks",
        ),
        (
            "judge",
            "monitor 'asks' asks endpoint 'judge': expected a server's address or a name in Forks(endpoints=...)",
        ),
    ],
)
async def test_where_nobody_can_be_asked_the_stream_does_not_start(endpoint: str | None, message: str) -> None:
    source = Scripted(TEXT)
    with pytest.raises(mt.UsageError) as raised:
        await run(source, asking(endpoint=endpoint))
    assert message in str(raised.value)
    assert not source.prefixes


async def test_whoever_cannot_be_opened_is_told_before_the_stream() -> None:
    class Broken(Model):
        @asynccontextmanager
        async def asker(self) -> AsyncIterator[mt.Asker]:
            raise mt.UsageError("no such server")
            yield self

    model = Broken(last_number)
    with pytest.raises(mt.UsageError, match="no such server"):
        await run(model, asking())
    assert not model.stream.prefixes
    assert not [each for each in threading.enumerate() if each.name == "midtrace-forks"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"concurrency": 0}, "Forks(concurrency=0): expected 1 or more"),
        ({"share": 0}, "Forks(share=0): expected a number above 0"),
        ({"block": 0}, "Forks(block=0): expected 1 or more"),
        ({"timeout": 0}, "Forks(timeout=0): expected seconds above 0"),
        ({"share": "x"}, "Forks(share='x'): expected a number above 0"),
        ({"endpoints": 5}, "Forks(endpoints=5): expected sources by name"),
        ({"source": 3}, "Forks: source=3: expected a source"),
        ({"endpoints": {"judge": None, "x": "y"}}, "Forks: x='y': expected a source"),
    ],
)
def test_terms_that_cannot_work_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(mt.UsageError) as raised:
        mt.Forks(**arguments)  # type: ignore[arg-type]
    assert message in str(raised.value)


async def test_runs_on_one_runtime_share_who_is_asked() -> None:
    model = Model(last_number)
    runtime = mt.Runtime(InlineEngine())
    opened: Sequence[mt.Run] = []

    async def one() -> None:
        async with runtime.watch(model, "P:", monitors=[asking()]) as run:
            await run.wait()
            opened.append(run)  # type: ignore[attr-defined]
            assert run.outcome.verified

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(one)
    assert len(opened) == 5
    assert model.open == 0


async def test_real_workers_judge_answers(local: mt.Runtime) -> None:
    model = Model(last_number)
    monitor = mt.Monitor("asks", extract=Fork("\nLast number:", number, mention=True), verify=lambda state: None)
    outcome = await local.generate(model, "P:", monitors=[monitor])
    assert outcome.verified
    assert outcome.ledger.forks
