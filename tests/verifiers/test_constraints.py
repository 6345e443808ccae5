"""Constraints: the same verdicts as trying everything, explanations that hold, rules that are told apart from noise."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors import Boolean, Choice, Claim, Integer, Real, Sort, TermError, Value, parse_term
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers import Constraints, symbol
from midtrace.verifiers.symbols import count, distinct

SORTS: dict[str, Sort] = {
    "a": Integer(0, 3),
    "b": Integer(0, 3),
    "c": Integer(1, 4),
    "p": Boolean(),
    "q": Boolean(),
    "hue": Choice(("red", "green", "blue")),
}
UNBOUNDED: dict[str, Sort] = {**SORTS, "z": Real()}
"""One more variable, which nothing is said about: numbers are solved as numbers then."""


def domain(sort: Sort) -> list[object]:
    match sort:
        case Boolean():
            return [False, True]
        case Choice(values):
            return list(values)
        case Integer(int(low), int(high)):
            return list(range(low, high + 1))
    raise AssertionError(sort)


WORLDS = [dict(zip(SORTS, case, strict=True)) for case in itertools.product(*map(domain, SORTS.values()))]

numbers = st.recursive(
    st.sampled_from(["a", "b", "c", "0", "1", "2", "3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda text: f"abs({text})"),
    ),
    max_leaves=3,
)
atoms = st.one_of(
    st.tuples(numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers).map(" ".join),
    st.sampled_from(["p", "q", "hue == 'red'", "hue != 'blue'", "distinct(a, b, c)", "count(p, q, a < b) >= 2"]),
)
rules = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, inner).map(lambda t: f"implies({t[0]}, {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"iff({t[0]}, {t[1]})"),
    ),
    max_leaves=4,
)


def holds(rule: str, world: dict[str, object]) -> bool:
    """By Python itself, which shares nothing with the solver: the rules above are Python too."""
    names = {
        "distinct": lambda *values: len(set(values)) == len(values),
        "count": lambda *values: sum(values),
        "implies": lambda left, right: not left or right,
        "iff": lambda left, right: bool(left) == bool(right),
        "abs": abs,
    }
    return bool(eval(rule, {"__builtins__": {}}, {**names, **world}))


def claim(text: str) -> Claim:
    return Claim(parse_term(text), Span(0, len(text)), text)


def judge(constraints: Constraints, *texts: str) -> Verdict:
    return constraints.check(tuple(claim(text) for text in texts))


@pytest.mark.parametrize("sorts", [SORTS, UNBOUNDED], ids=["booleans", "numbers"])
@settings(max_examples=60, deadline=None)
@given(st.lists(rules, min_size=1, max_size=4), st.lists(rules, min_size=1, max_size=3))
def test_verdicts_are_those_of_trying_everything(
    sorts: dict[str, Sort], given_rules: list[str], claims: list[str]
) -> None:
    worlds = [world for world in WORLDS if all(holds(rule, world) for rule in given_rules)]
    constraints = Constraints(sorts, {str(number): rule for number, rule in enumerate(given_rules)})
    verdict = judge(constraints, *claims)

    if not worlds:
        assert isinstance(verdict, Unknown)
    elif any(all(holds(each, world) for each in claims) for world in worlds):
        assert verdict == Pass(checked=len(claims))
    else:
        assert isinstance(verdict, Violation)
        for each in (verdict, *verdict.also):
            named = [int(name) for name in each.evidence["rules"].split(", ") if name]
            said = each.evidence["claims"].split("; ")
            assert not possible([given_rules[name] for name in named] + said)
            for name in named:
                assert possible([given_rules[other] for other in named if other != name] + said), "none can be spared"


def possible(texts: list[str]) -> bool:
    return any(all(holds(text, world) for text in texts) for world in WORLDS)


@settings(max_examples=40, deadline=None)
@given(st.lists(rules, min_size=1, max_size=4), rules)
def test_what_follows_is_what_holds_everywhere(given_rules: list[str], said: str) -> None:
    worlds = [world for world in WORLDS if all(holds(rule, world) for rule in given_rules)]
    constraints = Constraints(SORTS, {str(n): rule for n, rule in enumerate(given_rules)}, follows=True)
    verdict = judge(constraints, said)

    if worlds:
        assert isinstance(verdict, Pass) == all(holds(said, world) for world in worlds)


@settings(max_examples=30, deadline=None)
@given(st.lists(rules, min_size=1, max_size=4), st.sampled_from(sorted(SORTS)))
def test_a_hint_is_the_only_value_left(given_rules: list[str], name: str) -> None:
    worlds = [world for world in WORLDS if all(holds(rule, world) for rule in given_rules)]
    left = {world[name] for world in worlds}
    constraints = Constraints(SORTS, {str(n): rule for n, rule in enumerate(given_rules)})
    shown = {True: "true", False: "false"} if name in {"p", "q"} else {}
    for value in domain(SORTS[name]):
        text = f"{name} == {repr(value) if isinstance(value, str) else str(value).lower()}"
        verdict = judge(constraints, text)
        if worlds and value not in left:
            assert isinstance(verdict, Violation)
            only = next(iter(left))
            assert verdict.hint == (f"{name} is {shown.get(only, only)}" if len(left) == 1 else None)  # type: ignore[call-overload]


BUDGET = Constraints(
    {"food": Real(Fraction(0)), "rent": Real(Fraction(0)), "fun": Real(Fraction(0))},
    {"income": "food + rent + fun <= 1000", "lease": "rent = 600", "habit": "food >= 2 * fun"},
)


def test_real_numbers_are_exact() -> None:
    assert judge(BUDGET, "food = 266.67", "fun = 133.33") == Pass(checked=2)
    verdict = judge(BUDGET, "fun = 133.34")
    assert isinstance(verdict, Violation)
    assert verdict.message == "fun = 133.34 cannot be, given income, lease, habit"


def test_claims_that_cannot_hold_together_are_named_together() -> None:
    verdict = judge(BUDGET, "food = 300", "fun = 110")
    assert isinstance(verdict, Violation)
    assert verdict.message == "food = 300 and fun = 110 cannot all be, given income, lease"


def test_rules_in_python_are_the_same_rules() -> None:
    a, b, p = symbol("a"), symbol("b"), symbol("p")
    built = Constraints(
        SORTS,
        {
            "sum": a + 2 * b - 1 <= 3,
            "either": (a == 0) | ~p,
            "implied": p >> (b != 2),
            "hue": symbol("hue") == "red",
            "apart": distinct(a, b),
            "some": count(p, symbol("q")) == 1,
            "far": abs(a - b) / 2 >= 0.5,
        },
    )
    written = Constraints(
        SORTS,
        {
            "sum": "a + 2 * b - 1 <= 3",
            "either": "a = 0 or not p",
            "implied": "p -> b != 2",
            "hue": "hue = red",
            "apart": "distinct(a, b)",
            "some": "count(p, q) = 1",
            "far": "abs(a - b) / 2 >= 0.5",
        },
    )
    assert built._problem == written._problem


def test_a_document_is_read() -> None:
    document = {
        "variables": {
            "x": {"integer": [0, 9]},
            "colour": ["red", "green"],
            "sure": "boolean",
            "y": {"real": [0, "1/3"]},
        },
        "rules": {"red is small": "colour = red implies x < 3"},
    }
    constraints = Constraints.of(json.dumps(document))
    assert constraints.variables["y"] == Real(Fraction(0), Fraction(1, 3))
    verdict = judge(constraints, "x = 4", "colour = red")
    assert isinstance(verdict, Violation)
    assert verdict.message == "x = 4 and colour = red cannot all be, given red is small"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("[1]", "expected `variables`"),
        ("variables: {x: {integer: [1]}}\nrules: []", "variable 'x': expected boolean, integer"),
        ("variables: {x: integer}\nrules: [3]", "rule 'rule 1': expected text, got 3"),
        ("variables: {x: integer}\nrules: ['x = y']", "constraint 'rule 1': 'y' is neither a variable nor a value"),
        ("variables: {x: integer}\nrules: ['x']", "expected something that is true or false"),
        ("variables: {x: [a, a]}\nrules: []", "expected a choice of different values"),
        ("variables: {x: {integer: [3, 1]}}\nrules: []", "expected bounds in order"),
        ("a: [", "expected YAML or JSON"),
    ],
)
def test_a_document_that_is_none_is_told_in_one_line(document: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Constraints.of(document)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a +", "character 4: expected a value"),
        ("a @ b", "character 3: '@' is not part"),
        ("(a = 1", "expected ')'"),
        ("a = 1 b", "expected an operator or the end, got 'b'"),
        ("if(p, 1)", "if takes 3 arguments"),
        ("(" * 100 + "a" + ")" * 100, "60 levels"),
        ("a" * 5000, "4000 characters"),
        ("a + " * 300 + "a", "500 words"),
    ],
)
def test_text_that_is_no_constraint_is_told_where(text: str, message: str) -> None:
    with pytest.raises(TermError, match=r".") as raised:
        parse_term(text)
    assert message in str(raised.value)


def test_contradictory_rules_are_no_fault_of_the_text() -> None:
    constraints = Constraints(SORTS, {"one": "a < b", "two": "b < a", "three": "p"})
    verdict = judge(constraints, "a = 1")
    assert verdict == Unknown("the rules cannot all hold, whatever is claimed: one, two")


def test_what_is_too_hard_is_unknown() -> None:
    """A sum of three cubes: z3 gives up by its own count of steps, not by the clock."""
    whole = Integer(-(10**40), 10**40)
    constraints = Constraints({"x": whole, "y": whole, "z": whole}, {"cubes": "x*x*x + y*y*y + z*z*z = 42"})
    assert isinstance(judge(constraints, "x > 10"), Unknown)


def test_claims_about_something_else_are_left_out() -> None:
    assert judge(Constraints(SORTS, {"r": "a = 1"}), "who = 3", "hue = purple") == Pass(checked=0)


def read(text: str, *, final: bool = True) -> list[tuple[str, str]]:
    state = Constraints(SORTS, {}).claims.extract(View(text, 10, final=final))
    found = []
    for each in state or ():
        assert text[each.span.start - 10 : each.span.end - 10] == each.text
        name, value = each.term.arguments  # type: ignore[union-attr]
        found.append((name.name, _text(value.value)))  # type: ignore[union-attr]
    return found


def _text(value: Value) -> str:
    return str(value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = 2", [("a", "2")]),
        ("so A is 2, and b: 3.", [("a", "2"), ("b", "3")]),
        ('{"a": 1, "hue": "red", "p": true}', [("a", "1"), ("hue", "red"), ("p", "True")]),
        ("| a | 2 |\n| hue | Green |", [("a", "2"), ("hue", "green")]),
        ("**a** = **2**", [("a", "2")]),
        ("b + a = 3", []),
        ("a = 3 + b", []),
        ("a = 3b", []),
        ("2a = 2", []),
        ("a = 2.5", []),
        ("suppose a = 2", []),
        ("a is not 2", []),
        ("is a = 2?", []),
        ("hue is reddish", []),
        ("hue is a matter of taste", []),
        ("data = 2", []),
    ],
)
def test_assignments_are_read(text: str, found: list[tuple[str, str]]) -> None:
    assert read(text) == found


def test_a_value_that_may_go_on_is_not_read_yet() -> None:
    assert read("a = 2", final=False) == []
    assert read("a = 2\n", final=False) == [("a", "2")]


def test_conformance() -> None:
    state = (claim("a = 1"), claim("hue = red"))
    check_verifier(
        Constraints(SORTS, {"r": "a = 1 implies hue = green"}),
        passes=[state[:1], ()],
        violates=[state],
        hostile=[tuple(claim(f"a = {n}") for n in range(500))],
    )
    claims = Constraints(SORTS, {}).claims
    seen = Claim(parse_term("a == 1"), Span(0, 5), "a = 1")
    check_extractor(
        claims, examples={"a = 1\n": (seen,), "b\n": None}, hostile=["a = ", "hue is red ", "a|"], longest=30_000
    )
