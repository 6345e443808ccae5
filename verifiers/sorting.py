"""Words to be sorted: what a trace says of letters, orders and groups is held against the words themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, assert_never

from midtrace import Pass, Span, UsageError, Verdict, Violation
from midtrace.extractors.sorting import (
    LetterClaim,
    OrderClaim,
    OrderedGroup,
    SortedAnswer,
    SortingClaim,
    SortingSteps,
    SubpartClaim,
    WrittenWord,
)

from ._findings import in_text_order, together
from ._sorting_words import Spelling, as_written, bare, letters, number_of, written

MAX_WORDS = 1_000
"""Words in a problem."""

MAX_PARTS = 20
"""Groups that a trace has begun to sort, the last ones, to which an order may belong."""

_LIST = re.compile(r"\b(?:list|words):([^\n]*)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_][\w'&./-]{0,59}")


@dataclass(frozen=True, slots=True)
class Sorting:
    """Words that a trace has to put in alphabetical order.

    Case does not count. Where marks inside words (`it's`, `co-op`) leave two orders, either is right. `stepwise` adds
    the discipline of sorting letter by letter, for traces that work that way: the first group that is still open is
    sorted before any later one, words whose letters differ do not stay together, and no group is open when the answer
    is given. A trace that breaks it may still be right. Raises `UsageError` for fewer than 2 or more than 1,000 words.
    """

    words: tuple[str, ...]
    stepwise: bool = False

    def __post_init__(self) -> None:
        words = tuple(word.lower().replace("’", "'") for word in self.words)
        odd = [word for word in words if _WORD.fullmatch(word) is None]
        if odd or not 2 <= len(words) <= MAX_WORDS:
            got = repr(odd[0][:60]) if odd else f"{len(words)} words"
            raise UsageError(f"Sorting: expected 2 to {MAX_WORDS} words, got {got}")
        object.__setattr__(self, "words", words)

    @classmethod
    def of(cls, problem: str, *, stepwise: bool = False) -> Self:
        """The problem in its usual words: the list alone, or behind `List:`, the last one if there are several.

        Raises `UsageError` where there is no such list.
        """
        found = _LIST.findall(problem)
        return cls(tuple(re.split(r"[,\s]+", (found[-1] if found else problem).strip(" \t\n.,"))), stepwise)

    def check(self, state: SortingSteps, /) -> Verdict:
        """Pass with the number of claims that were decided, or the first wrong one with the others in `also`."""
        judge = _Judge(self)
        violations = [found for claim in state for found in judge.judged(claim)]
        if not violations:
            return Pass(checked=judge.decided)
        return together(in_text_order(violations))


class _Judge:
    """Goes through the claims of a trace, with the order that it has reached so far."""

    def __init__(self, problem: Sorting) -> None:
        self.words = Counter(problem.words)
        self.spelling = Spelling(problem.words)
        self.stepwise = problem.stepwise
        self.place = 1
        self.deepest = 1
        self.listed = False  # letters of the words have been looked up
        self.parts: list[frozenset[str]] = []  # what has been taken up to be sorted, the last one first
        self.order: list[frozenset[str]] = []  # the groups as far as the trace has told them apart
        self.decided = 0

    def judged(self, claim: SortingClaim) -> Iterator[Violation]:
        """Take the next claim; gives at most one violation."""
        if not self._ours(claim):
            return
        self.decided += 1
        claim = self.spelling.corrected(claim)
        match claim:
            case LetterClaim():
                found = self._letter(claim)
            case SubpartClaim():
                found = self._subpart(claim)
            case OrderClaim():
                found = self._order(claim)
            case SortedAnswer():
                found = self._answer(claim)
            case _:
                assert_never(claim)
        violation = next(found, None)
        if violation is not None:
            self.stepwise = False  # what follows a wrong step has no order to keep to
            yield violation

    def _ours(self, claim: SortingClaim) -> bool:
        """Whether the claim is about the words of the problem, and not about letters or about an example."""
        words = written(claim)
        known = sum(word.text in self.words for word in words)
        match claim:
            case LetterClaim():
                return known > 0 or self.listed
            case OrderClaim(part=False, whole=False):
                return 2 * known > len(words)
            case _:
                return 2 * known >= len(words)

    def _letter(self, claim: LetterClaim) -> Iterator[Violation]:
        self.place, self.listed = claim.place, True
        self.deepest = max(self.deepest, claim.place)
        yield from self._strangers([claim.word])
        word = claim.word.text
        right = letters(word, claim.place)
        number = number_of(claim.letter)
        if not right:
            yield Violation(f"{word!r} has no letter at place {claim.place}", claim.span)
        elif claim.letter not in right:
            shown = f'"{word}": "{right[0]}"'
            shown += f" ({number_of(right[0])})" if claim.number is not None else ""
            message = f"the letter at place {claim.place} of {word!r} is {right[0]!r}, not {claim.letter!r}"
            yield Violation(message, claim.span, shown, shown)
        elif claim.number is not None and number is not None and claim.number != number:
            shown = f'"{word}": "{claim.letter}" ({number})'
            yield Violation(f"{claim.letter!r} is letter {number}, not {claim.number}", claim.span, shown, shown)

    def _subpart(self, claim: SubpartClaim) -> Iterator[Violation]:
        part = frozenset(word.text for word in claim.words)
        self.parts = [part, *self.parts[: MAX_PARTS - 1]]
        self.place = claim.place or self.place
        yield from self._strangers(claim.words)
        waiting = self._waiting()
        if waiting and waiting != part:
            yield Violation(f"the first words still to be sorted are {_listed(waiting)}", claim.span)

    def _order(self, claim: OrderClaim) -> Iterator[Violation]:
        words = written(claim)
        texts = [word.text for word in words]
        part = next((part for part in self.parts if part.issuperset(texts)), frozenset[str]())
        groups = [frozenset(word.text for word in group.words) for group in claim.groups]
        before = self.order
        if not part:
            self.order = groups
        elif part in before:
            at = before.index(part)
            self.order = [*before[:at], *groups, *before[at + 1 :]]
        yield from self._strangers(words)
        yield from self._misplaced(claim.groups)
        yield from self._misnumbered(claim)
        if part and (claim.part or claim.whole):
            yield from self._incomplete(texts, Counter(part), claim.span)
        elif claim.whole and self.listed:
            yield from self._incomplete(texts, self.words, claim.span)
        if self.stepwise:
            yield from self._undivided(claim, before)

    def _answer(self, claim: SortedAnswer) -> Iterator[Violation]:
        words = [word for word in claim.words if word.text != "and" or "and" in self.words]
        if 2 * len(words) < self.words.total():
            return  # a part of the answer
        yield from self._strangers(words)
        yield from self._incomplete([word.text for word in words], self.words, claim.span)
        yield from self._misplaced([OrderedGroup((word,)) for word in words])
        waiting = self._waiting()
        if waiting:
            yield Violation(f"{_listed(waiting)} are not sorted yet", claim.span)

    def _waiting(self) -> frozenset[str]:
        """The first group that is still open, if the discipline is to be kept."""
        return next((group for group in self.order if self.stepwise and len(group) > 1), frozenset())

    def _strangers(self, words: Iterable[WrittenWord]) -> Iterator[Violation]:
        for word in words:
            if word.text not in self.words:
                yield Violation(f"{word.text!r} is not one of the words", word.span)

    def _misplaced(self, groups: Sequence[OrderedGroup]) -> Iterator[Violation]:
        for earlier, later in pairwise(groups):
            for key in (as_written, bare):
                one, other = max(earlier.words, key=key), min(later.words, key=key)
                if as_written(one) > as_written(other) and bare(one) > bare(other):
                    right = f"{other.text} < {one.text}"
                    span = Span(one.span.start, other.span.end)
                    message = f"{one.text!r} comes after {other.text!r}"
                    yield Violation(message, span, hint=right, evidence={"order": right})

    def _misnumbered(self, claim: OrderClaim) -> Iterator[Violation]:
        """A group whose number is not that of its words' letters at the place in hand, nor at an earlier one."""
        places = range(1, self.deepest + 1)
        for group in claim.groups:
            for word in group.words if group.number is not None else ():
                numbers = {number_of(letter) for place in places for letter in letters(word.text, place)}
                if None not in numbers and group.number not in numbers:
                    yield Violation(f"{word.text!r} has no letter {group.number} there", word.span)

    def _incomplete(self, texts: Sequence[str], due: Counter[str], span: Span) -> Iterator[Violation]:
        found = Counter(texts)
        missing, spare = due - found, found - due
        if missing:
            yield Violation(f"missing: {_listed(missing)}", span, hint=f"add {_listed(missing)}")
        if spare:
            yield Violation(f"too often: {_listed(spare)}", span, hint=f"leave out {_listed(spare)}")

    def _undivided(self, claim: OrderClaim, before: Sequence[frozenset[str]]) -> Iterator[Violation]:
        """Words that stay together although the trace has told them apart, or has just looked at where they differ."""
        known = {word: at for at, group in enumerate(before) for word in group}
        part = self.parts[0] if self.parts else frozenset(self.words)
        for group in claim.groups:
            first = group.words[0]
            for word in group.words[1:]:
                looked = first.text in part and word.text in part
                shared = set(letters(first.text, self.place)) & set(letters(word.text, self.place))
                if (looked and not shared) or known.get(first.text) != known.get(word.text):
                    span = Span(first.span.start, word.span.end)
                    yield Violation(f"{first.text!r} and {word.text!r} are told apart by their letters", span)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(repr(word) for word in sorted(words))
