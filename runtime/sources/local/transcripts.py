"""What a model in this process has read and written, in pieces that are known by their tokens."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """A stretch of text that is evaluated as one: `ids` are its tokens; none: the model's tokeniser reads the text."""

    text: str
    ids: tuple[int, ...] = ()
    generated: bool = False


class Transcript:
    """Pieces in order, found again by their text."""

    def __init__(self, pieces: Iterable[Piece] = ()) -> None:
        self._pieces: list[Piece] = []
        self._ends: list[int] = []
        self._texts: list[str] = []
        for piece in pieces:
            self.add(piece)

    def __len__(self) -> int:
        return len(self._pieces)

    def __getitem__(self, place: int) -> Piece:
        return self._pieces[place]

    @property
    def pieces(self) -> Sequence[Piece]:
        """All of them."""
        return self._pieces

    @property
    def text(self) -> str:
        """Their text."""
        if len(self._texts) > 1:
            self._texts = ["".join(self._texts)]
        return self._texts[0] if self._texts else ""

    def start(self, place: int) -> int:
        """The offset at which piece `place` begins."""
        return self._ends[place - 1] if place else 0

    def add(self, piece: Piece) -> None:
        """One piece more."""
        self._ends.append(self.start(len(self)) + len(piece.text))
        self._pieces.append(piece)
        self._texts.append(piece.text)

    def cut(self, length: int) -> None:
        """Keep the first `length` pieces."""
        text = self.text
        del self._pieces[length:], self._ends[length:]
        self._texts = [text[: self.start(length)]]

    def shared(self, prefix: str) -> int:
        """How many pieces `prefix` begins with."""
        return bisect_right(self._ends, common_length(self.text, prefix))

    def common(self, other: Transcript, length: int) -> int:
        """How many pieces are those that the first `length` of `other` begin with."""
        for place, (mine, its) in enumerate(zip(self._pieces, other.pieces[:length], strict=False)):
            if mine != its:
                return place
        return min(len(self), length)


def common_length(one: str, other: str) -> int:
    """How many characters both begin with, by halving: each step compares as memory is compared."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Found(NamedTuple):
    """The transcript that a prefix goes on with, and how many of its pieces the prefix begins with."""

    transcript: Transcript
    shared: int


class Memory:
    """The last transcripts; what they share with a prefix need not be read as other tokens, or evaluated again."""

    def __init__(self, size: int) -> None:
        self._kept: deque[Transcript] = deque(maxlen=size)

    def keep(self, transcript: Transcript) -> None:
        """Remember it, in place of the oldest; it may still grow."""
        self._kept.append(transcript)

    def find(self, prefix: str) -> Found | None:
        """The one that shares most with `prefix`; None where none shares a whole piece."""
        best: Found | None = None
        most = 0
        for transcript in self._kept:
            shared = transcript.shared(prefix)
            characters = transcript.start(shared)
            if shared and characters >= most:
                best, most = Found(transcript, shared), characters
        return best
