"""A trace as turns of a conversation, for models that take nothing else; and their habit of saying things twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from ...chunks import Chunk, Usage
from ...trace import Origin
from ...triggers.token_cuts import divide
from ..protocol import Passage
from ..streams.deltas import Item

CONTINUE = "Continue exactly where your answer ends. Do not repeat anything of it."
"""Asked for where a text was corrected or broke off, and nothing is to be said about it."""

ANSWER = "You have reasoned enough. Give your final answer now."
"""Asked for where the reasoning was stopped."""


class Turn(NamedTuple):
    """What the user or the assistant said."""

    role: Literal["user", "assistant"]
    text: str


def turns(prompt: str, passages: Sequence[Passage]) -> list[Turn]:
    """The conversation that a trace is: it ends with the user, whom the model answers next.

    Notes are turns of the user's, worded as they are. No two neighbours have the same role: many templates refuse that.
    """
    made = [Turn("user", prompt)]
    for passage in passages:
        note = passage.origin is Origin.FEEDBACK
        made.append(Turn("user", passage.text.strip()) if note else Turn("assistant", passage.text))
    if passages and passages[-1].origin is not Origin.FEEDBACK:
        made.append(Turn("user", ANSWER if passages[-1].origin is Origin.CLOSING else CONTINUE))
    return list(_joined(made))


def _joined(made: Sequence[Turn]) -> Iterator[Turn]:
    open_turn: Turn | None = None
    for turn in made:
        if not turn.text:
            continue
        if open_turn is None or turn.role != open_turn.role:
            if open_turn is not None:
                yield open_turn
            open_turn = turn
        else:
            between = "\n\n" if turn.role == "user" else ""
            open_turn = Turn(turn.role, open_turn.text + between + turn.text)
    if open_turn is not None:
        yield open_turn


def last_said(passages: Sequence[Passage]) -> str:
    """What the assistant said last, and may say again: the text after the last note, or else the one before it."""
    parts: list[str] = []
    for passage in reversed(passages):
        if passage.origin is not Origin.FEEDBACK:
            parts.append(passage.text)
        elif parts:
            break
    return "".join(reversed(parts))


class Echo:
    """Takes away the repetition of `said` from the start of an answer, if it is one to the last character.

    Items are held back as long as they may still become that repetition.
    """

    def __init__(self, said: str) -> None:
        self._said = said
        self._matched = 0
        self._held: list[Item] = []

    def feed(self, item: Item) -> Sequence[Item]:
        """What is new, of what was held back and of `item`."""
        said = self._said
        if not said or isinstance(item, Usage):
            return (item,)
        text, tokens = (item, ()) if isinstance(item, str) else item
        known = said[self._matched : self._matched + len(text)]
        self._held.append(item)
        if not text.startswith(known):
            return self.end()
        self._matched += len(known)
        if self._matched < len(said):
            return ()
        self._said, self._held = "", []
        _, new = divide(text, tokens, [len(known)])
        if not new.text:
            return ()
        return (Chunk(new.text, tuple(new.tokens)) if new.tokens else new.text,)

    def end(self) -> Sequence[Item]:
        """What was held back for nothing."""
        self._said = ""
        held, self._held = self._held, []
        return held
