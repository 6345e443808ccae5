"""Sources that say what a test wants, when it wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..chunks import Chunk


@dataclass(frozen=True, slots=True)
class Pause:
    """A step of a script: nothing is said for so many seconds of the loop's clock. See `virtual_time`."""

    seconds: float


Step: TypeAlias = str | Chunk | Pause | BaseException
Script: TypeAlias = str | Sequence[Step]
Answer: TypeAlias = Script | Callable[[str], Script]
"""A text; chunks, among them pauses and errors to raise; or what to say to a prefix."""


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


def reacting(replies: Mapping[str, Answer], *, otherwise: Answer) -> Callable[[str], Script]:
    """Answer feedback: of the texts in `replies`, the one that stands last in the prefix decides.

    A prefix is the prompt and all that was kept, corrections and notes among it. `otherwise` is the answer to a prefix
    that holds none of the texts.
    """

    def answer(prefix: str) -> Script:
        at, said = max(((prefix.rfind(text), text) for text in replies), default=(-1, ""))
        return _script(replies[said] if at >= 0 else otherwise, prefix)

    return answer


def _script(answer: Answer, prefix: str) -> Script:
    return answer(prefix) if callable(answer) else answer


class Scripted:
    """A source that gives one answer a call, and the last one again after that.

    `prefixes` are those it was called with, `closed` counts streams that were closed before their end. A text comes in
    chunks of `size` characters, each after `delay` seconds of the loop's clock. After every chunk it lets the loop
    turn, `hold` makes it wait at its end until `release` is called.
    """

    def __init__(self, *answers: Answer, size: int = 1, delay: float = 0.0, hold: bool = False) -> None:
        self._answers = answers
        self._size = size
        self._delay = delay
        self._gate = asyncio.Event()
        if not hold:
            self._gate.set()
        self.prefixes: list[str] = []
        self.closed = 0

    def release(self) -> None:
        """Let streams come to their end."""
        self._gate.set()

    def __call__(self, prefix: str, /) -> AsyncIterator[str | Chunk]:
        """The next answer, as a stream."""
        answer = self._answers[min(len(self.prefixes), len(self._answers) - 1)]
        self.prefixes.append(prefix)
        return self._stream(answer, prefix)

    async def _stream(self, answer: Answer, prefix: str) -> AsyncIterator[str | Chunk]:
        script = _script(answer, prefix)
        steps: Iterable[Step] = script
        if isinstance(script, str):
            steps = [script[n : n + self._size] for n in range(0, len(script), self._size)]
        ended = False
        try:
            for step in steps:
                match step:
                    case BaseException():
                        raise step
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case _:
                        if self._delay:
                            await asyncio.sleep(self._delay)
                        yield step
                        await asyncio.sleep(0)
            await self._gate.wait()
            ended = True
        finally:
            self.closed += not ended
