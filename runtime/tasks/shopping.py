"""Shopping: what is left of a sum of money after three purchases, in six numbered steps."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from .. import monitors
from ..policies import Rollback
from .task import Problem

NAMES = ("Ben", "Ana", "Tom", "Eva", "Max", "Lia", "Sam", "Ida")
THINGS = ("books", "coins", "lamps", "chairs", "pens", "bags", "cups", "hats", "plants", "toys")
ANSWER = re.compile(r"^Answer: (-?\d{1,9})\s*$", re.MULTILINE)
STEP = re.compile(r"^Step (\d{1,3}):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Story:
    """One problem in numbers: how much money, and (count, thing, price) of each purchase."""

    name: str
    money: int
    bought: tuple[tuple[int, str, int], ...]

    @property
    def left(self) -> int:
        """What remains."""
        return self.money - sum(count * price for count, _, price in self.bought)

    @property
    def question(self) -> str:
        """The problem in words."""
        items = ", ".join(f"{count} {thing} at {price} dollars each" for count, thing, price in self.bought)
        return f"{self.name} has {self.money} dollars and buys {items}. How many dollars are left?"

    @property
    def worked(self) -> str:
        """The solution, a step a line."""
        products = [count * price for count, _, price in self.bought]
        lines = [f"{count}*{price} = {count * price}" for count, _, price in self.bought]
        total = products[0]
        for product in products[1:]:
            lines.append(f"{total}+{product} = {total + product}")
            total += product
        lines.append(f"{self.money}-{total} = {self.left}")
        steps = "\n".join(f"Step {n}: {line}" for n, line in enumerate(lines, 1))
        return f"{steps}\nAnswer: {self.left}"


@dataclass(frozen=True, slots=True)
class Shopping:
    """The task; see the module."""

    name: str = "shopping"
    model: str = "qwen2.5-coder-1.5b"
    stop: tuple[str, ...] = ("\n\n", "\nQ:")

    def problem(self, seed: int) -> Problem:
        """Three purchases of two-digit counts and prices."""
        examples = random.Random(2024)  # noqa: S311  (problems, not secrets)
        shown = "".join(f"Q: {each.question}\n{each.worked}\n\n" for each in (_story(examples) for _ in range(2)))
        story = _story(random.Random(seed))  # noqa: S311
        policy = Rollback(to="claim", repair="correct", anchor=next_step)
        return Problem(
            id=f"{self.name}-{seed}",
            prompt=f"{shown}Q: {story.question}\n",
            question=story.question,
            answer=str(story.left),
            monitors=(monitors.arithmetic(policy),),
        )

    def right(self, problem: Problem, text: str) -> bool:
        """Whether the first answer line says what is left."""
        answer = ANSWER.search(text)
        return answer is not None and answer[1] == problem.answer


def next_step(kept: str) -> str:
    """The head of the next step, so that the model goes on in the format. Steps are at most six."""
    numbers = STEP.findall(kept)
    number = int(numbers[-1]) + 1 if numbers else 1
    return f"Step {number}:" if number <= 6 else "Answer:"


def _story(source: random.Random) -> Story:
    things = source.sample(THINGS, 3)
    bought = tuple((source.randint(12, 49), thing, source.randint(12, 89)) for thing in things)
    spent = sum(count * price for count, _, price in bought)
    return Story(source.choice(NAMES), spent + source.randint(100, 3000), bought)
