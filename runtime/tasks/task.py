"""What a task is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..monitors import Monitor


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: what the model continues, what a person reads, the rules for it, and its answer."""

    id: str
    prompt: str
    question: str
    answer: str
    monitors: tuple[Monitor, ...]


class Task(Protocol):
    """Problems made from a seed, for one model. The same seed gives the same problems for ever."""

    @property
    def name(self) -> str:
        """What the command line calls it."""
        ...

    @property
    def model(self) -> str:
        """The known model that it is made for."""
        ...

    @property
    def stop(self) -> tuple[str, ...]:
        """Texts at which a solution ends."""
        ...

    def problem(self, seed: int) -> Problem:
        """The problem of this seed."""
        ...

    def right(self, problem: Problem, text: str) -> bool:
        """Whether the solution `text` ends in the right answer. Knows nothing of monitors."""
        ...
