"""Where a generation ends at a text: what may be the beginning of one is held back until it is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from ...chunks import Chunk, Token, first_stop


class StopTexts:
    """Looks for the first of `stop` in what is added; gives the text before it in chunks that keep their tokens.

    The first is the one that `first_stop` finds, however the text is cut into what is added.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(each for each in stop if each)
        self._longest = max(map(len, self._stop), default=0)
        self._held: deque[Chunk] = deque()
        self._text = ""
        self._gone = 0
        self.found = False

    def add(self, text: str, tokens: tuple[Token, ...]) -> Iterator[Chunk]:
        """What is certain by now; after a stop text is found, nothing more."""
        if not self._stop:
            yield Chunk(text, tokens)
            return
        self._held.append(Chunk(text, tokens))
        self._text += text
        place = first_stop(self._text, self._stop)
        if place is not None:
            self.found = True
            yield from self._release(place)
            if self._held and (rest := place - self._gone):
                yield _cut(self._held[0], rest)
            self._held.clear()
            self._text = ""
            return
        certain = len(self._text) - self._open()
        yield from self._release(certain)
        self._text = self._text[self._gone :]

    def rest(self) -> Iterator[Chunk]:
        """What was held back, where the generation ended without a stop text."""
        while self._held:
            yield self._held.popleft()
        self._text = ""

    def _release(self, certain: int) -> Iterator[Chunk]:
        self._gone = 0
        while self._held and self._gone + len(self._held[0].text) <= certain:
            chunk = self._held.popleft()
            self._gone += len(chunk.text)
            yield chunk

    def _open(self) -> int:
        """How many characters at the end may begin a stop text."""
        for length in range(min(self._longest - 1, len(self._text)), 0, -1):
            end = self._text[-length:]
            if any(each.startswith(end) for each in self._stop):
                return length
        return 0


def _cut(chunk: Chunk, length: int) -> Chunk:
    """The first `length` characters of a chunk, with the tokens that they are of."""
    tokens: list[Token] = []
    left = length
    for token in chunk.tokens:
        if left <= 0 and token.text:
            break
        tokens.append(token._replace(text=token.text[:left]))
        left -= len(token.text)
    return Chunk(chunk.text[:length], tuple(tokens))
