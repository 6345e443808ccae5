"""Who is said to be what: "therefore Ava must be a knave", "Ava is a knight, Leo is a knave", "yes, no, unknown"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from midtrace import Span, View

from ._assertions import Assertion, stands, with_answer
from ._stated_answers import stated_answer

MAX_ASSIGNMENTS = 200
"""Assignments of one claim; what goes beyond is not read."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A name, or a word such as "both" or "everyone", and what it is said to be, in lower case (`knave`, `lies`).

    `denied` says that it is said *not* to be that.
    """

    name: str
    role: str
    denied: bool = False


@dataclass(frozen=True, slots=True)
class RoleClaim:
    """What one sentence, or the answer, says of some people.

    `span` is where it stands in the generated text and `text` what stands there. `words` are the words of an answer
    that is a list of yes, no and unknown. `none` says that the answer is that there is no solution. `complete` says
    that an answer is marked as such, so that whatever it leaves out is missing.
    """

    span: Span
    text: str
    assignments: tuple[Assignment, ...] = ()
    words: tuple[str, ...] = ()
    none: bool = False
    answer: bool = False
    complete: bool = False


ClaimedRoles: TypeAlias = tuple[RoleClaim, ...]
"""The state that `RoleClaims` reads: the claims in the order of the text, at most one answer, last."""


@dataclass(frozen=True, slots=True)
class RoleClaims:
    """Reads what a trace concludes of people outside suppositions, and the answer that it states last."""

    def extract(self, view: View, /) -> ClaimedRoles | None:
        """The claims of the view, or None if it makes none. Never raises; time is linear in its length."""
        return with_answer(view, _concluded, _answered(view))


_NAME = (
    r"\b(?!(?:Therefore|Thus|Hence|So|Since|Consequently|However|Given|If|Case|And|Then|This|That|It|He|She|They|We|Now"
    r"|Statement|Step)\b)[A-Z][\w'’-]{0,39}"
)
_ACT = re.compile(r"tell|l(?:ies?|ying)\b")
_ASSIGNMENT = re.compile(
    rf"(?P<names>{_NAME}(?:\s*,?\s+and\s+{_NAME}|\s*,\s*{_NAME}){{0,40}})"
    r"(?P<joint>\*{0,2}\s*(?:=|:|[-–—]\s|\s(?:is|are|must\s+be|must\s+both\s+be|has\s+to\s+be|have\s+to\s+be)\b)\*{0,2})?"
    r"\s*(?P<denied>not\s+)?(?:both\s+|all\s+)?(?:a\s+|an\s+|the\s+)?\*{0,2}"
    r"(?P<role>telling\s+the\s+truth|tells?\s+the\s+truth|lies?\b|lying\b|[A-Za-z][a-z-]{1,39})"
)
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|so|consequently|conclude|deduce|must|(?:we|now)\s+know)\b|∴", re.IGNORECASE
)
_BEFORE = re.compile(
    r"(?:\A[\s\d.)(*#-]{0,20}|[,:;∴]\s*|\b(?:therefore|thus|hence|so|that|and|conclude|consequently)[\s,]{1,4})\*{0,2}\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\*{0,2}\s*(?:[.,;:)]|\Z|(?:and|because|since|as|due|while)\b|\()", re.IGNORECASE)
_REPORTS = re.compile(r"\b(?:or|then|mean(?:s|ing)?|impl(?:y|ies)|equivalent|translates?|simplif\w+)\b", re.IGNORECASE)
_WORDS = re.compile(
    r"\W{0,8}(?:yes|no|unknown)(?:\W{1,8}(?:and\W{1,4})?(?:yes|no|unknown)){0,40}\W{0,8}", re.IGNORECASE
)
_WORD = re.compile(r"yes|no|unknown", re.IGNORECASE)
_NONE = re.compile(
    r"\W{0,8}(?:there\s+is\s+)?no\s+(?:valid\s+|consistent\s+|possible\s+)?(?:solution|assignment)\b[^.\n]{0,40}\W{0,8}",
    re.IGNORECASE,
)
_FILLER = re.compile(r"[\s,.;*]|\band\b")


def _concluded(view: View, assertion: Assertion) -> RoleClaim | None:
    """What a sentence concludes of somebody, if it does so in so many words."""
    text = assertion.text
    if _CONCLUDES.search(text) is None or _REPORTS.search(text) is not None:
        return None
    found = [
        match
        for match in _ASSIGNMENT.finditer(text)
        if _is_stated(match)
        and _BEFORE.search(text[max(match.start() - 40, 0) : match.start()]) is not None
        and _AFTER.match(text, match.end()) is not None
    ]
    if not found or not stands(view, assertion):
        return None
    begin, end = found[0].start(), found[-1].end()
    return _claim(view, text[begin:end], assertion.at + begin, assignments=tuple(_assignments(found)))


def _is_stated(match: re.Match[str]) -> bool:
    """Whether a verb says it: `Ava = knave` could be the shorthand of a trial."""
    return match["joint"].strip(" *")[:1].isalpha() if match["joint"] else _ACT.match(match["role"]) is not None


def _answered(view: View) -> RoleClaim | None:
    found = stated_answer(view)
    if found is None:
        return None
    complete = found.how == "marked" or view.final
    if _NONE.fullmatch(found.text) is not None:
        return _claim(view, found.text, found.at, none=True, answer=True, complete=complete)
    if len(found.text) <= 1_000 and _WORDS.fullmatch(found.text) is not None:
        words = tuple(word.lower() for word in _WORD.findall(found.text))
        return _claim(view, found.text, found.at, words=words, answer=True, complete=complete)
    matches = list(_ASSIGNMENT.finditer(found.text))
    if found.how == "last line" and _FILLER.sub("", _ASSIGNMENT.sub("", found.text)):
        return None  # prose: its claims are read as such
    assignments = tuple(_assignments(matches))
    if not assignments and found.how != "marked":
        return None
    return _claim(view, found.text, found.at, assignments=assignments, answer=True, complete=complete)


def _assignments(matches: Iterable[re.Match[str]]) -> Iterator[Assignment]:
    for match in islice(matches, MAX_ASSIGNMENTS):
        role = " ".join(match["role"].lower().split())
        for name in re.findall(_NAME, match["names"])[:MAX_ASSIGNMENTS]:
            yield Assignment(name, role, denied=match["denied"] is not None)


def _claim(
    view: View,
    text: str,
    at: int,
    *,
    assignments: tuple[Assignment, ...] = (),
    words: tuple[str, ...] = (),
    none: bool = False,
    answer: bool = False,
    complete: bool = False,
) -> RoleClaim:
    start = view.start + at
    return RoleClaim(Span(start, start + len(text)), text, assignments, words, none, answer, complete)
