import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midtrace import View
from midtrace.extractors import ArithmeticClaim, ArithmeticClaims
from midtrace.testing.costs import LIMIT, growth

EXTRACTOR = ArithmeticClaims()
HOSTILE = "0123456789.,+-*/^()[]{}=<>%$x \\n°²√|:!?_&\"'`~#×÷–…"


def read(text: str, *, before: str = "", prompt: str = "") -> list[str]:
    return [claim.text for claim in EXTRACTOR.extract(View(text, before=before, prompt=prompt)) or ()]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("143 + 37 = 180", ["143 + 37 = 180"]),
        ("So she has 12 * 7 = 84 apples left.", ["12 * 7 = 84"]),
        ("Step 1: 3 + 4 = 7", ["3 + 4 = 7"]),
        ("- 5 + 3 = 8", ["5 + 3 = 8"]),
        ("2. 12*7 = 84", ["12*7 = 84"]),
        ("(1,360 - 142 = 1,218)", ["1,360 - 142 = 1,218"]),
        ("**Total:** 3 × 4 = **12**", ["3 × 4 = **12**"]),
        ("so $2 \\times 3 = 6$.", ["2 \\times 3 = 6"]),
        ("\\(3 + 4 = \\boxed{7}\\)", ["3 + 4 = \\boxed{7}"]),
        ("$1,200 + $300 = $1,500 in all", ["$1,200 + $300 = $1,500"]),
        ("5% of 200 is 10", ["5% of 200 is 10"]),
        ("3/4 of 20 = 15", ["3/4 of 20 = 15"]),
        ("12*7 = <<12*7=84>>84 eggs", ["12*7=84", "12*7 = <<12*7=84>>84"]),
        ("10 points + 75 points = 85 points", ["10 points + 75 points = 85"]),
        ("200 (monkeys) + 400 (gorillas) = 600", ["200 (monkeys) + 400 (gorillas) = 600"]),
        ("3*4 = 12 + 5 = 17", ["12 + 5 = 17"]),
        ("104 * 57 = 5928 / 56 = 105.86", ["5928 / 56 = 105.86"]),
        ("f(3) = 2*3 + 1 = 7", ["2*3 + 1 = 7"]),
        ("3 + 4 = 7\nand so 7 * 2 = 14", ["3 + 4 = 7", "7 * 2 = 14"]),
        ('"reasoning": "First:\\n20 * 3 = 60\\nThen 60 + 1 = 61"', ["20 * 3 = 60", "60 + 1 = 61"]),
        ("60 students x 2/3 = 40", ["60 students x 2/3 = 40"]),
    ],
)
def test_a_claim_is_read_as_it_stands(text: str, claims: list[str]) -> None:
    assert read(text) == claims


@pytest.mark.parametrize(
    "text",
    [
        "M + 4 + 2 = 8", "x^2 - 36 = 5x", "2x + 3 = 7", "a = 5", "3 + 4 = 7y", "n! / 3 = 2", "|3 - 5| = 2",
        "25 1/3 is a mixed number", "10:30 - 9:45 = 45", "on 2024-01-05 = Friday", "v1.2.3 + 4 = 5",
        "007 + 1 = 8",
        "| 3 + 4 = 7 | 5 |", "> 3 + 4 = 7", "https://example.org/?a=3+4=7", "`3 + 4 = 7`",
        '"2 + 2 = 5" is a quotation',
        "1.200,50 + 3 = 4", "16,0000 + 1 = 3", "1,2 + 3 = 4", "2 + 2 = 5 is wrong", "suppose 2 + 2 = 5",
        "2 + 2 = 5?", "2 + 2 = 5. Wait, no", "2 + 2 = 5. That is incorrect.", "10 + 4 = 2 (mod 12)",
        "3 + 4 == 7", "3 + 4 := 7", "3 + 4 != 8", "3 + 4 ≈ 7", "day 1 - 5 + 3 = 8", "7 + 3 = 12 + 1",
        "17 / 5 = 3 R 2",
        "17 / 5 = 3 remainder 2", "17 / 5 = 3 and 2/5", "3 + 4 = 7!", "5 and 3 + 4 = 7", "half of 10 + 4 = 7",
        "3 feet + 4 inches = 40 inches", "3 weeks * 5 hours/day = 105 hours", "2 dozen + 3 = 27",
        "\\pi + 1 = 4",
        "$3.60 - 20 cents = $3.40", "5 x 1/2 = 10 halves", "1/4 container = 15 pints", "2^3^2 = 64",
        "3 + 4 = 7 or 8",
        "100_2 + 1_2 = 5", "3 + … + 4 = 10", "1 200 + 300 = 1 500",
        "2 * 1,500 = 3, 000", "", "=", "no numbers = none",
    ],
)  # fmt: skip
def test_whatever_could_mean_something_else_is_left_out(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    "prompt",
    ["Compute 5 + 9 modulo 12.", "In base 7, what is 3 + 6?", "Define the operation a @ b = 2a + b.",
     "SEND + MORE = MONEY, each letter a digit."],
)  # fmt: skip
def test_another_number_system_turns_the_channel_off(prompt: str) -> None:
    assert read("5 + 9 = 2", prompt=prompt) == []


def test_what_the_problem_states_is_a_quotation() -> None:
    assert read("143 + 37 = 510", prompt="Is it true that 143 + 37 = 510?") == []


def test_the_line_before_can_doubt_the_claim() -> None:
    assert read("2 + 2 = 5", before="This leads to a contradiction:\n") == []
    assert read("2 + 2 = 5", before="Add them up:\n") == ["2 + 2 = 5"]


def test_code_is_left_out_and_fenced_json_is_not() -> None:
    assert read("```python\n3 + 4 = 7\n```\n1 + 1 = 2") == ["1 + 1 = 2"]
    assert read("3 + 4 = 7", before="```\n") == []
    assert read("```json\n3 + 4 = 7\n```\n1 + 1 = 2") == ["3 + 4 = 7", "1 + 1 = 2"]


def test_offsets_are_those_of_the_trace() -> None:
    (claim,) = EXTRACTOR.extract(View("So 3 + 4 = 7 now", start=1000)) or ()

    assert claim.span == (1003, 1012)
    assert claim.result == (1011, 1012)


def test_a_state_travels_to_a_worker() -> None:
    state = EXTRACTOR.extract(View("\\frac{1}{2} + 25 1/3 * \\sqrt{16}% = 7.5; 2^3 = 8"))

    assert state
    assert len(state) == 2
    assert pickle.loads(pickle.dumps(state)) == state


def check_spans(text: str, start: int) -> None:
    for claim in EXTRACTOR.extract(View(text, start)) or ():
        assert isinstance(claim, ArithmeticClaim)
        assert start <= claim.span.start <= claim.result.start < claim.result.end <= claim.span.end <= start + len(text)
        assert text[claim.span.start - start : claim.span.end - start] == claim.text
        assert claim.text.startswith(claim.computation)


@given(st.text(max_size=300), st.integers(0, 10**6))
def test_any_text_is_read_without_error(text: str, start: int) -> None:
    check_spans(text, start)


@settings(max_examples=300)
@given(st.text(alphabet=HOSTILE, max_size=120), st.integers(0, 10**6))
def test_hostile_text_is_read_without_error(text: str, start: int) -> None:
    check_spans(text, start)


PIECES = ["1", "12.5", "3,000", " + ", "*", " x ", "/", " = ", "=", "(", ")", "\\frac{1}{2}", "$", "%", " apples", "**",
          "<<1+1=2>>", "\\boxed{4}", " of ", " is ", ".", ", ", "\n", "^2", "-", "²", "°", " (each)", " per day",
          "|"]  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_shuffled_pieces_of_arithmetic_are_read_without_error(text: str) -> None:
    check_spans(text, 0)


@pytest.mark.parametrize(
    "piece",
    ["1+", "=", "1=", "(", "9", " ", "1+1=2 ", "a", "<<", "<<1=", "\\", "1 apple ", "$", "*", "1 of ", "%", "9,", "9.",
     "1+1=2. ", "{", "\\frac{", "- ", "x ", "is of ", "1(", "1/", "_", "\n", "```\n", "1 = 1 of "],
)  # fmt: skip
def test_time_grows_in_proportion_to_the_text(piece: str) -> None:
    assert growth(lambda length: EXTRACTOR.extract(View((piece * length)[:length]))) < LIMIT
