"""What a text gives as its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from midtrace import Span, View

from ._stated_answers import stated_answer


@dataclass(frozen=True, slots=True)
class Answer:
    r"""The text of an answer and where it stands. `marked` says that it was marked as one (`\boxed{}`, `<answer>`)."""

    text: str
    span: Span
    marked: bool


@dataclass(frozen=True, slots=True)
class StatedAnswer:
    r"""Reads the last answer: `\boxed{...}`, `<answer>...</answer>`, "the answer is ...".

    What is marked as an answer counts before what is told in words; what is taken back on its own line does not count.
    With `guess` the last line counts as well, where a text ends without anything that says so.
    """

    guess: bool = False

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> Answer | None:
        """The answer, or None while there is none. Time is linear in the unit's length."""
        found = stated_answer(view)
        if found is None or (found.how == "last line" and not self.guess):
            return None
        marked = found.how == "marked"
        text = found.text if marked else found.text.rstrip(".")  # the end of a sentence
        return Answer(text, Span(view.start + found.at, view.start + found.at + len(text)), marked)
