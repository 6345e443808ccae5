"""Three defects that early stops have had elsewhere; each of these tests fails if one of them comes here."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

import midtrace as mt
from midtrace.extractors import CountdownTrace
from midtrace.monitors import PROBE
from midtrace.testing import InlineEngine
from midtrace.verifiers import Game24

PROMPT = "What is 6 times 7?\n"
LIMITS = mt.Limits(characters=500_000, rollbacks=2)
FORKS = mt.Forks(share=None)


class Thinker:
    """Thinks on and on until its thinking is closed; answers what it is asked with `answer`."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.questions: list[mt.Question] = []
        self.prefixes: list[str] = []
        self.lines = 0
        self.threads: set[int] = set()
        self.patience: Callable[[], bool] = lambda: True

    def __call__(self, prefix: str, /) -> AsyncIterator[str]:
        self.prefixes.append(prefix)
        return self._answer() if "</think>" in prefix else self._think()

    async def _answer(self) -> AsyncIterator[str]:
        yield "Done."

    async def _think(self) -> AsyncIterator[str]:
        for line in itertools.chain(["<think>\n"], itertools.repeat("word " * 60 + "\n")):
            self.lines += 1
            yield line
            await asyncio.sleep(0.001)

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[mt.Asker]:
        yield self

    async def ask(self, question: mt.Question, /) -> mt.Answer:
        self.questions.append(question)
        self.threads.add(threading.get_ident())
        while not self.patience():
            await asyncio.sleep(0.001)
        tokens = (mt.Token(self.answer[:1], -0.001, 0.2), mt.Token(self.answer[1:], -0.001, 0.0))
        return mt.Answer(self.answer, tokens if question.logprobs else ())


async def think(thinker: Thinker, *monitors: mt.Monitor) -> mt.Outcome:
    runtime = mt.Runtime(InlineEngine())
    return await runtime.generate(thinker, PROMPT, monitors=monitors, forks=FORKS, limits=LIMITS)


# DEER: a client that blocked the loop, a probe in the shared payload, no prompt in what was asked, an end at "." only


async def test_the_stream_goes_on_while_a_question_is_open() -> None:
    thinker = Thinker("42}")
    thinker.patience = lambda: thinker.lines >= 20  # the answer comes when the stream has gone on
    outcome = await think(thinker, mt.monitors.confident())
    assert [act.action for act in outcome.interventions] == ["stop"]
    assert thinker.questions[0].text.count("\n") < 20 <= thinker.lines
    assert threading.get_ident() not in thinker.threads, "nothing is asked on the stream's own loop"


async def test_what_is_asked_holds_the_prompt_and_leaves_no_trace() -> None:
    thinker = Thinker("42}")
    outcome = await think(thinker, mt.monitors.confident(), mt.monitors.converged(ask=PROBE), mt.monitors.arithmetic())
    assert thinker.questions
    for question in thinker.questions:
        assert question.prefix == PROMPT + question.text + PROBE
        assert question.text.startswith("<think>\n")
        assert question.text.count("final answer is") == 0
    first, *resumed = thinker.prefixes
    assert first == PROMPT
    assert resumed == [PROMPT + outcome.text.removesuffix("Done.")]
    assert PROBE not in outcome.text


@pytest.mark.parametrize(
    ("answer", "told"), [("3.14}. More", "3.14"), ("no full stop}", "no full stop"), ("\\frac{1}{2}}", "\\frac{1}{2}")]
)
async def test_an_answer_ends_where_it_is_closed(answer: str, told: str) -> None:
    monitor = mt.monitors.converged(k=1, ask=PROBE)
    stops: list[str] = []
    runtime = mt.Runtime(InlineEngine())
    async with runtime.watch(Thinker(answer), PROMPT, monitors=[monitor], forks=FORKS, limits=LIMITS) as run:
        async for event in run:
            match event:
                case mt.Checked(verdict=mt.Pass(settled=settled)) if settled:
                    stops.append(settled)
    assert stops[0] == told


async def test_an_answer_that_is_cut_off_is_none() -> None:
    """Two different answers may begin alike."""
    thinker = Thinker("\\frac{1")
    runtime = mt.Runtime(InlineEngine())
    outcome = await runtime.generate(
        thinker,
        PROMPT,
        monitors=[mt.monitors.converged(ask=PROBE), mt.monitors.confident()],
        forks=FORKS,
        limits=mt.Limits(forks=12),
    )
    assert outcome.status == "exhausted"
    assert outcome.interventions == ()


# EAT: a whole model for each monitor, run on the loop over all the text; no prompt; a shout at each stop


async def test_one_token_is_asked_for_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    thinker = Thinker("4")
    outcome = await think(thinker, mt.monitors.entropy_stop())
    assert [act.action for act in outcome.interventions] == ["stop"]
    assert {question.max_tokens for question in thinker.questions} == {1}
    assert all(question.prefix.startswith(PROMPT) for question in thinker.questions)
    assert threading.get_ident() not in thinker.threads
    assert capfd.readouterr() == ("", "")


def test_no_monitor_brings_a_model_along() -> None:
    program = (
        "import sys, midtrace as mt\n"
        "[make() for make in (mt.monitors.converged, mt.monitors.confident, mt.monitors.entropy_stop, "
        "mt.monitors.cold_stop)]\n"
        "print(sorted({'torch', 'transformers', 'vllm', 'datasets', 'openai', 'z3', 'ray'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


# K-stable: options found inside words and inside each other, answers dropped, and stable nonsense taken for right


@pytest.mark.parametrize(
    "answers",
    [
        ["A", "a cat sat", "a"],
        ["12", "2", "12", "2"],
        ["Yes because it fits", "No because it does not", "Yes because it fits"],
        ["a dog", "a cat", "a bird"],
    ],
)
async def test_different_answers_are_never_taken_for_one(answers: list[str]) -> None:
    lines = "".join(f"So the answer is {answer}.\n" for answer in answers)
    assert not await stops("<think>\n" + lines)


@pytest.mark.parametrize("answer", ["No because it does not fit", "(B)", "12", "\\boxed{2}"])
async def test_equal_answers_are(answer: str) -> None:
    assert await stops("<think>\n" + f"So the answer is {answer}.\nLet us see.\n" * 3)


async def stops(thoughts: str) -> bool:
    async def thinking(prefix: str) -> AsyncIterator[str]:
        if "</think>" in prefix:
            yield "Done."
            return
        yield thoughts
        for _ in range(50):
            await asyncio.sleep(0.001)
            yield "Nothing new.\n"

    runtime = mt.Runtime(InlineEngine())
    outcome = await runtime.generate(thinking, PROMPT, monitors=[mt.monitors.converged()])
    return bool(outcome.interventions)


async def test_a_stable_expression_that_is_not_24_is_a_violation_and_no_stop() -> None:
    thinker = Thinker("10 * 7 - 4 - 4}")
    game = Game24.of("4 4 7 10")
    outcome = await think(thinker, mt.monitors.converged(ask=PROBE, read=CountdownTrace(), unless=game))
    assert outcome.interventions
    assert {act.action for act in outcome.interventions} == {"note"}
    assert outcome.interventions[0].violations[0].message == "10 * 7 - 4 - 4 is 62, not 24"
    assert "</think>" not in outcome.text

    thinker = Thinker("(10 - 7) * (4 + 4)}")
    outcome = await think(thinker, mt.monitors.converged(ask=PROBE, read=CountdownTrace(), unless=game))
    assert [(act.action, act.violations) for act in outcome.interventions] == [("stop", ())]
