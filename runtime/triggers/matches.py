"""Checkpoints where a line matches a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from ..errors import UsageError
from .composition import Composable
from .open_line import EMPTY, OpenLine, complete, rest
from .protocol import Boundary, Scanner

LONGEST = 4_000
"""Characters of a line that a pattern is tried on."""


@dataclass(frozen=True, slots=True)
class OnMatch(Composable):
    """A checkpoint at the end of each line in which `pattern` matches somewhere."""

    pattern: str

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str):
            raise UsageError(f"on_match(): expected a regular expression as a string, got {self.pattern!r:.60}")
        try:
            re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(f"on_match({self.pattern!r:.60}): not a regular expression: {reason}") from None

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line."""
        return _MatchScanner(re.compile(self.pattern), EMPTY)


class _MatchScanner(NamedTuple):
    pattern: re.Pattern[str]
    line: OpenLine

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not text:
            return self, ()
        boundaries = [
            Boundary(offset + line.end, offset + line.end)
            for line in complete(self.line, text, most=LONGEST)
            if self.pattern.search(line.text)
        ]
        return _MatchScanner(self.pattern, rest(self.line, text)), boundaries

    def restart(self) -> Scanner:
        return _MatchScanner(self.pattern, EMPTY)


def on_match(pattern: str) -> Composable:
    """A checkpoint at the end of each line in which the regular expression `pattern` matches somewhere.

    It is tried on one line without its newline, and of a line longer than 4,000 characters only on the last 4,000.
    It runs on the caller's loop, so a pattern that backtracks without bound, such as `(a+)+$`, can stall the stream:
    Python's `re` has no limit of its own. Raises `UsageError` for a pattern that does not compile.
    """
    return OnMatch(pattern)
