"""Code that a text holds: fenced blocks, or the text itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from midtrace import Span, View

from ._code_outputs import OutputClaim, PredictedOutputs

__all__ = ["PYTHON", "Code", "CodeBlock", "CodeBlocks", "OutputClaim", "PredictedOutputs"]

PYTHON = ("python", "py", "python3", "py3", "")
"""Info strings of Python; the empty one stands for a fence without any."""

MAX_BEFORE = 200
"""Characters in front of a block that go with it: what was said of the code."""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One block of code.

    `text` is what stands between the fences and `span` where, in characters of the generated text. `indent` is that of
    the opening fence, which is no part of the code. `complete` says that the block was closed; one that was not ends
    with the last complete line, or with the trace. `before` is the text in front of it.
    """

    language: str
    text: str
    span: Span
    indent: int = 0
    complete: bool = True
    before: str = ""

    @property
    def code(self) -> str:
        """The text without the fence's indentation; the lines stay the same."""
        if not self.indent:
            return self.text
        return re.sub(rf"^[ \t]{{1,{self.indent}}}", "", self.text, flags=re.MULTILINE)

    def line(self, number: int) -> Span:
        """Where a line of the code stands, the first being 1, without its indentation and its end."""
        lines = self.text.split("\n")
        number = min(max(number, 1), len(lines))
        start = sum(len(line) + 1 for line in lines[: number - 1])
        line = lines[number - 1]
        first = self.span.start + start + len(line) - len(line.lstrip())
        return Span(first, max(first, self.span.start + start + len(line.rstrip())))


@dataclass(frozen=True, slots=True)
class Code:
    """The blocks of a unit. `whole`: nothing of the trace stands before it; `final`: nothing will follow."""

    blocks: tuple[CodeBlock, ...]
    whole: bool = True
    final: bool = False


@dataclass(frozen=True, slots=True)
class CodeBlocks:
    """Reads fenced blocks, with CommonMark's rules for fences (of any indentation up to 12).

    Args:
        languages: First words of info strings, in lower case, that are read; the others are skipped.
        streaming: Read a block that is still open as well, up to its last complete line.
        bare: A text without any fence is code as a whole, once the trace has ended.
    """

    languages: tuple[str, ...] = PYTHON
    streaming: bool = False
    bare: bool = False

    def extract(self, view: View, /) -> Code | None:
        """The blocks in the order of the text, or None if there are none. Never raises; linear in the length."""
        text = view.text
        if "```" not in text and "~~~" not in text:
            if self.bare and view.final and text.strip():
                return Code(
                    (CodeBlock(self.languages[0], text, Span(view.start, view.end)),), view.start == 0, view.final
                )
            return None
        blocks = tuple(self._blocks(view))
        return Code(blocks, view.start == 0, view.final) if blocks else None

    def _blocks(self, view: View) -> Iterator[CodeBlock]:
        text = view.text
        opened = _open_at_end(view.before)
        previous = 0
        for mark in _FENCE.finditer(text):
            if opened is None:
                if "`" not in mark["info"] or mark["fence"][0] == "~":
                    opened = _Opening.of(mark, text[max(mark.start() - MAX_BEFORE, previous) : mark.start()])
            elif opened.is_closed_by(mark):
                if (language := opened.language) is not None and language in self.languages:
                    yield _block(view, opened, opened.end, mark.start(), complete=True)
                opened, previous = None, mark.end()
        if opened is not None and opened.language in self.languages and (self.streaming or view.final):
            end = len(text) if view.final else text.rfind("\n") + 1
            if end > opened.end:
                yield _block(view, opened, opened.end, end, complete=False)


_FENCE = re.compile(r"^(?P<indent>[ \t]{0,12})(?P<fence>`{3,}+|~{3,}+)(?P<info>[^\n]*)(?:\n|\Z)", re.MULTILINE)


class _Opening(NamedTuple):
    fence: str
    language: str | None  # None: it was opened before the view
    indent: int
    end: int
    before: str

    @classmethod
    def of(cls, mark: re.Match[str], before: str) -> _Opening:
        words = mark["info"][:100].strip().strip("{}.").lower().split(maxsplit=1)
        return cls(mark["fence"], words[0] if words else "", len(mark["indent"]), mark.end(), before)

    def is_closed_by(self, mark: re.Match[str]) -> bool:
        return mark["fence"].startswith(self.fence) and not mark["info"].strip()


def _open_at_end(before: str) -> _Opening | None:
    """The block that is open behind `before`, as far as that shows; its head is out of sight."""
    opened: _Opening | None = None
    for mark in _FENCE.finditer(before):
        if opened is None:
            opened = _Opening.of(mark, "")._replace(language=None)
        elif opened.is_closed_by(mark):
            opened = None
    return opened


def _block(view: View, opened: _Opening, start: int, end: int, *, complete: bool) -> CodeBlock:
    return CodeBlock(
        opened.language or "",
        view.text[start:end],
        Span(view.start + start, view.start + end),
        opened.indent,
        complete,
        opened.before,
    )
