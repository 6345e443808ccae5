"""Checkpoints at regular distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import CHARACTERS_A_TOKEN, Token
from ..errors import UsageError
from .composition import Composable
from .lines import EveryLine
from .protocol import Boundary, Scanner


def every(*, lines: int | None = None, characters: int | None = None, tokens: int | None = None) -> Composable:
    """A checkpoint after every so many lines, characters or tokens; give exactly one.

    Args:
        lines: Lines that hold more than white space; blank ones belong to the unit that follows.
        characters: Counted from the checkpoint before.
        tokens: As the source tells them; where it does not, four characters count as one. A unit ends after a token
            that holds text: one without counts, and the next one ends the unit.

    A note that midtrace injects ends the open unit; the count starts again after it. Raises `UsageError` unless
    exactly one is given, and it is at least 1.
    """
    name, count = _one("every()", lines=lines, characters=characters, tokens=tokens)
    match name:
        case "lines":
            return EveryLine(count)
        case "characters":
            return EveryCharacters(count)
        case _:
            return EveryTokens(count)


def warm_up(*, characters: int | None, lines: int | None) -> Composable:
    """The trigger whose first boundary ends a warm-up."""
    name, count = _one("warm_up()", characters=characters, lines=lines)
    return EveryLine(count) if name == "lines" else EveryCharacters(count)


def _one(call: str, **counts: int | None) -> tuple[str, int]:
    given = [(name, count) for name, count in counts.items() if count is not None]
    if len(given) != 1:
        raise UsageError(f"{call}: expected exactly one of {', '.join(counts)}, got {len(given)}")
    ((name, count),) = given
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{call}: expected {name} to be a whole number of at least 1, got {count!r:.60}")
    return name, count


@dataclass(frozen=True, slots=True)
class EveryCharacters(Composable):
    """A checkpoint after each `characters` characters."""

    characters: int

    def scanner(self, prompt: str, /) -> Scanner:
        """Start counting."""
        return _CharacterScanner(self.characters, 0)


class _CharacterScanner(NamedTuple):
    characters: int
    seen: int  # of the open unit

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        if not text:
            return self, ()
        characters, seen = self
        boundaries = _regular(characters, seen, offset, len(text))
        return _CharacterScanner(characters, (seen + len(text)) % characters), boundaries

    def restart(self) -> Scanner:
        return _CharacterScanner(self.characters, 0)


def _regular(distance: int, seen: int, offset: int, length: int) -> list[Boundary]:
    """Boundaries in `length` characters from `offset` on, where `seen` (fewer than `distance`) came before."""
    return [Boundary(end, end) for end in range(offset + distance - seen, offset + length + 1, distance)]


@dataclass(frozen=True, slots=True)
class EveryTokens(Composable):
    """A checkpoint after each `tokens` tokens, told or estimated."""

    tokens: int

    def scanner(self, prompt: str, /) -> Scanner:
        """Start counting."""
        return _TokenScanner(self.tokens * CHARACTERS_A_TOKEN, 0)


class _TokenScanner(NamedTuple):
    """Counts in characters, of which a token has a fixed number: told tokens and plain text may alternate."""

    characters: int
    seen: int

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        characters, seen = self
        if not tokens:
            boundaries = _regular(characters, seen, offset, len(text))
            return _TokenScanner(characters, (seen + len(text)) % characters), boundaries
        boundaries = []
        for token in tokens:
            seen += CHARACTERS_A_TOKEN
            offset += len(token.text)
            if not token.text:
                seen = min(seen, characters - 1)  # the next character ends the unit: there may be none yet
            elif seen >= characters:
                boundaries.append(Boundary(offset, offset))
                seen -= characters
        return _TokenScanner(characters, seen), boundaries

    def restart(self) -> Scanner:
        return _TokenScanner(self.characters, 0)
