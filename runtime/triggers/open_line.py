"""The line that is not complete yet, kept without copying it from chunk to chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class OpenLine:
    """The pieces of a line so far, each pointing at the one before; an immutable value, equal by text.

    It shares its pieces with the trace and with every earlier value, so going on costs O(1) in time and memory.
    """

    __slots__ = ("before", "text")

    def __init__(self, before: OpenLine | None = None, text: str = "") -> None:
        self.before = before
        self.text = text

    def then(self, text: str) -> OpenLine:
        """This line and `text`, which holds no newline."""
        return OpenLine(self if self.text else None, text) if text else self

    def read(self, most: int | None = None) -> str:
        """The text, or its last `most` characters; costs what it gives."""
        parts: list[str] = []
        left = most
        line: OpenLine | None = self
        while line is not None and (left is None or left > 0):
            parts.append(line.text)
            if left is not None:
                left -= len(line.text)
            line = line.before
        parts.reverse()
        text = "".join(parts)
        return text if most is None else text[-most:]

    def __eq__(self, other: object) -> bool:
        return self.read() == other.read() if isinstance(other, OpenLine) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.read())

    def __repr__(self) -> str:
        return f"OpenLine({self.read(40)!r})"

    def __reduce__(self) -> tuple[type[OpenLine], tuple[None, str]]:
        return OpenLine, (None, self.read())


EMPTY = OpenLine()


class Line(NamedTuple):
    """A complete line without its newline; `end` counts from the start of the text fed, newline included."""

    text: str
    end: int


def complete(line: OpenLine, text: str, *, most: int | None = None) -> Iterator[Line]:
    """The lines that `text` completes, where `line` is open before it; of each only the last `most` characters."""
    begin = 0
    while (at := text.find("\n", begin)) >= 0:
        first = begin if most is None else max(begin, at - most)
        own = text[first:at]
        yield Line((line.then(own) if begin == 0 else OpenLine(None, own)).read(most), at + 1)
        begin = at + 1


def rest(line: OpenLine, text: str) -> OpenLine:
    """The line that is open after `text`."""
    begin = text.rfind("\n") + 1
    return line.then(text) if begin == 0 else EMPTY.then(text[begin:])
