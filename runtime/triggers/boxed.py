r"""Checkpoints where a `\boxed{...}` closes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from .composition import Composable
from .protocol import Boundary, Scanner
from .tags import beginnings

_OPENS = r"\boxed{"
_COUNTS = re.compile(r"[{}\\]")


@dataclass(frozen=True, slots=True)
class BoxedBlock(Composable):
    r"""A checkpoint after the brace that closes a `\boxed{`; inner braces nest, escaped ones do not count."""

    def scanner(self, prompt: str, /) -> Scanner:
        """Start outside any box."""
        return _OUTSIDE


class _BoxedScanner(NamedTuple):
    matched: int  # outside: characters at the end of the text that may be the start of a box
    depth: int
    escaped: bool

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        matched, depth, escaped = self
        if matched:
            text = _OPENS[:matched] + text
            offset -= matched
        boundaries: list[Boundary] = []
        at = 0
        while at < len(text):
            if not depth:
                opening = text.find(_OPENS, at)
                if opening < 0:
                    break
                at = opening + len(_OPENS)
                depth = 1
            elif escaped:
                escaped = False
                at += 1
            elif counts := _COUNTS.search(text, at):
                at = counts.end()
                match counts[0]:
                    case "{":
                        depth += 1
                    case "}":
                        depth -= 1
                        if not depth:
                            boundaries.append(Boundary(offset + at, offset + at))
                    case _:
                        escaped = True
            else:
                break
        matched = 0 if depth else beginnings(text, at, _OPENS)
        after = _BoxedScanner(matched, depth, escaped)
        return (self if after == self else after), boundaries

    def restart(self) -> Scanner:
        return _OUTSIDE


_OUTSIDE = _BoxedScanner(0, 0, escaped=False)
