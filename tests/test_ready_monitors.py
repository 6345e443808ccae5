"""Every ready monitor, by its name: a right text is verified, a wrong one is not."""

from __future__ import annotations

import functools
import inspect
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio
import pytest

import midtrace as mt
import midtrace.plugins as plugins
from midtrace.testing import Scripted


class Case(NamedTuple):
    problem: str
    right: str
    wrong: str


GRID = """There are 2 houses.
 - Each person has a unique name: `Eric`, `Arnold`
 - People own different cars: `ford`, `tesla`
1. Eric is in the first house.
2. The person who owns a Tesla is Arnold.
"""
SHELF = """On a shelf, there are three books: a red book, a gray book, and a black book.
The red book is to the left of the gray book. The black book is the second from the left.
"""
MAZE = """Navigate from 'S' (start) to 'G' (goal):

```
#####
#S.G#
#####
```
Legend: '#' = Wall, '.' = Passage

What is the minimum number of steps to reach the goal?
"""
ISLAND = """A very special island is inhabited only by knights and knaves. Knights always tell the truth, \
and knaves always lie. You meet 2 inhabitants: Ann, and Bob. Ann said that Bob is a knave. "Ann is a knave and Bob is \
a knave," Bob declared. So who is a knight and who is a knave?"""
SWAPS = """Alice, Bob, and Claire each hold a present: Alice has a pink ball, Bob has a brown present, and Claire has \
a yellow present. First, Bob and Claire swap their gifts. Then, Bob and Alice swap their gifts. At the end of the \
event, Bob has the
Options:
(A) pink ball.
(B) brown present.
(C) yellow present."""
CASES = {
    "algebra": Case(
        "Find the value of x in the equation: 2*x + 3 = 7",
        "2x + 3 = 7, so 2x = 4, so x = 2.\n",
        "2x + 3 = 7, so 2x = 5.\n",
    ),
    "arithmetic": Case("", "12 * 7 = 84\n", "12 * 7 = 86\n"),
    "bracketing": Case("( [", "( ; stack: (\n[ ; stack: ( [\n", "( ; stack: (\n[ ; stack: [\n"),
    "consistency": Case("", "Let x = 5.\nSo x = 5.\n", "Let x = 5.\nSo x = 6.\n"),
    "constraints": Case("{variables: {x: {integer: [0, 9]}}, rules: [2 * x = 8]}", "x = 4\n", "x = 5\n"),
    "countdown": Case("Find a way to make 12 using all of these numbers: 3, 4.", "Answer: 3 * 4\n", "Answer: 3 + 4\n"),
    "game24": Case("4 4 7 10", "10 - 7 = 3 (left: 3 4 4)\nAnswer: (10 - 7) * (4 + 4)\n", "10 - 7 = 4 (left: 4 4 4)\n"),
    "knights_knaves": Case(ISLAND, "Ann is a knight, and Bob is a knave.\n", "Ann is a knave, and Bob is a knight.\n"),
    "logic_grid": Case(GRID, "Arnold is in house 2.\n", "Arnold is in house 1.\n"),
    "maze": Case(MAZE, "The answer is 2.\n", "The answer is 3.\n"),
    "multistep_arithmetic": Case("(2 + 3) * 4 =", "So (2 + 3) * 4 = 5 * 4 = 20.\n", "So (2 + 3) * 4 = 6 * 4 = 24.\n"),
    "object_tracking": Case(
        SWAPS,
        "Bob and Claire swap: Alice: pink, Bob: yellow, Claire: brown.\n",
        "Bob and Claire swap: Alice: pink, Bob: pink, Claire: brown.\n",
    ),
    "ordering": Case(SHELF, "The red book is the leftmost.\n", "The gray book is the leftmost.\n"),
    "output_prediction": Case(
        json.dumps({"code": "def f(s): return s + '!'", "input": "'a'"}),
        "assert f('a') == 'a!'\n",
        "assert f('a') == 'a'\n",
    ),
    "propositional": Case("Given:\n1. P → Q\n2. P\nWhat can we conclude?", "Therefore Q.\n", "Therefore ¬Q.\n"),
    "python_code": Case(
        "assert f(1) == 2",
        "~~~python\ndef f(n):\n    return n + 1\n~~~\n",
        "~~~python\ndef f(n):\n    return n\n~~~\n",
    ),
    "units": Case("", "3 hours = 180 minutes\n", "3 hours = 200 minutes\n"),
    "sorting": Case("pear apple fig", "So the answer is apple fig pear\n", "So the answer is apple pear fig\n"),
    "spatial_relations": Case(
        "A is to the left of B. B is to the left of C.", "A is to the left of C.\n", "C is to the left of A.\n"
    ),
}


class Thinker:
    """Thinks until it is stopped, is sure of every token, and answers what it is asked; `answer` is its answer."""

    def __init__(self, answer: str = "42") -> None:
        self.answer = answer
        self.questions: list[mt.Question] = []
        self.prefixes: list[str] = []

    def __call__(self, prefix: str, /) -> AsyncIterator[mt.Chunk]:
        self.prefixes.append(prefix)
        if "</think>" in prefix:
            return self._stream([f"So it is {self.answer}."])
        return self._stream(itertools.chain(["<think>\n"], itertools.repeat(THOUGHT.format(self.answer))))

    async def _stream(self, lines: Iterable[str]) -> AsyncIterator[mt.Chunk]:
        for line in lines:
            tokens = tuple(mt.Token(word + " ", -0.001, 0.001) for word in line.split(" "))
            yield mt.Chunk("".join(token.text for token in tokens), tokens)
            await anyio.sleep(0.001)

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[mt.Asker]:
        yield self

    async def ask(self, question: mt.Question, /) -> mt.Answer:
        self.questions.append(question)
        tokens = (mt.Token(self.answer, -0.001, 0.2), mt.Token("}.", -0.001, 0.0))
        return mt.Answer(self.answer + "}.", tokens if question.logprobs else ())


THOUGHT = "word " * 30 + "\nSo the answer is {0}.\n"
LIMITS = mt.Limits(tokens=200_000, rollbacks=1)


def odd(answer: str) -> str | None:
    return None if int(answer) % 2 else f"{answer} is even"


class Early(NamedTuple):
    """How a monitor that ends the reasoning is made, and how many questions it takes to be settled at least."""

    make: Callable[..., mt.Monitor]
    questions: int
    told: str


EARLY = {
    "converged": Early(mt.monitors.converged, 0, "42, 3 times in a row"),
    "confident": Early(mt.monitors.confident, 1, "42, with a confidence of 0.999"),
    "entropy_stop": Early(mt.monitors.entropy_stop, 4, "the entropy after thinking stays at 0.200 nats"),
    "cold_stop": Early(mt.monitors.cold_stop, 0, "certain for long"),
}
ASKED = Early(functools.partial(mt.monitors.converged, ask=mt.monitors.PROBE), 3, EARLY["converged"].told)


@pytest.mark.parametrize("name", [*EARLY, "converged, asked"])
async def test_reasoning_that_has_nothing_to_find_out_is_ended(name: str) -> None:
    early = EARLY.get(name, ASKED)
    monitor, thinker = early.make(), Thinker()
    assert monitor.name == name.partition(",")[0]
    assert not monitor.required
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        forks = mt.Forks(share=None)
        outcome = await runtime.generate(thinker, "P:", monitors=[monitor], forks=forks, limits=LIMITS)

    (act,) = outcome.interventions
    assert (act.action, act.monitors, act.violations) == ("stop", (monitor.name,), ())
    thoughts = outcome.text[: act.offset]
    assert thoughts.startswith("<think>\n word")
    assert outcome.text == thoughts + "\n</think>\n\nSo it is 42. "
    assert len(thinker.questions) >= early.questions
    assert bool(thinker.questions) == bool(early.questions)
    for question in thinker.questions:
        assert question.prefix == "P:" + question.text + mt.monitors.PROBE, "the prompt is part of what is asked"
        assert mt.monitors.PROBE not in question.text, "no question is ever written into the text"


@pytest.mark.parametrize("name", ["converged", "confident", "entropy_stop", "converged, asked"])
async def test_a_settled_answer_that_is_rejected_is_rolled_back(name: str) -> None:
    early = EARLY.get(name, ASKED)
    thinker = Thinker()
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        outcome = await runtime.generate(
            thinker, "P:", monitors=[early.make(unless=odd)], forks=mt.Forks(share=None), limits=LIMITS
        )
    assert outcome.status == "exhausted"
    assert [act.action for act in outcome.interventions] == ["note"]
    assert [each.message for each in outcome.interventions[0].violations] == ["42 is even"]


@pytest.mark.parametrize("name", EARLY)
async def test_nothing_is_found_in_text_that_is_already_there(name: str) -> None:
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        for text in ("<think>\n" + 9 * THOUGHT.format(42) + "</think>\n\nIt is 42.\n", "Plain text.\n"):
            found = await runtime.review(text, "", monitors=[EARLY[name].make()])
            assert found.violations == ()


async def test_a_text_without_thinking_is_left_alone() -> None:
    source = Scripted("The answer is 42.\n" * 5)
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        monitors = [mt.monitors.converged(), mt.monitors.cold_stop()]
        outcome = await runtime.generate(source, "P:", monitors=monitors)
    assert outcome.text == "The answer is 42.\n" * 5
    assert len(source.prefixes) == 1


async def test_what_cannot_be_asked_is_told_before_anything_starts() -> None:
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        with pytest.raises(mt.UsageError, match="monitor 'confident' asks the model"):
            await runtime.generate(Scripted("text"), "P:", monitors=[mt.monitors.confident()])


def test_every_ready_monitor_is_tried_here() -> None:
    ours = [point.name for point in plugins.installed("monitors") if point.value.startswith("midtrace.monitors:")]
    assert sorted(ours) == sorted([*CASES, *EARLY])


@pytest.mark.parametrize("name", CASES)
async def test_right_text_is_verified_and_wrong_text_is_not(name: str) -> None:
    case = CASES[name]
    factory = getattr(mt.monitors, name)
    bound = "problem" in inspect.signature(factory).parameters
    assert bound == bool(case.problem)
    monitor = factory(case.problem, policy=mt.Observe()) if bound else factory(policy=mt.Observe())
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        right = await runtime.generate(Scripted(case.right), case.problem, monitors=[monitor])
        wrong = await runtime.generate(Scripted(case.wrong), case.problem, monitors=[monitor])

    assert (right.status, right.violations) == ("verified", ())
    assert sum(row.claims for row in right.certificate.rows) > 0
    assert [standing.monitor for standing in wrong.violations] == [name]


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].problem and name != "algebra"])
def test_a_problem_that_is_none_is_told_in_one_line(name: str) -> None:
    with pytest.raises(mt.UsageError) as raised:
        plugins.monitor(name, {"problem": ""})
    assert "\n" not in str(raised.value)
