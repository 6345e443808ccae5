"""Triggers made of triggers.

Boundaries of several scanners are merged in the order in which the text proves them (`needs`, then `end`). That
order is a property of the text, so the merge does not depend on chunks either.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..chunks import Token
from .phases import THINK, Phase, Thinking, ThinkingScanner, check_phase
from .protocol import Boundary, Scanner, Trigger, restarted, skipping
from .token_cuts import divide


class Composable(ABC):
    """A trigger with operators. All built-in triggers are; `compose` makes one of any other."""

    __slots__ = ()

    @abstractmethod
    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner at the start of the generated text that follows `prompt`."""

    def __or__(self, other: Trigger) -> Composable:
        """The boundaries of either. Nothing is left out: for both in one phase, say `(a | b).within(phase)`."""
        return Either((*_members(self), *_members(other)))

    def __ror__(self, other: Trigger) -> Composable:
        return Either((*_members(other), *_members(self)))

    def after(self, first: Trigger) -> Composable:
        """These boundaries, once `first` has had its first one; one at the same place counts.

        The first unit reaches from the start of the trace to the first of these boundaries.
        """
        return After(self, first)

    def within(self, phase: Phase, of: Thinking = THINK) -> Composable:
        """These boundaries in one phase only, and the two ends of the phase: no unit mixes phases.

        Args:
            phase: "thinking" is between the tags of `of`, "answer" everywhere else.
            of: The tags; default `<think>` and `</think>`.

        The text of the other phase is not checked, tags included that lead into it; lines and counts start again with
        each phase. Raises `UsageError` for any other phase.
        """
        check_phase(phase)
        return Within(self, phase, of)

    def warm_up(self, *, characters: int | None = None, lines: int | None = None) -> Composable:
        """These boundaries, but none before the first `characters`, or `lines` that hold more than white space.

        The first unit holds the warm-up. Raises `UsageError` unless exactly one is given, and it is at least 1.
        """
        from .counts import warm_up  # noqa: PLC0415  (counting triggers have these operators themselves)

        return After(self, warm_up(characters=characters, lines=lines))


def compose(trigger: Trigger) -> Composable:
    """`trigger` with the operators `|`, `after`, `within` and `warm_up`; it needs no base class for that."""
    return trigger if isinstance(trigger, Composable) else Wrapped(trigger)


@dataclass(frozen=True, slots=True)
class Wrapped(Composable):
    """Any trigger as it is, with operators."""

    trigger: Trigger

    def scanner(self, prompt: str, /) -> Scanner:
        """The trigger's own scanner."""
        return self.trigger.scanner(prompt)


def _members(trigger: Trigger) -> tuple[Trigger, ...]:
    return trigger.triggers if isinstance(trigger, Either) else (trigger,)


def _as_proved(boundary: Boundary) -> tuple[int, int]:
    return boundary.needs, boundary.end


@dataclass(frozen=True, slots=True)
class Either(Composable):
    """The boundaries of any of `triggers`, one where several agree.

    One that ends before a boundary that was known earlier is dropped: its unit is given already.
    """

    triggers: tuple[Trigger, ...]

    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner of all at once."""
        return _EitherScanner(tuple(trigger.scanner(prompt) for trigger in self.triggers), 0)


class _EitherScanner(NamedTuple):
    scanners: tuple[Scanner, ...]
    last: int

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        found: list[Boundary] = []
        scanners: list[Scanner] = []
        changed = False
        for scanner in self.scanners:
            after, boundaries = scanner.feed(text, offset, tokens)
            changed = changed or after is not scanner
            scanners.append(after)
            found.extend(boundaries)
        if not found:
            return (_EitherScanner(tuple(scanners), self.last) if changed else self), ()
        found.sort(key=_as_proved)
        kept: list[Boundary] = []
        last = self.last
        for boundary in found:
            if boundary.end > last:
                kept.append(boundary._replace(skip=False))  # what one trigger leaves out, another wants
                last = boundary.end
        return _EitherScanner(tuple(scanners), last), kept

    def restart(self) -> Scanner:
        return _EitherScanner(tuple(map(restarted, self.scanners)), self.last)


@dataclass(frozen=True, slots=True)
class After(Composable):
    """The boundaries of `trigger` from the first boundary of `first` on."""

    trigger: Trigger
    first: Trigger

    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner that waits."""
        return _AfterScanner(self.trigger.scanner(prompt), self.first.scanner(prompt))


class _AfterScanner(NamedTuple):
    scanner: Scanner
    first: Scanner

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        scanner, boundaries = self.scanner.feed(text, offset, tokens)
        first, opening = self.first.feed(text, offset, tokens)
        if opening:
            known = [boundary for boundary in boundaries if boundary.needs >= opening[0].needs]
            return _let_through(scanner, opening[0].end, known)
        same = scanner is self.scanner and first is self.first
        return (self if same else _AfterScanner(scanner, first)), ()

    def restart(self) -> Scanner:
        return _AfterScanner(restarted(self.scanner), self.first)


class _FromScanner(NamedTuple):
    """What `_AfterScanner` is once it need not wait any more; the first boundaries may still end too early."""

    scanner: Scanner
    start: int

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        scanner, boundaries = self.scanner.feed(text, offset, tokens)
        return _let_through(scanner, self.start, boundaries)

    def restart(self) -> Scanner:
        return _FromScanner(restarted(self.scanner), self.start)


def _let_through(scanner: Scanner, start: int, known: Sequence[Boundary]) -> tuple[Scanner, Sequence[Boundary]]:
    kept = [boundary for boundary in known if boundary.end >= start]
    if kept:
        kept[0] = kept[0]._replace(skip=False)  # its unit holds everything from the start of the trace
    return (scanner if kept else _FromScanner(scanner, start)), kept


@dataclass(frozen=True, slots=True)
class Within(Composable):
    """The boundaries of `trigger` in `phase`, and every change of phase; there the trigger starts again."""

    trigger: Trigger
    phase: Phase
    of: Thinking

    def scanner(self, prompt: str, /) -> Scanner:
        """A scanner that starts in the phase that the prompt ends in."""
        return _WithinScanner(self.trigger.scanner(prompt), self.of.scanner(prompt), self.phase == "thinking", 0)


class _WithinScanner(NamedTuple):
    scanner: Scanner
    phases: ThinkingScanner
    wanted: bool
    entered: int

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        phases, changes = self.phases.read(text, offset)
        scanner, entered = self.scanner, self.entered
        active = self.phases.thinking is self.wanted
        kept: list[Boundary] = []
        if changes:
            *parts, (text, tokens) = divide(text, tokens, [change.end - offset for change in changes])
            for change, part in zip(changes, parts, strict=True):
                scanner, boundaries = scanner.feed(part.text, offset, part.tokens)
                if active:
                    kept += (boundary for boundary in boundaries if entered < boundary.end < change.end)
                kept.append(change._replace(skip=not active or skipping(scanner)))
                scanner = restarted(scanner)
                offset = entered = change.end
                active = not active
        scanner, boundaries = scanner.feed(text, offset, tokens)
        if active:
            kept += (boundary for boundary in boundaries if boundary.end > entered)
        if scanner is self.scanner and phases is self.phases:
            return self, kept
        return _WithinScanner(scanner, phases, self.wanted, entered), kept

    @property
    def skipping(self) -> bool:
        return self.phases.thinking is not self.wanted or skipping(self.scanner)

    def restart(self) -> Scanner:
        return self._replace(scanner=restarted(self.scanner), phases=self.phases.restart())
