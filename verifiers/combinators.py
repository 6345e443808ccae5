"""Verifiers made of verifiers."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from midtrace import Pass, Unknown, UsageError, Verdict, Verifier, Violation, verifier
from midtrace.monitors import AnyVerifier

from ._findings import in_text_order, together

REMEMBERED = 4096
"""Verdicts that all `Cached` together keep in a process."""


@dataclass(frozen=True, slots=True, init=False)
class AllOf:
    """The state holds if each of these says so: `AllOf(first, second)`.

    Violations are put together, the earliest in the text first. Without any, one `Unknown` makes the verdict unknown.
    A pass is settled if each of them is.
    """

    verifiers: tuple[Verifier[Any], ...]

    def __init__(self, *verifiers: AnyVerifier) -> None:
        object.__setattr__(self, "verifiers", _wrapped("AllOf", verifiers))

    @property
    def inline(self) -> bool:
        """Whether all of them are."""
        return _inline(self.verifiers)

    def check(self, state: object, /) -> Verdict:
        """Ask all of them."""
        verdicts = [each.check(state) for each in self.verifiers]
        violations = _violations(verdicts)
        if violations:
            return together(in_text_order(violations))
        unknown = next((verdict for verdict in verdicts if isinstance(verdict, Unknown)), None)
        if unknown is not None:
            return unknown
        passes = [verdict for verdict in verdicts if isinstance(verdict, Pass)]
        told = [verdict.settled for verdict in passes]
        return Pass(sum(verdict.checked for verdict in passes), "; ".join(dict.fromkeys(told)) if all(told) else "")


@dataclass(frozen=True, slots=True, init=False)
class AnyOf:
    """The state holds if one of these says so: `AnyOf(first, second)`; the rest is not asked then.

    It is wrong if all find violations, which are put together; else it is unknown.
    """

    verifiers: tuple[Verifier[Any], ...]

    def __init__(self, *verifiers: AnyVerifier) -> None:
        object.__setattr__(self, "verifiers", _wrapped("AnyOf", verifiers))

    @property
    def inline(self) -> bool:
        """Whether all of them are."""
        return _inline(self.verifiers)

    def check(self, state: object, /) -> Verdict:
        """Ask one after another until one passes."""
        verdicts: list[Verdict] = []
        for each in self.verifiers:
            verdict = each.check(state)
            if isinstance(verdict, Pass):
                return verdict
            verdicts.append(verdict)
        unknown = next((verdict for verdict in verdicts if isinstance(verdict, Unknown)), None)
        return unknown or together(in_text_order(_violations(verdicts)))


@dataclass(frozen=True, slots=True, init=False)
class Cached:
    """A verifier whose verdicts a worker remembers: `Cached(slow)`. For states that come again and again.

    Only `Pass` and `Violation` are remembered. Where verifier or state cannot be hashed, it is asked every time.
    """

    verifier: Verifier[Any]

    def __init__(self, verifier: AnyVerifier) -> None:
        object.__setattr__(self, "verifier", _wrapped("Cached", (verifier,))[0])

    @property
    def inline(self) -> bool:
        """Whether it is."""
        return _inline((self.verifier,))

    def check(self, state: object, /) -> Verdict:
        """The verdict on this state, as it was given before if it was."""
        try:
            hash((self.verifier, state))
        except TypeError:
            return self.verifier.check(state)
        try:
            return _remembered(cast("Hashable", self.verifier), state)
        except _Forgotten as forgotten:
            return forgotten.verdict


class _Forgotten(Exception):  # noqa: N818  (carries a verdict past the cache)
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


@functools.lru_cache(maxsize=REMEMBERED)
def _remembered(verifier: Hashable, state: Hashable, /) -> Verdict:
    verdict = cast("Verifier[Any]", verifier).check(state)
    if isinstance(verdict, Unknown):
        raise _Forgotten(verdict)
    return verdict


def _wrapped(name: str, parts: Sequence[AnyVerifier]) -> tuple[Verifier[Any], ...]:
    """The parts, plain functions as verifiers. Raises `UsageError`."""
    if not parts:
        raise UsageError(f"{name}(): expected at least one verifier")
    for part in parts:
        if not isinstance(part, Verifier) and not callable(part):
            raise UsageError(f"{name}(): expected verifiers or functions, got {part!r}")
    return tuple(each if isinstance(each, Verifier) else verifier(each) for each in parts)


def _inline(parts: Iterable[Verifier[Any]]) -> bool:
    return all(getattr(each, "inline", False) is True for each in parts)


def _violations(verdicts: Iterable[Verdict]) -> list[Violation]:
    return [found for verdict in verdicts if isinstance(verdict, Violation) for found in _apart(verdict)]


def _apart(violation: Violation) -> Iterator[Violation]:
    yield replace(violation, also=())
    for each in violation.also:
        yield from _apart(each)
