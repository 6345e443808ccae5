"""Words to be sorted: their letters, their two orders, and what a misspelled one stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from midtrace.extractors.sorting import (
    LetterClaim,
    OrderClaim,
    OrderedGroup,
    SortedAnswer,
    SortingClaim,
    SubpartClaim,
    WrittenWord,
)

MAX_MISSPELLED = 50
"""Misspelled words of a trace for which the word that is meant is looked for."""


def written(claim: SortingClaim) -> Sequence[WrittenWord]:
    """The words of a claim in the order of the text."""
    match claim:
        case LetterClaim(word):
            return (word,)
        case OrderClaim(groups):
            return [word for group in groups for word in group.words]
        case SubpartClaim(words) | SortedAnswer(words):
            return words
        case _:
            assert_never(claim)


def letters(word: str, place: int) -> list[str]:
    """The letter at `place` (1: the first), counted with and without the marks in the word; none beyond its end."""
    return list(dict.fromkeys(text[place - 1] for text in (word, _unmarked(word)) if place <= len(text)))


def number_of(letter: str) -> int | None:
    """The number of a letter in the alphabet, None for other signs."""
    return ord(letter) - ord("a") + 1 if "a" <= letter <= "z" else None


def as_written(word: WrittenWord) -> str:
    """What a word is sorted by if the marks in it count."""
    return word.text


def bare(word: WrittenWord) -> str:
    """What a word is sorted by if the marks in it do not count."""
    return _unmarked(word.text)


class Spelling:
    """Knows the words of a problem, and which of them a word stands for that is one letter off."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self.meant: dict[str, str] = {}

    def corrected(self, claim: SortingClaim) -> SortingClaim:
        """The claim with its words spelled right. A slip does no harm before the answer, which is left as it is."""
        match claim:
            case LetterClaim(word):
                return replace(claim, word=self._corrected(word))
            case SubpartClaim(words):
                return replace(claim, words=tuple(map(self._corrected, words)))
            case OrderClaim(groups):
                right = (OrderedGroup(tuple(map(self._corrected, group.words)), group.number) for group in groups)
                return replace(claim, groups=tuple(right))
            case SortedAnswer():
                return claim
            case _:
                assert_never(claim)

    def _corrected(self, word: WrittenWord) -> WrittenWord:
        text = word.text
        if text in self.words:
            return word
        if text not in self.meant and len(self.meant) < MAX_MISSPELLED:
            near = [each for each in self.words if _letter_off(text, each)]
            self.meant[text] = near[0] if len(near) == 1 else text
        return replace(word, text=self.meant.get(text, text))


def _letter_off(one: str, other: str) -> bool:
    """Whether one letter more, less or other makes one word of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next((at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), len(one))
    return one[at + 1 :] == other[at + 1 :] or one[at:] == other[at + 1 :] or one[at + 1 :] == other[at:]


def _unmarked(word: str) -> str:
    return "".join(sign for sign in word if sign.isalnum())
