"""Questions to a model and their answers, and who can be asked."""

from __future__ import annotations

import math
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol, runtime_checkable

from ..chunks import Token, Usage


class Question(NamedTuple):
    """What a model is asked to continue, and how.

    `prefix` is everything it reads. The answer ends at `max_tokens`, or before the first of the texts `stop`.
    `logprobs` asks for the log-probability of each token, and for as many alternatives as an entropy takes. `attempt`
    above 0 is the same question once more: at temperature 0 it is asked a little hotter, always with another seed.

    `prefix` begins with `prompt` and ends with `suffix`, for those who must tell the parts of a conversation apart;
    `text` between them is what has been generated.
    """

    prefix: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    logprobs: bool = False
    attempt: int = 0
    prompt: str = ""
    suffix: str = ""

    @property
    def text(self) -> str:
        """What stands between prompt and suffix: the trace up to the checkpoint."""
        return self.prefix[len(self.prompt) : len(self.prefix) - len(self.suffix)]


class Answer(NamedTuple):
    """What a model said; `tokens` where they were asked for and are known, `usage` where the server tells it."""

    text: str
    tokens: tuple[Token, ...] = ()
    usage: Usage | None = None

    @property
    def confidence(self) -> float | None:
        """The geometric mean of the probabilities of its tokens (DEER); None where they are not known."""
        logprobs = [token.logprob for token in self.tokens if token.logprob is not None]
        return math.exp(sum(logprobs) / len(logprobs)) if logprobs else None


class Asker(Protocol):
    """Somebody who can be asked, in one event loop."""

    async def ask(self, question: Question, /) -> Answer:
        """Ask. Being cancelled ends the generation. Raises `SourceError` where there is no answer."""
        ...


@runtime_checkable
class Askable(Protocol):
    """A source that can be asked beside its streams."""

    def asker(self) -> AbstractAsyncContextManager[Asker]:
        """Who is asked; entered on another event loop, in another thread, than the streams are read on."""
        ...
