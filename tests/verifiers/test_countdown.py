"""Number puzzles: right work is never flagged, wrong work always, and hostile text does no harm."""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors import Binary, Number
from midtrace.extractors.countdown import (
    CountdownExpression,
    CountdownStep,
    CountdownTrace,
    CountdownWork,
    WrittenNumber,
)
from midtrace.testing import check_extractor, check_verifier, hostile_texts
from midtrace.verifiers.countdown import Countdown, Game24

STEPS = "Steps:\n10 - 7 = 3 (left: 3 4 4)\n4 + 4 = 8 (left: 3 8)\n3 * 8 = 24 (left: 24)\n"


def judged(verifier: Countdown | Game24, text: str, *, final: bool = True) -> Verdict:
    state = CountdownTrace().extract(View(text, final=final))
    return Pass(0) if state is None else verifier.check(state)


def message(numbers: str, text: str) -> str:
    """The message of the violation that must be found."""
    verdict = judged(Game24.of(numbers), text)
    assert isinstance(verdict, Violation), verdict
    assert verdict.span is not None
    assert text[verdict.span.start : verdict.span.end].strip()
    return verdict.message


# ------------------------------------------------------------------ what others got wrong


@pytest.mark.parametrize(
    ("numbers", "text", "checked"),
    [
        # A negative number on the way.
        ("4 4 7 10", "4 - 7 = -3 (left: -3 4 10)\n4 - -3 = 7 (left: 7 10)\n", 2),
        ("4 4 7 10", "4 - 7 = -3 (left: -3 4 10)\n4 - (-3) = 7 (left: 7 10)\n", 2),
        ("1 2 3 8", "1 - 2 = -1 (left: -1 3 8)\n-1 * 3 = -3 (left: -3 8)\n-3 * 8 = -24 (left: -24)\n", 3),
        # 8 / (3 - 8/3), as fractions, rounded, cut off.
        ("3 3 8 8", "8 / 3 = 8/3 (left: 8/3 3 8)\n3 - 8/3 = 1/3 (left: 1/3 8)\n8 / (1/3) = 24 (left: 24)\n", 3),
        ("3 3 8 8", "8 / 3 = 8/3 (left: 8/3 3 8)\n3 - 8/3 = 1/3 (left: 1/3 8)\n8 / 1/3 = 24 (left: 24)\n", 3),
        ("3 3 8 8", "8 / 3 = 2.67 (left: 2.67 3 8)\n3 - 2.67 = 0.33 (left: 0.33 8)\n8 / 0.33 = 24 (left: 24)\n", 3),
        ("3 3 8 8", "8 / 3 = 2.6666 (left: 2.6666 3 8)\n3 - 2.6666 = 0.3334 (left: 0.3334 8)\n", 2),
        ("3 3 8 8", r"8 / 3 = \frac{8}{3} (left: \frac{8}{3}, 3, 8)" + "\n", 1),
        ("4 4 7 10", "10 / 4 = 2.5 (left: 2.5 4 7)\n7 / 2.5 ≈ 3 (left: 3 4)\n", 2),
        ("4 4 7 10", "10 / 7 = ~1.43 (left: ~1.43 4 4)\n", 1),
        # An answer with its result, in every notation.
        ("4 4 7 10", "Answer: (10 - 7) * (4 + 4) = 24", 1),
        ("4 4 7 10", "<answer>(10-7)*(4+4)=24</answer>", 1),
        ("4 4 7 10", r"\boxed{(10 - 7) \times (4 + 4) = 24}", 1),
        ("4 4 7 10", r"$$\boxed{\left(10-7\right)\cdot\left(4+4\right)}$$", 1),
        ("4 4 7 10", r"So $(10 - 7)(4 + 4) = \boxed{24}$.", 1),
        ("4 4 7 10", "**Answer:** (10−7)×(4+4)", 1),
        ("4 4 7 10", "The final answer is:\n\n(10 - 7) x (4 + 4)\n", 1),
        ("4 4 7 10", "The answer is 24 = (10 - 7)(4 + 4).", 1),
        ("4 4 7 10", "So we have it.\n\n(10 - 7)(4 + 4)", 1),
        ("4 4 7 10", "So the expression is: (10 - 7)(4 + 4)", 1),
        ("3 3 8 8", r"\boxed{\dfrac{8}{3 - \frac{8}{3}}}", 1),
        ("1 1 1 11", r"\boxed{(11 + 1)(1 + 1)}", 1),
        ("1 1 1 11", r"Answer: (1 + 1)(11 + 1)", 1),
        ("1 2 6 6", "<answer>(6 - 2)6 / 1</answer>", 1),
        # A dead end on the way is none of the verifier's business.
        ("1 1 1 8", "The expression that I found till now is {8 - 1}", 1),
        ("4 4 7 10", "10 - 7 = 3 (left: 3 4 4)\n4 * 4 = 16 (left: 3 16)\n16 - 3 = 13 (left: 13)\nThat is not it.\n", 3),
        # Going back to numbers that were there before.
        ("4 4 7 10", "10 - 7 = 3 (left: 3 4 4)\n4 * 4 = 16 (left: 3 16)\n10 - 4 = 6 (left: 4 6 7)\n", 3),
        ("4 4 7 10", "10 - 7 = 3 (left: 3 4 4)\n4 * 4 = 16 (left: 3 16)\n3 * 4 = 12 (left: 4 12)\n", 3),
        # The list may leave out the result.
        ("4 4 7 10", "1. 10 - 7 = 3, remaining numbers: 4, 4\n2. 3 * 4 = 12, remaining: 4\n", 2),
        # Several operations at once, and running calculations.
        ("4 4 7 10", "(10 - 7) * 4 = 12 (left: 4 12)\n", 1),
        ("4 4 7 10", "10 - 7 = 3 * 4 = 12 (left: 4 12)\n", 1),
        ("4 4 7 10", "4 * (10 - 7) = 4 * 3 = 12 (left: 4 12)\n", 1),
        # What is called a trial, or wrong, is not judged; nor is what may rest on calculations outside of steps.
        ("4 4 7 10", "16 / 2 = 8 (left: 7 8 8) (not valid: there is no 2)\n", 0),
        ("4 4 7 10", "Suppose 5 * 5 = 25 (left: 4 25)\n", 0),
        ("4 4 7 10", "4 + 4 = 8 gives 8, and 7 and 10 are there.\n10 - 8 = 2 (left: 2 7)\n", 0),
        # "Not possible", where that is so.
        ("1 1 1 1", "Answer: Not possible", 1),
        ("1 1 1 1", "1 + 1 = 2 (left: 1 1 2)\nThere is no solution for this input.", 2),
        # The result alone says nothing of how it was made.
        ("4 4 7 10", "<answer>24</answer>", 0),
        # An answer that is taken back.
        ("4 4 7 10", "<answer>4 * 7 - 4</answer> is wrong. <answer>(10 - 7)(4 + 4)</answer>", 1),
        ("4 4 7 10", "<answer>(10 - 7)(4 + 4)</answer>\n<answer>your expression</answer>", 1),
        # The next puzzle of a model that was shown examples.
        ("4 4 7 10", STEPS + "Answer: (10 - 7) * (4 + 4) = 24\nInput: 1 1 1 2\nSteps:\n1 + 1 = 3 (left: 3)\n", 4),
    ],
)
def test_right_work_passes(numbers: str, text: str, checked: int) -> None:
    """A text that ends with a line end is one that goes on."""
    assert judged(Game24.of(numbers), text, final=not text.endswith("\n")) == Pass(checked)


@pytest.mark.parametrize(
    ("numbers", "text", "expected"),
    [
        ("4 4 7 10", "10 - 7 = 4 (left: 4 4 4)\n", "10 - 7 is 3, not 4"),
        ("4 4 7 10", "10 - 6 = 4 (left: 4 4 7)\n", "10 - 6 uses 6, which is not among 4 4 7 10"),
        ("4 4 7 10", "7 - 7 = 0 (left: 0 4 4 10)\n", "7 - 7 uses 7 more often than it is among 4 4 7 10"),
        ("4 4 7 10", "10 - 7 = 3 (left: 3 4)\n", "10 - 7 leaves 4 4 3, not 3 4"),
        ("4 4 7 10", "10 - 7 = 3 (left: 3 4 4 7)\n", "10 - 7 leaves 4 4 3, not 3 4 4 7"),
        ("4 4 7 10", "10 / 3.33 = 3 (left: 3 4)\n", "10 / 3.33 uses 3.33, which is not among 4 4 7 10"),
        ("4 4 7 10", "10 / 4 = 2.4 (left: 2.4 4 7)\n", "10 / 4 is 2.5, not 2.4"),
        ("4 4 7 10", "10 / 7 = 1 (left: 1 4 4)\n", "10 / 7 is 10/7, not 1"),
        ("4 4 7 10", "10 / 7 = 1.53 (left: 1.53 4 4)\n", "10 / 7 is 10/7, not 1.53"),
        ("4 4 7 10", "4 - 4 = 0 (left: 0 7 10)\n7 / 0 = 0 (left: 0 10)\n", "7 / 0 divides by zero"),
        ("4 4 7 10", "10 - 7 = 3 * 5 = 15 (left: 4 15)\n", "10 - 7 uses 5, which is not among 3 4 4"),
        ("4 4 7 10", "10 // 7 = 1 (left: 1 4 4)\n", "10 // 7 uses //, which is not allowed"),
        ("4 4 7 10", "4 ** 4 = 256 (left: 7 10 256)\n", "4 ** 4 uses a power, which is not allowed"),
        (
            "4 4 7 10",
            "available numbers: [4, 4, 7, 9]\nsuggested operation: 9 - 7 = 2\nremaining numbers: [4, 4, 2]\n",
            "9 - 7 starts from 4 4 7 9, but 4 4 7 10 are there",
        ),
        ("4 4 7 10", "Answer: (4 * 4) - (10 - 7) = 24", "(4 * 4) - (10 - 7) is 13, not 24"),
        ("4 4 7 10", "Answer: 4 * 6 = 24", "4 * 6 uses 6, which is not among 4 4 7 10"),
        ("4 4 7 10", "Answer: 4 + 10 + 10 = 24", "4 + 10 + 10 uses 10 more often than it is among 4 4 7 10"),
        ("4 4 7 10", "Answer: 4 + 10 = 14", "4 + 10 does not use 4 7"),
        ("4 4 7 10", "Answer: 24 = 4 * 4 + 10 - 7", "4 * 4 + 10 - 7 is 19, not 24"),
        ("4 4 7 10", "Answer: 7 / (4 - 4) + 10", "7 / (4 - 4) + 10 divides by zero"),
        ("4 4 7 10", "Answer: (10 - 7) * 4 * 4 \u2260 24 (not possible)", "24 can be made of 4 4 7 10"),
        ("4 4 7 10", "<answer>19</answer>", "19 is not 24"),
        ("4 4 7 10", "(4 + 4) * 10 - 7 = 24", "(4 + 4) * 10 - 7 is 73, not 24"),
        # Only four operations.
        ("1 2 3 3", r"\boxed{2**3*3*1}", "2**3*3*1 uses a power, which is not allowed"),
        ("1 2 3 3", r"\boxed{2^3 \cdot 3 \cdot 1}", r"2^3 \cdot 3 \cdot 1 uses a power, which is not allowed"),
        ("1 2 7 7", "<answer>7*7//2*1</answer>", "7*7//2*1 uses //, which is not allowed"),
        ("4 4 7 10", "<answer>4! + 4 - 10 % 7</answer>", "4! + 4 - 10 % 7 uses !, which is not allowed"),
        ("4 4 7 10", "<answer>10 % 7 + 4 * 4</answer>", "10 % 7 + 4 * 4 uses %, which is not allowed"),
        (
            "4 4 7 10",
            r"\boxed{\sqrt{4} \times 4 + 7 + 10}",
            r"\sqrt{4} \times 4 + 7 + 10 uses a root, which is not allowed",
        ),
        ("1 9 9 9", r"\boxed{9**9**9**1}", "9**9**9**1 uses a power, which is not allowed"),
        ("1 1 1 8", "The expression that I found till now is {8 - 2}", "8 - 2 uses 2, which is not among 1 1 1 8"),
        # A way out that is none, and work that stops where nothing can follow.
        ("4 4 7 10", "Answer: Not possible to obtain 24.", "24 can be made of 4 4 7 10"),
        ("4 4 7 10", "<answer>None</answer>", "24 can be made of 4 4 7 10"),
        ("4 4 7 10", "10 - 7 = 3 (left: 3 4 4)\nThis input cannot make 24.", "24 can be made of 4 4 7 10"),
        (
            "4 4 7 10",
            "10 - 7 = 3 (left: 3 4 4)\n4 * 4 = 16 (left: 3 16)\n",
            "the solution ends with 3 16, of which 24 cannot be made",
        ),
    ],
)
def test_wrong_work_is_found(numbers: str, text: str, expected: str) -> None:
    assert message(numbers, text) == expected


def test_an_answer_with_a_bracket_too_many_is_unknown() -> None:
    verdict = judged(Game24.of("4 4 7 10"), "<answer>10 - 7) * (4 + 4)</answer>")
    assert isinstance(verdict, Unknown)
    assert verdict.kind == "unparsed"


def test_the_first_wrong_place_comes_first_and_is_corrected() -> None:
    text = "10 - 7 = 3 (left: 3, 4, 4)\n4 * 4 = 12 (left: 3, 12)\n12 + 3 = 16 (left: 16)\nAnswer: 4 * 4 + 10 - 7\n"
    verdict = judged(Game24.of("4 4 7 10"), text)
    assert isinstance(verdict, Violation)
    assert verdict.span == Span(text.index("4 * 4 = 12"), text.index("\n12 + 3"))
    assert verdict.correction == "4 * 4 = 16 (left: 3, 16)"
    assert [each.message for each in verdict.also] == ["4 * 4 + 10 - 7 is 19, not 24"]


def test_dead_ends_and_solutions_are_said_only_on_request() -> None:
    text = "10 - 7 = 3 (left: 3 4 4)\n4 * 4 = 16 (left: 3 16)\nHm.\n"
    numbers = (4, 4, 7, 10)
    assert judged(Game24(numbers), text) == Pass(2)
    strict = judged(Game24(numbers, dead_ends=True), text)
    assert isinstance(strict, Violation)
    assert strict.message == "4 * 4 leaves 3 16, of which 24 cannot be made"
    partial = "Expression so far: 10 * 7 * 4"
    assert judged(Game24(numbers), partial) == Pass(1)
    assert isinstance(judged(Game24(numbers, dead_ends=True), partial), Violation)
    hints = [judged(Game24(numbers, reveal=reveal), "Answer: none") for reveal in (False, True)]
    assert isinstance(hints[0], Violation)
    assert hints[0].hint is None
    assert isinstance(hints[1], Violation)
    assert hints[1].hint is not None
    assert is_solution(hints[1].hint.partition("=")[0], numbers, 24)


def test_some_of_the_numbers_are_enough_where_the_problem_says_so() -> None:
    some = Countdown((3, 5, 8, 50), 24, use_all=False)
    assert judged(some, "<answer>3 * 8</answer>") == Pass(1)
    assert isinstance(judged(some, "<answer>3 * 8 + 5 - 5</answer>"), Violation)
    assert isinstance(judged(some, "<answer>Not possible</answer>"), Violation)
    assert judged(Countdown((3, 5), 99, use_all=False), "<answer>Not possible</answer>") == Pass(1)
    assert judged(some, "3 * 8 = 24 (left: 5 24 50)\n") == Pass(1)


# ------------------------------------------------------------------ problems


FEW_SHOT = "Use numbers and basic arithmetic operations (+ - * /) to obtain 24.\n"
FEW_SHOT += "Input: 4 4 8 8\nSteps:\n4 + 8 = 12 (left: 4 8 12)\nInput: 1 2 3 4\n"
ONCE = "Each number may be used at most once.\n\nFormat:\n1. Provide it.\n2. Leave out the target."
EQUATION = (
    "create an equation that equals 65. You can use basic arithmetic operations (+, -, *, /) and each number once."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Make 24 using 2, 4, 2, 4. You can only use each number once. Use +, -, *, /.", Countdown((2, 4, 2, 4), 24)),
        ("Find a way to make 450 using all of these numbers: 51, 4, 9, 32, 13.", Countdown((51, 4, 9, 32, 13), 450)),
        (f"Calculate 840 using all of these numbers: 43, 62, 8.\n{ONCE}", Countdown((43, 62, 8), 840)),
        (f"Calculate 840 using these numbers: 43, 62, 8.\n{ONCE}", Countdown((43, 62, 8), 840, use_all=False)),
        ("Using all the numbers 13, 16, 79, create an expression that equals 148.", Countdown((13, 16, 79), 148)),
        (f"Using the numbers [19, 36, 55, 7], {EQUATION}", Countdown((19, 36, 55, 7), 65)),
        (FEW_SHOT, Countdown((1, 2, 3, 4), 24)),
        ("Target number 507, with some or all of 100, 75, 8 and 1.", Countdown((100, 75, 8, 1), 507, use_all=False)),
        ("Make 10 from 3, 7 and 5; you don't have to use all of them.", Countdown((3, 7, 5), 10, use_all=False)),
        ('{"numbers": [3, 5, 8], "target": 16}', Countdown((3, 5, 8), 16)),
        ('{"numbers": [3, 5, 8], "target": 15, "use_all": false}', Countdown((3, 5, 8), 15, use_all=False)),
    ],
)
def test_problems_are_read(text: str, expected: Countdown) -> None:
    assert Countdown.of(text) == expected


def test_a_game_of_24_needs_no_words() -> None:
    assert Game24.of("4 4 7 10") == Game24((4, 4, 7, 10)) == Game24.of("Make 24 using 4, 4, 7, 10.")


@pytest.mark.parametrize(
    "text",
    ["", "Make 24.", "4 4 7 10", "{", '{"numbers": "4 4"}', '{"numbers": [1, 2.5], "target": 3}', "9" * 200_000,
     '{"numbers": [], "target": 3}', '{"numbers": [1, 2], "target": true}'],
)  # fmt: skip
def test_a_problem_that_cannot_be_read_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Countdown.of(text)
    assert "\n" not in str(refused.value)


def test_a_game_of_24_is_refused_for_anything_else() -> None:
    for text in ("4 4 7", "Make 23 using 4, 4, 7, 10."):
        with pytest.raises(UsageError):
            Game24.of(text)
    with pytest.raises(UsageError):
        Game24((1, 2, 3))
    with pytest.raises(UsageError):
        Countdown((), 3)


# ------------------------------------------------------------------ by construction


class Solved(NamedTuple):
    """A puzzle with its steps: one operand, sign, other operand, result, numbers left."""

    numbers: tuple[int, ...]
    target: int
    expression: str
    steps: list[tuple[Fraction, str, Fraction, Fraction, list[Fraction]]]


@st.composite
def puzzles(draw: st.DrawFn) -> Solved:
    numbers = draw(st.lists(st.integers(1, 30), min_size=2, max_size=6))
    left = [(Fraction(number), str(number)) for number in numbers]
    steps = []
    while len(left) > 1:
        one, one_text = left.pop(draw(st.integers(0, len(left) - 1)))
        other, other_text = left.pop(draw(st.integers(0, len(left) - 1)))
        sign = draw(st.sampled_from("+-*/" if other else "+-*"))
        result = applied(one, sign, other)
        left.append((result, f"({one_text} {sign} {other_text})"))
        steps.append((one, sign, other, result, draw(st.permutations([value for value, _ in left]))))
    value, text = left[0]
    assume(value.denominator == 1)
    return Solved(tuple(numbers), int(value), text, steps)


def applied(one: Fraction, sign: str, other: Fraction) -> Fraction:
    return {"+": one + other, "-": one - other, "*": one * other, "/": one / other if other else Fraction(0)}[sign]


def rounded(value: Fraction, places: int) -> str:
    whole, rest = divmod(abs(round(value * 10**places)), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{places}d}"


def lines(solved: Solved, style: int) -> list[str]:
    """The steps as a text writes them: plain, with commas and bullets, in blocks."""
    found = []
    before = [Fraction(number) for number in solved.numbers]
    for n, (one, sign, other, result, left) in enumerate(solved.steps, 1):
        second = f"({other})" if other < 0 or other.denominator > 1 else f"{other}"
        first = f"({one})" if one.denominator > 1 else f"{one}"
        calculation = f"{first} {sign} {second} = {result}"
        match style:
            case 0:
                found.append(f"{calculation} (left: {' '.join(map(str, left))})")
            case 1:
                found.append(f"{n}. {calculation}, remaining: {', '.join(map(str, left))}")
            case 2:
                tex = (
                    calculation.replace("*", r"\times").replace("/", "÷")
                    if "/" not in f"{first}{second}{result}"
                    else calculation
                )
                found.append(f"- {tex} [left: {', '.join(map(str, left))}]")
            case _:
                found.append(
                    f"Step{n}\navailable numbers: [{', '.join(map(str, before))}]\n"
                    f"suggested operation: {calculation}\nremaining numbers: [{', '.join(map(str, left))}]"
                )
        before = left
    return found


def answers(expression: str, target: int) -> list[str]:
    tex = expression.replace("*", r"\times ").replace("/", r"\div ").replace("(", r"\left( ").replace(")", r"\right) ")
    return [
        f"Answer: {expression} = {target}",
        f"<answer>{expression}</answer>",
        f"So the answer is\n\\[\\boxed{{{tex} = {target}}}\\]",
        f"**Final Answer:** ${tex}$.",
        expression.replace("*", "×").replace("/", "÷").replace("-", "−"),
        f"Expression: {expression} = {target}",
    ]


@settings(max_examples=80, deadline=None)
@given(puzzles(), st.integers(0, 3), st.integers(0, 5))
def test_right_by_construction_is_never_flagged(solved: Solved, style: int, how: int) -> None:
    text = "\n".join(lines(solved, style)) + "\n\n" + answers(solved.expression, solved.target)[how] + "\n"
    assert judged(Countdown(solved.numbers, solved.target), text) == Pass(len(solved.steps) + 1)


@settings(max_examples=25, deadline=None)
@given(puzzles(), st.integers(0, 3), st.integers(0, 5))
def test_no_beginning_of_a_right_text_is_flagged(solved: Solved, style: int, how: int) -> None:
    text = "\n".join(lines(solved, style)) + "\n\n" + answers(solved.expression, solved.target)[how] + "\n"
    verifier = Countdown(solved.numbers, solved.target)
    for end in range(0, len(text), 5):
        verdict = judged(verifier, text[:end], final=False)
        assert isinstance(verdict, Pass), text[:end]


@settings(max_examples=50, deadline=None)
@given(puzzles(), st.integers(2, 4))
def test_rounded_decimals_stand_for_fractions(solved: Solved, places: int) -> None:
    def shown(value: Fraction) -> str:
        return f"{value}" if value.denominator == 1 else rounded(value, places)

    text = ""
    for one, sign, other, result, left in solved.steps:
        assume(all(value.denominator == 1 or abs(value) > Fraction(1, 10) for value in (one, other, result)))
        text += f"{shown(one)} {sign} {shown(other)} = {shown(result)} (left: {' '.join(map(shown, left))})\n"
    assert judged(Countdown(solved.numbers, solved.target), text, final=False) == Pass(len(solved.steps))


@settings(max_examples=80, deadline=None)
@given(puzzles(), st.integers(0, 3), st.data())
def test_a_wrong_step_is_always_found(solved: Solved, style: int, data: st.DataObject) -> None:
    """One number of one step is changed, so that no numbers that were there explain it."""
    at = data.draw(st.integers(0, len(solved.steps) - 1))
    one, sign, other, result, left = solved.steps[at]
    by = data.draw(st.integers(1, 40).map(lambda n: Fraction(n, 4) * 4))
    what = data.draw(st.sampled_from(["operand", "result", "left", "dropped"]))
    if what == "operand":
        one += by
    elif what == "result":
        result += by
    elif what == "left":
        left = [left[0] + by, *left[1:]]
    else:
        left = [*left[1:], left[0], left[0]]
    seen = [Counter(map(Fraction, solved.numbers))] + [Counter(step[4]) for step in solved.steps[:at]]
    assume(not any(explains(pool, one, sign, other, result, left) for pool in seen))
    wrong = solved._replace(steps=[*solved.steps[:at], (one, sign, other, result, left), *solved.steps[at + 1 :]])
    text = "\n".join(lines(wrong, style)) + "\n"
    verdict = judged(Countdown(solved.numbers, solved.target), text, final=False)
    assert isinstance(verdict, Violation)
    assert verdict.span is not None
    written = lines(wrong, style)[at].partition("operation: ")[2] or lines(wrong, style)[at]
    assert verdict.span.start <= text.index(written) + len(written)
    assert text.index(written) <= verdict.span.start


def explains(
    pool: Counter[Fraction], one: Fraction, sign: str, other: Fraction, result: Fraction, left: list[Fraction]
) -> bool:
    """Whether the step can follow from the pool; its list may leave out the result, and a sign may be an operation."""
    if sign == "/" and not other:
        return False
    for sign_one, sign_other in itertools.product((1, -1) if one < 0 else (1,), (1, -1) if other < 0 else (1,)):
        used = Counter([one * sign_one, other * sign_other])
        rest = pool - used
        fits = rest + used == pool and applied(one, sign, other) == result
        if fits and Counter(left) in (rest + Counter([result]), rest):
            return True
    return False


def value_of(node: ast.expr, used: list[int]) -> Fraction:
    match node:
        case ast.Constant(value=int(number)):
            used.append(number)
            return Fraction(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand, used)
        case ast.BinOp(left=left, op=operator, right=right):
            one, other = value_of(left, used), value_of(right, used)
            if isinstance(operator, ast.Div):
                return one / other
            return applied(one, {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}[type(operator)], other)
        case _:
            raise SyntaxError


def is_solution(text: str, numbers: tuple[int, ...], target: int) -> bool:
    """What Python's own parser says."""
    used: list[int] = []
    try:
        value = value_of(ast.parse(text.strip(), mode="eval").body, used)
    except (SyntaxError, ZeroDivisionError, KeyError):
        return False
    return value == target and sorted(used) == sorted(numbers)


@settings(max_examples=120, deadline=None)
@given(puzzles(), st.integers(0, 5), st.data())
def test_answers_are_judged_as_python_judges_them(solved: Solved, how: int, data: st.DataObject) -> None:
    """A solution with another number or sign in it is right exactly if Python's parser and exact fractions say so."""
    places = [*re.finditer(r"\d+|(?<= )[-+*/](?= )", solved.expression)]
    place = data.draw(st.sampled_from(places))
    by = data.draw(st.sampled_from("+-*/") if place.group() in "+-*/" else st.integers(1, 30).map(str))
    expression = solved.expression[: place.start()] + by + solved.expression[place.end() :]
    right = is_solution(expression, solved.numbers, solved.target)
    verdict = judged(Countdown(solved.numbers, solved.target), answers(expression, solved.target)[how])
    assert isinstance(verdict, Pass if right else Violation), expression
    assert not right or verdict == Pass(1)


@settings(max_examples=50, deadline=None)
@given(puzzles(), st.data())
def test_a_number_that_is_dropped_or_used_twice_is_found(solved: Solved, data: st.DataObject) -> None:
    verifier = Countdown(solved.numbers, solved.target)
    number = data.draw(st.sampled_from(solved.numbers))
    twice = f"{solved.expression} + {number} - {number}"
    assert isinstance(judged(verifier, f"<answer>{twice}</answer>"), Violation)
    more = Countdown((*solved.numbers, number), solved.target)
    assert isinstance(judged(more, f"<answer>{solved.expression}</answer>"), Violation)


# ------------------------------------------------------------------ the search


def every_value(numbers: tuple[Fraction, ...]) -> set[Fraction]:
    """All that can be made of exactly these numbers, by combining two of them at a time in every way."""
    if len(numbers) == 1:
        return {numbers[0]}
    found = set()
    for i, j in itertools.permutations(range(len(numbers)), 2):
        rest = tuple(number for k, number in enumerate(numbers) if k not in {i, j})
        for sign in "+-*/" if numbers[j] else "+-*":
            found |= every_value((*rest, applied(numbers[i], sign, numbers[j])))
    return found


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-4, 12), min_size=1, max_size=4), st.booleans())
def test_not_possible_is_right_where_trying_everything_finds_nothing(numbers: list[int], use_all: bool) -> None:
    values = every_value(tuple(map(Fraction, numbers)))
    if not use_all:
        for size in range(1, len(numbers)):
            for chosen in itertools.combinations(numbers, size):
                values |= every_value(tuple(map(Fraction, chosen)))
    for target in (-24, -7, -1, *range(13), 17, 24, 36, 60):
        verdict = judged(Countdown(tuple(numbers), target, use_all=use_all, reveal=True), "<answer>None</answer>")
        if target not in values:
            assert verdict == Pass(1)
            continue
        assert isinstance(verdict, Violation)
        assert verdict.hint is not None
        used: list[int] = []
        assert value_of(ast.parse(verdict.hint.partition("=")[0].strip(), mode="eval").body, used) == target
        assert not Counter(map(abs, used)) - Counter(map(abs, numbers))
        assert not use_all or len(used) == len(numbers)


def test_six_numbers_are_decided() -> None:
    assert judged(Countdown((7, 23, 48, 61, 88, 97), 10**9 + 7), "<answer>Not possible</answer>") == Pass(1)


@pytest.mark.parametrize(("numbers", "use_all"), [((96, 97, 89, 83, 79, 73, 71, 67), True), ((2,) * 24, False)])
def test_a_search_beyond_its_budget_decides_nothing(numbers: tuple[int, ...], use_all: bool) -> None:
    verdict = judged(Countdown(numbers, 999_999_937, use_all=use_all), "<answer>Not possible</answer>")
    assert isinstance(verdict, Unknown)
    assert "budget" in verdict.reason


def test_a_dead_end_beyond_the_budget_is_none() -> None:
    many = Countdown((96, 97, 89, 83, 79, 73, 71, 67), 999_999_937, dead_ends=True)
    assert judged(many, "96 + 97 = 193 (left: 193 89 83 79 73 71 67)\n", final=False) == Pass(1)


# ------------------------------------------------------------------ conformance


def test_the_extractor_keeps_its_promises() -> None:
    number = [WrittenNumber(Fraction(n)) for n in (3, 4, 4)]
    text = "10 - 7 = 3 (left: 3 4 4)\n"
    readings = ((Binary("-", Number(Fraction(10)), Number(Fraction(7))), Number(Fraction(3))),)
    step = CountdownStep(
        span=Span(5, 29), text=text.rstrip(), operation="10 - 7", readings=readings, left=tuple(number),
        result=Span(14, 15), listed=Span(23, 28),
    )  # fmt: skip
    answer = CountdownExpression(
        Span(8, 15), "3 * 8.5", (Binary("*", Number(Fraction(3)), Number(Fraction(17, 2), 1)),)
    )
    check_extractor(
        CountdownTrace(),
        examples={
            View(text, start=5): CountdownWork((step,), whole=False),
            View("Answer: 3 * 8.5\n"): CountdownWork(answer=answer),
            View("Answer: 3 * 8.5"): None,
            View("10 - 7 = 3 (left: 3 4"): None,
            View("The cat sat on the mat.", final=True): None,
        },
        hostile=[text, "\\boxed{", "3 (left: 1 2 "],
        longest=30_000,
    )


def test_the_verifier_keeps_its_promises() -> None:
    def read(text: str) -> CountdownWork:
        state = CountdownTrace().extract(View(text, final=True))
        assert state is not None
        return state

    hostile = [
        read("Answer: 9**9**9**9"),
        read("<answer>" + "(" * 200 + "1" + ")" * 200 + "</answer>"),
        read("<answer>" + "9" * 300 + " * " + "9" * 250 + "</answer>"),
        read("".join(f"{n} + 1 = {n + 1} (left: {n + 1} {n} 7 8 9 10 11)\n" for n in range(200))),
        read("".join(f"10 - 7 = 3 (left: {n} 4 4) (not)\n" for n in range(200))),
        read("999999999999999 * 999999999999999 = 1 (left: " + " ".join(["999999999999999"] * 24) + ")\n"),
    ]
    texts = [CountdownTrace().extract(View(text, final=True)) for text in hostile_texts(longest=1_000).values()]
    hostile += [state for state in texts if state is not None]
    numbers = (4, 4, 7, 10)
    for verifier, harm in ((Game24(numbers), []), (Countdown(numbers, 24, dead_ends=True, reveal=True), hostile)):
        check_verifier(
            verifier,
            passes=[read(STEPS), read(STEPS + "Answer: (10 - 7) * (4 + 4)")],
            violates=[read(STEPS + "Answer: (10 - 7) * 4 + 4"), read("Answer: none"), read("10 - 7 = 4 (left: 4 4 4)")],
            hostile=harm,
        )
