"""What APIs stream, turned into text of the trace: answer, reasoning in a field of its own, calls of tools.

Reads piece by piece and does no input or output. However the frames were cut, the text is the same; only chunks end
elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import TypeAlias

from ...chunks import Chunk, Token, Usage
from ...errors import SourceError, UsageError
from ...triggers.tags import beginnings
from ...triggers.token_cuts import divide
from .calls import Calls, Written
from .shapes import Delta, read, text_alone

Item: TypeAlias = str | Chunk | Usage


@dataclass(frozen=True, slots=True)
class Marks:
    """What is put around reasoning that comes in a field of its own; as most templates have it.

    Triggers that look at phases, `thinking()` among them, must look for the same tags.
    """

    open: str = "<think>\n"
    close: str = "\n</think>\n\n"

    def __post_init__(self) -> None:
        if not self.open.strip() or not self.close.strip() or self.open.strip() == self.close.strip():
            raise UsageError(f"Marks({self.open!r}, {self.close!r}): expected two different tags")

    @property
    def tag(self) -> str:
        """The closing tag alone."""
        return self.close.strip()


MARKS = Marks()

CALL_LIMIT = "the limit of tokens that the call gave it"


class Deltas:
    """Reads one stream.

    Args:
        marks: What is put around reasoning that comes in a field of its own.
        thinking: The text that the stream continues ends in such reasoning.
        begins: The text begins inside the thinking, which the template has opened; its tag is put in front of it.
        limit: What a cut-off answer was cut off by, for the message; None: it may end at a limit.
        secrets: What no message may show.
    """

    def __init__(
        self,
        marks: Marks = MARKS,
        *,
        thinking: bool = False,
        begins: bool = False,
        limit: str | None = CALL_LIMIT,
        secrets: Sequence[str] = (),
    ) -> None:
        self._begins = begins
        self._limit = limit
        self._marks = marks
        self._thinking = thinking
        self._reasoned = False
        self._held = ""  # the end of the reasoning, where it may be the start of a closing tag
        self._held_tokens: Sequence[Token] = ()
        self._calls = Calls(secrets)
        self._last = "\n"  # what the text ended with
        self._finish: str | None = None
        self._usage = Usage(0)

    @property
    def reasoned(self) -> bool:
        """Whether reasoning has come in a field of its own."""
        return self._reasoned

    def read(self, item: object) -> Sequence[Item]:
        """What one item of a stream adds to the trace.

        Raises `SourceError` for an error frame, and for what has no known shape.
        """
        text = item if type(item) is str else text_alone(item) if type(item) is dict else None
        if text is not None:
            if self._thinking or self._begins:
                return self._add(Delta(text))
            if not text:
                return ()
            self._last = text
            return (text,)
        if isinstance(item, Chunk):
            return self._add(Delta(item.text, tokens=item.tokens))
        if isinstance(item, Usage):
            return (item,)
        if isinstance(item, str):
            return self._add(Delta(str(item)))
        return self._add(read(item))

    @property
    def was_cut_off(self) -> bool:
        """Whether the server says that a limit of tokens ended the answer."""
        return self._finish in {"length", "max_tokens"}

    def end(self) -> Sequence[Item]:
        """What the end of the stream adds.

        Raises `SourceError` where the server says that this is not the model's own end.
        """
        match self._finish:
            case "length" | "max_tokens" if self._limit is not None:
                raise SourceError(f"the model was cut off at {self._limit}")
            case "content_filter":
                raise SourceError("the server's content filter cut the answer off")
        items = self._close()
        self._write(items, self._calls.end())
        return items

    def _add(self, delta: Delta) -> list[Item]:
        items: list[Item] = []
        reasoning, content, known = delta.reasoning, delta.content, delta.tokens
        if reasoning and content and known:
            first, second = divide(reasoning + content, known, [len(reasoning)])
            self._reason(items, reasoning, first.tokens)
            known = tuple(second.tokens)
        elif reasoning:
            self._reason(items, reasoning, known)
        if content:
            if self._begins and not self._reasoned:
                items.append(self._marks.open)
            self._begins = False
            items += self._close()
            items.append(Chunk(content, known) if known else content)
            self._last = content
        for piece in delta.pieces:
            self._write(items, self._calls.add(piece))
        if delta.usage is not None:
            before = self._usage if delta.sums else Usage(0)
            self._usage = Usage(*map(add, before, delta.usage))
            items.append(self._usage)
        self._finish = delta.finish or self._finish
        return items

    def _reason(self, items: list[Item], text: str, known: Sequence[Token]) -> None:
        self._reasoned = True
        if not self._thinking:
            self._thinking = True
            items.append(self._on_a_line(self._marks.open))
        text, known = self._held + text, (*self._held_tokens, *known)
        tag = self._marks.tag
        begin = 0
        places: list[int] = []
        while (at := text.find(tag, begin)) >= 0:
            begin = at + len(tag)
            places += [at, begin]
        places.append(len(text) - beginnings(text, begin, tag))
        *parts, held = divide(text, known, places)
        for number, part in enumerate(parts):
            if number % 2:  # only the end of the field ends the thinking
                items.append(f"{tag[0]}\\{tag[1:]}")
            elif part.text:
                items.append(Chunk(part.text, tuple(part.tokens)) if part.tokens else part.text)
        self._held, self._held_tokens = held.text, held.tokens

    def _close(self) -> list[Item]:
        if not self._thinking:
            return []
        items: list[Item] = []
        if self._held:
            items.append(Chunk(self._held, tuple(self._held_tokens)) if self._held_tokens else self._held)
            self._held, self._held_tokens = "", ()
        self._thinking = False
        self._last = self._marks.close
        return [*items, self._marks.close]

    def _write(self, items: list[Item], calls: Sequence[Written]) -> None:
        for call in calls:
            items += self._close()
            items.append(self._on_a_line(call.text))
            self._last = call.text

    def _on_a_line(self, text: str) -> str:
        return text if self._last.endswith("\n") else "\n" + text
