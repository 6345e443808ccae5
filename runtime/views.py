"""What an extractor sees at a checkpoint, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, TypeAlias, TypeVar, runtime_checkable

from .forks.protocol import Answer

S_co = TypeVar("S_co", covariant=True)
S = TypeVar("S")

CONTEXT = 600
"""Characters before the unit that a view carries, for rules that need a look at the neighbourhood."""


@dataclass(frozen=True, slots=True)
class View:
    """The trace as a check sees it: the unit, where it stands, and a little of what precedes it.

    `text` is the unit and `start` its offset in the generated text; `before` is at most `CONTEXT` characters of what
    precedes it. `final` says that the trace ended with this unit.

    `answers` is for a monitor that asks the model (`Fork`): what it answered at this checkpoint, last, and before it
    what it answered at earlier checkpoints that still stand. `text` is then the whole trace up to the checkpoint.
    """

    text: str
    start: int = 0
    before: str = ""
    prompt: str = ""
    final: bool = False
    answers: tuple[Answer, ...] = ()

    def with_prompt(self, prompt: str) -> View:
        """The same view, with the prompt that the trace continues."""
        return replace(self, prompt=prompt) if prompt != self.prompt else self

    def with_answers(self, answers: tuple[Answer, ...]) -> View:
        """The same view, with what the model answered."""
        return replace(self, answers=answers) if answers else self

    @property
    def end(self) -> int:
        """Offset of the end of the unit in the generated text."""
        return self.start + len(self.text)


@runtime_checkable
class Extractor(Protocol[S_co]):
    """Reads typed state from the text at a checkpoint. Must be pure, picklable and linear in the text's length."""

    def extract(self, view: View, /) -> S_co | None:
        """The state in this unit, or None where the unit says nothing about it.

        Raises `Unparsed` where there should have been a state and it cannot be read.
        """
        ...


Reader: TypeAlias = Callable[[str], S | None]
"""A plain function that reads state from the unit's text; None: the unit says nothing."""


@dataclass(frozen=True, slots=True)
class FunctionExtractor:
    """A plain function of the unit's text as an extractor."""

    function: Callable[[str], object]

    def extract(self, view: View, /) -> object:
        """Call the function with the unit's text."""
        return self.function(view.text)


@dataclass(frozen=True, slots=True)
class UnitText:
    """The unit's text itself as state: the extractor of a monitor that names none."""

    inline: ClassVar[bool] = True

    def extract(self, view: View, /) -> str:
        """The text as it stands."""
        return view.text
