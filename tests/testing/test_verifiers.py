"""`check_verifier` lets good verifiers pass, and finds each fault that it says it finds."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

import midtrace as mt
from midtrace.extractors import ArithmeticClaims
from midtrace.testing import ConformanceError, check_verifier
from midtrace.verifiers import Arithmetic

LOCK = threading.Lock()


@dataclass
class Order:
    """A state that can be changed, as no state should be, and that knows equality."""

    total: int
    parts: list[int] = field(default_factory=list)


GOOD, BAD = Order(3, [1, 2]), Order(4, [1, 2])


class Plain:
    """A state that does not know equality."""

    def __init__(self, total: int) -> None:
        self.total = total


@dataclass(frozen=True)
class Adds:
    """The good one."""

    tolerance: int = 0

    def check(self, state: Order, /) -> mt.Verdict:
        off = abs(state.total - sum(state.parts))
        return mt.Pass() if off <= self.tolerance else mt.Violation("off", mt.Span(3, 5), evidence={"off": str(off)})


def adds(state: Order) -> str | None:
    return None if state.total == sum(state.parts) else "off"


def test_good_verifiers_pass() -> None:
    report = check_verifier(Adds(), passes=[GOOD], violates=[BAD], hostile=[Order(-1), "no order"])

    assert report.subject == "Adds(tolerance=0)"
    assert {"pure", "untouched", "travels", "worker"} <= set(report.kept)
    assert report.here is not None
    assert report.worker is not None
    assert report.here.calls == report.worker.calls == 4
    assert 0 < report.here.median <= report.here.worst


def test_functions_and_decorated_functions_are_verifiers() -> None:
    check_verifier(adds, passes=[GOOD], violates=[BAD])
    check_verifier(mt.verifier(adds), passes=[GOOD], violates=[BAD])


def test_a_state_without_equality_is_a_state() -> None:
    def positive(state: Plain) -> str | None:
        return None if state.total > 0 else "not positive"

    def spoils(state: Plain) -> str | None:
        state.total += 1
        return None

    check_verifier(positive, passes=[Plain(1)], violates=[Plain(0)])
    assert broken(spoils, passes=[Plain(1)]) == "untouched"


def test_the_built_in_verifier_passes() -> None:
    read = ArithmeticClaims().extract
    claims = {text: read(mt.View(text)) for text in ("12 * 7 = 84\n", "12 * 7 = 85\n", "1 / 0 = 1\n")}

    check_verifier(
        Arithmetic(),
        passes=[claims["12 * 7 = 84\n"]],
        violates=[claims["12 * 7 = 85\n"]],
        hostile=[claims["1 / 0 = 1\n"]],
    )


def broken(verifier: object, **states: Any) -> str:
    with pytest.raises(ConformanceError) as caught:
        check_verifier(cast("Callable[[object], str | None]", verifier), **states)
    return caught.value.promise


async def coroutine(state: object) -> None:
    await asyncio.sleep(0)


@dataclass(frozen=True)
class HoldsALock:
    lock: object = LOCK

    def check(self, state: object, /) -> mt.Verdict:
        return mt.Pass()


class Remembers:
    """Passes once."""

    def __init__(self) -> None:
        self.seen = 0

    def check(self, state: object, /) -> mt.Verdict:
        self.seen += 1
        return mt.Pass() if self.seen < 2 else mt.Violation("again")


class ComparesWithTheLast:
    """Gives the same answer when asked the same twice in the same order, and another in another order."""

    def __init__(self) -> None:
        self.last = 0

    def check(self, state: Order, /) -> mt.Verdict:
        last, self.last = self.last, state.total
        return mt.Pass(checked=2 if state.total == 4 and last == 3 else 1)


class LosesSomethingOnTheWay:
    def __init__(self) -> None:
        self.limit = 10

    def __reduce__(self) -> tuple[type, tuple[()], dict[str, int]]:
        return (type(self), (), {"limit": 0})

    def check(self, state: Order, /) -> mt.Verdict:
        return mt.Pass() if state.total < self.limit else mt.Violation("too much")


@dataclass(frozen=True)
class KnowsItsProcess:
    pid: int

    def check(self, state: object, /) -> mt.Verdict:
        return mt.Pass() if os.getpid() == self.pid else mt.Violation("elsewhere")


def appends(state: Order) -> None:
    state.parts.append(0)


def raises(state: object) -> None:
    raise ZeroDivisionError


def hangs(state: object) -> None:
    for _ in itertools.count():
        pass


def hangs_in_c(state: object) -> None:
    sum(itertools.repeat(0))


def ends_its_process(state: object) -> None:
    os._exit(1)


class LockedPass(mt.Pass):
    def __init__(self) -> None:
        object.__setattr__(self, "checked", 1)
        object.__setattr__(self, "lock", LOCK)


def locked(state: object) -> mt.Verdict:
    return LockedPass()


@pytest.mark.parametrize(
    ("verifier", "promise"),
    [
        (coroutine, "protocol"),
        (3, "protocol"),
        (HoldsALock(), "travels"),
        (locked, "travels"),
        (hangs, "in time"),
        (hangs_in_c, "in time"),
        (ends_its_process, "worker"),
        (KnowsItsProcess(os.getpid()), "worker"),
        (raises, "verdict"),
        (Remembers(), "pure"),
        (ComparesWithTheLast(), "pure"),
        (LosesSomethingOnTheWay(), "pure"),
        (appends, "untouched"),
    ],
)
def test_a_faulty_verifier_is_found(verifier: object, promise: str) -> None:
    assert broken(verifier, passes=[Order(3, [1, 2]), Order(4, [4])], deadline=0.3) == promise


def says(verdict: object) -> Callable[[object], object]:
    return lambda _state: verdict


LATER, EARLIER = mt.Violation("b", mt.Span(5, 6)), mt.Violation("a", mt.Span(1, 2))


@pytest.mark.parametrize(
    "verdict",
    [
        3,
        True,
        mt.Pass(checked=-1),
        mt.Unknown(""),
        mt.Unknown("why", cast("Any", "bored")),
        mt.Violation(""),
        mt.Violation("a", mt.Span(3, 2)),
        mt.Violation("a", mt.Span(-1, 2)),
        mt.Violation("a", evidence=cast("Any", {"n": 1})),
        mt.Violation("a", evidence=cast("Any", ["n"])),
        mt.Violation("b", mt.Span(5, 6), also=(EARLIER,)),
        mt.Violation("a", mt.Span(1, 2), also=(mt.Violation("", mt.Span(5, 6)),)),
    ],
)
def test_a_verdict_without_sense_is_found(verdict: object) -> None:
    assert broken(says(verdict), violates=["a state"]) == "verdict"


def test_a_verdict_with_sense_is_taken() -> None:
    verdict = mt.Violation("a", mt.Span(1, 2), also=(LATER,))

    check_verifier(cast("Callable[[object], mt.Verdict]", says(verdict)), violates=["a state"])


def test_wrong_verdicts_are_found() -> None:
    assert broken(adds, passes=[GOOD, BAD]) == "right"
    assert broken(adds, passes=[GOOD], violates=[GOOD]) == "right"
    assert broken(says(mt.Unknown("cannot tell")), passes=[GOOD]) == "right"
    assert broken(says(mt.Unknown("cannot tell")), violates=[BAD]) == "right"


def test_a_hostile_state_may_raise_but_not_hang_or_kill() -> None:
    def refuses(state: object) -> None:
        if state == "raise":
            raise ValueError
        if state == "hang":
            hangs(state)
        if state == "kill":
            os._exit(1)

    check_verifier(refuses, passes=["fine"], hostile=["raise"])
    assert broken(refuses, passes=["fine"], hostile=["hang"], deadline=0.3) == "in time"
    assert broken(refuses, passes=["fine"], hostile=["kill"]) == "worker"
    assert broken(refuses, passes=["fine", "raise"]) == "verdict"


def test_a_state_has_to_travel() -> None:
    assert broken(adds, passes=[LOCK]) == "travels"


def test_nothing_to_check_is_no_success() -> None:
    with pytest.raises(mt.UsageError, match="at least one state"):
        check_verifier(adds)
    with pytest.raises(mt.UsageError, match="at least one state"):
        check_verifier(adds, hostile=[GOOD])
    with pytest.raises(mt.UsageError, match="None in neither"):
        check_verifier(adds, passes=[None])
