"""Claims about a fixed order: "first is the black book, then second is the gray book", "Rob finished below Dan"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from midtrace import Span, View

from ._named_claims import Sentences, StatedAnswer, answers, chosen, plain
from ._ordering_facts import Before, Fact, Objects, Placed, declared, facts, name_pattern, spelled
from ._ordering_problem import MAX_OBJECTS, Statement, order_problem
from ._ordering_words import SCALES

__all__ = [
    "MAX_OBJECTS",
    "Before",
    "ClaimedFact",
    "ClaimedOrder",
    "Fact",
    "Objects",
    "OrderClaim",
    "OrderClaims",
    "Placed",
    "StatedAnswer",
    "Statement",
    "chosen",
    "order_problem",
]


@dataclass(frozen=True, slots=True)
class ClaimedFact:
    """One thing that is said of the order; `text` is what stands in `span`, with its place where that is all it is."""

    span: Span
    text: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class OrderClaim:
    """What one sentence says of the order; its facts hold together."""

    facts: tuple[ClaimedFact, ...]


@dataclass(frozen=True, slots=True)
class ClaimedOrder:
    """The claims and answers of a text in its order."""

    claims: tuple[OrderClaim, ...]
    answers: tuple[StatedAnswer, ...]


@dataclass(frozen=True, slots=True)
class OrderClaims:
    """Reads claims about the order of the things that a problem names. A name that it does not know makes no claim."""

    objects: Objects

    @classmethod
    def of(cls, problem: str) -> Self:
        """For the things of a problem, as `Ordering.of` reads it. Raises `UsageError` like that."""
        return cls(order_problem(problem).objects)

    def extract(self, view: View, /) -> ClaimedOrder | None:
        """The claims and answers, or None if there are none. Never raises; time is linear in the text's length."""
        view = View(plain(view.text), view.start, plain(view.before), view.prompt, view.final)
        sentences = Sentences.of(view)
        claims = tuple(_claims(self.objects, view, sentences))
        stated = tuple(answers(view, sentences))
        return ClaimedOrder(claims, stated) if claims or stated else None


_LONGEST = 1000
_SENTENCE = re.compile(rf"[^\n]{{1,{_LONGEST - 2}}}?(?:[.!?;](?=\s|\Z)|(?=\n)|\Z)|[^\n]{{{_LONGEST}}}|[^\n]+")
_ENDS = "|".join(end for scale in SCALES for end in scale.ends)
_DECLARED = re.compile(rf"\bfrom (?:the )?({_ENDS}) to (?:the )?({_ENDS})\b", re.IGNORECASE)
_DRAWN = re.compile(rf"\(({_ENDS})\)([^()?\n]{{1,400}})\(({_ENDS})\)", re.IGNORECASE)
_COLON = re.compile(r"[^:\n]{0,20}:\s*")
_SEPARATORS = re.compile(r"(?:[\s,<>|=→–-]|\b(?:and|then|the|an?)\b)*", re.IGNORECASE)


def _claims(objects: Objects, view: View, sentences: Sentences) -> Iterator[OrderClaim]:
    text = view.text
    orientation = _last_declared(objects, view.before, 0, len(view.before), None)
    cut = False
    for match in _SENTENCE.finditer(text):
        begin, end = match.span()
        if end == len(text) and not view.final and text[end - 1] not in ".!?;":
            return
        part_of_one, cut = cut, end - begin == _LONGEST
        if part_of_one or cut:
            continue
        found = [
            ClaimedFact(Span(a, b), text[a:b], fact) for a, b, fact in facts(text, objects, orientation, begin, end)
        ]
        found = sorted([*found, *_drawn(objects, text, begin, end)], key=lambda each: each.span)
        orientation = _last_declared(objects, text, begin, end, orientation)
        if found and sentences.meant(found[0].span.start, found[-1].span.end):
            yield OrderClaim(tuple(_shifted(each, view.start) for each in found))


def _last_declared(objects: Objects, text: str, begin: int, end: int, otherwise: int | None) -> int | None:
    """What a text last said of how its orders run: 1 from the low end, -1 from the high end."""
    for match in _DECLARED.finditer(text, begin, end):
        otherwise = declared(objects.scale, match[1], match[2])
    return otherwise


def _drawn(objects: Objects, text: str, begin: int, end: int) -> Iterator[ClaimedFact]:
    """A whole order in one line: "(left) red black gray (right)", "from left to right: red, black, gray"."""
    for match in _DRAWN.finditer(text, begin, end):
        yield from _row(objects, text, match.start(2), match.end(2), declared(objects.scale, match[1], match[3]))
    for match in _DECLARED.finditer(text, begin, end):
        colon = _COLON.match(text, match.end(), end)
        if colon is not None:
            yield from _row(objects, text, colon.end(), end, declared(objects.scale, match[1], match[2]))


def _row(objects: Objects, text: str, begin: int, end: int, orientation: int | None) -> Iterator[ClaimedFact]:
    """The places of things in a row that names each of them once and nothing else."""
    spellings = spelled(objects.names)
    size = len(objects.names)
    found = list(name_pattern(objects.names).finditer(text, begin, end))
    owners = [spellings[match[0].lower()] for match in found]
    if orientation is None or sorted(owners) != list(range(size)):
        return
    gaps = zip([begin, *(match.end() for match in found)], [*(match.start() for match in found), end], strict=True)
    if any(_SEPARATORS.fullmatch(text[a:b].strip(" .\"'*_")) is None for a, b in gaps):
        return
    for n, match in enumerate(found):
        rank = n + 1 if orientation > 0 else size - n
        yield ClaimedFact(
            Span(*match.span()), f"{match[0]} in place {n + 1}", Placed((objects.names[owners[n]],), (rank,))
        )


def _shifted(claimed: ClaimedFact, start: int) -> ClaimedFact:
    return ClaimedFact(Span(claimed.span.start + start, claimed.span.end + start), claimed.text, claimed.fact)
