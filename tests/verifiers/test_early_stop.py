"""What early stop takes for settled, and what it must not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, UsageError, View, Violation
from midtrace.extractors import Checkpoint, CountdownTrace, Probe
from midtrace.testing import check_verifier
from midtrace.verifiers import AllOf, AnyOf, Cached, ColdStop, Confident, Converged, EntropyStop, Game24
from midtrace.verifiers._same_answer import same


def answers(*values: object) -> tuple[Probe[object], ...]:
    return tuple(map(Probe, values))


def even(value: str) -> str | None:
    return None if int(value) % 2 == 0 else f"{value} is odd"


def sure(*confidences: float | None, value: object = "42") -> tuple[Probe[object], ...]:
    return tuple(Probe(value, confidence) for confidence in confidences)


def entropies(*nats: float | None, value: object = "42") -> tuple[Probe[object], ...]:
    return tuple(Probe(value, None, each) for each in nats)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("42", " 42. "),
        ("42", "**42**"),
        ("42", "42.0"),
        ("42", "`42`"),
        ("42", "$42$"),
        ("\\(42\\)", "\\boxed{42}"),
        ("$1,200", "1200"),
        ("1{,}200", "1.2e3"),
        ("1/2", "0.5"),
        ("\\frac{1}{2}", ".5"),
        ("-5", "- 5"),
        ("\u22125", "-5"),
        ("(B)", "B."),
        ('"yes"', "yes"),
        ("Yes!", "Yes"),
        ("(10 - 7) * (4 + 4)", "(10-7)*(4+4)"),
        ("two  words", "two\nwords"),
        (42, "42"),
        (0.1, "1/10"),
        (Decimal("0.10"), Fraction(1, 10)),
        (("1", "2"), [1, 2]),
        ({"a": "1"}, {"a": 1.0}),
        ({1, 2}, {"2", "1"}),
        (float("nan"), float("nan")),
    ],
)
def test_the_same_answer(first: object, second: object) -> None:
    assert same(first, second)
    assert same(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "A"),
        ("a cat", "A"),
        ("option A", "A"),
        ("2", "12"),
        ("12", "1 2"),
        ("Yes because it fits", "No because it fits"),
        ("Yes", "Yes because it fits"),
        ("5!", "5"),
        ("5%", "5"),
        ("5?", "5"),
        ("3.14...", "3.14"),
        (".5", "5"),
        ("-5", "5"),
        ("0.333", "1/3"),
        ("1, 200", "1,200"),
        ("(1,200)", "1,200"),
        ("[1, 2]", "(1, 2)"),
        ("(1, 2)", "1, 2"),
        ("3 -1", "3-1"),
        ("(a)(b)", "a)(b"),
        ("|x|", "x"),
        ('"3"', "3"),
        ("1/0", "2/0"),
        ("\\frac{1}{2", "1/2"),
        ("", "0"),
        (True, 1),
        ((1, 2), (2, 1)),
        ({"a": 1}, {"b": 1}),
        ("x" * 2_000, "x" * 2_000 + "."),
    ],
)
def test_other_answers(first: object, second: object) -> None:
    assert not same(first, second)
    assert not same(second, first)


@given(st.text("0123456789.,-+/$\\{}()*`'\"!e \n", max_size=40), st.text("0123456789.,-+/$ ()", max_size=20))
def test_every_text_is_the_same_as_itself_and_nothing_raises(first: str, second: str) -> None:
    assert same(first, first)
    assert same(first, second) == same(second, first)


def test_states_are_compared_without_the_places_they_were_read_at() -> None:
    read = [CountdownTrace().extract(View(text, at, final=True)) for text, at in (("4*6", 3), ("4*6", 7), ("6*4", 7))]
    assert same(read[0], read[1])
    assert not same(read[1], read[2])
    assert same(Span(1, 2), Span(3, 4))


def test_so_many_equal_answers_in_a_row() -> None:
    assert Converged().check(answers("7", "42", "42.", "**42**")) == Pass(settled="**42**, 3 times in a row")
    for state in (
        answers(),
        answers("42", "42"),
        answers("42", "42", "7"),
        answers("42", "42", None),
        answers("42", "42", "42", "7", "42"),
        answers("42", "42", None, "42"),
        answers(None, None, None),
    ):
        assert Converged().check(state) == Pass(checked=0), state
    assert Converged(k=1).check(answers("7")) == Pass(settled="7")
    assert Converged(k=2).check(answers("x" * 100, "x" * 100)) == Pass(settled="x" * 79 + "…, 2 times in a row")


@pytest.mark.parametrize(
    "state",
    [
        answers("A", "a", "A"),
        answers("12", "2", "12"),
        answers("Yes because it fits", "No because it fits", "Yes because it fits"),
        answers("A cat", "a cat", "A"),
    ],
)
def test_nothing_is_looked_for_inside_an_answer(state: Sequence[Probe[object]]) -> None:
    """Prior art C2.42: the article "a" was read as option A, "2" was taken for "12", "No because" was dropped."""
    assert Converged().check(state) == Pass(checked=0)


def test_no_because_is_an_answer_as_good_as_yes_because() -> None:
    for said in ("No because it does not fit", "Yes because it fits"):
        verdict = Converged().check(answers(said, said, said))
        assert isinstance(verdict, Pass)
        assert verdict.settled


def test_a_stable_answer_that_is_rejected_is_a_violation() -> None:
    assert Converged(unless=even).check(answers("42", "42", "42")) == Pass(settled="42, 3 times in a row")
    assert Converged(unless=even).check(answers("7", "7", "7")) == Violation("7 is odd")
    assert Converged(unless=even).check(answers("7", "7", "8")) == Pass(checked=0), "it is asked about what is stable"
    assert Converged(unless=lambda value: Unknown("who knows")).check(answers("7", "7", "7")) == Unknown("who knows")
    assert Converged(unless=lambda value: Pass(5)).check(answers("7", "7", "7")) == Pass(5, "7, 3 times in a row")


def test_a_stable_expression_that_is_not_24_is_a_violation() -> None:
    """Prior art C2.42: a stable expression of another value ended the reasoning as if it were right."""

    def read(*texts: str) -> tuple[Probe[object], ...]:
        return tuple(Probe(CountdownTrace().extract(View(text, final=True))) for text in texts)

    rule = Converged(unless=Game24.of("4 4 7 10"))
    wrong = rule.check(read("10 * 7 - 4 - 4", "10 * 7 - 4 - 4", "10 * 7 - 4 - 4"))
    assert isinstance(wrong, Violation)
    assert wrong.message == "10 * 7 - 4 - 4 is 62, not 24"
    right = rule.check(read("(10 - 7) * (4 + 4)", "(10 - 7) * (4 + 4)", "(10 - 7) * (4 + 4)"))
    assert isinstance(right, Pass)
    assert right.settled


def test_the_last_answer_must_be_sure() -> None:
    assert Confident().check(sure(0.2, 0.96)) == Pass(settled="42, with a confidence of 0.960")
    assert Confident().check(sure(0.99, 0.94)) == Pass(checked=0)
    assert Confident(threshold=0.9).check(sure(0.94)) == Pass(settled="42, with a confidence of 0.940")
    assert Confident().check(sure(0.99, value=None)) == Pass(checked=0), "what cannot be read is no answer"
    assert Confident().check(()) == Pass(checked=0)
    assert Confident().check(sure(float("nan"))) == Pass(checked=0)
    assert isinstance(Confident().check(sure(None)), Unknown)
    assert Confident(unless=even).check(sure(0.99, value="7")) == Violation("7 is odd")


def test_the_entropy_must_stay_where_it_is() -> None:
    calm, told = (0.5, 0.501, 0.499, 0.5), Pass(settled="the entropy after thinking stays at 0.500 nats")
    assert EntropyStop().check(entropies(*calm)) == told
    assert EntropyStop().check(entropies(*calm[:3])) == Pass(checked=0), "four answers at least"
    assert EntropyStop().check(entropies(None, *calm)) == told
    assert EntropyStop().check(entropies(1.5, *calm)) == Pass(checked=0)
    assert EntropyStop().check(entropies(1.5, *calm * 12)) == told, "what is long ago is forgotten"
    assert EntropyStop().check(entropies(*calm, 1.5)) == Pass(checked=0)
    assert EntropyStop().check(()) == Pass(checked=0)
    assert isinstance(EntropyStop().check(entropies(*calm, None)), Unknown)
    assert EntropyStop().check(entropies(*calm, value=None)) == told, "the answer itself is not needed"
    assert isinstance(EntropyStop(unless=even).check(entropies(*calm, value=None)), Unknown)
    assert EntropyStop(unless=even).check(entropies(*calm, value="7")) == Violation("7 is odd")


def test_the_moving_variance_is_exponential() -> None:
    """Weight 0.2: mean 1, 1.2; variance 0, 0.2 * 0.8 ** 2 = 0.128; then mean 1.36, variance 0.1843."""
    assert EntropyStop(probes=2, variance=0.1281).check(entropies(1.0, 2.0)) != Pass(checked=0)
    assert EntropyStop(probes=2, variance=0.1279).check(entropies(1.0, 2.0)) == Pass(checked=0)
    assert EntropyStop(probes=2, variance=0.1844).check(entropies(1.0, 2.0, 2.0)) != Pass(checked=0)
    assert EntropyStop(probes=2, variance=0.1843).check(entropies(1.0, 2.0, 2.0)) == Pass(checked=0)


def test_a_cold_checkpoint_is_settled_unless_it_is_the_end() -> None:
    assert ColdStop().check(Checkpoint(5, final=False)) == Pass(settled="certain for long")
    assert ColdStop().check(Checkpoint(5, final=True)) == Pass(checked=0)


def test_what_is_settled_stays_so_in_combinations() -> None:
    calm = tuple(Probe("42", 0.99) for _ in range(3))
    both = AllOf(Converged(), Confident())
    assert both.check(calm) == Pass(2, "42, 3 times in a row; 42, with a confidence of 0.990")
    assert AllOf(Converged(), Confident(0.995)).check(calm) == Pass(1), "all of them must say so"
    assert AllOf(Converged(), lambda state: None).check(calm) == Pass(2)
    assert AnyOf(lambda state: "no", Converged()).check(calm) == Pass(settled="42, 3 times in a row")
    cached = Cached(Converged())
    assert [cached.check(calm), cached.check(calm)] == [Pass(settled="42, 3 times in a row")] * 2


def test_conformance() -> None:
    settled = tuple(Probe("42", 0.99, 0.1) for _ in range(4))
    made = AllOf(Converged(unless=even), Confident(unless=even), Cached(Converged()))
    check_verifier(made, passes=[settled, ()], hostile=[answers("(" * 5_000, "((" * 500, "$" * 900), answers(object)])


def test_conformance_of_the_others() -> None:
    check_verifier(EntropyStop(), passes=[entropies(*[0.1] * 9), ()], hostile=[entropies(1e308, -1e308, 1e308, 0.0)])
    check_verifier(ColdStop(), passes=[Checkpoint(5, final=False), Checkpoint(5, final=True)])


def test_what_cannot_work_is_told_in_one_line() -> None:
    for make, options in (
        (Converged, {"k": 0}),
        (Converged, {"k": True}),
        (Converged, {"unless": "no"}),
        (Confident, {"threshold": 0}),
        (Confident, {"threshold": 1.1}),
        (Confident, {"unless": 3}),
        (EntropyStop, {"alpha": 0}),
        (EntropyStop, {"variance": float("nan")}),
        (EntropyStop, {"probes": 1}),
    ):
        (option,) = options
        with pytest.raises(UsageError, match=rf"^{make.__name__}\({option}=.*\): expected [^\n]*$"):
            make(**options)
