"""The sentences of a trace that are meant as they stand: not supposed, tried, asked, quoted or taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from midtrace import Span, View

from . import _context as context

MAX_LINE = 4_000
"""Characters of a line that are read; a longer one is no prose."""


class Placed(Protocol):
    """Anything that says where it stands in the generated text."""

    @property
    def span(self) -> Span:
        """Where."""
        ...


C = TypeVar("C", bound=Placed)


class Assertion(NamedTuple):
    """A sentence, quotations blanked out, and its offset in the view's text."""

    text: str
    at: int


_END = re.compile(r"[.!?;](?=\s|$)")
_QUOTED = re.compile(r'"[^"\n]{0,2000}"|“[^”\n]{0,2000}”')
_HEADING = re.compile(r"\s{0,8}(?:#{1,6}\s|\*\*[^*\n]{1,120}\*\*:?\s*$)")
_SUPPOSES = re.compile(
    r"\b(?:assum\w*|suppos\w*|cases?|hypothe\w*|consider\w*|scenarios?|pretend|imagine|try|trying|test\w*|possibilit\w*"
    r"|explor\w*|options?|what\ if|let(?:'s|\ us)?\ (?:say|try|check|test|see|me))\b",
    re.IGNORECASE | re.VERBOSE,
)
_OPENING_IF = re.compile(r"\b(?:if|when|for|with|given)\b[^\n]*:\W*$", re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:if|would|could|might|may|perhaps|maybe|likely|probably|possibly|seems?|appears?|unless|whether|either|when"
    r"|guess|under|otherwise|to\ (?:be|hold)|were)\b|\?",
    re.IGNORECASE | re.VERBOSE,
)


def assertions(view: View) -> Iterator[Assertion]:
    """The sentences of complete lines that are neither hedged nor under a supposition, which ends with a heading.

    `stands` says whether one is left alone by what surrounds it.
    """
    text = view.text
    supposing = _SUPPOSES.search(view.before) is not None
    fence = context.Fence().after(view.before)
    begin = 0
    for line in text.split("\n"):
        end = begin + len(line)
        complete = view.final or end < len(text)
        if context.is_fence(line):
            fence = fence.after(line)
        elif complete and not fence.code and line.strip() and len(line) <= MAX_LINE:
            if _HEADING.match(line) is not None:
                supposing = False
            plain = _QUOTED.sub(lambda match: " " * len(match.group()), line)
            for sentence in _sentences(plain):
                supposing = supposing or _SUPPOSES.search(sentence.text) is not None
                if not supposing and _HEDGED.search(sentence.text) is None:
                    yield Assertion(sentence.text, begin + sentence.at)
            supposing = supposing or _OPENING_IF.search(plain) is not None
        begin = end + 1


def stands(view: View, assertion: Assertion) -> bool:
    """Whether the text around a sentence takes it for true as well: it is not doubted, and not taken back at once."""
    return context.standing(view.text, assertion.at, assertion.at + len(assertion.text), view.before)


def with_answer(view: View, read: Callable[[View, Assertion], C | None], answer: C | None) -> tuple[C, ...] | None:
    """What `read` makes of the assertions, and last the answer, which ends what counts; None if there is neither."""
    claims = [claim for assertion in assertions(view) if (claim := read(view, assertion)) is not None]
    if answer is not None:
        claims = [claim for claim in claims if claim.span.end <= answer.span.start]
        claims.append(answer)
    return tuple(claims) or None


def _sentences(line: str) -> Iterator[Assertion]:
    start = 0
    for mark in _END.finditer(line):
        if not line[: mark.start()].strip(" \t*-#").isdigit():
            yield Assertion(line[start : mark.end()], start)
            start = mark.end()
    if line[start:].strip():
        yield Assertion(line[start:], start)
