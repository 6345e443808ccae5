"""What to do about a verdict.

A policy is a frozen value that the machine reads; it holds no state and runs no code of its own, except a feedback
callable that its user gave.

Every policy says what an `Unknown` means: `on_unknown`, and apart from it `on_error` for a check that crashed, ran out
of time or was lost with its worker (None: the same as `on_unknown`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from .errors import UsageError, expect_one_of
from .verdicts import Unknown, UnknownKind, Violation

Target: TypeAlias = Literal["claim", "unit", "checkpoint"]
"""Where a rollback cuts: before the wrong claim, before the unit that holds it, or after that unit (kept, wrong)."""

Repair: TypeAlias = Literal["correct", "note", "resample"]
"""What a rollback puts in: the corrected text in place of the wrong, a note about it, or nothing but another try."""

OnUnknown: TypeAlias = Literal["unverified", "pass", "retry", "violation", "abstain"]
"""What an `Unknown` means: the run cannot be verified any more; let it count as passed; check once more, and after
that `unverified`; treat it as a violation; abstain."""

FAULTS: frozenset[UnknownKind] = frozenset({"timeout", "crashed", "lost", "refused"})
"""The kinds of `Unknown` that say something of the check and nothing of the text."""

Feedback: TypeAlias = str | Callable[[Sequence[Violation]], str]
"""A template with `{message}` and `{hint}`, or a callable that writes the note for the merged violations."""

Anchor: TypeAlias = str | Callable[[str], str]
"""A text that re-opens the format after a repair, or a callable that writes it from the text kept so far (at most
its last 2,000 characters, repair included)."""

FIRST_PERSON = "\nWait, that is not right: {message}. "
"""The default note, in the voice of reasoning text. It says the verifier's message and nothing more."""

TAGGED = "\n[check: {message}]\n"
"""A note that stands apart from the text, for formats with one step a line."""


def _check_template(where: str, template: str) -> None:
    try:
        template.format(message="", hint="")
    except (AttributeError, KeyError, IndexError, ValueError) as error:
        raise UsageError(
            f"{where}: expected a template with {{message}} and {{hint}} only, got {template!r}"
        ) from error


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """Feedback as a turn of the user's: for a chat model whose prompt is written out with its own template.

    `close` ends the assistant's turn and opens the user's, `reopen` ends the user's and opens the assistant's again.
    No template is built in but the one that has a name of its own, `CHATML`: a wrong one is worse than none.
    """

    close: str
    reopen: str
    text: str = "{message}"

    def __post_init__(self) -> None:
        _check_template("ChatTurn(text=...)", self.text)

    def __call__(self, violations: Sequence[Violation], /) -> str:
        """The whole turn."""
        return self.close + worded(self.text, violations) + self.reopen


CHATML = ChatTurn("<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")
"""A user's turn in ChatML, which Qwen and many others read."""


def worded(template: str, violations: Sequence[Violation]) -> str:
    """A template with the messages and the hints of all violations filled in; nothing else is ever revealed."""
    message = "; ".join(violation.message for violation in violations)
    hint = "; ".join(violation.hint for violation in violations if violation.hint)
    return template.format(message=message, hint=hint)


@dataclass(frozen=True, slots=True)
class Observe:
    """Report, and leave the text alone. A violation that stands keeps a required monitor's run from `verified`."""

    on_unknown: OnUnknown = "unverified"
    on_error: OnUnknown | None = None

    def __post_init__(self) -> None:
        _check_unknowns(self)


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
    on_error: OnUnknown | None = None

    def __post_init__(self) -> None:
        _check_unknowns(self)
        expect_one_of("Rollback", "to", self.to, get_args(Target))
        expect_one_of("Rollback", "repair", self.repair, get_args(Repair))
        if self.limit is not None and self.limit < 0:
            raise UsageError(f"Rollback(limit={self.limit}): expected 0 or more")
        if self.repair == "correct" and self.to == "checkpoint":
            raise UsageError('Rollback(to="checkpoint", repair="correct"): expected to="claim" or to="unit"')
        if isinstance(self.feedback, str):
            _check_template("Rollback(feedback=...)", self.feedback)


@dataclass(frozen=True, slots=True)
class Stop:
    """End the reasoning here: cut after the checked unit, put in `closing`, and let the source answer. Once a run.

    A pass that is `settled` leads to this, and a violation, unless `otherwise` says what that leads to. Where the
    reasoning has come to its own end before such a pass arrives, nothing is done: the trigger has left the phase of
    the unit (`within`), the tag that `closing` ends with has been written already, or the source has ended. What an
    `Unknown` means is said here, not by `otherwise`.
    """

    closing: str = "\n</think>\n\n"
    otherwise: Observe | Rollback | Abstain | None = None
    on_unknown: OnUnknown = "unverified"
    on_error: OnUnknown | None = None

    def __post_init__(self) -> None:
        _check_unknowns(self)
        if self.otherwise is not None and not isinstance(self.otherwise, Observe | Rollback | Abstain):
            raise UsageError(f"Stop(otherwise={self.otherwise!r}): expected Observe(), Rollback() or Abstain()")


@dataclass(frozen=True, slots=True)
class Abstain:
    """Give no answer: the run ends as `abstained`, its text cut before the violation."""

    on_unknown: OnUnknown = "unverified"
    on_error: OnUnknown | None = None

    def __post_init__(self) -> None:
        _check_unknowns(self)


@dataclass(frozen=True, slots=True)
class Gate:
    """Deliver nothing that follows the checked unit until its verdict is there; on a violation do `then`."""

    then: Observe | Rollback | Stop | Abstain = field(default_factory=Rollback)

    def __post_init__(self) -> None:
        if not isinstance(self.then, Observe | Rollback | Stop | Abstain):
            raise UsageError(f"Gate(then={self.then!r}): expected Observe(), Rollback(), Stop() or Abstain()")

    @property
    def on_unknown(self) -> OnUnknown:
        """As the policy behind the gate says."""
        return self.then.on_unknown

    @property
    def on_error(self) -> OnUnknown | None:
        """As the policy behind the gate says."""
        return self.then.on_error


def _check_unknowns(policy: Reaction) -> None:
    name = type(policy).__name__
    expect_one_of(name, "on_unknown", policy.on_unknown, get_args(OnUnknown))
    expect_one_of(name, "on_error", policy.on_error, (*get_args(OnUnknown), None))


Reaction: TypeAlias = Observe | Rollback | Stop | Abstain
Policy: TypeAlias = Reaction | Gate


def on_violation(policy: Policy) -> Reaction:
    """What `policy` does about a violation."""
    reaction = policy.then if isinstance(policy, Gate) else policy
    return reaction.otherwise or reaction if isinstance(reaction, Stop) else reaction


def on_settled(policy: Policy) -> Stop | None:
    """What `policy` does about a settled pass; None: nothing."""
    reaction = policy.then if isinstance(policy, Gate) else policy
    return reaction if isinstance(reaction, Stop) else None


def meaning(policy: Policy, unknown: Unknown) -> OnUnknown:
    """What `policy` makes of `unknown`."""
    return policy.on_error if policy.on_error is not None and unknown.kind in FAULTS else policy.on_unknown
