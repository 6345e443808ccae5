"""Sources that say what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

Step: TypeAlias = str | BaseException
Answer: TypeAlias = str | Sequence[Step] | Callable[[str], str]
"""A text; chunks, among them errors to raise; or what to say to a prefix."""


def rechunk(text: str, sizes: Iterable[int]) -> Iterator[str]:
    """`text` in chunks of the given sizes; what is left over comes as one."""
    offset = 0
    for size in sizes:
        if offset >= len(text):
            return
        yield text[offset : offset + size]
        offset += size
    if offset < len(text):
        yield text[offset:]


class Scripted:
    """A source that gives one answer a call, and the last one again after that.

    `prefixes` are those it was called with, `closed` counts streams that were closed before their end. After every
    chunk it lets the loop turn, `hold` makes it wait at its end until `release` is called.
    """

    def __init__(self, *answers: Answer, size: int = 1, hold: bool = False) -> None:
        self._answers = answers
        self._size = size
        self._gate = asyncio.Event()
        if not hold:
            self._gate.set()
        self.prefixes: list[str] = []
        self.closed = 0

    def release(self) -> None:
        """Let streams come to their end."""
        self._gate.set()

    def __call__(self, prefix: str, /) -> AsyncIterator[str]:
        """The next answer, as a stream."""
        answer = self._answers[min(len(self.prefixes), len(self._answers) - 1)]
        self.prefixes.append(prefix)
        return self._stream(answer, prefix)

    async def _stream(self, answer: Answer, prefix: str) -> AsyncIterator[str]:
        if callable(answer):
            answer = answer(prefix)
        steps: Iterable[Step] = answer
        if isinstance(answer, str):
            steps = [answer[n : n + self._size] for n in range(0, len(answer), self._size)]
        ended = False
        try:
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                yield step
                await asyncio.sleep(0)
            await self._gate.wait()
            ended = True
        finally:
            self.closed += not ended
