"""Algebra in free text: chains of equal expressions, equations that follow from one another, and final answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from midtrace import Span, View

from . import _context as context
from ._algebra_answers import expression_in, values
from ._algebra_chains import Chain, Side, side_of_line_before
from ._algebra_links import follows, is_complex, is_equation, rewrites, unusual
from ._algebra_reading import Line, Text, equations_in, read_text
from ._algebra_terms import (
    AlgebraEquation,
    AlgebraTerm,
    Alternatives,
    Applied,
    FunctionName,
    Minus,
    Pi,
    Power,
    Product,
    Quotient,
    Rational,
    Readings,
    Sum,
    Symbol,
    subterms,
    symbols,
)
from ._algebra_tokens import Mark
from ._stated_answers import stated_answer

_MARK = 15
"""Characters before an answer among which the sign that marks it begins."""

MAX_KNOWN = 24
"""Earlier equations that a claim carries along."""


Setting: TypeAlias = Literal["chain", "announced", "lone"]
"""Where two equated expressions stand: in a chain of more, behind a word like `expanding`, or by themselves."""


@dataclass(frozen=True, slots=True)
class RewritingClaim:
    """Two expressions with the same variables that are equated: they are equal wherever both have a value.

    `span` is where the claim stands in the generated text; it holds the right side only where the left one stands in
    an earlier unit. `known` are the equations from before which may restrict the variables. `cut` says that the
    trace ends right behind the claim, which may have been going on.
    """

    span: Span
    left_text: str
    right_text: str
    left: Readings
    right: Readings
    known: tuple[Alternatives, ...] = ()
    setting: Setting = "chain"
    cut: bool = False


@dataclass(frozen=True, slots=True)
class DerivationClaim:
    """An equation that the text draws from an earlier one in the same variables.

    `span` is where the conclusion stands. `known` are other equations from before: the conclusion may go back to one.
    `listed` says that nothing but a line's end stands between the two.
    """

    span: Span
    given_text: str
    text: str
    given: Alternatives
    conclusion: Alternatives
    known: tuple[Alternatives, ...] = ()
    listed: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class AlgebraAnswer:
    """A marked final answer and the values it lists; None where they cannot be read.

    `whole` says that the mark holds all of the answer: a box may hold one of several solutions.
    """

    span: Span
    text: str
    values: tuple[Readings, ...] | None
    whole: bool = True


AlgebraClaim: TypeAlias = RewritingClaim | DerivationClaim | AlgebraAnswer

ClaimedAlgebra: TypeAlias = tuple[AlgebraClaim, ...]
"""The state that `AlgebraSteps` reads: the claims of a unit in text order."""


@dataclass(frozen=True, slots=True)
class AlgebraSteps:
    """Reads what a text claims about expressions with variables, and leaves out whatever could mean something else.

    A lone equation claims nothing: it may be a definition or something to solve. Claims are made by a chain of
    expressions in the same variables, by an equation that follows from the one before it, and by a marked answer.
    Equations in `View.before` and in the prompt are read as what claims may rest on.
    """

    def extract(self, view: View, /) -> ClaimedAlgebra | None:
        """The claims of the unit, or None if it makes none. Never raises; time is linear in the unit's length."""
        found: list[AlgebraClaim] = [*_answer(view)]
        if "=" in view.text and context.ordinary(view.prompt) and not unusual(view.prompt):
            found += _claims(view)
        return tuple(sorted(found, key=lambda claim: claim.span)) or None


def _answer(view: View) -> Iterator[AlgebraAnswer]:
    found = stated_answer(view)
    if found is None or found.how == "last line":
        return
    listed = values(found.text)
    if listed is not None or found.how == "marked":  # else it may be a sentence
        boxed = "\\boxed" in view.text[max(found.at - _MARK, 0) : found.at]
        yield AlgebraAnswer(Span(view.start + found.at, view.start + found.end), found.text, listed, whole=not boxed)


def _claims(view: View) -> Iterator[AlgebraClaim]:
    tail = view.before
    text = tail + view.text
    read = read_text(text, runs="digit" not in view.prompt)
    known = _Known(_prompt_equations(view.prompt))
    for index, line in enumerate(read.lines):
        chain = line.chain
        if chain.end > len(tail) and (chain.end < len(text) or view.final):
            cut = view.final and chain.end == len(text)
            place = _Place(text, view.start - len(tail), len(tail), cut, view.prompt)
            found: list[AlgebraClaim] = [*_rewritings(read, chain, place, known)]
            found += _steps(read, index, place, known)
            if found and context.standing(text, chain.start, chain.end, ""):
                yield from found
        for statement in line.equations:
            known.add(statement)


class _Known:
    """The equations that have been read so far."""

    def __init__(self, statements: Sequence[Alternatives]) -> None:
        self.seen: set[Alternatives] = set()
        self.found: list[tuple[frozenset[str], Alternatives]] = []
        for statement in statements:
            self.add(statement)

    def add(self, statement: Alternatives) -> None:
        if statement not in self.seen:
            self.seen.add(statement)
            names = frozenset[str]().union(*(equation.names for equation in statement))
            self.found.append((names, statement))

    def sharing(self, names: frozenset[str], but: Alternatives = ()) -> tuple[Alternatives, ...]:
        """Those of the last ones in which one of the variables occurs, except one."""
        return tuple(each for theirs, each in self.found[-MAX_KNOWN:] if theirs & names and each != but)


class _Place(NamedTuple):
    text: str
    offset: int  # of the text in the generated text
    begin: int  # of the unit in the text
    cut: bool
    prompt: str

    def span(self, start: int, end: int) -> Span:
        return Span(self.offset + max(start, self.begin), self.offset + end)


def _rewritings(read: Text, chain: Chain, place: _Place, known: _Known) -> Iterator[RewritingClaim]:
    sides = list(chain.sides)
    if chain.open:
        sides[0] = side_of_line_before(read.tokens, chain)
    pairs = [pair for pair in pairwise(sides) if pair[1] is not None and pair[1].end > place.begin]
    pairs = [pair for pair in pairs if _comparable(*pair)]
    if not pairs:
        return
    setting: Setting = "chain"
    if len(sides) < 3 and not chain.open:
        setting = "announced" if rewrites(place.text, chain.start) else "lone"
        if is_equation(place.text, chain.start, chain.end):
            return
    for left, right in pairs:
        assert left is not None
        assert right is not None
        if setting == "lone" and left.names == {"i"} and not is_complex(place.text, left.start, place.prompt):
            continue
        yield RewritingClaim(
            place.span(left.start if left.start >= place.begin else right.start, right.end),
            place.text[left.start : left.end],
            place.text[right.start : right.end],
            left.term,
            right.term,
            known.sharing(left.names),
            setting,
            place.cut and right is sides[-1],
        )


def _comparable(left: Side | None, right: Side | None) -> bool:
    if left is None or right is None:
        return False
    plain = len(left.branches) == len(right.branches) == 1
    return plain and bool(left.names) and left.names == right.names


def _steps(read: Text, index: int, place: _Place, known: _Known) -> Iterator[DerivationClaim]:
    line = read.lines[index]
    before = _given(read, index)
    if before is None:
        return
    gap = read.tokens[before.chain.last : line.chain.first]
    listed = all(token.mark in {Mark.BREAK, Mark.FENCE, Mark.STOP} for token in gap)
    given = before.equations[-1]
    names = given[0].names
    for conclusion in line.equations:
        if any(equation.names != names for equation in conclusion):
            continue
        yield DerivationClaim(
            place.span(line.chain.start, line.chain.end),
            place.text[before.chain.start : before.chain.end],
            place.text[line.chain.start : line.chain.end],
            given,
            conclusion,
            known.sharing(names, but=given),
            listed,
            place.cut,
        )


def _given(read: Text, index: int) -> Line | None:
    """The equation that the chain at `index` is drawn from, if the text between says so."""
    for before in reversed(read.lines[max(index - 3, 0) : index]):
        if not before.equations:
            if any(side is None or side.names for side in before.chain.sides):
                return None
            continue  # a computation between two equations
        gap = read.tokens[before.chain.last : read.lines[index].chain.first]
        single = len(before.equations[-1][0].names) == 1  # more of them may be a system, listed line by line
        return before if follows(gap, listed=single) else None
    return None


@lru_cache(maxsize=32)
def _prompt_equations(prompt: str) -> tuple[Alternatives, ...]:
    return equations_in(prompt)


__all__ = [
    "AlgebraAnswer",
    "AlgebraClaim",
    "AlgebraEquation",
    "AlgebraSteps",
    "AlgebraTerm",
    "Alternatives",
    "Applied",
    "ClaimedAlgebra",
    "DerivationClaim",
    "FunctionName",
    "Minus",
    "Pi",
    "Power",
    "Product",
    "Quotient",
    "Rational",
    "Readings",
    "RewritingClaim",
    "Setting",
    "Sum",
    "Symbol",
    "equations_in",
    "expression_in",
    "subterms",
    "symbols",
]  # fmt: skip
