from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from midtrace import Pass, Span, Verdict, View, Violation
from midtrace.extractors import Number, Quantity
from midtrace.extractors.units import UNITS, ClaimedUnits, UnitClaim, UnitClaims
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.units import Units

# How many of the second make one of the first, by definition.
WHOLE = {
    ("hours", "minutes"): 60, ("minutes", "seconds"): 60, ("hours", "seconds"): 3600, ("km", "m"): 1000,
    ("m", "cm"): 100, ("cm", "mm"): 10, ("kg", "grams"): 1000, ("liters", "ml"): 1000, ("feet", "inches"): 12,
    ("yards", "feet"): 3, ("miles", "yards"): 1760, ("miles", "feet"): 5280, ("pounds", "ounces"): 16,
    ("gallons", "quarts"): 4, ("quarts", "pints"): 2, ("gallons", "pints"): 8, ("square feet", "square inches"): 144,
    ("m^2", "cm^2"): 10_000, ("tablespoons", "teaspoons"): 3, ("acres", "square yards"): 4840, ("cm³", "mm³"): 1000,
    ("decades", "years"): 10, ("m/s", "m/min"): 60, ("km/h", "m/h"): 1000, ("tonnes", "kg"): 1000,
}  # fmt: skip
# In metres, kilograms or cubic metres, exactly: international yard and pound, NIST Handbook 44, UK regulations of 1995.
EXACT = {
    "inch": "0.0254", "foot": "0.3048", "yard": "0.9144", "mile": "1609.344", "pound": "0.45359237",
    "ounce": "0.028349523125", "ton": "907.18474", "acre": "4046.8564224", "hectare": "10000", "mph": "0.44704",
    "gallon": "0.003785411784", "quart": "0.000946352946", "pint": "0.000473176473",
    "tablespoon": "0.00001478676478125", "teaspoon": "0.00000492892159375", "liter": "0.001", "cc": "0.000001",
}  # fmt: skip
SENTENCES = st.sampled_from(
    ["{}", "So {}.", "- {}", "1. {}", "Step 2: {}\n", "**{}**", "We know that {}, so", "\\({}\\)", "${}$"]
)


def judge(text: str, *, prompt: str = "", final: bool = False, start: int = 0) -> Verdict:
    state = UnitClaims().extract(View(text, start=start, prompt=prompt, final=final))
    return Pass(0) if state is None else Units().check(state)


def wrong(text: str, prompt: str = "") -> Violation:
    verdict = judge(text, prompt=prompt)
    assert isinstance(verdict, Violation), verdict
    return verdict


def claims(text: str) -> ClaimedUnits:
    return UnitClaims().extract(View(text)) or ()


@given(st.sampled_from(sorted(WHOLE)), st.integers(1, 5000), SENTENCES)
def test_a_right_conversion_passes(pair: tuple[str, str], count: int, sentence: str) -> None:
    large, small = pair

    assert judge(sentence.format(f"{count} {large} = {count * WHOLE[pair]:,} {small}")) == Pass(1)
    assert judge(sentence.format(f"{count * WHOLE[pair]} {small} = {count} {large}")) == Pass(1)


@given(st.sampled_from(sorted(WHOLE)), st.integers(1, 500), st.integers(1, 10**8), SENTENCES)
def test_a_wrong_conversion_is_found_and_written_right(
    pair: tuple[str, str], count: int, written: int, sentence: str
) -> None:
    large, small = pair
    assume(written != count * WHOLE[pair])
    assume(pair[1] != "teaspoons")  # a tablespoon is 20 ml in Australia
    assume(not (UNITS.get(small, UNITS["m"])[0].powers == (("length", 1),) and written > 999 * count * WHOLE[pair]))
    text = f"{count} {large} = {written} {small}"

    verdict = wrong(sentence.format(text))

    assert verdict.correction == f"{count} {large} = {count * WHOLE[pair]} {small}"
    assert judge(verdict.correction) == Pass(1)


@given(st.sampled_from(sorted(WHOLE)), st.decimals(1, 999, places=2), SENTENCES)
def test_a_rounded_conversion_passes(pair: tuple[str, str], count: Fraction, sentence: str) -> None:
    large, small = pair
    exact = Fraction(count) / WHOLE[pair]
    places = 6 - len(str(int(exact)))

    assert judge(sentence.format(f"{count} {small} = {float(exact):.{places}f} {large}")) == Pass(1)


@pytest.mark.parametrize(("unit", "size"), sorted(EXACT.items()))
def test_factors_are_exact(unit: str, size: str) -> None:
    assert UNITS[unit][0].size == Fraction(size)


# Size, power of a length, power of a time.
QUANTITIES = {
    "km": (Fraction(1000), 1, 0), "m": (Fraction(1), 1, 0), "miles": (Fraction("1609.344"), 1, 0),
    "hours": (Fraction(3600), 0, 1), "min": (Fraction(60), 0, 1), "km/h": (Fraction("5/18"), 1, -1),
    "m/s": (Fraction(1), 1, -1), "miles per hour": (Fraction("0.44704"), 1, -1), "m^2": (Fraction(1), 2, 0),
    "cm^2": (Fraction("0.0001"), 2, 0),
}  # fmt: skip
SIGNS = {"*": 1, "/": -1}


def fitting() -> list[tuple[str, str, str, str]]:
    """Two units, the operator between them, and a unit of what comes out."""
    return [
        (first, operator, second, result)
        for first, operator, second, result in product(QUANTITIES, SIGNS, QUANTITIES, QUANTITIES)
        if all(
            one + SIGNS[operator] * other == both
            for one, other, both in zip(
                QUANTITIES[first][1:], QUANTITIES[second][1:], QUANTITIES[result][1:], strict=True
            )
        )
    ]


@given(st.integers(1, 99), st.integers(1, 99), st.sampled_from(fitting()))
def test_products_and_quotients_are_computed_like_by_hand(
    count: int, other: int, units: tuple[str, str, str, str]
) -> None:
    first, operator, second, unit = units
    sizes = [QUANTITIES[each][0] for each in (first, second, unit)]
    result = count * sizes[0] * (other * sizes[1]) ** SIGNS[operator] / sizes[2]
    text = f"{count} {first} {operator} {other} {second}"
    assume(Fraction(1, 100) < result < 10**9)

    assert judge(f"{text} = {float(result):.6f} {unit}") == Pass(1)
    assert isinstance(judge(f"{text} = {float(100 * result):.6f} {unit}"), Violation)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 km = 100 m", "1 km is 1000 m, not 100 m"),
        ("3 hours = 200 minutes", "3 hours is 180 minutes, not 200 minutes"),
        ("An hour is 50 minutes.", "An hour is 60 minutes, not 50 minutes"),
        ("There are 50 minutes in an hour.", "an hour is 60 minutes, not 50 minutes"),
        ("3 hours are equal to 200 minutes", "3 hours is 180 minutes, not 200 minutes"),
        ("5 m + 3 s = 8 m", "5 m + 3 s adds length and time"),
        ("60 km / 2 h = 30 km", "60 km / 2 h is length/time, but 30 km is length"),
        ("12 cm * 3 cm = 36 cm", "12 cm * 3 cm is length^2, but 36 cm is length"),
        ("12 cm × 3 cm × 2 cm = 72 cm^2", "12 cm × 3 cm × 2 cm is length^3, but 72 cm^2 is length^2"),
        ("20 cm + 3 m = 23 m", "20 cm + 3 m is 3.2 m, not 23 m"),
        ("90 minutes + 300 seconds = 390 seconds", "90 minutes + 300 seconds is 5700 seconds, not 390 seconds"),
        ("60 miles/hour * 30 minutes = 1800 miles", "60 miles/hour * 30 minutes is 30 miles, not 1800 miles"),
        ("60 km/h * 2 h = 120 km/h", "60 km/h * 2 h is length, but 120 km/h is length/time"),
        ("36 cm^2 / 4 cm = 9 cm^2", "36 cm^2 / 4 cm is length, but 9 cm^2 is length^2"),
        ("4 feet/hour / 8 feet/hour = 0.5 hours", "4 feet/hour / 8 feet/hour is a plain number, but 0.5 hours is time"),
        ("1 square foot = 12 square inches", "1 square foot is 144 square inches, not 12 square inches"),
        ("5 feet 6 inches = 67 inches", "5 feet 6 inches is 66 inches, not 67 inches"),
        ("1 day = 25 hours", "1 day is not 25 hours"),
        ("1 week = 8 days", "1 week is not 8 days"),
        ("1 year = 13 months", "1 year is not 13 months"),
        ("1 pound = 12 ounces", "1 pound is 16 ounces, not 12 ounces"),
        ("1 inch = 25 cm", "1 inch is 2.54 cm, not 25 cm"),
        ("2.5 kg = 2400 g", "2.5 kg is 2500 g, not 2400 g"),
        (r"$2 \text{ km} = 200 \text{ m}$", r"2 \text{ km} is 2000 \text{ m}, not 200 \text{ m}"),
    ],
)
def test_the_message_says_what_is_wrong(text: str, message: str) -> None:
    assert wrong(text).message == message


@pytest.mark.parametrize(
    "text",
    [
        "4 minutes - 2 minutes = 2 minutes + 3 minutes = 5 minutes",
        "5 miles = 8 km", "1 inch = 2.5 cm", "1 kg = 2.2 pounds", "10 km = 6 miles", "1 gallon = 3.785 liters",
        "1 gallon = 4.546 liters", "1 pint = 16 ounces", "1 pint = 20 ounces", "1 ton = 2000 pounds", "1 ton = 1000 kg",
        "1 ton = 2240 pounds", "1 oz = 31.1 g", "1 oz = 28 g", "3.33 hours = 200 minutes", "100 minutes = 1.67 hours",
        "100 minutes = 1 hour and 40 minutes", "2 1/2 hours = 150 minutes", "1/2 hour = 30 minutes", "10 m/s = 36 km/h",
        "120 miles / 40 mph = 3 hours", "1 L = 1000 cm^3", "1 cubic foot = 7.48 gallons",
        "266 hours / 12 hours per month = 22.166666666666668 months",
        "8 hours/day * 5 days = 40 hours", "3 weeks * 5 days/week = 15 days",
        "24 feet / 4 feet/hour = <<24/4=6.0>>6 hours", "1 km = 1.000 m", "- 638 seconds is 10 minutes and 38 seconds",
        "8 feet x 10 feet = 80 square feet", "240 minutes / 60 minutes per hour = 4 hours", "1 tablespoon = 20 ml",
    ],
)  # fmt: skip
def test_one_plausible_right_reading_is_enough(text: str) -> None:
    assert judge(text) in {Pass(0), Pass(1)}


@pytest.mark.parametrize(
    "text",
    [
        "12 miles * 4.5 hours = 54 miles", "5 hours * 3 days = 15 hours", "10 hours * 60 minutes = 600 minutes",
        "12 feet * 12 inches = 144 inches", "3 feet * 12 = 36 inches", "120/60 minutes = 2 hours", "1 month = 5 weeks",
        "5 kg = 49 m", "1 day = 8 hours", "5 days = 40 hours", "1 week = 5 days", "1 month = 4 weeks", "1 h = 9 miles",
        "1 year = 300 days", "8 hours/day * 5 days = 40 hours/week", "60 miles/hour * 2 hours = 120 miles/day",
        "8 hours/day * 7 days/week = 56 hours", "3 miles + 3 miles = 6 miles per day", "1 cm = 5 km",
        "In one hour it flies 580 miles / 2 hours = 290 miles", "It gains 10 m/s * 3 s = 30 m/s",
        "Remaining after 2 hours = 30 minutes", "the rest after 3 km is 2 km", "1 cup = 12 ounces", "3 cups = 2 pints",
        "Suppose 1 km = 100 m", "Is 1 km = 100 m?", "1 km is not 100 m", "1 km = 100 m. Wait, that is wrong.",
        "1 hour of work = 10 minutes of rest", "2 hours = 30 minutes longer", "5 km - 30 minutes = 2 km",
        "$5 / 2 hours = $3 per hour", "5m + 3n = 8",
        "let m = 4 and 5 m + 3 s = 8 m", "3 in the box = 5 in the bag", "6 bars * 2 grams/bar = 12 miles",
        "| 1 km | = | 100 m |", "```python\n1 km = 100 m\n```", "1 km ≈ 100 m", "3-hour = 200-minute",
        "1 km = 100 m * 5", "10 seconds = 2 hours per day", "the 2 second = 3 hour gap", "1e3 m = 5 km",
    ],
)  # fmt: skip
def test_what_may_be_meant_otherwise_is_left_alone(text: str) -> None:
    assert judge(text + "\n") == Pass(0)


def test_a_length_on_a_map_is_no_conversion() -> None:
    assert judge("1 inch = 10 feet", prompt="On a map, one inch stands for ten feet.") == Pass(0)
    assert wrong("1 inch = 10 feet", "How long is it?").hint == "1 inch = 0.08 feet"


def test_a_letter_that_is_a_variable_is_no_unit() -> None:
    assert isinstance(judge("2 h + 30 m = 5 h", prompt="A trip of 2 h."), Violation)
    assert judge("2 h + 30 m = 5 h", prompt="Let $h$ be the price of a hat.") == Pass(0)


def test_a_claim_that_the_problem_makes_is_not_the_models() -> None:
    assert judge("1 km = 100 m", prompt="On Mars 1 km = 100 m. How far is it?") == Pass(0)


def test_the_claim_is_read_with_its_place() -> None:
    state = UnitClaims().extract(View("So 3 hours = 180 minutes.\n", start=100))

    assert state == (
        UnitClaim(
            span=Span(103, 124),
            text="3 hours = 180 minutes",
            computation=Span(103, 110),
            result=Span(113, 124),
            left=Quantity(Number(Fraction(3)), "h"),
            right=Quantity(Number(Fraction(180)), "min"),
        ),
    )


def test_what_the_end_of_the_trace_cut_off_may_have_gone_on() -> None:
    assert isinstance(judge("3 hours = 18 minutes\n", final=True), Violation)
    assert judge("1 hour and 40 minutes = 10 min", final=True) == Pass(1)
    assert isinstance(judge("1 hour and 40 minutes = 20 min", final=True), Violation)


def test_further_wrong_claims_follow_in_text_order() -> None:
    verdict = wrong("1 km = 100 m. 1 hour = 60 minutes. 1 foot = 10 inches.")

    assert verdict.message == "1 km is 1000 m, not 100 m"
    assert [also.message for also in verdict.also] == ["1 foot is 12 inches, not 10 inches"]


@given(st.text("0123456789 kmcshg/*+-=^².,()$\\andisperth{}\n", max_size=120))
def test_any_text_is_judged_without_error(text: str) -> None:
    judge(text)


def test_the_verifier_keeps_its_promises() -> None:
    right, slip = claims("3 hours = 180 minutes"), claims("3 hours = 200 minutes")
    hostile = claims("1 oz * 2 tbsp * 3 gal / 4 tsp = 9^9 oz^3 = 5 m\n" * 200)

    check_verifier(Units(), passes=[right], violates=[slip], hostile=[hostile, claims("9" * 300 + " km = 5 m")])


def test_the_extractor_keeps_its_promises() -> None:
    examples = {"nothing here": None, "x = 5": None, "3 hours = 180 minutes": claims("3 hours = 180 minutes")}
    hostile = ["1 km = 5 m = ", "an hour is ", "2 h 30 min ", "there are 5 m in "]

    check_extractor(UnitClaims(), examples=examples, hostile=hostile, longest=30_000)
