"""Facts that a trace states: `x = 5`, `f(3) = 7`, `AB = 5 cm`, `**Total cost:** $40`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._consistency_labels import SUMMARY, labelled_amounts
from ._consistency_names import Literal, assignments
from ._consistency_wording import named, prose, sentences, several, tried, turns
from ._expressions import Expression

MAX_FACTS = 1_000
"""Assignments, and as many labelled amounts, that are read from one view; the first ones."""


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A name and the value that the text gives to it.

    `span` runs from the name to the value's last digit, in characters of the generated text; `text` is what stands
    there. `unit` is the word behind the value. Facts of one `part` must agree; what stands in the part None sums up,
    and must agree with what any part says. `asserted` is False for a trial value, one that is only named, and one of
    several. `cut` says that the trace ends right behind the value, which may have been going on.
    """

    name: str
    value: Expression
    span: Span
    text: str
    unit: str = ""
    part: int | None = 0
    asserted: bool = True
    cut: bool = False


StatedFacts: TypeAlias = tuple[StatedFact, ...]
"""The state that `FactClaims` reads: the facts of a trace in text order."""

# n and k of a formula, which are given values together and again for the next use of it.
_PARAMETERS = frozenset("ijknr")


@dataclass(frozen=True, slots=True)
class FactClaims:
    """Reads what a trace says explicitly that names are: for a monitor that sees the whole trace.

    A fact and a trial value are told apart by the words of the sentence, parts by words that turn to something else.
    """

    inline: ClassVar[bool] = False

    def extract(self, view: View, /) -> StatedFacts | None:
        """The facts of the trace, or None if it states none. Never raises; time is linear in the text's length."""
        if "=" not in view.text and ":" not in view.text:
            return None
        text = prose(view)
        facts = [*islice(_assigned(view, text), MAX_FACTS), *islice(_labelled(view, text), MAX_FACTS)]
        return tuple(sorted(facts, key=lambda fact: fact.span)) or None


def _assigned(view: View, text: str) -> Iterator[StatedFact]:
    marks, plural = turns(text), several(text)
    single: set[str] = set()
    for sentence in sentences(text):
        found = list(assignments(sentence.text))
        if not found or not (sentence.ended or view.final):
            continue
        doubted = tried(sentence.text) or (len(found) > 1 and any(each.name in _PARAMETERS for each in found))
        for each in found:
            start, end = sentence.at + each.start, sentence.at + each.literal.end
            if start < plural:
                single.add(each.name)
            asserted = (
                not doubted
                and each.literal.alone
                and each.name in single
                and sum(other.name == each.name for other in found) == 1
                and not named(sentence.text[max(each.start - 60, 0) : each.start])
                and context.standing(text, start, end, view.before)
            )
            part = bisect_left(marks, start)
            yield _fact(view, each.name, each.literal, start, end, part=part, asserted=asserted)


def _labelled(view: View, text: str) -> Iterator[StatedFact]:
    for each in labelled_amounts(text):
        if each.ended or view.final:
            part = None if each.section == SUMMARY else each.section
            asserted = context.standing(text, each.start, each.end, view.before)
            yield _fact(view, each.label, each.literal, each.start, each.end, part=part, asserted=asserted)


def _fact(
    view: View, name: str, literal: Literal, start: int, end: int, *, part: int | None, asserted: bool
) -> StatedFact:
    return StatedFact(
        name=name,
        value=literal.value,
        span=Span(view.start + start, view.start + end),
        text=view.text[start:end],
        unit=literal.unit,
        part=part,
        asserted=asserted,
        cut=view.final and end == len(view.text),
    )
