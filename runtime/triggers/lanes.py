"""Lanes: one scan of the trace for all monitors that share a trigger.

The state of all lanes is one tuple that travels with each piece of the trace; nothing else remembers how far a
trigger has read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ..chunks import Token
from .protocol import Boundary, Scanner, Trigger, restarted, skipping


class LaneState(NamedTuple):
    """How far one trigger has read: its scanner, and where its open unit starts."""

    scanner: Scanner
    opened: int

    def unchecked(self, end: int) -> int:
        """Where the text starts that this lane still owes a unit for; `end` is where the trace ends."""
        return end if skipping(self.scanner) else self.opened


LaneStates: TypeAlias = tuple[LaneState, ...]


class Unit(NamedTuple):
    """A complete unit `[start, end)` of lane `lane`; `needs` and `skip` as in `Boundary`."""

    lane: int
    start: int
    end: int
    needs: int
    skip: bool


def begin(triggers: Sequence[Trigger], prompt: str) -> LaneStates:
    """All lanes at the start of the generated text."""
    return tuple(LaneState(trigger.scanner(prompt), 0) for trigger in triggers)


def feed(states: LaneStates, text: str, offset: int, tokens: Sequence[Token]) -> tuple[LaneStates, Sequence[Unit]]:
    """Scan `text`, which starts at `offset`; gives the states after it and the units that it completed."""
    changed: list[LaneState] | None = None
    units: list[Unit] = []
    for lane, state in enumerate(states):
        scanner, boundaries = state.scanner.feed(text, offset, tokens)
        if scanner is state.scanner and not boundaries:
            continue
        opened = state.opened
        for end, needs, skip in boundaries:
            if end > opened:
                units.append(Unit(lane, opened, end, needs, skip))
                opened = end
        if changed is None:
            changed = list(states)
        changed[lane] = LaneState(scanner, opened)
    return (states if changed is None else tuple(changed)), units


def close(states: LaneStates, offset: int) -> tuple[LaneStates, Sequence[Unit]]:
    """End every open unit at `offset`: what follows there is not the model's."""
    units = [
        Unit(lane, state.opened, offset, offset, skipping(state.scanner))
        for lane, state in enumerate(states)
        if state.opened < offset
    ]
    return skip(states, offset), units


def skip(states: LaneStates, offset: int) -> LaneStates:
    """Let every lane go on at `offset`, its open unit starting there; scanners that count units start again."""
    return tuple(LaneState(restarted(state.scanner), offset) for state in states)


__all__ = ["Boundary", "LaneState", "LaneStates", "Unit", "begin", "close", "feed", "skip"]
