"""Steps of sorting words letter by letter: their letters, orders `"a" < ["b" ? "c"]`, groups to sort, the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from midtrace import Span, View

from ._step_lines import StepLine, step_lines

MAX_WORD = 60
"""Characters of a word; longer ones are none."""

MAX_DEPTH = 8
"""Brackets around a word."""


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word as it is written, in lower case, and where."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class LetterClaim:
    """`"pea": "p" (16)`: the letter of a word at `place` (1: the first), and the letter's number if it is given."""

    word: WrittenWord
    place: int
    letter: str
    number: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class OrderedGroup:
    """Words of an order whose order among themselves is open, and the number of their letter if it is given."""

    words: tuple[WrittenWord, ...]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class OrderClaim:
    """`"a" < ["b" ? "c"]`: groups in ascending order.

    `part` says that the text calls it an order of the part in hand, `whole` that it calls it the order so far.
    """

    groups: tuple[OrderedGroup, ...]
    span: Span
    part: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class SubpartClaim:
    """The words that are to be sorted next, by their letters at `place`."""

    words: tuple[WrittenWord, ...]
    place: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class SortedAnswer:
    """The words in the order of the answer."""

    words: tuple[WrittenWord, ...]
    span: Span


SortingClaim: TypeAlias = LetterClaim | OrderClaim | SubpartClaim | SortedAnswer
SortingSteps: TypeAlias = tuple[SortingClaim, ...]
"""The state that `SortingClaims` reads: what a trace says, in the order of the text."""


@dataclass(frozen=True, slots=True)
class SortingClaims:
    """Reads what a whole trace says of the words and their order."""

    def extract(self, view: View, /) -> SortingSteps | None:
        """The claims so far, or None if there are none. Never raises; time is linear in the length of the text."""
        claims: list[SortingClaim] = []
        place: int | None = None
        for line in step_lines(view):
            if _HINT.search(line.text) is None or _taken_back(view.text, line):
                continue
            reader = _Reader(line, view.start + line.at, place)
            claims += reader.claims()
            place = reader.place
        return tuple(claims) or None


class _Token(NamedTuple):
    kind: Literal["number", "quoted", "bare", "mark"]
    text: str
    start: int
    end: int


_QUOTES = "\"“”'‘’`"
_TOKEN = re.compile(
    rf"""
      \((?P<number>\d{{1,3}})\)
    | ["“`](?P<quoted>[^\s"“”`]{{1,{MAX_WORD}}})["”`]
    | (?P<bare>[^\W_](?:[\w'’&./-]{{0,{MAX_WORD}}}[^\W_])?)
    | (?P<mark>[<?\[\]:.,;*])
    """,
    re.VERBOSE,
)
_HINT = re.compile(r"[<?\"“`]|answer|sorted|boxed|letter", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_DOUBT = re.compile(
    r"\b(?:not|n't|if|suppose|supposing|assum\w*|try|trying|wrong|wait|incorrect\w*|mistakes?|instead|would|might|maybe"
    r"|false|whether)\b",
    re.IGNORECASE,
)
_REFUTED = re.compile(r"\W{0,4}(?:is|are|would be)?\s{0,2}(?:not|false|wrong|incorrect)\b", re.IGNORECASE)
_WITHDRAWN = re.compile(
    r"\s*[^\w\n]{0,3}(?:wait|oops|sorry|correction|actually|hmm|no,|that is wrong|that's wrong|this is wrong)\b",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"\b(?:answer|sorted (?:list|order)|sorted words)(?: is| are)?\s{0,3}:?[\s*]{0,4}|\\boxed\{", re.IGNORECASE
)


def _taken_back(text: str, line: StepLine) -> bool:
    return _WITHDRAWN.match(text, line.at + len(line.text)) is not None


class _Reader:
    """Reads the tokens of one line from left to right."""

    def __init__(self, line: StepLine, base: int, place: int | None) -> None:
        self.text = line.text
        self.base = base
        self.place = place
        self.tokens = [
            _Token(match.lastgroup, match[match.lastgroup].lower(), *match.span())  # type: ignore[arg-type]
            for match in _TOKEN.finditer(line.text)
            if match.lastgroup is not None
        ]
        self.answer = next(_ANSWER.finditer(line.text), None)
        self.at = 0

    def claims(self) -> Iterator[SortingClaim]:
        """What the line claims."""
        while self.at < len(self.tokens):
            here = self.at
            if self.answer is not None and self.tokens[here].start >= self.answer.end():
                break
            self._ordinal()
            claim = self._letter() or self._order()
            if claim is not None and not self._doubted(Span(claim.span.start - self.base, claim.span.end - self.base)):
                yield claim
            self.at = max(self.at, here + 1)
        yield from self._answer()

    def _ordinal(self) -> None:
        token = self.tokens[self.at]
        if token.kind == "bare" and token.text in _ORDINALS and self._text(1) in {"letter", "letters"}:
            self.place = _ORDINALS.index(token.text) + 1

    def _letter(self) -> LetterClaim | None:
        word, colon, letter, number = (self._token(ahead) for ahead in range(4))
        if word is None or word.kind != "quoted" or self._text(1) != ":" or self.place is None:
            return None
        if colon is None or letter is None or letter.kind != "quoted" or len(letter.text) != 1:
            return None
        numbered = number is not None and number.kind == "number"
        last = number if numbered and number is not None else letter
        self.at += 4 if numbered else 3
        return LetterClaim(
            self._word(word), self.place, letter.text, int(last.text) if numbered else None, self._span(word, last)
        )

    def _order(self) -> OrderClaim | SubpartClaim | None:
        begin = self.at
        groups = self._groups()
        if groups is None or sum(len(group.words) for group in groups) < 2:
            return None
        span = self._span(self.tokens[begin], self.tokens[self.at - 1])
        before = " ".join(token.text for token in self.tokens[max(begin - 6, 0) : begin] if token.kind == "bare")
        if len(groups) == 1 and re.search(r"\bsort\b", before):
            return SubpartClaim(groups[0].words, self._announced(), span)
        part = [self._text(ahead) for ahead in range(3)] == ["for", "the", "subpart"]
        whole = not part and before.endswith(("hence we have", "we now have", "now we have"))
        return OrderClaim(groups, span, part=part, whole=whole)

    def _announced(self) -> int | None:
        """The place of the letters by which it is to be sorted: "by looking at their second letters"."""
        following = [token.text for token in self.tokens[self.at : self.at + 8]]
        return next((_ORDINALS.index(text) + 1 for text in following if text in _ORDINALS), None)

    def _groups(self) -> tuple[OrderedGroup, ...] | None:
        """The groups of an order that starts here; None if none does, or if it can be read in two ways.

        What was read is behind `at` then, so that no token is read more than a few times.
        """
        groups: list[list[WrittenWord]] = []
        numbers: list[int | None] = []
        inside: set[str] = set()  # the marks between words since the outermost bracket was opened
        joined, depth = False, 0
        while True:
            number: int | None = None
            while self._kind() == "number" or (self._text(0) == "[" and depth < MAX_DEPTH):
                token = self.tokens[self.at]
                number = int(token.text) if token.kind == "number" else number
                depth += token.kind == "mark"
                self.at += 1
            if self._kind() not in {"quoted", "bare"}:
                return None
            token = self.tokens[self.at]
            if joined:
                groups[-1].append(self._word(token))
            else:
                groups.append([self._word(token)])
                numbers.append(number)
            self.at += 1
            while depth and self._text(0) == "]":
                depth -= 1
                self.at += 1
            inside = inside if depth else set()
            mark = self._text(0)
            if mark not in {"<", "?"} or self._kind() != "mark":
                return tuple(OrderedGroup(tuple(words), number) for words, number in zip(groups, numbers, strict=True))
            inside |= {mark} if depth else set()
            if len(inside) > 1 or (mark == "?" and token.kind == "bare"):
                return None  # ["a" ? ["b" < "c"]]; "is a < b?"
            joined = mark == "?"
            self.at += 1

    def _answer(self) -> Iterator[SortedAnswer]:
        if self.answer is None or self._doubted(Span(*self.answer.span())):
            return
        tokens: list[_Token] = []
        for token in self.tokens:
            if token.start < self.answer.end() or token.text in {",", "*", "[", "]", "<"}:
                continue
            if token.kind in {"number", "mark"}:
                break
            tokens.append(token)
        if len(tokens) > 1:
            yield SortedAnswer(tuple(self._word(token) for token in tokens), self._span(tokens[0], tokens[-1]))

    def _doubted(self, span: Span) -> bool:
        """Whether the sentence up to the claim supposes or doubts it, or what follows calls it wrong."""
        start, end = span
        before = self.text[max(start - 200, 0) : start]
        sentence = before[max(before.rfind(". "), before.rfind("; ")) + 1 :]
        return _DOUBT.search(re.sub(r'"[^"]*"', "", sentence)) is not None or _REFUTED.match(self.text, end) is not None

    def _token(self, ahead: int) -> _Token | None:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def _kind(self) -> str:
        token = self._token(0)
        return "" if token is None else token.kind

    def _text(self, ahead: int) -> str:
        token = self._token(ahead)
        return "" if token is None else token.text

    def _word(self, token: _Token) -> WrittenWord:
        return WrittenWord(token.text.replace("’", "'"), self._span(token, token))

    def _span(self, first: _Token, last: _Token) -> Span:
        return Span(self.base + first.start, self.base + last.end)
