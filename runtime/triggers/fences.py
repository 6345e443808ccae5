"""Checkpoints where a fenced code block closes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from .composition import Composable
from .open_line import EMPTY, OpenLine, complete, rest
from .protocol import Boundary, Scanner

_OPENS = re.compile(r" {0,3}(?:(`{3,}+)[^`]*|(~{3,}+).*)")
_CLOSES = re.compile(r" {0,3}(`{3,}+|~{3,}+)\s*")


@dataclass(frozen=True, slots=True)
class CodeBlock(Composable):
    """A checkpoint after the line that closes a fenced block, with CommonMark's rules for fences."""

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line, outside any block."""
        return _FenceScanner("", EMPTY)


class _FenceScanner(NamedTuple):
    fence: str  # that opened the block; "" outside
    line: OpenLine

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not text:
            return self, ()
        fence = self.fence
        boundaries: list[Boundary] = []
        for line in complete(self.line, text):
            if not fence:
                opening = _OPENS.fullmatch(line.text)
                fence = (opening[1] or opening[2]) if opening else ""
            elif (closing := _CLOSES.fullmatch(line.text)) and closing[1].startswith(fence):
                fence = ""
                boundaries.append(Boundary(offset + line.end, offset + line.end))
        return _FenceScanner(fence, rest(self.line, text)), boundaries

    def restart(self) -> Scanner:
        return _FenceScanner(self.fence, EMPTY)
