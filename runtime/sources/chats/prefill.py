"""Whether a chat server continues an answer that is given to it half done, and how it wants to be asked.

Servers differ, take what they do not know without a word, and templates drop what they do not expect. So it is tried
out: a list of words and numbers that nobody can guess is begun in the answer, and what comes must be its next line. A
server that starts a new answer instead starts the list anew, and is asked in turns.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias

from ...errors import SourceError
from ...records.json import Json
from ...triggers.tags import open_pair
from ..streams.deltas import Marks
from ..streams.shapes import read

Place: TypeAlias = Literal["answer", "thinking", "thought"]
"""Where a text ends that is to be continued: in an answer without thinking, in thinking, or in an answer after it."""

Message: TypeAlias = dict[str, Json]

Ask: TypeAlias = Callable[[list[Message], Mapping[str, Json]], AsyncGenerator[object, None]]
"""Sends messages, with these fields in the request's body; gives the frames of a short answer."""

TOKENS = 12
"""Tokens of an answer to a try."""

WORDS = ("maple", "river", "stone", "cloud", "lemon", "tiger", "piano", "chair", "ocean", "bread", "candle", "garden")

FLAGS: Mapping[str, Json] = {"continue_final_message": True, "add_generation_prompt": False}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to ask for a continuation.

    Args:
        body: Fields of the request. vLLM and SGLang want two; llama.cpp and others none.
        message: Fields of the message that is continued.
        apart: Reasoning stands in a field of its own, in what is sent.
        comes_apart: So does the reasoning that goes on, in what comes.
        strips: White space at the end of the text is lost on the way, and comes once more.
    """

    body: Mapping[str, Json] = field(default_factory=dict)
    message: Mapping[str, Json] = field(default_factory=dict)
    apart: bool = False
    comes_apart: bool = False
    strips: bool = False

    def answer(self, text: str, marks: Marks) -> Message | None:
        """The message with the text so far; None where it cannot be said this way."""
        if not self.apart:
            return {"role": "assistant", "content": text, **self.message}
        parts = divided(text, marks)
        if parts is None:
            return None
        return {"role": "assistant", "content": parts.answer, "reasoning_content": parts.reasoning, **self.message}


class Parts(NamedTuple):
    """A text as its reasoning and its answer."""

    reasoning: str
    answer: str


WAYS: tuple[Way, ...] = (Way(FLAGS), Way(), Way(message={"prefix": True}))


def place_of(text: str, marks: Marks) -> Place:
    """Where `text` ends."""
    opening, closing = marks.open.strip(), marks.tag
    if opening not in text and closing not in text:
        return "answer"
    return "thinking" if open_pair(opening, closing, text).inside else "thought"


def divided(text: str, marks: Marks) -> Parts | None:
    """A text that begins with its reasoning, and thinks once; None for any other."""
    opening, closing = marks.open, marks.close
    if not text.startswith(opening) or text.count(opening.strip()) != 1 or text.count(closing.strip()) > 1:
        return None
    if closing.strip() not in text:
        return Parts(text[len(opening) :], "")
    reasoning, found, answer = text[len(opening) :].partition(closing)
    return Parts(reasoning, answer) if found else None


class Prefilling:
    """What is known of a server and a model: tried out once for each place, and then remembered."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._known: dict[Place, Way | None] = {}

    @property
    def known(self) -> Mapping[Place, Way | None]:
        """What has been tried out so far; None: it does not continue such a text."""
        return self._known

    async def way(self, place: Place, ask: Ask) -> Way | None:
        """How to have a text continued that ends in `place`; None where the server starts a new answer.

        Raises `SourceError` where nothing can be found out now; that is not remembered.
        """
        if place in self._known:
            return self._known[place]
        failed: SourceError | None = None
        for way in self._candidates(place):
            try:
                found = await self._try(place, way, ask)
            except SourceError as error:
                if error.transient:  # some servers answer so to what their templates refuse
                    failed = error
                continue
            if found is not None:
                self._known[place] = found
                return found
        if failed is not None:
            raise failed
        self._known[place] = None
        return None

    def _candidates(self, place: Place) -> Iterator[Way]:
        yield from WAYS
        if place != "answer":
            yield from (Way(way.body, way.message, apart=True) for way in WAYS)

    async def _try(self, place: Place, way: Way, ask: Ask) -> Way | None:
        marks = self._marks
        lines = [f"{word} {number}" for word, number in zip(_random.sample(WORDS, 5), _numbers(), strict=True)]
        *begun, following, _ = lines
        before = {"answer": "", "thinking": marks.open, "thought": f"{marks.open}A list.{marks.close}"}[place]
        listed = "\n".join(lines)
        text = before + "".join(f"{line}\n" for line in (*lines, *begun))
        message = way.answer(text, marks)
        assert message is not None
        said = reasoned = ""
        user: Message = {"role": "user", "content": f"Repeat these lines again and again:\n{listed}"}
        async with aclosing(ask([user, message], way.body)) as frames:
            async for frame in frames:
                delta = read(frame)
                said += delta.content
                reasoned += delta.reasoning
                if len((said or reasoned).lstrip()) >= len(following):
                    break  # enough is known, and nobody pays for more
        if (said and reasoned) or (reasoned and place != "thinking"):
            return None  # it went on to something else
        came = said or reasoned
        if not came.lstrip().startswith(following):
            return None
        strips = "\n" in came[: came.index(following)]
        return replace(way, comes_apart=bool(reasoned), strips=strips)


def _numbers() -> list[int]:
    return _random.sample(range(11, 100), 5)


_random = random.SystemRandom()
