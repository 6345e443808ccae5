"""Text of tokens as they come: what has been handed on never changes, and each token costs the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

CONTEXT = 4
"""Tokens before the new ones that are decoded with them: some tokenisers write a token otherwise at the very start."""

OPEN = 8
"""Tokens that may wait for the rest of a character; more of them are no character."""

LONGEST = 3
"""Tokens at the end that may be the beginning of one: all but the last byte of four."""

UNFINISHED = "\ufffd"


class Settled(NamedTuple):
    """Tokens whose text is certain, and that text."""

    ids: tuple[int, ...]
    text: str


class Detokeniser:
    """Decodes what comes after the tokens `before`."""

    def __init__(self, decode: Callable[[list[int]], str], before: Sequence[int] = ()) -> None:
        self._decode = decode
        self._context = list(before[-CONTEXT:])
        self._said = decode(self._context) if self._context else ""
        self._open: list[int] = []

    @property
    def waiting(self) -> list[int]:
        """Tokens whose text is not certain yet."""
        return self._open

    def add(self, token: int) -> Settled | None:
        """One token more; None while its text depends on what comes next."""
        self._open.append(token)
        text = self._text(len(self._open))
        if not text.endswith(UNFINISHED):
            return self._settle(len(self._open), text)
        if len(self._open) <= OPEN:
            return None
        for length in range(len(self._open) - LONGEST, 0, -1):
            first, rest = self._text(length), self._decode(self._open[length:])
            if first + rest == text:
                return self._settle(length, first)
        return None

    def end(self) -> Settled | None:
        """What is left at the end."""
        return self._settle(len(self._open), self._text(len(self._open))) if self._open else None

    def _text(self, length: int) -> str:
        return self._decode(self._context + self._open[:length])[len(self._said) :]

    def _settle(self, length: int, text: str) -> Settled:
        ids, self._open = self._open[:length], self._open[length:]
        self._context = (self._context + ids)[-CONTEXT:]
        self._said = self._decode(self._context)
        return Settled(tuple(ids), text)
