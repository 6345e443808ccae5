"""The state of a trace as the model itself tells it: asked from the checkpoint, beside the stream.

A source that can be asked does so for a monitor whose extractor is a `Fork`. Where there is none, every check of such a
monitor is `Unknown`: a question that nobody answered is no pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from midtrace import Extractor, Unparsed, UsageError, View

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fork(Generic[S]):
    """A question to the model, and how its answer is read.

    Args:
        suffix: What is put behind the text of the checkpoint; the model continues it.
        parse: Reads the answer: an extractor, or a function of its text. None from it: the answer says nothing.
        max_tokens: Of the answer.
        stop: Texts at which the answer ends; neither they nor what follows is read.
        temperature: Of the answer; 0 gives the same answer to the same question.
        endpoint: The server to ask, where that is not the one that streams.

    Raises `UsageError` for a question that cannot be asked.
    """

    suffix: str
    parse: Extractor[S] | Callable[[str], S | None]
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    endpoint: str | None = None

    def __post_init__(self) -> None:
        if not self.suffix:
            raise UsageError("Fork(suffix=''): expected text that asks for something")
        if isinstance(self.stop, str) or not all(self.stop):
            raise UsageError(f"Fork(stop={self.stop!r}): expected texts, such as ('}}',)")
        if self.max_tokens < 1 or self.temperature < 0:
            raise UsageError(
                f"Fork(max_tokens={self.max_tokens}, temperature={self.temperature}): expected 1 or more, 0 or more"
            )
        if not isinstance(self.parse, Extractor) and not callable(self.parse):
            raise UsageError("Fork(parse=...): expected an extractor or a function of the answer's text")

    def question(self, prompt: str, text: str) -> str:
        """What the model is asked to continue: the prompt, the text up to the checkpoint, the suffix."""
        return prompt + text + self.suffix

    def read(self, answer: str, view: View) -> S | None:
        """The state that an answer tells, at the checkpoint that ends `view`.

        Raises `Unparsed` for an answer without any state in it.
        """
        ends = [place for stop in self.stop if (place := answer.find(stop)) >= 0]
        told = answer[: min(ends)] if ends else answer
        if isinstance(self.parse, Extractor):
            # What the model tells stands nowhere in the trace: spans are those of the answer, behind its end.
            state = self.parse.extract(View(told, view.end, view.text, view.prompt, final=True))
        else:
            state = self.parse(told)
        if state is None:
            raise Unparsed(f"the answer to a fork says nothing that can be read: {told[:80]!r}")
        return state

    def extract(self, view: View, /) -> S | None:
        """What happens without a source that can be asked. Always raises `Unparsed`."""
        raise Unparsed("nobody can be asked here: a fork needs a source that answers it")
