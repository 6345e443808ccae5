from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, Verdict, View, Violation
from midtrace.extractors import ArithmeticClaims
from midtrace.verifiers import Arithmetic


def judge(text: str, start: int = 0) -> Verdict:
    state = ArithmeticClaims().extract(View(text, start))
    return Pass(0) if state is None else Arithmetic().check(state)


def wrong(text: str) -> Violation:
    verdict = judge(text)
    assert isinstance(verdict, Violation), text
    return verdict


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("143 + 37 = 510", "143 + 37 = 180"),
        ("28*37 = 1037", "28*37 = 1036"),
        ("5047-4416 = 632", "5047-4416 = 631"),
        ("3 × 4 = 13", "3 × 4 = 12"),
        ("$1,200 + $300 = $1,600", "$1,200 + $300 = $1,500"),
        ("<<12*7=86>>", "12*7=84"),
        ("12*7 = <<12*7=86>>86 eggs", "12*7 = <<12*7=84>>84"),
        ("12*7 = $<<12*7=84>>86", "12*7 = $<<12*7=84>>84"),
        ("\\frac{1}{2} + \\frac{1}{3} = \\frac{2}{5}", "\\frac{1}{2} + \\frac{1}{3} = \\frac{5}{6}"),
        ("2 \\times 3 = 7", "2 \\times 3 = 6"),
        ("$4^2 = 15$", "4^2 = 16"),
        ("3*4 = 12 + 5 = 18", "12 + 5 = 17"),
        ("so 3 * 4 = **13** apples", "3 * 4 = **12**"),
        ("3 + 4 = \\boxed{8}.", "3 + 4 = \\boxed{7}"),
        ("1{,}200 \\cdot 3 = 3{,}601", "1{,}200 \\cdot 3 = 3{,}600"),
        ("999 + 2 = 1,002", "999 + 2 = 1,001"),
        ("1,500 - 600 = 1,000", "1,500 - 600 = 900"),
        ("$2.50 * 4 = $11.00", "$2.50 * 4 = $10.00"),
        ("15 / 4 = 3.9", "15 / 4 = 3.75"),
        ("20 / 3 = 7.67", "20 / 3 = 6.67"),
        ("5 - 8 = -4", "5 - 8 = -3"),
        ("1/2 + 1/3 = 3/4", "1/2 + 1/3 = 5/6"),
        ("2/10 x 100% = 30%", "2/10 x 100% = 20%"),
        ("100 - 20% = 70", "100 - 20% = 80"),
        ("5% of 200 = 11", "5% of 200 = 10"),
        ("3/4 of 20 is 16", "3/4 of 20 is 15"),
        ("\\sqrt{16} + 2 = 7", "\\sqrt{16} + 2 = 6"),
        ("(-3) * (-4) = -12", "(-3) * (-4) = 12"),
        ("12 buses * 35 people = 430 people", "12 buses * 35 people = 420"),
        ("7(23) + 5 = 164", "7(23) + 5 = 166"),
    ],
)
def test_a_wrong_result_is_flagged_and_corrected_in_its_own_style(text: str, correction: str) -> None:
    assert wrong(text).correction == correction
    assert isinstance(judge(correction), Pass)


@pytest.mark.parametrize(
    "text",
    [
        "60 students x 2/3 = 40", "1/3 = 0.33", "10/3 = 3.33", "2/3 = 0.66", "7 / 2 = 3", "7 / 2 = 4",
        "5% of 200 = 10", "3/4 of 20 is 15", "Step 1: 3 + 4 = 7", "12*7 = <<12*7=84>>84", "1/2 / 3/4 = 2/3",
        "6 / 1/2 = 12", "6/2(3) = 1", "6/2(3) = 9", "-2^2 = 4", "-2^2 = -4", "100 - 20% = 80",
        "80 + 25% = 100",
        "25 1/3 * 3 = 76", "9 - -4 = 13", "360 - 480 = 120 less", "20 * 6 = 2 hours",
        "in thousands: 25 * 3 = 75,000",
        "1.200 + 300 = 1.500", "30° - 390° = 0°", "0.33 * 3 = 1", "3 / 2 × 10^3 = 0.0015", "3 * 10^2 = 300",
        "2 * 150 = 3 × 10^2", "3 * 0.9 = 2.6999999999999997", "212.8 * 63 = 13410", "1,000 * 3 = 3000",
        "5/20 = 25%", "5/20 * 100 = 25%", "2/10 x 100% = 20%", "7/2 = 3 1/2", "- 5 + 3 = -2",
        "150 / 2 = $0.75",
        "2^10 = 1024", "\\frac{1}{2} + \\frac{1}{3} = \\frac{5}{6}", "\\sqrt{2} = 1.41", "2 * 3 = 6 = 6",
    ],
)  # fmt: skip
def test_one_plausible_true_reading_is_enough(text: str) -> None:
    assert judge(text) == Pass(1) or judge(text) == Pass(2)


def test_the_verdict_says_what_is_right_and_where() -> None:
    verdict = judge("So 12 * 7 = 86.", start=40)

    assert verdict == Violation(
        message="12 * 7 is 84, not 86",
        span=Span(43, 54),
        hint="12 * 7 = 84",
        correction="12 * 7 = 84",
        evidence={"exact": "84", "written": "86"},
    )
    assert isinstance(verdict, Violation)
    assert verdict.evidence == {"exact": "84", "written": "86"}


def test_where_several_readings_are_plausible_all_are_named_and_none_is_written() -> None:
    verdict = wrong("6/2(3) = 5")

    assert verdict.message == "6/2(3) is 9 or 1, not 5"
    assert verdict.correction is None


def test_a_number_that_the_end_of_the_trace_cut_off_may_have_gone_on() -> None:
    def judged(text: str) -> Verdict:
        return Arithmetic().check(ArithmeticClaims().extract(View(text, final=True)) or ())

    assert judged("200 - 83 - 91 = 2") == Pass(1)
    assert isinstance(judged("200 - 83 - 91 = 27"), Violation)
    assert isinstance(judged("200 - 83 - 91 = 2\n"), Violation)


def test_further_wrong_claims_follow_in_text_order() -> None:
    verdict = wrong("1 + 1 = 3. 2 + 2 = 4. 3 + 3 = 7")

    assert verdict.message == "1 + 1 is 2, not 3"
    assert [also.message for also in verdict.also] == ["3 + 3 is 6, not 7"]


def test_of_a_chain_only_the_first_wrong_link_counts() -> None:
    verdict = wrong("2 * 3 + 0 = 7 - 1 = 5")

    assert (verdict.message, verdict.also) == ("7 - 1 is 6, not 5", ())
    assert wrong("8 / 2 = 5/1 = 6").also == ()


@pytest.mark.parametrize(
    "text", ["9^9^9 = 1", "9^401 = 1", "10^400 * 10^400 * 10^400 * 10^400 = 1", "1 / 0 = 5", "2^0.5 = 1", "0^-1 = 3",
             "(9^400)^400 = 1", "\\sqrt{-4} = 2", "(" * 51 + "1 + 1" + ")" * 51 + " = 3", "1+" * 60 + "1 = 3",
             "9" * 5000 + " + 1 = 3"]
)  # fmt: skip
def test_beyond_the_limits_nothing_is_decided(text: str) -> None:
    assert judge(text) == Pass(0)


VALUES = st.integers(0, 99_999)
TIMES = st.sampled_from([" * ", "*", " × ", " x ", " \\times ", " \\cdot ", " · "])
SPELLINGS = st.sampled_from(["{}", "${}", "So {} in all.", "Step 2: {}", "- {}", "1. {}", "({})", "**{}**", "\\({}\\)",
                             "the total is {}, as said", "x = {}", "<<{}>>", "{} apples", "$${}$$"])  # fmt: skip


def spelled(value: int, *, grouped: bool) -> str:
    return f"{value:,}" if grouped else str(value)


@st.composite
def computations(draw: st.DrawFn) -> tuple[str, Fraction, bool]:
    left, right, grouped = draw(VALUES), draw(VALUES), draw(st.booleans())
    first, second = spelled(left, grouped=grouped), spelled(right, grouped=grouped)
    match draw(st.sampled_from("+-*/")):
        case "+":
            return f"{first}{draw(st.sampled_from([' + ', '+']))}{second}", Fraction(left + right), grouped
        case "-":
            left, right = max(left, right), min(left, right)
            first, second = spelled(left, grouped=grouped), spelled(right, grouped=grouped)
            return f"{first}{draw(st.sampled_from([' - ', '-', ' − ']))}{second}", Fraction(left - right), grouped
        case "*":
            return f"{first}{draw(TIMES)}{second}", Fraction(left * right), grouped
        case _:
            right = max(right, 1)
            operator = draw(st.sampled_from([" / ", "/", " ÷ "]))
            return f"{first}{operator}{spelled(right, grouped=grouped)}", Fraction(left, right), grouped


@settings(max_examples=400)
@given(computations(), SPELLINGS, st.integers(1, 6), st.booleans())
def test_a_true_statement_is_never_flagged(
    computation: tuple[str, Fraction, bool], spelling: str, places: int, cut: bool
) -> None:
    text, value, grouped = computation
    if value.denominator == 1:
        written = spelled(value.numerator, grouped=grouped)
    else:
        scaled = int(value * 10**places) if cut else round(value * 10**places)
        written = f"{scaled // 10**places}.{scaled % 10**places:0{places}d}"

    assert not isinstance(judge(spelling.replace("{}", f"{text} = {written}")), Violation)


@settings(max_examples=400)
@given(computations(), st.integers(1, 10**6), st.sampled_from(["{}", "So {} in all.", "Step 2: {}", "2. {}", "({})"]))
def test_a_wrong_whole_number_is_flagged_and_its_correction_is_not(
    computation: tuple[str, Fraction, bool], wrong_result: int, spelling: str
) -> None:
    text, value, grouped = computation
    assume(value.denominator == 1)
    assume(value != wrong_result)
    written = spelled(wrong_result, grouped=grouped)
    if "/" in text or "÷" in text:
        first, second = text.replace("÷", "/").split("/")
        assume(int(first.replace(",", "")) >= int(second.replace(",", "")))  # 0/3 = 5: perhaps a name, not a quotient

    line = spelling.replace("{}", f"{text} = {written}")
    verdict = wrong(line)

    assert verdict.correction is not None
    assert verdict.correction.replace(",", "") == f"{text} = {value}".replace(",", "")
    assert verdict.evidence == {"exact": str(value), "written": str(wrong_result)}
    assert verdict.span is not None
    assert line[verdict.span.start : verdict.span.end] == f"{text} = {written}"
    assert judge(line.replace(f"{text} = {written}", verdict.correction)) == Pass(1)


PIECES = ["1", "12.5", "3,000", " + ", "*", " x ", "/", " = ", "=", "(", ")", "\\frac{1}{2}", "$", "%", " apples", "**",
          "<<1+1=2>>", "\\boxed{4}", " of ", " is ", ".", "\n", "^2", "-", "²", "°", " (each)", "\\sqrt{2}",
          "0", "^"]  # fmt: skip


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_hostile_text_gives_a_verdict_and_corrections_that_hold(text: str) -> None:
    verdict = judge(text)

    assert not isinstance(verdict, Unknown)
    if isinstance(verdict, Violation):
        for one in (verdict, *verdict.also):
            assert one.span is not None
            assert 0 <= one.span.start < one.span.end <= len(text)


@given(st.text(alphabet="0123456789+-*/^()=., ", max_size=80))
def test_text_of_digits_and_operators_gives_a_verdict(text: str) -> None:
    assert isinstance(judge(text), Pass | Violation)
