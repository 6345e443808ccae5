"""What a run tells its user, in order. Offsets count characters of the generated text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .trace import Origin
from .verdicts import Span, Verdict, Violation


@dataclass(frozen=True, slots=True)
class TextDelta:
    """`text` stands at `offset`, which is where the text delivered so far ends."""

    text: str
    offset: int
    origin: Origin = Origin.GENERATED


@dataclass(frozen=True, slots=True)
class SafeUpTo:
    """Every required check has cleared the text before `offset`. Grows, except after a `Retracted`."""

    offset: int


@dataclass(frozen=True, slots=True)
class Retracted:
    """Text delivered from `offset` on is withdrawn."""

    offset: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict arrived for `span`, and its text still stands."""

    monitor: str
    span: Span
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Intervened:
    """midtrace acted on `violations`, or, where there are none, on a pass that is settled.

    It cut at `offset` and put `injected` there.
    """

    monitors: tuple[str, ...]
    violations: tuple[Violation, ...]
    offset: int
    action: str
    injected: str = ""
    removed: str = ""


@dataclass(frozen=True, slots=True)
class Pressure:
    """The engine cannot keep up, or can again: `checks` of the run wait.

    `held`: the source is read no further for a while. `coalesced`: one check stands for several, and the source is
    held if that is not enough. `unverified`: further checks are not made. `over`: as before.
    """

    checks: int
    action: Literal["held", "coalesced", "unverified", "over"]


Event: TypeAlias = TextDelta | SafeUpTo | Retracted | Checked | Intervened | Pressure
