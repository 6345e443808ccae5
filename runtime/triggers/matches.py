"""Checkpoints where a line matches a pattern."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import re2

from ..chunks import Token
from ..errors import UsageError
from .composition import Composable
from .open_line import EMPTY, OpenLine, complete, rest
from .protocol import Boundary, Scanner

LONGEST = 4_000
"""Characters of a line that a pattern is tried on."""


class Pattern(Protocol):
    """A compiled regular expression."""

    def search(self, text: str, /) -> object | None:
        """The first match, or None."""
        ...


@dataclass(frozen=True, slots=True)
class OnMatch(Composable):
    """A checkpoint at the end of each line in which `pattern` matches somewhere."""

    pattern: str

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str):
            raise UsageError(f"on_match(): expected a regular expression as a string, got {self.pattern!r:.60}")
        try:
            _compiled(self.pattern)
        except re2.error as error:
            reason = error.args[0].decode("utf-8", "replace")
            raise UsageError(f"on_match({self.pattern!r:.60}): not a regular expression: {reason}") from None
        except UnicodeEncodeError:
            raise UsageError(f"on_match({self.pattern!r:.60}): expected a pattern without lone surrogates") from None

    def scanner(self, prompt: str, /) -> Scanner:
        """Start at the beginning of a line."""
        return _MatchScanner(self.pattern, EMPTY)


class _MatchScanner(NamedTuple):
    pattern: str
    line: OpenLine

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not text:
            return self, ()
        pattern = _compiled(self.pattern)
        boundaries = [
            Boundary(offset + line.end, offset + line.end)
            for line in complete(self.line, text, most=LONGEST)
            if pattern.search(_encodable(line.text))
        ]
        return _MatchScanner(self.pattern, rest(self.line, text)), boundaries

    def restart(self) -> Scanner:
        return _MatchScanner(self.pattern, EMPTY)


def on_match(pattern: str) -> Composable:
    """A checkpoint at the end of each line in which the regular expression `pattern` matches somewhere.

    It is tried on one line without its newline, and of a line longer than 4,000 characters only on the last 4,000.
    It runs on the caller's loop, hence in RE2, which takes linear time for every pattern and so has no look-around and
    no back-references. Raises `UsageError` for a pattern that does not compile.
    """
    return OnMatch(pattern)


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Pattern:
    options = re2.Options()
    options.log_errors = False  # they are raised
    compiled: Pattern = re2.compile(pattern, options)
    return compiled


def _encodable(text: str) -> str:
    """`text` with what UTF-8 cannot hold (lone surrogates) replaced, one character for one."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
