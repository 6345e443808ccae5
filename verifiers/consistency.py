"""Consistency: what a trace has stated explicitly is not contradicted later in the same trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from midtrace import Pass, Verdict, Violation
from midtrace.extractors.consistency import StatedFact, StatedFacts

from ._findings import together
from ._values import Undecidable, Value, values
from ._wording import exact

_CONVERSIONS = frozenset({12, 24, 60, 3600, *(10**n for n in range(1, 7))})

MAX_TRIALS = 100
"""Trial values of a name that are remembered; the first ones."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """Checks that facts of one name and one part of the trace agree.

    Two values agree if rounding, a percent sign or another unit may be all that tells them apart. A name that was also
    tried with another value than the one first stated is left out: it may have been given one value after the other.
    """

    inline: ClassVar[bool] = False

    def check(self, state: StatedFacts, /) -> Verdict:
        """Pass with the number of restatements that agree, or the first that does not with the others in `also`.

        Of a name in one part only the first contradiction counts.
        """
        checked = 0
        found: list[Violation] = []
        names: dict[str, _Name] = {}
        for fact in state:
            name = names.setdefault(fact.name, _Name())
            if not fact.asserted:
                name.tried += [fact] if len(name.tried) < MAX_TRIALS else []
                continue
            earlier = name.earlier(fact)
            if earlier is not None and not name.varies(earlier):
                checked += 1
                if not _agree(earlier, fact) and fact.part not in name.broken:
                    name.broken.add(fact.part)
                    found.append(_violation(earlier, fact))
            name.stated.setdefault(fact.part, fact)
        return together(found) if found else Pass(checked=checked)


@dataclass(slots=True)
class _Name:
    """What was said so far of one name: first in each part, and as a trial."""

    stated: dict[int | None, StatedFact] = field(default_factory=dict)
    tried: list[StatedFact] = field(default_factory=list)
    broken: set[int | None] = field(default_factory=set)

    def earlier(self, fact: StatedFact) -> StatedFact | None:
        """The fact with which this one must agree, if there is one."""
        if fact.part is not None:
            return self.stated.get(fact.part)
        stated = list(self.stated.values())
        return stated[0] if stated and all(_agree(stated[0], each) for each in stated[1:]) else None

    def varies(self, fact: StatedFact) -> bool:
        """Whether the name was tried with another value than this one."""
        return not all(_agree(fact, each) for each in self.tried)


def _agree(first: StatedFact, second: StatedFact) -> bool:
    """Whether both may mean one value; so does what cannot be decided."""
    if first.unit and second.unit and _stem(first.unit) != _stem(second.unit):
        return True
    try:
        pairs = [(one, other) for one in values(first.value) for other in values(second.value)]
    except Undecidable:
        return True
    if any(_same(one, other) for one, other in pairs):
        return True
    if first.unit != second.unit and any(_converts(one.exact, other.exact) for one, other in pairs):
        return True
    return second.cut and any(exact(one.exact).startswith(exact(other.exact)) for one, other in pairs)


def _converts(one: Fraction, other: Fraction) -> bool:
    """Whether a unit that only one of the two names may be all the difference: `$0.40` is 40 cents."""
    return bool(one and other) and not _CONVERSIONS.isdisjoint({one / other, other / one})


def _stem(unit: str) -> str:
    return unit.casefold().removesuffix("s")


def _same(one: Value, other: Value) -> bool:
    if one.low <= other.high and other.low <= one.high:
        return True
    whole = (one.exact.denominator == 1) != (other.exact.denominator == 1)
    return whole and abs(one.exact - other.exact) < 1  # rounded, up or down


def _violation(earlier: StatedFact, later: StatedFact) -> Violation:
    return Violation(
        f"{_shown(later)} contradicts {_shown(earlier)}, which was stated before",
        span=later.span,
        hint=_shown(earlier),
        evidence={"stated": _shown(earlier), "stated at": f"{earlier.span.start}-{earlier.span.end}"},
    )


def _shown(fact: StatedFact) -> str:
    return " ".join(fact.text.split())
