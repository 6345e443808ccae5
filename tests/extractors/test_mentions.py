"""The guard against states that the trace does not contain: what counts as mentioned, at what cost."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from midtrace import Span, Unparsed, View
from midtrace.extractors import Fork
from midtrace.extractors._mentions import DEPTH, DIGITS, VALUES, missing
from midtrace.testing import growth, hostile_texts

LINEAR = 24.0


class Colour(enum.Enum):
    RED = "purple"


class Level(enum.IntEnum):
    LOW = 7


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str = "Ann"


@dataclass
class Data:
    age: object


class Pair(NamedTuple):
    one: object
    two: object


class Thing:
    age = 31


class Broken(tuple[int]):
    __slots__ = ()

    def __iter__(self) -> Iterator[int]:
        raise ValueError("broken")


def nested(value: object, levels: int) -> object:
    for _ in range(levels):
        value = [value]
    return value


def total(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None


@pytest.mark.parametrize(
    ("answer", "trace", "state"),
    [
        ("12", "7 and 5 make 12.", 12),
        ("1200", "so far 1,200.0 dollars", 1200),
        ("13", "7 and 5 make 12.", None),
        ("2", "7 and 5 make 12.", None),
    ],
)
def test_what_the_trace_does_not_mention_is_no_state(answer: str, trace: str, state: int | None) -> None:
    fork = Fork("\nTotal:", total, mention=True)
    if state is None:
        with pytest.raises(Unparsed, match=f"tells '{answer}', which the trace does not mention"):
            fork.read(answer, View(trace))
    else:
        assert fork.read(answer, View(trace)) == state


def test_what_only_the_prompt_mentions_can_be_left_out() -> None:
    view = View("7 and 5 make 12.", prompt="9 and 1 make 10.")
    assert Fork("\nTotal:", total, mention=True).read("10", view) == 10
    with pytest.raises(Unparsed, match="tells '10', which the trace does not mention"):
        Fork("\nTotal:", total, mention="trace").read("10", view)


def test_a_number_that_goes_on_in_the_unit_is_one_number() -> None:
    view = View("2 apples", 11, before="There are 1")
    assert Fork("?", total, mention="trace").read("12", view) == 12
    with pytest.raises(Unparsed, match="tells '1'"):
        Fork("?", total, mention="trace").read("1", view)


def test_only_the_values_that_are_named_must_be_mentioned() -> None:
    fork = Fork("\nState:", lambda text: {"sex": "female", "age": 31}, mention=lambda state: state["age"])
    assert fork.read("", View("31 years")) == {"sex": "female", "age": 31}


@pytest.mark.parametrize(
    ("state", "lost"),
    [
        ({"Ann Lee": 31}, ""),
        ({"Zoe": 31}, "'Zoe'"),
        ({"Ann": 4}, "'4'"),
        ({31: True, None: "Ann"}, ""),
        ("Lee Ann", "'Lee Ann'"),
        (["ANN", "an"], "'an'"),
        ((-31, 4), "'4'"),
        ((Span(7, 8), 31), ""),
        (Pair("Ann", {31}), ""),
        (Pair("Ann", frozenset([32])), "'32'"),
        (deque([31]), ""),
        (Data(31), ""),
        (Data(Data("age")), "'age'"),
        (Model(), ""),
        (Model(name="Zoe"), "'Zoe'"),
        (Model.model_validate({"ann": 31}), ""),
        (Model.model_validate({"zoe": 31}), "'zoe'"),
        (Model.model_validate({"ann": 32}), "'32'"),
        (Colour.RED, "'purple'"),
        (Level.LOW, "'7'"),
        ("", ""),
        (" \n", ""),
        ("\u2026", "'\u2026'"),
        ("- >", ""),
        ("- >>", "'- >>'"),
        ("3_1", "'3_1'"),
        ("nan", "'nan'"),
        ("x" * 200, f"'{'x' * 77}...'"),
    ],
)
def test_texts_are_mentioned_by_their_words_and_groups_by_what_is_in_them(state: object, lost: str) -> None:
    assert missing(state, ["How old is ann-lee?", "Ann Lee -> 31."]) == lost


def test_words_are_in_one_text() -> None:
    assert missing("old Ann", ["How old", "Ann Lee"]) == "'old Ann'"


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (1200, "1,200 dollars"),
        (-1200.0, "+1200.00"),
        ("1,200", "1200"),
        ("\u22125", "a loss of 5"),
        (1_234_567, "1,234,567.0"),
        (0.5, "value .5"),
        (0.5, "$.50"),
        (Decimal("0.50"), "5e-1"),
        (Fraction(1, 2), "value .5"),
        (Fraction(-1, 3), "a third is 1 / 3."),
        (Fraction(3), "3 apples"),
        (1e21, "1e21"),
        (1e21, "1,000,000,000,000,000,000,000"),
        ("1e1000000", "1E+1000000"),
        (0, "0.00"),
        (int("9" * 32), "9" * 32),
        (10**DIGITS - 1, "9" * DIGITS),
        (Decimal("-0.1234567890123456789012345678901234567890"), "0.1234567890123456789012345678901234567890"),
        ([1, 2, 3], "[1,2,3]"),
        ([1, 2, 3000], "1,2,3000"),
        (12, "\u0661\u0662"),
        (3, "\u62113\u4e2a"),
        ("5 kg", "5.0 KG"),
        ("3.50kg", "3.5kg"),
        (date(1999, 1, 2), "on 1999-01-02."),
        (datetime(1999, 1, 2, 3, 4, tzinfo=UTC), "1999-01-02T03:04:00+00:00"),
        (range(3), "0 1 2"),
    ],
)
def test_numbers_are_mentioned_by_value_however_they_are_written(state: object, text: str) -> None:
    assert missing(state, [text]) == ""


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (5, "value .5"),
        (0.5, "1.2.5"),
        (100, "1,100"),
        (1, "1,200"),
        (1e21, "1e22"),
        (1, "1e21"),
        (int("9" * 31 + "8"), "9" * 32),
        (0.1 + 0.2, "0.3"),
        (Fraction(1, 3), "0.3333333333333333"),
        (Fraction(1, 3), "1/3/2024"),
        (Fraction(7, 9), "3"),
        ("5 kg", "3.5 kg"),
        ("5kg", "3.5kg"),
        (date(1999, 1, 2), "1999-01-03"),
    ],
)
def test_another_value_is_not_mentioned(state: object, text: str) -> None:
    assert missing(state, [text]) != ""
    assert missing(state, [f"{text} {state}"]) == ""


@pytest.mark.parametrize(
    ("state", "lost"),
    [
        (5j, "a value of type complex"),
        (b"\x03", "a value of type bytes"),
        (Thing(), "a value of type Thing"),
        (Data, "a value of type type"),
        ([Data(Thing())], "a value of type Thing"),
        (float("-inf"), "a number that is not finite (-inf)"),
        (float("nan"), "a number that is not finite (nan)"),
        (Decimal("sNaN"), "a number that is not finite (sNaN)"),
        (10**DIGITS, f"a number of more than {DIGITS:,} digits"),
        (Fraction(1, 10**DIGITS), f"a number of more than {DIGITS:,} digits"),
        (nested(31, DEPTH - 1), ""),
        (nested(31, DEPTH), f"a value below {DEPTH} levels"),
        ([31] * (VALUES - 1), ""),
        ([31] * VALUES, f"more than {VALUES:,} values"),
        (range(31, 10**12), "'32'"),
        (Broken(), "a value that cannot be looked into (ValueError)"),
    ],
)
def test_what_is_not_understood_is_not_mentioned(state: object, lost: str) -> None:
    assert missing(state, ["Ann is 31, 3, inf, nan."]) == lost


def test_an_iterator_is_left_as_it_is() -> None:
    def state() -> Iterator[int]:
        yield 31

    told = state()
    with pytest.raises(Unparsed, match=r"tells a value of type generator, which the trace does not mention"):
        Fork("?", lambda text: told, mention=True).read("", View("31"))
    assert list(told) == [31]


WORDS = st.text(alphabet="abc\u00e9\u00df\u4e2aZ", min_size=1, max_size=6)
AMOUNTS = st.decimals(0, 10**40, allow_nan=False, places=3).map(lambda amount: f"{amount:,}") | st.integers(0).map(str)
PIECES = st.lists(WORDS | AMOUNTS, min_size=1, max_size=12)


@given(PIECES, st.sampled_from([" ", ", ", " - ", "\n"]), st.data())
def test_what_was_taken_from_a_text_is_mentioned_and_a_foreign_number_is_not(
    pieces: list[str], between: str, data: st.DataObject
) -> None:
    text = between.join(pieces)
    first = data.draw(st.integers(0, len(pieces) - 1))
    last = data.draw(st.integers(first + 1, len(pieces)))
    amounts = [Decimal(piece.replace(",", "")) for piece in pieces if piece[0].isdigit()]
    state = {pieces[first]: [" ".join(pieces[first:last]).upper(), *amounts, *(each.copy_negate() for each in amounts)]}
    assert missing(state, [text]) == ""
    foreign = data.draw(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.fractions())
    if abs(Fraction(foreign)) not in map(Fraction, amounts):
        assert missing([state, foreign], [text]) != ""


@pytest.mark.parametrize("text", hostile_texts(longest=1_000_000).values(), ids=list(hostile_texts()))
def test_hostile_texts_raise_nothing(text: str) -> None:
    assert missing(text, [text]) == ""
    assert missing([text, "never said"], [text, "1"]) == "'never said'"


HUGE: dict[str, Callable[[int], tuple[object, str]]] = {
    "words": lambda n: ("x y", "x x " * n),
    "thousands": lambda n: (3, "1" + ",111" * n + ",1"),
    "exponents": lambda n: (3, "1e" * n + "1e" + "9" * n + "f"),
    "points": lambda n: (3, "1." * n + "." * n),
    "ratios": lambda n: (Fraction(1, 3), "1/" * n + "1" * n + " " * n),
    "digits": lambda n: (Decimal("9" * n), "9" * n),
    "digits as text": lambda n: ("+" + "9" * n + " x", "9" * n),
    "zeros": lambda n: ("0" * n + "1", "0" * n + "." + "0" * n),
    "white space": lambda n: (" " * n + "-" + " " * n, " " * n),
    "integer": lambda n: (1 << 4 * n, "1" * n),
    "signs": lambda n: ("-" * n, "+-" * n),
}


@pytest.mark.parametrize("name", HUGE)
def test_cost_grows_with_the_length(name: str) -> None:
    assert growth(lambda n: missing(*_asked(name, n))) < LINEAR


def _asked(name: str, length: int) -> tuple[object, list[str]]:
    state, text = HUGE[name](length)
    return state, [text]


def test_a_million_digits_and_a_long_exponent() -> None:
    digits = "9" * 1_000_000
    assert missing([digits, Decimal(digits), f"1e{digits}"], [f"{digits} 1e{digits}"]) == ""
    assert missing("1e1000000", [digits]) == "'1e1000000'"
    assert missing(Decimal("1e999999999999999999"), ["1"]) == "'1E+999999999999999999'"
