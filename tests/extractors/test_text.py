"""Lines, steps, tables and answers: read when they are complete, at the offsets where they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Span, View
from midtrace.extractors import Answer, Line, NumberedSteps, StatedAnswer, Step, TableRows, TextLines
from midtrace.testing import check_extractor

LONG = 30_000
texts = st.text(alphabet="ab1.) \n|-*Step:\r", max_size=60)


@given(texts, st.integers(0, 50), st.booleans())
def test_lines_stand_where_they_say(text: str, start: int, final: bool) -> None:
    for line in TextLines().extract(View(text, start, final=final)) or ():
        assert text[line.span.start - start : line.span.end - start] == line.text
        assert text.split("\n")[line.number - 1].rstrip("\r") == line.text


@given(texts, st.integers(0, 50))
def test_steps_stand_where_they_say(text: str, start: int) -> None:
    for step in NumberedSteps().extract(View(text, start, final=True)) or ():
        assert text[step.span.start - start : step.span.end - start].strip() == step.text


@given(texts, st.integers(0, 50))
def test_cells_stand_where_they_say(text: str, start: int) -> None:
    for row in TableRows().extract(View(text, start, final=True)) or ():
        for cell in row.cells:
            assert text[cell.span.start - start : cell.span.end - start].strip(" \t*_`") == cell.text


def test_a_line_that_may_go_on_is_no_line_yet() -> None:
    assert TextLines().extract(View("one\n\ntwo")) == (Line("one", 1, Span(0, 3)),)
    assert TextLines().extract(View("one\n\ntwo", final=True)) == (
        Line("one", 1, Span(0, 3)),
        Line("two", 3, Span(5, 8)),
    )


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("1. Add.\n2. Halve,\nand stop.\n\n", [(1, "Add."), (2, "Halve,\nand stop.")]),
        ("Step 1: Add.\n\nStep 2: Halve.\n\n", [(1, "Add."), (2, "Halve.")]),
        ("**Step 1:** Add.\n### Step 2\nHalve.\n\n", [(1, "Add."), (2, "Halve.")]),
        ("1) Add.\n 2) Halve.\n", [(1, "Add.")]),
        ("1.5 is a number.\n2023 was a year.\n", []),
    ],
)
def test_steps_are_read(text: str, steps: list[tuple[int, str]]) -> None:
    assert [(step.number, step.text) for step in NumberedSteps().extract(View(text)) or ()] == steps


def test_tables_are_read() -> None:
    text = "Prices:\n\n| Item | **Price** |\n|------|------:|\n| pear | `2` |\n| fig |  |\n\n| no | rule |\n| a | b |\n"
    rows = TableRows().extract(View(text)) or ()
    assert [(row.table, row.number, row.get("item"), row.get("PRICE"), row.get("x")) for row in rows] == [
        (0, 1, "pear", "2", None),
        (0, 2, "fig", "", None),
    ]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("So \\boxed{\\frac{1}{2}}.", Answer("\\frac{1}{2}", Span(10, 21), marked=True)),
        ("The answer is 12.\n", Answer("12", Span(14, 16), marked=False)),
        ("<answer>7</answer> or so", Answer("7", Span(8, 9), marked=True)),
        ("The answer is \\boxed{12", None),
        ("twelve", None),
    ],
)
def test_answers_are_read(text: str, answer: Answer | None) -> None:
    assert StatedAnswer().extract(View(text)) == answer


def test_the_last_line_is_an_answer_only_on_request() -> None:
    assert StatedAnswer().extract(View("twelve", final=True)) is None
    assert StatedAnswer(guess=True).extract(View("twelve", final=True)) == Answer("twelve", Span(0, 6), marked=False)


def test_conformance() -> None:
    check_extractor(
        TextLines(), examples={"a\n": (Line("a", 1, Span(0, 1)),), "\n": None}, hostile=["\n", "\r"], longest=LONG
    )
    check_extractor(
        NumberedSteps(),
        examples={View("1. a", final=True): (Step(1, "a", Span(3, 4)),), View("none"): None},
        hostile=["1. a\n", "Step 1: ", "> > > ", "****"],
        longest=LONG,
    )
    check_extractor(
        TableRows(),
        examples={"no table\n": None, "| a |\n|---|\n| b |\n": TableRows().extract(View("| a |\n|---|\n| b |\n"))},
        hostile=["| a |\n|---|\n", "|", "|-", "| a "],
        longest=LONG,
    )
    check_extractor(
        StatedAnswer(),
        examples={"\\boxed{1}\n": Answer("1", Span(7, 8), marked=True), "none": None},
        hostile=["\\boxed{", "The answer is ", "<answer>", "Final answer: "],
        longest=LONG,
    )
