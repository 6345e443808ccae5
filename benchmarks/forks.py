"""What the guards of a fork are worth: `python -m benchmarks.forks`.

A small real model is asked for its state after every line of running sums that are right, and of the same with one
total spoilt. On a right trace every violation is the extraction's fault, and every `Unknown` is a check lost; a spoilt
line should be found. The same answers are read with each guard by itself and with all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import anyio
import anyio.to_thread

from midtrace import Answer, Asker, Question, Unparsed, View
from midtrace.extractors import Fork
from midtrace.models import locate
from midtrace.sources import llama
from midtrace.tasks import TASKS

SPOILT = random.Random(5)


class Point(NamedTuple):
    """A checkpoint: the lines so far, what is right there, and whether the last line was spoilt."""

    prompt: str
    text: str
    numbers: tuple[int, ...]
    spoilt: bool

    @property
    def total(self) -> int:
        return sum(self.numbers)


@dataclass(frozen=True)
class Asked:
    """One kind of question: how it is asked, and whether a state is right at a checkpoint."""

    name: str
    fork: Fork[object]
    right: Callable[[object, Point], bool]


def total(text: str) -> object:
    word = text.split(maxsplit=1)[0].strip(".,;)") if text.split() else ""
    return int(word) if word.isdigit() else word or None


def numbers(text: str) -> object:
    try:
        return json.loads(f"[{text.split(']', maxsplit=1)[0]}]")
    except ValueError:
        return None


QUESTIONS = (
    Asked(
        "running total",
        Fork("[running total: ", total, max_tokens=6, stop=("]", "\n"), schema=int, mention="trace"),
        lambda state, point: state == point.total,
    ),
    Asked(
        "numbers added",
        Fork("[numbers added up so far, as JSON: [", numbers, max_tokens=40, stop=("]", "\n"), schema=list[int],
             mention="trace"),
        lambda state, point: state == list(point.numbers),
    ),
)  # fmt: skip

GUARDS: Mapping[str, Mapping[str, object]] = {
    "none": {"schema": None, "mention": False, "confirm": 1},
    "schema": {"mention": False, "confirm": 1},
    "mention": {"schema": None, "mention": True, "confirm": 1},
    "mention: trace": {"schema": None, "confirm": 1},
    "confirm=2": {"schema": None, "mention": False, "confirm": 2},
    "all": {"confirm": 2},
}


def points(seeds: range) -> Iterator[Point]:
    for seed in seeds:
        problem = TASKS[0].problem(seed)
        given = [int(word) for word in problem.question.split() if word.isdigit()]
        text, so_far = "", given[0]
        for place, number in enumerate(given[1:], start=2):
            head = f"{so_far} + {number} = "
            so_far += number
            wrong = so_far + SPOILT.choice([-100, -20, -10, -1, 1, 10, 20, 100])
            yield Point(problem.prompt, f"{text}{head}{so_far}\n", tuple(given[:place]), spoilt=False)
            yield Point(problem.prompt, f"{text}{head}{wrong}\n", tuple(given[:place]), spoilt=True)
            text += f"{head}{so_far}\n"


def verdict(asked: Asked, guards: Mapping[str, object], point: Point, answers: tuple[Answer, Answer]) -> str:
    """What the check says: as the book of the forks would have it."""
    fork = replace(asked.fork, **guards)  # type: ignore[arg-type]
    view = View(point.text, prompt=point.prompt)
    told: list[object] = []
    for answer in answers[: fork.confirm]:
        try:
            state = fork.read(answer.text, view)
        except Unparsed:
            return "unknown"
        if asked.right(state, point):
            return "unknown" if told else "pass"
        told.append(state)
    return "violation" if all(state == told[0] for state in told) else "unknown"


async def measure(asker: Asker, seeds: range) -> Iterator[tuple[str, str, bool, str]]:
    rows = []
    for asked in QUESTIONS:
        asking = asked.fork.asks
        for point in points(seeds):
            question = Question(
                point.prompt + point.text + asking.suffix, asking.max_tokens, asking.stop, asking.temperature
            )
            answers = (await asker.ask(question), await asker.ask(question._replace(attempt=1)))
            rows += [
                (asked.name, name, point.spoilt, verdict(asked, guards, point, answers))
                for name, guards in GUARDS.items()
            ]
    return iter(rows)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--problems", type=int, default=10)
    options = parser.parse_args()
    path = await anyio.to_thread.run_sync(locate, options.model, lambda what, done, total: None)
    server = llama.serve(path)
    address = await anyio.to_thread.run_sync(server.__enter__)
    began = time.perf_counter()
    try:
        async with llama.source(address).asker() as asker:
            counted = Counter(await measure(asker, range(1, options.problems + 1)))
    finally:
        await anyio.to_thread.run_sync(server.__exit__, None, None, None)
    load, seconds = os.getloadavg()[0], time.perf_counter() - began
    print(f"{options.model}, {options.problems} problems, {seconds:.0f} s, load {load:.1f}")
    print("| question | guard | right lines: flagged | unknown | spoilt lines: found | unknown |")
    print("|---|---|---|---|---|---|")
    for asked in QUESTIONS:
        for guard in GUARDS:
            cells = [
                share(counted, asked.name, guard, what, spoilt=spoilt)
                for spoilt in (False, True)
                for what in ("violation", "unknown")
            ]
            print(f"| {asked.name} | {guard} | {' | '.join(cells)} |")


def share(counted: Counter[tuple[str, str, bool, str]], question: str, guard: str, what: str, *, spoilt: bool) -> str:
    everything = sum(counted[question, guard, spoilt, each] for each in ("pass", "violation", "unknown"))
    return f"{100 * counted[question, guard, spoilt, what] / everything:.1f} %"


if __name__ == "__main__":
    anyio.run(main, backend="asyncio")
