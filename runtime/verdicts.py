"""What a check says of a state, and how a verifier is written."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

from .errors import UsageError

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


class Span(NamedTuple):
    """`[start, end)` in characters of the generated text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pass:
    """The state holds. `checked` is the number of claims that were really decided (0: nothing was claimed).

    `settled` says that there is nothing left to find out: what is told, in a few words. A policy `Stop` then ends the
    reasoning here; to all other policies it is a pass like any other.
    """

    checked: int = 1
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """The state breaks a rule.

    `span` is where, in characters of the generated text (None: the whole unit). `hint` says what would be right,
    `correction` is text that can stand in the span's place. `evidence` holds facts that let a reader check the
    verdict. `also` holds further violations of the same state, later in the text.
    """

    message: str
    span: Span | None = None
    hint: str | None = None
    correction: str | None = None
    evidence: Mapping[str, str] = field(default_factory=dict, hash=False)
    also: tuple[Violation, ...] = ()


UnknownKind: TypeAlias = Literal["undecided", "unparsed", "timeout", "crashed", "lost", "refused"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The check did not decide. Never counts as `Pass`; `kind` says what stood in the way."""

    reason: str
    kind: UnknownKind = "undecided"


Verdict: TypeAlias = Pass | Violation | Unknown


@runtime_checkable
class Verifier(Protocol[S_contra]):
    """Judges one state. Usually a frozen dataclass whose fields are the problem; must be pure and picklable."""

    def check(self, state: S_contra, /) -> Verdict:
        """Say whether `state` holds. May raise: the check is then `Unknown`."""
        ...


Judge: TypeAlias = Callable[[S], Verdict | str | None]
"""A plain function that judges: None passes, a string is the violation, a `Verdict` is taken as it is."""


@dataclass(frozen=True, slots=True)
class FunctionVerifier(Generic[S]):
    """A plain function as a verifier; made by `@verifier`."""

    function: Judge[S]

    @property
    def name(self) -> str:
        """The function's own name, for reports."""
        return getattr(self.function, "__qualname__", repr(self.function))

    def check(self, state: S, /) -> Verdict:
        """Call the function and read its answer as a verdict."""
        return as_verdict(self.function(state))

    def __call__(self, state: S, /) -> Verdict | str | None:
        """The function itself, for direct use."""
        return self.function(state)


def verifier(function: Judge[S]) -> FunctionVerifier[S]:
    """Turn a function into a verifier: None passes, a string is the violation, a `Verdict` stays as it is.

    Raises `UsageError` for a coroutine function: a check runs in a worker process, where it may simply block.
    """
    if inspect.iscoroutinefunction(function):
        name = getattr(function, "__name__", repr(function))
        raise UsageError(f"verifier {name}: expected a plain function, got a coroutine function")
    return FunctionVerifier(function)


def as_verdict(answer: object) -> Verdict:
    """Read what a verifier returned. Raises `TypeError` for anything that is not a verdict."""
    match answer:
        case None:
            return Pass()
        case str():
            return Violation(answer)
        case Pass() | Violation() | Unknown():
            return answer
        case _:
            raise TypeError(f"expected None, a string or a verdict, got {type(answer).__name__}")
