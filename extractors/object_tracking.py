"""Steps of following objects through swaps: `Bob and Claire swap: Alice: pink, Bob: yellow`, the end, the option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._stated_answers import stated_answer
from ._step_lines import StepLine, step_lines


@dataclass(frozen=True, slots=True)
class Holding:
    """Who is said to have what, as it is written: `Alice`, `pink ball`."""

    who: str
    what: str
    span: Span


@dataclass(frozen=True, slots=True)
class TrackingClaim:
    """One thing that a trace says of who has what.

    `kind` is one of: `start` (before any swap), `state` (behind the swap `swap`, or at some later point if it is None),
    `end` (behind the last swap), `answer` (the option or object `answer`), `gap` (text that may have gone on unseen).
    """

    kind: Literal["start", "state", "end", "answer", "gap"]
    span: Span
    holdings: tuple[Holding, ...] = ()
    swap: tuple[str, str] | None = None
    answer: str = ""


TrackingSteps: TypeAlias = tuple[TrackingClaim, ...]
"""The state that `TrackingClaims` reads: what a trace says, in the order of the text."""


@dataclass(frozen=True, slots=True)
class TrackingClaims:
    """Reads the steps of a whole trace. Lines of another form become `gap`: what happened in them is not known."""

    def extract(self, view: View, /) -> TrackingSteps | None:
        """The claims so far, or None if there are none. Never raises; time is linear in the length of the text."""
        claims = tuple(_without_repeated_gaps(_claims(view)))
        return claims if any(claim.kind != "gap" for claim in claims) else None


_NAME = r"[A-Z][\w'-]{0,30}"
_VERB = (
    r"(?:(?:now )?has|gets|holds|plays|ends up with|is (?:now )?(?:holding|playing|dancing with|left with))"
    r"(?: the\b| an?\b)?"
)
_SWAPS = r"(?:swap|trade|switch|exchange)"
_SWAP = re.compile(rf"\b({_NAME}) (?:and|&|↔|<->|with) ({_NAME})(?: then| now)? {_SWAPS}\w{{0,3}}\b")
_HELD = re.compile(
    rf"\b({_NAME})\**(?:\s{{0,3}}(?::|=|->|→)|\s{_VERB})\**\s{{0,3}}([^,;:?|\n]{{1,60}}?)"
    rf"(?=[,;|]|\.(?:\s|$)|\sand\s{_NAME}\s|\sSo\b|\s*$)"
)
_START = re.compile(r"\b(?:at the (?:start|beginning)|initial(?:ly)?|to start|start(?:ing)?)\b", re.IGNORECASE)
_END = re.compile(rf"\b(?i:at the end|in the end)\b[^.:\n]{{0,40}}?\s({_NAME})\s{_VERB}\s([^,;:?\n.]{{1,60}})")
_LABEL = re.compile(
    r"[\s>*•#-]{0,12}(?:\(?\d{1,3}[.):]|(?:step|action|swap|after swap)\s\d{1,3}\b[.:)]?)?[\s*]{0,4}", re.IGNORECASE
)
_LEAD = re.compile(r"(?:(?:first|then|next|finally|lastly|after|when|now)\b,?\s{0,2}){0,2}", re.IGNORECASE)


class _Heading(NamedTuple):
    """A line that says which swap the states below it follow."""

    kind: Literal["start", "state"]
    swap: tuple[str, str] | None


def _claims(view: View) -> Iterator[TrackingClaim]:
    heading: _Heading | None = None
    listed: list[Holding] = []  # one a line, below the heading
    for line in step_lines(view):
        base = view.start + line.at
        claim, below = _read(line, base)
        claim = _standing(view, claim)
        if (
            claim is not None
            and heading is not None
            and claim.swap is None
            and not (listed and len(claim.holdings) > 1)
        ):
            listed += claim.holdings
            continue
        yield from _below(heading, listed)
        heading, listed = below, []
        yield claim if claim is not None else TrackingClaim("gap", Span(base, base + len(line.text)))
        end = _standing(view, _end(line, base))
        if end is not None:
            yield end
    yield from _below(heading, listed)
    answer = stated_answer(view)
    if answer is not None and answer.how != "last line":
        span = Span(view.start + answer.at, view.start + answer.end)
        yield TrackingClaim("answer", span, answer=answer.text)


def _standing(view: View, claim: TrackingClaim | None) -> TrackingClaim | None:
    """The claim, unless the text around it supposes, doubts or withdraws it."""
    if claim is None:
        return None
    begin, end = claim.span.start - view.start, claim.span.end - view.start
    return claim if context.standing(view.text, begin, end, view.before) else None


def _below(heading: _Heading | None, listed: list[Holding]) -> Iterator[TrackingClaim]:
    if heading is not None and listed:
        span = Span(listed[0].span.start, listed[-1].span.end)
        yield TrackingClaim(heading.kind, span, tuple(listed), heading.swap)


def _read(line: StepLine, base: int) -> tuple[TrackingClaim | None, _Heading | None]:
    """The claim of a line, or the heading that it is for the lines below it."""
    text = line.text
    label = _LABEL.match(text)
    lead = _LEAD.match(text, label.end() if label is not None else 0)
    begin = lead.end() if lead is not None else 0
    swap = _SWAP.match(text, begin)
    opening = _START.match(text, begin)
    after = swap.end() if swap is not None else opening.end() if opening is not None else begin
    holdings = tuple(_holdings(text, after, base, listed=swap is None and opening is None))
    kind: Literal["start", "state"] = "start" if opening is not None else "state"
    pair = (swap[1], swap[2]) if swap is not None else None
    if holdings:
        span = Span(base + begin, holdings[-1].span.end)
        return TrackingClaim(kind, span, holdings, pair), None
    heads = (swap is not None or opening is not None) and text.rstrip(" *").endswith(":")
    return None, _Heading(kind, pair) if heads else None


def _holdings(text: str, begin: int, base: int, *, listed: bool) -> Iterator[Holding]:
    """Who has what in a line; where it has no heading of its own, only if it lists nothing else."""
    at = begin
    for held in _HELD.finditer(text, begin):
        if listed and text[at : held.start()].strip(" \t*,;|"):
            return
        at = held.end()
        yield Holding(held[1], held[2].strip(" *`"), Span(base + held.start(), base + held.end()))


def _end(line: StepLine, base: int) -> TrackingClaim | None:
    said = _END.search(line.text)
    if said is None:
        return None
    span = Span(base + said.start(), base + said.end())
    return TrackingClaim("end", span, (Holding(said[1], said[2].strip(), span),))


def _without_repeated_gaps(claims: Iterator[TrackingClaim]) -> Iterator[TrackingClaim]:
    gap = False
    for claim in claims:
        if claim.kind != "gap" or not gap:
            yield claim
        gap = claim.kind == "gap"
