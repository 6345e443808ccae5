"""Verifiers made of verifiers say what their parts say together."""

from __future__ import annotations

import itertools
from typing import ClassVar

import pytest

import midtrace as mt
from midtrace import Pass, Span, Unknown, UsageError, Verdict, Violation
from midtrace.testing import check_verifier
from midtrace.verifiers import AllOf, AnyOf, Arithmetic, Cached

PASS, UNKNOWN = Pass(checked=2), Unknown("who knows")
LATE, EARLY = Violation("late", Span(9, 10)), Violation("early", Span(3, 4), also=(Violation("mid", Span(5, 6)),))


class Says:
    """Says the verdict it is asked about: the state is a list of verdicts, by the verifier's number."""

    inline: ClassVar[bool] = True

    def __init__(self, number: int) -> None:
        self.number = number

    def check(self, state: tuple[Verdict, ...], /) -> Verdict:
        return state[self.number]


def kind(verdict: Verdict) -> type:
    return type(verdict)


@pytest.mark.parametrize("state", list(itertools.product([PASS, UNKNOWN, LATE, EARLY], repeat=3)))
def test_all_and_any(state: tuple[Verdict, ...]) -> None:
    kinds = {type(each) for each in state}
    both = AllOf(Says(0), Says(1), Says(2)).check(state)
    any_ = AnyOf(Says(0), Says(1), Says(2)).check(state)

    assert kind(both) is (Violation if Violation in kinds else Unknown if Unknown in kinds else Pass)
    assert kind(any_) is (Pass if Pass in kinds else Unknown if Unknown in kinds else Violation)
    if isinstance(both, Violation):
        found = [both, *both.also]
        expected = sum(1 + len(each.also) for each in state if isinstance(each, Violation))
        assert len(found) == expected
        assert [each.span for each in found] == sorted(each.span for each in found if each.span)
    if both == Pass(checked=6):
        assert kinds == {Pass}


def test_functions_count_as_verifiers() -> None:
    both = AllOf(lambda state: None if state > 0 else "not positive", lambda state: None if state < 9 else "too large")
    assert both.check(5) == Pass(checked=2)
    assert isinstance(both.check(-1), Violation)


def test_what_is_cheap_stays_cheap() -> None:
    def inline(verifier: mt.Verifier[object]) -> bool:
        return mt.Monitor("m", verify=verifier).rule.inline

    assert inline(AllOf(Arithmetic(), Says(0)))
    assert inline(Cached(Arithmetic()))
    assert not inline(AnyOf(Arithmetic(), lambda _: None))


class Counts:
    def __init__(self) -> None:
        self.asked = 0

    def check(self, state: object, /) -> Verdict:
        self.asked += 1
        if state == "raise":
            raise TypeError("not a state")
        return UNKNOWN if state == "?" else LATE if state else PASS


def test_a_verdict_is_given_once() -> None:
    counts = Counts()
    cached = Cached(counts)
    assert [cached.check(state) for state in ("a", "a", "", "")] == [LATE, LATE, PASS, PASS]
    assert counts.asked == 2
    assert [cached.check("?"), cached.check("?")] == [UNKNOWN, UNKNOWN]
    assert counts.asked == 4, "what was not decided may be another time"
    assert [cached.check([1]), cached.check([1])] == [LATE, LATE]
    assert counts.asked == 6, "a list cannot be remembered"
    with pytest.raises(TypeError, match="not a state"):
        cached.check("raise")


@pytest.mark.parametrize("make", [AllOf, AnyOf])
def test_nothing_to_combine_is_refused(make: type[AllOf | AnyOf]) -> None:
    with pytest.raises(UsageError, match="expected at least one verifier"):
        make()
    with pytest.raises(UsageError, match="expected verifiers or functions, got 3"):
        make(3)  # type: ignore[arg-type]


def longer(limit: int, state: str) -> str | None:
    return "too short" if len(state) < limit else None


def at_least_two(state: str) -> str | None:
    return longer(2, state)


def at_least_three(state: str) -> str | None:
    return longer(3, state)


def test_conformance() -> None:
    combined = AllOf(Cached(at_least_two), AnyOf(at_least_three, at_least_two))
    check_verifier(combined, passes=["abc", "ab"], violates=["a", ""])
