from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Pass, Span, Verdict, View, Violation
from midtrace.extractors import Number
from midtrace.extractors.consistency import FactClaims, StatedFact, StatedFacts
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.consistency import Consistency

VARIABLES = ["x", "y", "A", "x_1", "x_{2}", r"\theta", "f(3)", "P(A)", "AB", r"\angle ABC", "S_n", "k'"]
LABELS = ["Total cost", "Posts per day", "Cost of the apples"]
SAYINGS = ["So {} = {}.", "We get {} = {}, which is what we need.", "Therefore, ${} = {}$.", r"\({} = {}\)", "{} = {}",
           "- {} = {}", "**{} = {}**", "This means {} = {} (as above).", "Let {} = {}."]  # fmt: skip


def facts(text: str, *, final: bool = True, start: int = 0) -> StatedFacts:
    return FactClaims().extract(View(text, start=start, final=final)) or ()


def judge(text: str, *, final: bool = True) -> Verdict:
    return Consistency().check(facts(text, final=final))


def wrong(text: str) -> Violation:
    verdict = judge(text)
    assert isinstance(verdict, Violation), verdict
    return verdict


@st.composite
def traces(draw: st.DrawFn) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Values of some names, and lines that state them, each name at least once, with the name."""
    known = {name: draw(st.integers(0, 9999)) for name in draw(st.sets(st.sampled_from(VARIABLES), min_size=1))}
    names = [*known, *draw(st.lists(st.sampled_from(sorted(known)), max_size=8))]
    lines = [(name, draw(st.sampled_from(SAYINGS)).format(name, known[name])) for name in names]
    return known, lines


@given(traces())
def test_a_trace_that_does_not_contradict_itself_passes(trace: tuple[dict[str, int], list[tuple[str, str]]]) -> None:
    known, lines = trace
    texts = [text for _, text in lines]

    for n in range(len(texts)):
        assert isinstance(judge("\n".join(texts[: n + 1]) + "\n", final=False), Pass)
    assert judge("\n".join(texts)) == Pass(checked=len(lines) - len(known))


@given(traces(), st.integers(1, 9999), st.sampled_from(SAYINGS), st.data())
def test_a_contradiction_is_found_where_it_stands(
    trace: tuple[dict[str, int], list[tuple[str, str]]], change: int, saying: str, data: st.DataObject
) -> None:
    known, lines = trace
    name = data.draw(st.sampled_from(sorted(known)))
    text = "\n".join(text for _, text in lines) + "\n"
    value = known[name] + change

    verdict = wrong(text + saying.format(name, value) + "\nDone.\n")

    assert verdict.also == ()
    assert verdict.span is not None
    assert verdict.span.start >= len(text)
    assert verdict.message.startswith(f"{name} = ")
    assert f"{value} contradicts {name} = " in verdict.message


@given(st.sampled_from(LABELS), st.integers(2, 9999), st.integers(1, 99))
def test_labelled_amounts_must_agree(label: str, amount: int, change: int) -> None:
    first = f"**Step 1:**\n- {label}: 2 * 3 = ${amount}\n"

    for summary in ("**Summary:**\n- {}: ${}\n", "# Final answer\n**{}:** ${}\n", "Conclusion:\n{} = ${}"):
        assert judge(first + "**Step 2:**\n" + summary.format(label, amount)) == Pass(1)
        assert isinstance(judge(first + "**Step 2:**\n" + summary.format(label, amount + change)), Violation)
    assert judge(f"{first}**Step 2:**\n- {label}: ${amount + change}\n") == Pass(0)
    assert isinstance(judge(f"{first}- {label}: ${amount + change}\n"), Violation)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 5. So x = 6.", "x = 6 contradicts x = 5, which was stated before"),
        ("Let n = 12. Thus n = 13.", "n = 13 contradicts n = 12, which was stated before"),
        ("f(3) = 7\nso f(3) = 8", "f(3) = 8 contradicts f(3) = 7, which was stated before"),
        ("P(A) = 1/4\nP(A) = 1/3\n", "P(A) = 1/3 contradicts P(A) = 1/4, which was stated before"),
        ("AB = 5 cm\nAB = 6 cm\n", "AB = 6 contradicts AB = 5, which was stated before"),
        (
            "$x = \\frac{1}{2}$\nso $x = \\frac{1}{3}$.",
            "x = \\frac{1}{3} contradicts x = \\frac{1}{2}, which was stated before",
        ),
        ("y = 3 * 8 = 24. Hence y = 25.", "y = 25 contradicts y = 3 * 8 = 24, which was stated before"),
        ("Total cost: $40\nTotal cost = $41", "Total cost = $41 contradicts Total cost: $40, which was stated before"),
    ],
)  # fmt: skip
def test_the_message_names_both_statements(text: str, message: str) -> None:
    assert wrong(text).message == message


def test_the_verdict_says_where_and_what_was_stated() -> None:
    assert wrong("x = 5. So x = 6. And x = 7.") == Violation(
        "x = 6 contradicts x = 5, which was stated before",
        span=Span(10, 15),
        hint="x = 5",
        evidence={"stated": "x = 5", "stated at": "0-5"},
    )
    assert wrong("x = 5. So x = 6.").evidence == {"stated": "x = 5", "stated at": "0-5"}


def test_further_contradictions_follow_in_text_order() -> None:
    verdict = wrong("x = 5\ny = 2\nx = 6\ny = 3\nx = 7\n")

    assert verdict.message.startswith("x = 6")
    assert [also.message[:5] for also in verdict.also] == ["y = 3"]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1/3 = 0.33\nx = 0.333\n", "x = 3.7\nx = 4\n", "x = 25%\nx = 0.25\n", "x = 0.5\nx = 1/2\n",
        "AB = 5 cm\nAB = 50 mm\n", "x = 1,200\nx = 1200\n", "x = 24 / 2 = 12\nx = 12\n", "x = 2.50\nx = 2.5\n",
        "x = \\frac{4}{2}\nx = 2\n", "x = $40\nx = 40\n", "x = $0.40\nx = 40 cents\n",
        "x = 5 apples\nx = 5 pears\n", "-x = 4\nx = -4\n",
    ],
)  # fmt: skip
def test_one_value_may_be_written_in_several_ways(text: str) -> None:
    assert isinstance(judge(text), Pass)


@pytest.mark.parametrize(
    "text",
    [
        "x = 2 or x = 3.", "x = 2, x = 3\n", "x = 2 and x = 3 are the roots.", "The roots:\nx = 2\nx = 3\n",
        "x = ±2\nx = -2\nx = 2\n", "Case 1: y = 2.\nCase 2: y = 3.\n", "If n = 2, y = 4.\nIf n = 3, y = 9.\n",
        "Let's try n = 2.\nLet's try n = 3.\nSo n = 4.", "Suppose x = 5.\nSo x = 6.\n", "x = 5.\nBut x > 7.\nSo x = 8.",
        "For n = 1, y = 2\nFor n = 2, y = 4\n", "N = 5.\nWe forgot the reversals.\nSo N = 10.\n", "x_1 = 2\nx_2 = 3\n",
        "n = 7 and k = 3.\nThen n = 4 and k = 2.", "x = 5.\nWait, that is wrong.\nx = 6.", "x != 5\nx = 6",
        "x = 5?\nx = 6",
        "Iteration:\nx = 1\nLoop again.\nx = 2\n", "x + y = 5\ny = 3\n", "2x = 10\nx = 5\n", "x = 2k\nx = 6\n",
        "Substituting x = 0 gives the intercept.\nx = 4\n", "x = 5 + 3\nx = 8\n", "x < 5\nx = 4", "sin x = 1\nx = 90\n",
        "x = 0.\\overline{7}\nx = 7\n", "C(7, 3) = 7! / 3!\nC(7, 3) = 35\n",
        "a = -20\nMultiply all of it by -1.\na = 20\n",
        "P(A or B) = 1/2\nP(A) = 1/3", "```python\nx = 1\nx = 2\n```", "y = 5\nAnother:\ny = 6\n", "mod x = 5\nx = 3",
        "Remaining apples: 5\nRemaining apples: 4\n", "Total: 5\nTotal: 6\n", "Day one cost: $5\nDay two cost: $6\n",
        "x = 5 (mod 7)\nx = 12\n", "n = 3 works\nn = 4 fails\n", "line x = 3 and y = 2x = 4\n", "x = 3 to 5\nx = 7\n",
        "x = 5 million\nx = 6\n", "(a) x = 5.\n(b) x = 6.\n", "Part 1: x = 5.\nPart 2: x = 6.\n", "x = 3, 4\nx = 7\n",
        "The second call: L = 4.\nThe next call: L = 1.\n", "Similarly, x = 2\nAlternatively, x = 3\n",
    ],
)  # fmt: skip
def test_a_name_may_be_given_another_value(text: str) -> None:
    assert isinstance(judge(text), Pass), judge(text)


def test_a_name_that_was_tried_with_another_value_is_left_out() -> None:
    assert judge("If n = 3 it fails.\nn = 4.\nSo n = 5.\n") == Pass(0)
    assert judge("The answer is n = 4.\nLet us plug in n = 4.\nn = 4.\n") == Pass(1)


def test_a_summary_is_held_against_what_all_parts_agree_on() -> None:
    parts = "# A\nTotal cost: $3\n# B\nTotal cost: ${}\n# Summary\nTotal cost: $7\n"

    assert judge(parts.format(4)) == Pass(0)
    assert isinstance(judge(parts.format(3)), Violation)


def test_what_the_end_of_the_text_cut_off_may_go_on() -> None:
    assert facts("x = 5\nx = 6", final=False) == facts("x = 5\n", final=False)
    assert judge("x = 25\nx = 2") == Pass(1)
    assert isinstance(judge("x = 25\nx = 2\n"), Violation)


def test_facts_are_read_with_their_places() -> None:
    state = facts("If x = 2.\nSo y = 3 cm.\nTotal cost: $4\n", start=100)

    assert state == (
        StatedFact("x", Number(Fraction(2)), Span(103, 108), "x = 2", part=1, asserted=False),
        StatedFact("y", Number(Fraction(3)), Span(113, 118), "y = 3", unit="cm", part=1),
        StatedFact("total cost", Number(Fraction(4)), Span(123, 137), "Total cost: $4", part=0),
    )


def test_a_line_end_inside_json_ends_a_line() -> None:
    assert isinstance(judge(r'{"reasoning": "x = 5\nSo x = 6\n"}'), Violation)
    assert judge(r'{"reasoning": "x \neq 5\nSo x = 6\n"}') == Pass(0)


@given(st.text("xyf(3)=0123456789 ,.:;\n\\$*ifcase{}+-/_", max_size=200), st.booleans())
def test_any_text_is_judged_without_error(text: str, final: bool) -> None:
    judge(text, final=final)


def test_the_verifier_keeps_its_promises() -> None:
    hostile = [facts("x = 5\nif x = 6\n" * 600), facts("x = 9" + "9" * 300 + "\nx = 2^2\nx = 1/0\nx = 1/0\n")]

    check_verifier(
        Consistency(),
        passes=[facts("x = 5\nSo x = 5\n")],
        violates=[facts("x = 5\nSo x = 6\n")],
        hostile=[*hostile, tuple(f for n in range(500) for f in facts(f"x = {n}\n"))],
    )


def test_the_extractor_keeps_its_promises() -> None:
    examples = {"nothing": None, "2x = 5\n": None, "So x = 5\n": facts("So x = 5\n", final=False)}
    hostile = ["x = 5 = ", "x = 5\n", "if x = ", "Total cost: $5\n", "case "]

    check_extractor(FactClaims(), examples=examples, hostile=hostile, longest=30_000)
