"""What a chat says to a question, put together from its stream."""

from __future__ import annotations

from collections.abc import Sequence

from ...chunks import Chunk, Usage
from ...forks.protocol import Answer
from ...triggers.token_cuts import divide
from ..streams.deltas import Item, Marks
from .prefill import place_of


def answer_of(items: Sequence[Item]) -> Answer:
    """The items of a stream as one answer."""
    usage = next((each for each in reversed(items) if isinstance(each, Usage)), None)
    chunks = [Chunk(each) if isinstance(each, str) else each for each in items if not isinstance(each, Usage)]
    text = "".join(chunk.text for chunk in chunks)
    return Answer(text, tuple(token for chunk in chunks for token in chunk.tokens), usage)


def thought_through(answer: Answer, marks: Marks) -> Answer:
    """An answer without the thinking that led to it."""
    match place_of(answer.text, marks):
        case "answer":
            return answer
        case "thinking":
            return answer._replace(text="", tokens=())
        case "thought":
            end = answer.text.rfind(marks.tag) + len(marks.tag)
            end += len(answer.text[end:]) - len(answer.text[end:].lstrip("\n"))
            _, told = divide(answer.text, answer.tokens, [end])
            return answer._replace(text=told.text, tokens=tuple(told.tokens))
