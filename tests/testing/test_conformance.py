"""What conformance functions say, and the instruments they share."""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass

import pytest

from midtrace.testing import ConformanceError, Latency, Report, growth, hostile_texts

alike = importlib.import_module("midtrace.testing.travel").alike  # no public name, and so unknown to static tools


class Opaque:
    """Knows no equality."""

    def __init__(self, value: object) -> None:
        self.value = value


class NoRepr:
    def __repr__(self) -> str:
        raise ValueError


class NoEquality:
    def __eq__(self, other: object) -> bool:
        raise ValueError

    def __hash__(self) -> int:
        return 0


def test_an_error_names_the_promise_and_what_broke_it() -> None:
    error = ConformanceError(print, "pure", "it was 1, and 2 when asked again")

    assert isinstance(error, AssertionError)
    assert error.promise == "pure"
    assert str(error) == f"{print!r} breaks the promise 'pure': it was 1, and 2 when asked again"
    assert "NoRepr" in str(ConformanceError(NoRepr(), "pure", "x"))
    assert len(str(ConformanceError("a" * 10_000, "pure", "x"))) < 300


def test_a_report_is_readable() -> None:
    latency = Latency.of([0.001, 0.002, 0.5])

    assert latency == Latency(3, 0.002, 0.5)
    assert str(Report("it", ("pure", "right"), here=latency)) == (
        "it keeps pure, right; here: median 2 ms, worst 500 ms of 3 calls"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, 2, False),
        (Opaque([1]), Opaque([1]), True),
        (Opaque([1]), Opaque([2]), False),
        (Opaque("ab" * 20), Opaque("".join(["ab"] * 20)), True),
        (NoEquality(), NoEquality(), False),
        (threading.Lock(), threading.Lock(), False),
    ],
)
def test_values_without_equality_are_compared_by_content(one: object, other: object, same: bool) -> None:
    assert alike(one, other) is same


@dataclass
class Work:
    power: int

    def __call__(self, length: int) -> None:
        for _ in range(length**self.power // 64):
            pass


def test_growth_tells_linear_from_quadratic() -> None:
    assert growth(Work(1)) < 24
    assert growth(lambda _length: None) < 24
    assert growth(Work(2)) > 24


def test_hostile_texts_are_what_they_say() -> None:
    texts = hostile_texts(longest=123)

    assert texts["empty"] == ""
    assert texts["123 characters"] == "a" * 123
    assert max(map(len, hostile_texts().values())) == 10_000_000
    assert any("\0" in text for text in texts.values())
    with pytest.raises(UnicodeEncodeError):
        texts["lone surrogate"].encode()
