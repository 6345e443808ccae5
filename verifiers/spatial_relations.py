"""Where named things lie: claims are held against what the problem's statements leave possible."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Self, TypeAlias, assert_never

from midtrace import Pass, Unknown, UsageError, Verdict, Violation
from midtrace.extractors.spatial_relations import (
    MAX_NAMES,
    OVERLAP,
    ClaimedPlaces,
    Direction,
    HowMany,
    Question,
    Relation,
    SpatialClaim,
    WhichDirection,
    WhichObject,
    chosen,
    direction,
    spatial_problem,
)

from ._findings import in_text_order, together
from ._spatial_relations_places import Cells, Order, Possible, chained, ordered, path

_OVERLAPS = re.compile(r"\b(?:overlap\w*|same (?:place|position|cell|location))\b")
_NUMBER = re.compile(r"\d{1,4}\Z")

Places: TypeAlias = Order | Cells


@dataclass(frozen=True, slots=True)
class SpatialRelations:
    """Checks claims and the answer against statements about places; nothing that a trace says becomes a fact.

    Args:
        statements: What the problem says. In an order, "left of" says only that: above or below stays open.
        grid: Each statement is one step on a grid: a chain of them gives the distance, and "left" as an answer means
            "in the same row".
        others: Names beside those in the statements.
        question: What the answer answers; None: answers are not judged.
        options: Letters and texts of the answers to choose from.
        reveal: Hints may name what is right. Otherwise they name the statements that speak against a claim.

    Raises `UsageError` for a thing that lies beside itself, and for more than `MAX_NAMES` names.
    """

    inline: ClassVar[bool] = True

    statements: tuple[Relation, ...]
    grid: bool = False
    others: tuple[str, ...] = ()
    question: Question | None = None
    options: tuple[tuple[str, str], ...] = ()
    reveal: bool = False

    def __post_init__(self) -> None:
        for each in self.statements:
            if each.subject == each.object:
                raise UsageError(f"SpatialRelations: {each.subject!r} cannot be {each.direction.words} of itself")
        if len(self.names) > MAX_NAMES:
            raise UsageError(f"SpatialRelations: {len(self.names)} names; expected at most {MAX_NAMES}")

    @classmethod
    def of(cls, problem: str) -> Self:
        """Read a StepGame story with its question (grid), or a map in sentences with or without a question (order).

        Raises `UsageError` for a text without statements, and for a sentence that cannot be read for sure.
        """
        read = spatial_problem(problem)
        return cls(read.relations, grid=read.grid, others=read.names, question=read.question, options=read.options)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that the problem names."""
        named = (name for each in self.statements for name in (each.subject, each.object))
        return tuple(dict.fromkeys((*self.others, *named)))

    @property
    def places(self) -> Places:
        """What the statements leave possible."""
        return (chained if self.grid else ordered)(self.names, self.statements)

    def check(self, state: ClaimedPlaces, /) -> Verdict:
        """Pass with the number of claims that are certain, or the first that is impossible with the others in `also`.

        Unknown if the statements contradict each other, or if the answer is neither impossible nor certain.
        """
        places = self.places
        if not places.consistent:
            return Unknown("the statements contradict each other")
        stated = [(answer.span, chosen(answer, self.options)) for answer in state.answers]
        answered = [(span, self._answered(places, said)) for span, said in stated if said is not None]
        silent = all(finding == _Finding() for _, finding in answered)
        last = self._last_word(state) if silent else None
        findings = [(claim.span, self._claimed(places, claim, last=claim is last)) for claim in state.claims]
        wrong = in_text_order(
            replace(each.wrong, span=span) for span, each in findings + answered if each.wrong is not None
        )
        if wrong:
            return together(wrong)
        if any(each.open for _, each in answered):
            return Unknown("the statements leave the answer open")
        return Pass(checked=sum(each.certain for _, each in findings + answered))

    def _last_word(self, state: ClaimedPlaces) -> SpatialClaim | None:
        """The claim that answers the question at the end of a trace that gives no other answer."""
        if not state.final or not state.claims or not isinstance(self.question, WhichDirection):
            return None
        last = state.claims[-1]
        asked = {self.question.subject, self.question.object}
        return last if {last.subject, last.object} == asked else None

    def _claimed(self, places: Places, claim: SpatialClaim, *, last: bool) -> _Finding:
        if claim.subject not in places.names or claim.object not in places.names:
            return _Finding()
        exactly = self.grid and (claim.exactly or last)
        said = repr(" ".join(claim.text.split()))
        return self._placed(places, said, claim.subject, claim.direction, claim.object, exactly=exactly)

    def _answered(self, places: Places, said: str) -> _Finding:
        """The finding on an answer; the only option that is not impossible is certain."""
        found = self._judged(places, said)
        others = [text for _, text in self.options if text != said]
        if found.open and others and all(self._judged(places, text).wrong is not None for text in others):
            return _Finding(certain=True)
        return found

    def _judged(self, places: Places, said: str) -> _Finding:
        match self.question:
            case None:
                return _Finding()
            case WhichDirection(subject, other):
                way = OVERLAP if _OVERLAPS.search(said.lower()) else direction(said.lower())
                if way is None or (way == OVERLAP and not _OVERLAPS.search(said.lower())):
                    return _Finding()
                exactly = self.grid or self._diagonal_options()
                return self._placed(places, f"the answer {said!r}", subject, way, other, exactly=exactly)
            case WhichObject(way, other):
                name = said if said in places.names else said.removeprefix("the ").removeprefix("The ")
                if name not in places.names:
                    return _Finding()
                return self._placed(places, f"the answer {said!r}", name, way, other, exactly=self.grid)
            case HowMany(way, other):
                return self._counted(places, said, way, other)
            case _:
                assert_never(self.question)

    def _diagonal_options(self) -> bool:
        """Whether "north" is one answer among others that say more, so that it means due north."""
        ways = (direction(text.lower()) for _, text in self.options)
        return any(way is not None and way.x and way.y for way in ways)

    def _placed(
        self, places: Places, said: str, subject: str, way: Direction, other: str, *, exactly: bool
    ) -> _Finding:
        possible = places.possible(subject, other)
        axes = [axis for axis in (0, 1) if exactly or way[axis]]
        against = next((axis for axis in axes if way[axis] not in possible[axis]), None)
        if against is None:
            certain = all(possible[axis] == {way[axis]} for axis in axes)
            return _Finding(certain=certain, open=not certain)
        reasons = self._reasons(subject, other, possible, against)
        return _Finding(
            wrong=Violation(
                f"{said} contradicts the statements",
                hint=self._hint(subject, other, possible) or f"consider: {reasons}",
                evidence={"statements": reasons},
            )
        )

    def _counted(self, places: Places, said: str, way: Direction, other: str) -> _Finding:
        if _NUMBER.match(said) is None:
            return _Finding()
        possible = [places.possible(name, other) for name in places.names if name != other]
        least = sum(each.x == {way.x} and each.y == {way.y} for each in possible)
        most = sum(way.x in each.x and way.y in each.y for each in possible)
        if least <= int(said) <= most:
            return _Finding(certain=least == most, open=least != most)
        where = f"{self._named(way)} of {other}"
        right = str(least) if least == most else f"between {least} and {most}"
        return _Finding(
            wrong=Violation(
                f"the answer {said!r} is wrong: it is not the number of things {where}",
                hint=f"{right} are {where}" if self.reveal else f"ask of each name whether it must be {where}",
                evidence={"least": str(least), "most": str(most)} if self.reveal else {},
            )
        )

    def _hint(self, subject: str, other: str, possible: Possible) -> str | None:
        if not self.reveal or len(possible.x) > 1 or len(possible.y) > 1:
            return None
        (x,), (y,) = possible
        return f"{subject} is {self._named(Direction(x, y))} of {other}"

    def _reasons(self, subject: str, other: str, possible: Possible, axis: int) -> str:
        """The statements that lead from `other` to `subject`."""
        sign = None if self.grid else next(iter(possible[axis]))
        chain = path(self.statements, other, subject, axis, sign)
        return "; ".join(f"{each.subject} is {self._named(each.direction)} of {each.object}" for each in chain)

    def _named(self, way: Direction) -> str:
        return way.words if self.grid or not (way.x and way.y) else way.compass


class _Finding(NamedTuple):
    """What came of a claim or an answer; all false: it is about something else, or cannot be read."""

    wrong: Violation | None = None
    certain: bool = False
    open: bool = False
