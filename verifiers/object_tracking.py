"""Objects that change hands in swaps: a trace that keeps track of them is replayed, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self, TypeAlias

from midtrace import Pass, UsageError, Verdict, Violation
from midtrace.extractors.object_tracking import Holding, TrackingClaim, TrackingSteps

from ._findings import in_text_order, together

MAX_PEOPLE = 50
"""People in a problem."""

MAX_SWAPS = 2_000
"""Swaps in a problem."""

_STARTED = re.compile(
    r"\b([A-Z][\w'-]{0,30}) (?:has|gets|holds|is holding|is playing|is dancing with|starts with) (?:an? )?"
    r"([^,.\n]{1,60}?)(?=,|\.|\n| and [A-Z])"
)
_EVENT = re.compile(
    r"\b([A-Z][\w'-]{0,30}) and ([A-Z][\w'-]{0,30}) (?:(swap|trade|switch|exchange)|discuss)[^.(\n]{0,60}"
    r"|\bnothing happens[^.(\n]{0,40}|\((?:let's )?call it Action (\d{1,5})\)|\bAction (\d{1,5}) repeats"
)
_ASKED = re.compile(r"\bAt the end\b[^,.\n]{0,60}, ([A-Z][\w'-]{0,30}) (?:has|holds|is )")
_OPTION = re.compile(r"^\s{0,4}\(([A-Z])\) ?([^\n]{1,80}?)\.?\s{0,4}$", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")
_LETTER = re.compile(r"\(?([A-Z])\)?(?![\w'])")

Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ObjectTracking:
    """Who has what at the start, and who swaps with whom.

    `start` holds pairs of a person and an object, `swaps` pairs of persons. `asked` is the person whose object is the
    answer, and `options` are the objects that it may be, (A) first; without them answers are not judged. Raises
    `UsageError` for unknown or doubled persons, doubled objects, over 50 persons or 2,000 swaps.
    """

    start: tuple[Pair, ...]
    swaps: tuple[Pair, ...]
    asked: str = ""
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        people = [who for who, _ in self.start]
        if not 2 <= len(people) <= MAX_PEOPLE or len(self.swaps) > MAX_SWAPS:
            raise UsageError(
                f"ObjectTracking: expected 2 to {MAX_PEOPLE} persons and up to {MAX_SWAPS} swaps, "
                f"got {len(people)} and {len(self.swaps)}"
            )
        for what, names in (("person", people), ("object", [thing for _, thing in self.start])):
            doubled = [name for name in names if names.count(name) > 1]
            if doubled:
                raise UsageError(f"ObjectTracking: expected each {what} once, got {doubled[0]!r} twice")
        for name in (*(who for swap in self.swaps for who in swap), self.asked or people[0]):
            if name not in people:
                raise UsageError(f"ObjectTracking: {name!r} has nothing at the start")

    @classmethod
    def of(cls, problem: str) -> Self:
        """The problem in its usual words: what each person has, then swaps, one a sentence, then the question.

        Named actions ("let's call it Action 3") may repeat. Raises `UsageError` where this cannot be read.
        """
        first = _EVENT.search(problem)
        if first is None:
            raise UsageError("ObjectTracking: expected sentences such as 'Alice and Bob swap gifts' in the problem")
        start = tuple((who, what.strip()) for who, what in _STARTED.findall(problem[: first.start()]))
        asked = _ASKED.search(problem, first.end())
        options = _OPTION.findall(problem, first.end()) if asked is not None else []
        in_order = [letter for letter, _ in options] == [chr(ord("A") + n) for n in range(len(options))]
        return cls(
            start,
            tuple(_swaps(problem)),
            asked[1] if asked is not None else "",
            tuple(what for _, what in options) if in_order else (),
        )

    def check(self, state: TrackingSteps, /) -> Verdict:
        """Pass with the number of claims that were decided, or the first wrong one with the others in `also`.

        A step is judged by the swaps up to it; steps behind a wrong one have nothing to stand on and are left out.
        What is said of the end and of the answer is judged wherever it stands.
        """
        replay = _Replay(self)
        violations = [found for claim in state for found in replay.judged(claim)]
        if not violations:
            return Pass(checked=replay.decided)
        return together(in_text_order(violations))


class _Held(NamedTuple):
    """A person of the problem, the objects that may be meant, and what is written."""

    who: str
    meant: set[str]
    holding: Holding


class _Replay:
    """Follows a trace through the swaps; where text stands between two steps, anything may have happened there."""

    def __init__(self, problem: ObjectTracking) -> None:
        self.problem = problem
        self.states = tuple(_states(problem))
        self.people = [who for who, _ in problem.start]
        self.things = {what: frozenset(_words(what)) for _, what in problem.start}
        self.places = {0}  # how many swaps have been done, as far as can be told
        self.restates = True  # a list by itself may repeat where the trace is
        self.gap = False
        self.lost = False
        self.decided = 0

    def judged(self, claim: TrackingClaim) -> Iterator[Violation]:
        """Take the next claim; gives at most one violation."""
        held = [
            _Held(who, self._meant(holding.what), holding)
            for holding in claim.holdings
            if (who := self._person(holding.who)) is not None
        ]
        match claim.kind:
            case "gap":
                self.gap = True
            case "start" if held:
                yield from self._start(held)
            case "state" if held:
                yield from self._state(claim, held)
            case "start" | "state":
                self.gap = True
            case "end":
                yield from self._mismatch(held, len(self.states) - 1)
            case "answer":
                yield from self._answer(claim)

    def _start(self, held: Sequence[_Held]) -> Iterator[Violation]:
        self.places, self.gap, self.restates = {0}, False, True
        self.lost = not self._fits(held, 0)
        yield from self._mismatch(held, 0)

    def _state(self, claim: TrackingClaim, held: Sequence[_Held]) -> Iterator[Violation]:
        if self.lost:
            return
        pair = self._pair(claim.swap)
        last = len(self.states)
        if claim.swap is not None and pair is None:
            self.gap = True  # persons who are not in the problem
            return
        if pair is not None:
            due = range(1, last) if self.gap else sorted(place + 1 for place in self.places if place + 1 < last)
            due = [place for place in due if set(self.problem.swaps[place - 1]) == pair]
        else:
            # A list by itself may take several swaps at once. The first one may be the start, and one behind a step
            # with its swap may say again what that has left.
            due = range(0 if self.gap else min(self.places) + (not self.restates), last)
        self.restates = pair is not None
        fitting = {place for place in due if self._fits(held, place)}
        if fitting:
            self.places, self.gap = fitting, False
            self.decided += 1
            return
        self.lost = True
        after = min(self.places)
        if due:
            yield from self._mismatch(held, due[0])
            return
        self.decided += 1
        if after + 1 < len(self.states):
            yield Violation(f"the next swap is between {_both(self.problem.swaps[after])}", claim.span)
        else:
            yield Violation("there are no more swaps", claim.span)

    def _fits(self, held: Sequence[_Held], place: int) -> bool:
        state = self.states[place]
        return all(not meant or state[who] in meant for who, meant, _ in held)

    def _mismatch(self, held: Sequence[_Held], place: int) -> Iterator[Violation]:
        """The first holding that is not so behind `place` swaps."""
        state = self.states[place]
        when = "at the start" if place == 0 else f"after the swap of {_both(self.problem.swaps[place - 1])}"
        when = "at the end" if place == len(self.states) - 1 > 0 else when
        self.decided += any(meant for _, meant, _ in held)
        for who, meant, holding in held:
            if meant and state[who] not in meant:
                right = ", ".join(f"{each}: {what}" for each, what in state.items())
                yield Violation(
                    f"{when} {who} has {state[who]!r}, not {holding.what!r}",
                    holding.span,
                    hint=f"{when}: {right}",
                    evidence={"swaps done": str(place), "state": right},
                )
                return

    def _answer(self, claim: TrackingClaim) -> Iterator[Violation]:
        if not self.problem.asked:
            return
        options = self.problem.options
        right = self.states[-1][self.problem.asked]
        letter = _LETTER.match(claim.answer)
        if letter is not None and options:
            at = ord(letter[1]) - ord("A")
            meant = self._meant(options[at]) if at < len(options) else {""}
        else:
            meant = self._meant(claim.answer)
        if not meant:
            return
        self.decided += 1
        if right not in meant:
            letters = [chr(ord("A") + at) for at, what in enumerate(options) if self._meant(what) == {right}]
            shown = f"({letters[0]}) {right}" if letters else right
            yield Violation(f"the answer is {shown}, not {claim.answer[:60]}", claim.span, hint=shown)

    def _person(self, written: str) -> str | None:
        """The person with that name, or the only one whose name starts with it."""
        if written in self.people:
            return written
        found = [who for who in self.people if who.startswith(written)]
        return found[0] if len(found) == 1 else None

    def _pair(self, swap: Pair | None) -> set[str] | None:
        people = {self._person(name) for name in swap or ()}
        return {who for who in people if who is not None} if len(people - {None}) == 2 else None

    def _meant(self, written: str) -> set[str]:
        """The objects that share most words with what is written: `Odyssey` is The Odyssey; none: something else."""
        words = set(_words(written))
        shared = {what: len(words & own) for what, own in self.things.items()}
        most = max(shared.values())
        return {what for what, count in shared.items() if count == most} if most else set()


def _states(problem: ObjectTracking) -> Iterator[dict[str, str]]:
    """Who has what behind the first 0, 1, 2, ... swaps."""
    state = dict(problem.start)
    yield dict(state)
    for one, other in problem.swaps:
        state[one], state[other] = state[other], state[one]
        yield dict(state)


def _swaps(problem: str) -> Iterator[Pair]:
    """The swaps of a problem in order, with repeated actions written out."""
    named: dict[str, Pair | None] = {}
    last: Pair | None = None
    for event in _EVENT.finditer(problem):
        one, other, swaps, name, repeated = event.groups()
        if name is not None:
            named[name] = last
            continue
        if repeated is not None and repeated not in named:
            raise UsageError(f"ObjectTracking: Action {repeated} repeats before it is named")
        last = named[repeated] if repeated is not None else (one, other) if swaps is not None else None
        if last is not None:
            yield last


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in {"the", "a", "an", "of", "and"}]


def _both(swap: Pair) -> str:
    return " and ".join(swap)
