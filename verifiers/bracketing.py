"""Bracket sequences to be completed: a trace that keeps a stack is replayed, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from midtrace import Pass, UsageError, Verdict, Violation
from midtrace.extractors.bracketing import BracketClaim, BracketSteps

from ._findings import in_text_order, together

MAX_LENGTH = 2_000
"""Brackets in a problem."""

_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_INPUT = re.compile(r"\binput:([^\n]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bracketing:
    """A sequence of brackets, some still open, which a trace has to close.

    `sequence` holds brackets `()[]{}<>` and white space. Raises `UsageError` for anything else, for brackets that
    close what is not open, and beyond 2,000 of them.
    """

    sequence: str

    def __post_init__(self) -> None:
        brackets = "".join(self.sequence.split())
        if not brackets or len(brackets) > MAX_LENGTH or brackets.strip("()[]{}<>"):
            raise UsageError(f"Bracketing: expected 1 to {MAX_LENGTH} brackets, got {self.sequence[:60]!r}")
        object.__setattr__(self, "sequence", brackets)
        for _ in _stacks(brackets):
            pass

    @classmethod
    def of(cls, problem: str) -> Self:
        """The problem in its usual words: the sequence alone, or behind `Input:`, the last one if there are several.

        Raises `UsageError` where there is no such sequence.
        """
        found = [line for line in _INPUT.findall(problem) if line.strip() and not line.strip().strip("()[]{}<> \t")]
        return cls(found[-1] if found else problem.strip())

    @property
    def closing(self) -> str:
        """What completes the sequence, without space."""
        *_, last = _stacks(self.sequence)
        return _closing(last)

    def check(self, state: BracketSteps, /) -> Verdict:
        """Pass with the number of claims that were decided, or the first wrong one with the others in `also`.

        Every step is judged by the one before; steps behind a wrong one have nothing to stand on and are left out.
        What is said of the whole sequence (final stack, what closes it, the answer) is judged wherever it stands.
        """
        replay = _Replay(self.sequence)
        violations = [found for claim in state for found in replay.judged(claim)]
        if not violations:
            return Pass(checked=replay.decided)
        return together(in_text_order(violations))


class _Place(NamedTuple):
    """How many symbols a trace has read, and whether it writes the top of the stack first."""

    read: int
    flipped: bool


class _Replay:
    """Follows a trace through the sequence; where text stands between two steps, anything may have been read there."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence
        self.stacks = tuple(_stacks(sequence))
        self.closing = _closing(self.stacks[-1])
        self.places = {_Place(0, flipped=False), _Place(0, flipped=True)}
        self.gap = True
        self.ended = False
        self.lost = False
        self.decided = 0

    def judged(self, claim: BracketClaim) -> Iterator[Violation]:
        """Take the next claim; gives its violation, if it is wrong."""
        match claim.kind:
            case "gap":
                self.gap = True
            case "start":
                self.places |= {_Place(0, flipped=False), _Place(0, flipped=True)}
                self.gap = False
            case "move":
                yield from self._move(claim)
            case "end":
                self.ended = True
                yield from self._end(claim)
            case "stack":
                yield from self._whole(claim, (self.stacks[-1], self.stacks[-1][::-1]), "the final stack is")
            case "pop" if self.ended:
                yield from self._whole(claim, (self.stacks[-1][::-1],), "what is popped, the last one first, is")
            case "close" if self.ended:
                yield from self._whole(claim, (self.closing,), "what closes the sequence is")
            case "answer":
                yield from self._whole(claim, (self.closing, self.sequence + self.closing), "the answer is")
            case "pop" | "close":
                pass

    def _move(self, claim: BracketClaim) -> Iterator[Violation]:
        if self.lost:
            return
        reached = {after for place in self.places if (after := self._after(place, claim)) is not None}
        if self.gap:
            anywhere = (_Place(read, flipped) for read in range(len(self.sequence)) for flipped in (False, True))
            reached |= {after for place in anywhere if (after := self._after(place, claim)) is not None}
        if reached:
            self.places, self.gap = reached, False
        elif claim.cut and any(self._begins(place, claim) for place in self.places):
            return
        else:
            self.lost = True
            yield self._wrong(claim)
        self.decided += 1

    def _after(self, place: _Place, claim: BracketClaim) -> _Place | None:
        end = place.read + len(claim.read)
        if end > len(self.sequence) or not self.sequence.startswith(claim.read, place.read):
            return None
        written = claim.brackets[::-1] if place.flipped else claim.brackets
        fits = self.stacks[end] == written or (written == "[]" and not self.stacks[end])
        return _Place(end, place.flipped) if fits else None

    def _begins(self, place: _Place, claim: BracketClaim) -> bool:
        end = place.read + len(claim.read)
        read = self.sequence[place.read : end] == claim.read
        return read and self._stack(end, place).startswith(claim.brackets)

    def _stack(self, read: int, place: _Place) -> str:
        return self.stacks[read][::-1] if place.flipped else self.stacks[read]

    def _wrong(self, claim: BracketClaim) -> Violation:
        place = min(self.places)
        due = self.sequence[place.read : place.read + len(claim.read)]
        if not due:
            return Violation(f"{_spaced(claim.read)} is read, but the sequence has ended", claim.span)
        stack = _named(self._stack(place.read + len(due), place))
        if due == claim.read:
            message = f"behind {_spaced(due)} the stack is {stack}, not {_named(claim.brackets)}"
        else:
            message = f"the next symbol of the sequence is {_spaced(due)}, not {_spaced(claim.read)}"
        right = f"{_spaced(due)} ; stack: {stack}"
        return Violation(
            message,
            claim.span,
            hint=right,
            correction=None if self.gap else right,
            evidence={"symbols read before": str(place.read), "due": right},
        )

    def _end(self, claim: BracketClaim) -> Iterator[Violation]:
        if self.gap or self.lost:
            return
        self.decided += 1
        most = max(place.read for place in self.places)
        if most < len(self.sequence):
            rest = self.sequence[most:]
            yield Violation(f"the end is not reached: {_spaced(rest)} is still to be read", claim.span)

    def _whole(self, claim: BracketClaim, right: tuple[str, ...], what: str) -> Iterator[Violation]:
        self.decided += 1
        if claim.brackets in right or (claim.brackets == "[]" and "" in right):
            return
        due = _named(right[0])
        yield Violation(f"{what} {due}, not {_named(claim.brackets)}", claim.span, hint=due, evidence={"right": due})


def _stacks(sequence: str) -> Iterator[str]:
    """What is open behind each of the first 0, 1, 2, ... brackets. Raises `UsageError` where they do not match."""
    stack = ""
    yield stack
    for place, mark in enumerate(sequence):
        if mark in _PAIRS:
            stack += mark
        elif stack and _PAIRS[stack[-1]] == mark:
            stack = stack[:-1]
        else:
            raise UsageError(f"Bracketing: {mark!r} at bracket {place + 1} closes nothing that is open")
        yield stack


def _closing(stack: str) -> str:
    return "".join(_PAIRS[mark] for mark in reversed(stack))


def _spaced(brackets: str) -> str:
    return " ".join(brackets)


def _named(brackets: str) -> str:
    return _spaced(brackets) or "empty"
