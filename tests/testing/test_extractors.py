"""`check_extractor` lets good extractors pass, and finds each fault that it says it finds."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

import midtrace as mt
from midtrace.extractors import ArithmeticClaims
from midtrace.testing import ConformanceError, check_extractor

TOTAL = re.compile(r"^Total: ([0-9]{1,9})$", re.MULTILINE)
WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Total:
    value: int
    span: mt.Span


@dataclass(frozen=True)
class Totals:
    """The good one: a total, and what starts like one and is none."""

    def extract(self, view: mt.View, /) -> Total | None:
        found = TOTAL.search(view.text)
        if found is not None:
            return Total(int(found[1]), mt.Span(view.start + found.start(), view.start + found.end()))
        if view.text.startswith("Total:"):
            raise mt.Unparsed("a total without a number")
        return None


EXAMPLES = {
    "So\nTotal: 12\n": Total(12, mt.Span(3, 12)),
    "nothing": None,
    "Total: twelve": mt.Unparsed,
}


def test_a_good_extractor_passes() -> None:
    report = check_extractor(Totals(), examples=EXAMPLES, hostile=["Total: ", "Total: 1\n"])

    assert {"robust", "linear", "spans", "pure"} <= set(report.kept)
    assert report.here is not None
    assert report.worker is not None
    assert report.here.calls == report.worker.calls > 30


def test_views_are_examples() -> None:
    check_extractor(Totals(), examples={mt.View("Total: 7", start=100): Total(7, mt.Span(100, 108))}, longest=1_000)


def test_functions_are_extractors() -> None:
    check_extractor(str.strip, examples={" a ": "a"}, longest=1_000)


def test_the_built_in_extractor_passes() -> None:
    claims = ArithmeticClaims().extract(mt.View("12 * 7 = 84\n"))

    examples = {"12 * 7 = 84\n": claims, "none": None}
    check_extractor(ArithmeticClaims(), examples=examples, hostile=["1+1=2 ", "<<1="], longest=30_000)


def broken(extractor: object, *, longest: int = 1_000, **options: Any) -> str:
    examples = options.pop("examples", {"one example": None})
    with pytest.raises(ConformanceError) as caught:
        check_extractor(cast("Callable[[str], object]", extractor), examples=examples, longest=longest, **options)
    return caught.value.promise


async def coroutine(text: str) -> None:
    await asyncio.sleep(0)


@dataclass(frozen=True)
class HoldsALock:
    lock: object = field(default_factory=threading.Lock)

    def extract(self, view: mt.View, /) -> None:
        return None


@dataclass
class Counts:
    calls: int = 0

    def extract(self, view: mt.View, /) -> int:
        self.calls += 1
        return self.calls


class ComparesWithTheLast:
    def __init__(self) -> None:
        self.last = ""

    def extract(self, view: mt.View, /) -> bool | None:
        last, self.last = self.last, view.text
        return True if last.startswith("one ") and not view.text else None


class LosesSomethingOnTheWay:
    def __init__(self) -> None:
        self.found = 10

    def __reduce__(self) -> tuple[type, tuple[()], dict[str, int]]:
        return (type(self), (), {"found": 0})

    def extract(self, view: mt.View, /) -> int | None:
        return self.found if view.text == "\0" else None


def throws_dice(text: str) -> float:
    return random.random()


def refuses_nul(text: str) -> None:
    if "\0" in text:
        raise ValueError("embedded null character")


def encodes(text: str) -> None:
    text.encode()


def descends(text: str) -> None:
    if text.startswith("("):
        descends(text[1:])


def reads_json(text: str) -> object:
    try:
        return json.loads(text) and None
    except json.JSONDecodeError:
        return None


def reads_numbers(text: str) -> None:
    for digits in re.findall("[0-9]+", text):
        int(digits)


def converts_digits(text: str) -> None:
    for digit in text:
        if digit.isdigit():
            int(digit)


def dies_of_equals(text: str) -> None:
    if text.count("=") > 1_500:
        os.abort()


def hangs_on_quotes(text: str) -> None:
    for _ in itertools.count():
        if '""' not in text:
            return


def searches_white_space(text: str) -> None:
    re.search(r"\s+$", text)


def reads_the_rest_for_each_bracket(text: str) -> None:
    for at, character in enumerate(text):
        if character == "[":
            text.find("]", at)


def backtracks(text: str) -> None:
    re.match(r"(a+)+$", text + "!")


@dataclass(frozen=True)
class Words:
    """Spans that are a little off, in one of several ways."""

    shift: int = 0
    forgets_start: bool = False
    inside: Callable[[mt.Span], object] = tuple

    def extract(self, view: mt.View, /) -> object:
        start = self.shift + (0 if self.forgets_start else view.start)
        spans = [mt.Span(start + found.start(), start + found.end()) for found in WORD.finditer(view.text)][:5]
        return [self.inside(span) for span in spans] or None


@dataclass(frozen=True)
class Word:
    span: mt.Span


def named(span: mt.Span) -> dict[str, Word]:
    return {"word": Word(span)}


def itself(span: mt.Span) -> mt.Span:
    return span


def words(*, start: int, inside: Callable[[mt.Span], object]) -> list[object]:
    return [inside(mt.Span(start, start + 3)), inside(mt.Span(start + 4, start + 11))]


@pytest.mark.parametrize(
    ("extractor", "promise"),
    [
        (coroutine, "protocol"),
        (3, "protocol"),
        (HoldsALock(), "travels"),
        (Counts(), "pure"),
        (ComparesWithTheLast(), "pure"),
        (LosesSomethingOnTheWay(), "pure"),
        (throws_dice, "pure"),
        (refuses_nul, "robust"),
        (encodes, "robust"),
        (descends, "robust"),
        (reads_json, "robust"),
        (reads_numbers, "robust"),
        (converts_digits, "robust"),
        (dies_of_equals, "robust"),
        (hangs_on_quotes, "in time"),
        (backtracks, "in time"),
        (searches_white_space, "linear"),
        (reads_the_rest_for_each_bracket, "linear"),
    ],
)
def test_a_faulty_extractor_is_found(extractor: object, promise: str) -> None:
    assert broken(extractor, deadline=1.0) == promise


def test_what_is_slow_on_the_longest_text_only_is_found() -> None:
    def looks_up_each(text: str) -> None:
        if len(text) >= 1_000_000:
            for _ in itertools.count():
                pass

    assert broken(looks_up_each, longest=1_000_000, deadline=0.5) == "in time"
    check_extractor(looks_up_each, examples={"a": None}, longest=1_000)


@pytest.mark.parametrize("inside", [itself, named])
def test_spans_lie_in_the_unit(inside: Callable[[mt.Span], object]) -> None:
    examples = {"one example": words(start=0, inside=inside)}
    check_extractor(Words(inside=inside), examples=examples, longest=1_000)

    assert broken(Words(inside=inside, forgets_start=True), examples=examples) == "spans"
    shifted = {"one example": words(start=1, inside=inside)}
    assert broken(Words(shift=1, inside=inside), examples=shifted) == "spans"


def test_wrong_examples_are_found() -> None:
    assert broken(Totals(), examples={"Total: 12": None}) == "right"
    assert broken(Totals(), examples={"Total: 12": Total(13, mt.Span(0, 9))}) == "right"
    assert broken(Totals(), examples={"Total: 12": mt.Unparsed}) == "right"
    assert broken(Totals(), examples={"Total: x": None}) == "right"


def test_the_authors_own_hostile_texts_count() -> None:
    def trips(text: str) -> None:
        if "#!" in text:
            raise LookupError

    def crawls(text: str) -> None:
        for at in range(text.count("\u00a7")):
            text.find("never there", at)

    check_extractor(trips, examples={"a": None}, longest=1_000)
    assert broken(trips, hostile=["#!"]) == "robust"
    check_extractor(crawls, examples={"a": None}, longest=1_000)
    assert broken(crawls, hostile=["\u00a7"]) == "linear"


def test_nothing_to_check_is_no_success() -> None:
    with pytest.raises(mt.UsageError, match="at least one example"):
        check_extractor(str.strip, examples={})
