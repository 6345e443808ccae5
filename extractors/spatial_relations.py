"""Claims of where one thing lies from another: "A is to the left of B", "the Zoo is northeast of 7-Eleven"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

from midtrace import Span, View

from ._named_claims import MAX_NAMES, NEAR, Sentences, StatedAnswer, answers, chosen, mention, plain, quoted, speaks
from ._spatial_relations_problem import HowMany, Question, WhichDirection, WhichObject, spatial_problem
from ._spatial_relations_stories import Relation
from ._spatial_relations_words import OVERLAP, Direction, direction

__all__ = [
    "MAX_NAMES",
    "OVERLAP",
    "ClaimedPlaces",
    "Direction",
    "HowMany",
    "Question",
    "Relation",
    "SpatialClaim",
    "SpatialClaims",
    "StatedAnswer",
    "WhichDirection",
    "WhichObject",
    "chosen",
    "direction",
    "spatial_problem",
]


@dataclass(frozen=True, slots=True)
class SpatialClaim:
    """`subject` is said to lie in `direction` of `object`; `exactly` if the text says so ("directly", "the same")."""

    span: Span
    text: str
    subject: str
    direction: Direction
    object: str
    exactly: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedPlaces:
    """The claims and answers of a text in its order; `final` says that the trace ends with it."""

    claims: tuple[SpatialClaim, ...]
    answers: tuple[StatedAnswer, ...]
    final: bool = False


@dataclass(frozen=True, slots=True)
class SpatialClaims:
    """Reads claims about the things called `names`. What bears another name, or a misspelt one, is nobody's claim."""

    inline: ClassVar[bool] = True

    names: tuple[str, ...]

    @classmethod
    def of(cls, problem: str) -> Self:
        """For the names of a problem, as `SpatialRelations.of` reads it. Raises `UsageError` like that."""
        return cls(spatial_problem(problem).names)

    def extract(self, view: View, /) -> ClaimedPlaces | None:
        """The claims and answers, or None if there are none. Never raises; time is linear in the text's length."""
        text = plain(view.text)
        view = View(text, view.start, plain(view.before), view.prompt, view.final)
        if not speaks(text) and mention(self.names).search(text) is None:
            return None
        sentences = Sentences.of(view)
        claims = tuple(_claims(self.names, view, sentences))
        stated = tuple(answers(view, sentences))
        return ClaimedPlaces(claims, stated, view.final) if claims or stated else None


_LINK = re.compile(
    r"['\"*_)\]`]{0,4} (?:is|are|lies|sits|stands|must be|has to be|must lie)"
    r"(?: (?:also|thus|therefore|then|hence|indeed|clearly|still|again|now|actually|itself)){0,2}"
    r" (?P<way>[A-Za-z0-9:' -]{0,60}?(?:of|to|above|below|over|under|underneath|beneath))"
    r"(?: the)?(?: (?:object|agent))? ['\"*_(\[`]{0,4}"
)
_BEGIN = re.compile(
    r"(?:\A|[.:;,!(>→⇒-]|[*_\"\[`(]|\b(?:that|so|and|but|then|thus|hence|therefore|since|because|as|means|know|conclude"
    r"|where|which|while|also|have|given|now|first|finally|says|states|find|see))"
    r"\s{0,3}(?:the )?(?:object |agent )?['\"*_\[`(]{0,4}\Z",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r",? (?:and|but) (?:is )?(?:also )?(?P<way>(?:to the |on the )?(?:left|right)|above|below|over|under)"
    r"(?: (?:of )?(?:it|(?P<again>\w)))?(?=[.,;:\n]|\s*\Z)"
)
_GOES_ON = re.compile(r"['’-]\w| [A-Z0-9]")
_DENIED = re.compile(r"n't\b|\b(?:not|cannot|never|neither|nor|(?:can|could) be|either|or)\b")
_EXACTLY = re.compile(r"\b(?:directly|exactly|same|straight|horizontally|vertically)\b")
_WIDEST = 100


def _claims(names: tuple[str, ...], view: View, sentences: Sentences) -> Iterator[SpatialClaim]:
    text = view.text
    found = list(mention(names).finditer(text))
    for subject, other in pairwise(found):
        if other.start() - subject.end() > _WIDEST:
            continue
        link = _LINK.fullmatch(text, subject.end(), other.start())
        if link is None or subject.group() == other.group() or not _whole(view, sentences, subject, other):
            continue
        way = direction(link["way"].lower())
        if way is None or way == OVERLAP:
            continue
        end = other.end()
        more = _BEHIND.match(text, end)
        if more is not None and more["again"] in (None, other.group()):
            both = direction(f"{link['way']} {more['way']}".lower())
            way, end = (both, more.end()) if both is not None else (way, end)
        if quoted(text, subject.start(), end) or not sentences.meant(subject.start(), end):
            continue
        yield SpatialClaim(
            span=Span(view.start + subject.start(), view.start + end),
            text=view.text[subject.start() : end],
            subject=subject.group(),
            direction=way,
            object=other.group(),
            exactly=_EXACTLY.search(link["way"]) is not None,
        )


def _whole(view: View, sentences: Sentences, subject: re.Match[str], other: re.Match[str]) -> bool:
    """Whether the claim is a clause of its own: nothing before the subject or behind the object belongs to a name."""
    text = view.text
    if _GOES_ON.match(text, other.end()) or (other.end() == len(text) and not view.final):
        return False
    around = sentences.around(subject.start(), other.end())
    begin, end = max(around.start, subject.start() - NEAR), min(around.end, other.end() + NEAR)
    before = text[max(subject.start() - 40, begin) : subject.start()]
    return _BEGIN.search(before) is not None and _DENIED.search(text, begin, end) is None
