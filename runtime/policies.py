"""What to do about a verdict.

A policy is a frozen value that the machine reads; it holds no state and runs no code of its own, except a feedback
callable that its user gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .errors import UsageError
from .verdicts import Violation

Target: TypeAlias = Literal["claim", "unit", "checkpoint"]
"""Where a rollback cuts: before the wrong claim, before the unit that holds it, or after that unit (kept, wrong)."""

Repair: TypeAlias = Literal["correct", "note", "resample"]
"""What a rollback puts in: the corrected text in place of the wrong, a note about it, or nothing but another try."""

OnUnknown: TypeAlias = Literal["unverified", "pass", "violation", "abstain"]
"""What an `Unknown` means: the run cannot be verified any more; let it count as passed; treat it as a violation;
abstain."""

Feedback: TypeAlias = str | Callable[[Sequence[Violation]], str]
"""A template with `{message}` and `{hint}`, or a callable that writes the note for the merged violations."""

Anchor: TypeAlias = str | Callable[[str], str]
"""A text that re-opens the format after a repair, or a callable that writes it from the text kept so far (at most
its last 2,000 characters, repair included)."""

FIRST_PERSON = "\nWait, that is not right: {message}. "
"""The default note, in the voice of reasoning text. It says the verifier's message and nothing more."""

TAGGED = "\n[check: {message}]\n"
"""A note that stands apart from the text, for formats with one step a line."""


@dataclass(frozen=True, slots=True)
class Observe:
    """Report, and leave the text alone. A violation that stands keeps a required monitor's run from `verified`."""

    on_unknown: OnUnknown = "unverified"


@dataclass(frozen=True, slots=True)
class Rollback:
    """Cut the wrong text away, repair, and let the source go on from there.

    `to` says where to cut, `repair` what to put in its place, `anchor` a text that re-opens the format after it
    (for example the head of the next step). `limit` bounds the rollbacks of this monitor in one run; beyond it the
    run is `exhausted`.
    """

    to: Target = "unit"
    repair: Repair = "note"
    feedback: Feedback = FIRST_PERSON
    anchor: Anchor = ""
    limit: int | None = None
    on_unknown: OnUnknown = "unverified"

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 0:
            raise UsageError(f"Rollback(limit={self.limit}): expected 0 or more")
        if self.repair == "correct" and self.to == "checkpoint":
            raise UsageError('Rollback(to="checkpoint", repair="correct"): expected to="claim" or to="unit"')
        if isinstance(self.feedback, str):
            try:
                self.feedback.format(message="", hint="")
            except (KeyError, IndexError, ValueError) as error:
                raise UsageError(
                    f"Rollback(feedback=...): expected a template with {{message}} and {{hint}} only, "
                    f"got {self.feedback!r}"
                ) from error


@dataclass(frozen=True, slots=True)
class Stop:
    """End the reasoning here: cut after the checked unit, put in `closing`, and let the source answer. Once a run."""

    closing: str = "\n</think>\n\n"
    on_unknown: OnUnknown = "unverified"


@dataclass(frozen=True, slots=True)
class Abstain:
    """Give no answer: the run ends as `abstained`, its text cut before the violation."""

    on_unknown: OnUnknown = "unverified"


@dataclass(frozen=True, slots=True)
class Gate:
    """Deliver nothing that follows the checked unit until its verdict is there; on a violation do `then`."""

    then: Observe | Rollback | Stop | Abstain = field(default_factory=Rollback)

    @property
    def on_unknown(self) -> OnUnknown:
        """As the policy behind the gate says."""
        return self.then.on_unknown


Reaction: TypeAlias = Observe | Rollback | Stop | Abstain
Policy: TypeAlias = Reaction | Gate
