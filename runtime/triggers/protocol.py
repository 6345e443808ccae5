"""What a trigger is.

A trigger says where units end; a unit runs from one boundary to the next, so units cover the trace without gaps.
Scanners are values: `feed` gives the next scanner instead of changing this one. A rollback restores a trigger
exactly by taking an earlier value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from ..chunks import Token


class Boundary(NamedTuple):
    """A unit ends at `end`; the text up to `needs` was necessary to know it (`needs >= end`).

    `skip` says that the trigger was told to leave this unit out: it is part of the trace, and nobody checks it.
    """

    end: int
    needs: int
    skip: bool = False


class Scanner(Protocol):
    """Incremental, immutable reader of the trace."""

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        """Read `text`, which starts at `offset`; costs O(len(text)). Feeding piecewise changes nothing.

        A boundary is given by the very feed that brings the text up to its `needs`; both numbers only grow from one
        boundary to the next.
        """
        ...


@runtime_checkable
class Restarting(Protocol):
    """A scanner that wants to know when its open unit was ended from outside. To have this method is optional."""

    def restart(self) -> Scanner:
        """The scanner for what follows a note of midtrace's, or a change of phase: unit, line and marker are over."""
        ...


class Scoped(Protocol):
    """A scanner that leaves some of the text out. To have this property is optional."""

    @property
    def skipping(self) -> bool:
        """Whether the text that follows is left out, until a boundary says otherwise."""
        ...


class Trigger(Protocol):
    """Says where checkpoints are. A frozen value; equal triggers share one scan."""

    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner at the start of the generated text that follows `prompt`."""
        ...


def skipping(scanner: Scanner) -> bool:
    """Whether `scanner` leaves the open unit out."""
    return bool(getattr(scanner, "skipping", False))  # asked for with every chunk: `isinstance` would take longer


def restarted(scanner: Scanner) -> Scanner:
    """`scanner` told that its open unit was ended from outside, if it wants to know."""
    return scanner.restart() if isinstance(scanner, Restarting) else scanner
