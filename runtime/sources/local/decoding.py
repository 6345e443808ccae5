"""One generation of a model in this process: what it continues, what it has said, and when it has said enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from ...chunks import Chunk, Token, Usage
from .stop_texts import StopTexts
from .transcripts import Memory, Piece, Transcript

Ending: TypeAlias = Literal["end", "length", "paused"]
"""The model's own end or a stop text; `max_tokens`; neither, it goes on later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a model is to continue: `alternatives` of each token are looked at, 0 where nobody asks for them."""

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    alternatives: int = 0


class Generation:
    """A generation that can be interrupted, and goes on from its own tokens.

    `give` is called with what may be read, `pause` after each token, `unwanted` at any time. All of it belongs to the
    thread that decodes.
    """

    def __init__(
        self,
        prefix: str,
        options: Options,
        *,
        fork: bool,
        give: Callable[[Chunk | Usage], None],
        pause: Callable[[], bool],
        unwanted: Callable[[], bool],
    ) -> None:
        self.prefix = prefix
        self.options = options
        self.fork = fork
        self.unwanted = unwanted
        self.transcript = Transcript()
        self.rest = prefix
        self.produced = 0
        self.stretches = 0
        self.usage: Usage | None = None
        self._pause = pause
        self._give = give
        self._stop = StopTexts(options.stop)
        self._due = ""
        self._known: Sequence[Piece] = ()

    def begin(self, memory: Memory, *, exact: bool, again: bool) -> None:
        """Find out which pieces of the prefix are known; the `rest` of it is read as new text.

        Args:
            memory: What was read and written before.
            exact: New text may follow known tokens; else the tokeniser must read a prefix with new text as a whole.
            again: The prefix may end within a piece that the model wrote; it then writes that again, and only what
                comes after it is given. A part of a token, read as new text, is a place where it would never be.
        """
        found = memory.find(self.prefix)
        if found is None:
            return
        known, rest = found.transcript.pieces[: found.shared], self.prefix[found.transcript.start(found.shared) :]
        if not rest or (exact and any(piece.ids for piece in known)):
            self._known, self.rest = tuple(known), rest
        if again and rest and found.shared < len(found.transcript):
            cut = found.transcript[found.shared]
            if cut.generated and cut.text.startswith(rest):
                self._due, self.rest = rest, ""
                self.transcript = Transcript(known)
                return
        self.transcript = Transcript(self._known)

    def read(self, piece: Piece) -> None:
        """The rest of the prefix is evaluated, as this piece."""
        self.transcript.add(piece)
        self.rest = ""

    def evaluated(self, prompt: int, cached: int) -> None:
        """What the prefix was to the engine, in tokens; the first time counts."""
        if self.usage is None:
            self.usage = Usage(prompt, cached)
            self._give(self.usage)

    def take(self, piece: Piece, tokens: tuple[Token, ...]) -> bool:
        """The model wrote a piece; whether it is to go on at once."""
        self.transcript.add(piece)
        self.produced += max(len(piece.ids), 1)
        text = piece.text
        if self._due:
            shared = min(len(text), len(self._due))
            if text[:shared] != self._due[:shared]:
                self._otherwise()
                return False
            self._due = self._due[shared:]
            text, tokens = text[shared:], _after(tokens, shared)
        if text or tokens:
            self._hand_over(self._stop.add(text, tokens))
        return not (self._stop.found or self.produced >= self.options.max_tokens or self._pause())

    def state(self, ending: Ending) -> Ending:
        """What the generation is at, where the engine says that it came to `ending`."""
        if self._stop.found:
            return "end"
        return "length" if ending == "paused" and self.produced >= self.options.max_tokens else ending

    def finish(self) -> None:
        """Nothing follows."""
        self._hand_over(self._stop.rest())
        if self.usage is not None:
            self._give(self.usage._replace(generated=self.produced))

    def _hand_over(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._give(chunk)

    def _otherwise(self) -> None:
        """The model did not write again what the prefix ends with: that is read as new text after all."""
        self.transcript.cut(len(self._known))
        self.rest = self.prefix[self.transcript.start(len(self._known)) :]
        self.produced = 0
        self._due = ""


def _after(tokens: Sequence[Token], length: int) -> tuple[Token, ...]:
    """Tokens without the first `length` characters of their text."""
    kept: list[Token] = []
    for token in tokens:
        gone = min(length, len(token.text))
        length -= gone
        if gone < len(token.text):
            kept.append(token._replace(text=token.text[gone:]))
    return tuple(kept)


class Decoder(Protocol):
    """An engine that continues generations, on one thread."""

    def decode(self, generation: Generation, /) -> Ending:
        """Evaluate what is not evaluated yet, then `take` piece for piece until that says enough.

        Raises `SourceError` for what cannot be continued.
        """
        ...

    def begin(self, generation: Generation, /, *, again: bool) -> None:
        """A generation is decoded for the first time; `again` as in `Generation.begin`."""
        ...

    def done(self, generation: Generation, /) -> None:
        """Nothing follows in this generation."""
        ...
