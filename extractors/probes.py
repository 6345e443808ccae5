"""Answers that come again and again while a model reasons: asked for at each checkpoint, or stated by the text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

from midtrace import Extractor, Unparsed, UsageError, View
from midtrace.forks.asking import Asking
from midtrace.forks.protocol import Answer
from midtrace.monitors import AnyExtractor

from ._stated_answers import stated_answers
from .fork import Fork

S = TypeVar("S")

_BRACE = re.compile("[{}]")


@dataclass(frozen=True, slots=True)
class Probe(Generic[S]):
    """One answer: what it says, and how sure the model was of it.

    `value` is None where the answer could not be read, or was taken back. `confidence` is the geometric mean of the
    probabilities of its tokens, `entropy` that of its first token, in nats; None where they are not known.
    """

    value: S | None
    confidence: float | None = None
    entropy: float | None = None


@dataclass(frozen=True, slots=True)
class Probes(Generic[S]):
    """Asks the model for its answer at each checkpoint, and gives the last answers, the latest last.

    Args:
        fork: What is asked, and how an answer is read.
        last: So many answers are given, as far as their text still stands.

    An answer that cannot be read is a probe without a value. Raises `UsageError` for a `last` below 1.
    """

    fork: Fork[S]
    last: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.fork, Fork):
            raise UsageError(f"Probes(fork={self.fork!r:.60}): expected a Fork")
        if not isinstance(self.last, int) or isinstance(self.last, bool) or self.last < 1:
            raise UsageError(f"Probes(last={self.last!r:.60}): expected a whole number of at least 1")

    @property
    def asks(self) -> Asking:
        """What the model is asked."""
        return replace(self.fork.asks, history=self.last, logprobs=True)

    def extract(self, view: View, /) -> tuple[Probe[S], ...]:
        """The answers that the view carries. Raises `Unparsed` where nobody was asked."""
        if not view.answers:
            raise Unparsed("nobody was asked here: a probe needs a source that answers it")
        return tuple(self._probe(answer, view) for answer in view.answers[-self.last :])

    def _probe(self, answer: Answer, view: View) -> Probe[S]:
        try:
            value = self.fork.read(answer.text, view)
        except Unparsed:
            value = None
        return Probe(value, answer.confidence, _first_entropy(answer))


def _first_entropy(answer: Answer) -> float | None:
    first = next((token for token in answer.tokens if token.text), None)
    entropy = None if first is None else first.entropy
    return entropy if entropy is not None and math.isfinite(entropy) else None


@dataclass(frozen=True, slots=True)
class BoxedAnswer:
    r"""Reads an answer to a question that ends in `\boxed{`: what stands before the brace that closes it.

    An answer in which it is not closed was cut off, and is none. Where `read` is given, an extractor or a function, it
    reads the answer's text. Raises `UsageError` for a `read` that cannot.
    """

    read: AnyExtractor | None = None

    def __post_init__(self) -> None:
        if self.read is not None and not callable(self.read) and not isinstance(self.read, Extractor):
            raise UsageError(f"BoxedAnswer(read={self.read!r:.60}): expected an extractor or a function of a text")

    def extract(self, view: View, /) -> Any | None:  # noqa: ANN401  (of the type that its user's `read` gives)
        """The answer, or None. Time is linear in the answer's length."""
        depth = 1
        for brace in _BRACE.finditer(view.text):
            depth += 1 if brace.group() == "{" else -1
            if not depth:
                return _read(self.read, view.text[: brace.start()].strip(), view.start, view.prompt)
        return None


@dataclass(frozen=True, slots=True)
class StatedAnswers:
    r"""The answers that the text itself states, the latest last: `\boxed{...}`, `<answer>`, "the answer is ...".

    For a monitor with `scope="trace"`. One that is taken back on its own line, or that `read` cannot read, is a probe
    without a value. Where `read` is given, an extractor or a function, it reads the answer's text.

    Raises `UsageError` for a `read` that cannot.
    """

    read: AnyExtractor | None = None

    def __post_init__(self) -> None:
        if self.read is not None and not callable(self.read) and not isinstance(self.read, Extractor):
            raise UsageError(f"StatedAnswers(read={self.read!r:.60}): expected an extractor or a function of a text")

    def extract(self, view: View, /) -> tuple[Probe[Any], ...] | None:
        """The last twenty answers, or None while there is none. Time is linear in the unit's length."""
        found: list[Probe[Any]] = []
        for stated in stated_answers(view):
            value = None
            if not stated.withdrawn:
                text = stated.text if stated.how == "marked" else stated.text.rstrip(".")
                try:
                    value = _read(self.read, text, view.start + stated.at, view.prompt)
                except Unparsed:
                    value = None
            found.append(Probe(value))
        return tuple(found) or None


def _read(read: AnyExtractor | None, text: str, at: int, prompt: str) -> Any | None:  # noqa: ANN401
    if read is None or not text:
        return text or None
    if isinstance(read, Extractor):
        return read.extract(View(text, at, prompt=prompt, final=True))
    return read(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A place where the state of a trace is taken; `final` says that the trace ended there by itself."""

    offset: int
    final: bool


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The checkpoint itself, for a verifier whose trigger has said it all."""

    inline: ClassVar[bool] = True

    def extract(self, view: View, /) -> Checkpoint:
        """Where the unit ends, and whether the trace does."""
        return Checkpoint(view.end, view.final)
