from __future__ import annotations

from itertools import product

import pytest
import z3
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from midtrace import Pass, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors import Apply, Constant, Term, Variable, variables_of
from midtrace.extractors.propositional import FormulaClaims, read_formula
from midtrace.testing import check_extractor, check_verifier, hostile_texts
from midtrace.verifiers.propositional import PropositionalEntailment

PUZZLE = """Use the following notation: OR = ∨, AND = ∧.

Here is the question:
Given:
1. (P → Q)
.2. (Q ↔ ¬R)
.3. (P ∧ (S ∨ S))
.What can we conclude from the above statements?"""
RULES = PropositionalEntailment.of(PUZZLE)


def judge(text: str, rules: PropositionalEntailment = RULES, *, final: bool = True) -> Verdict:
    state = FormulaClaims().extract(View(text, final=final))
    return Pass(0) if state is None else rules.check(state)


def value(term: Term, values: dict[str, bool]) -> bool:
    match term:
        case Constant(truth):
            return bool(truth)
        case Variable(name):
            return values[name]
        case Apply(operator, arguments):
            found = [value(argument, values) for argument in arguments]
            match operator:
                case "not":
                    return not found[0]
                case "and":
                    return all(found)
                case "or":
                    return any(found)
                case "implies":
                    return not found[0] or found[1]
                case "iff":
                    return found[0] == found[1]
    raise AssertionError(term)


def by_rows(premises: tuple[Term, ...], claim: Term) -> str:
    names = sorted({name for term in (*premises, claim) for name in variables_of(term)})
    rows = [dict(zip(names, row, strict=True)) for row in product((False, True), repeat=len(names))]
    holds = {value(claim, row) for row in rows if all(value(premise, row) for premise in premises)}
    if not holds:
        return "inconsistent"
    return "open" if len(holds) == 2 else "entailed" if holds == {True} else "contradicted"


def in_z3(term: Term) -> z3.BoolRef:
    match term:
        case Constant(truth):
            return z3.BoolVal(bool(truth))
        case Variable(name):
            return z3.Bool(name)
        case Apply(operator, arguments):
            found = [in_z3(argument) for argument in arguments]
            made = {
                "not": lambda: z3.Not(found[0]),
                "and": lambda: z3.And(*found),
                "or": lambda: z3.Or(*found),
                "implies": lambda: z3.Implies(*found),
                "iff": lambda: found[0] == found[1],
            }
            return made[operator]()
    raise AssertionError(term)


def by_z3(premises: tuple[Term, ...], claim: Term) -> str:
    solver = z3.SimpleSolver()
    solver.add(*map(in_z3, premises))
    can = [solver.check(in_z3(each)) == z3.sat for each in (claim, Apply("not", (claim,)))]
    return {(True, True): "open", (True, False): "entailed", (False, True): "contradicted"}.get(
        (can[0], can[1]), "inconsistent"
    )


def formulas(names: str = "PQRST") -> st.SearchStrategy[Term]:
    leaves = st.sampled_from(names).map(Variable) | st.booleans().map(Constant)

    def deeper(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        joined = st.builds(
            lambda operator, left, right: Apply(operator, (left, right)),
            st.sampled_from(["and", "or", "implies", "iff"]), inner, inner,
        )  # fmt: skip
        return inner.map(lambda term: Apply("not", (term,))) | joined

    return st.recursive(leaves, deeper, max_leaves=8)


STYLES = [
    {"not": "¬", "and": " ∧ ", "or": " ∨ ", "implies": " → ", "iff": " ↔ "},
    {"not": "~", "and": " & ", "or": " | ", "implies": " -> ", "iff": " <-> "},
    {"not": "not ", "and": " and ", "or": " or ", "implies": " implies ", "iff": " if and only if "},
    {"not": "\\neg ", "and": " \\land ", "or": " \\lor ", "implies": " \\rightarrow ", "iff": " \\leftrightarrow "},
    {"not": "!", "and": "&&", "or": " || ", "implies": " => ", "iff": " <=> "},
]


def written(term: Term, style: dict[str, str]) -> str:
    match term:
        case Constant(truth):
            return str(truth)
        case Variable(name):
            return name
        case Apply("not", (operand,)):
            return f"{style['not']}{written(operand, style)}"
        case Apply(operator, arguments):
            return f"({style[operator].join(written(argument, style) for argument in arguments)})"
    raise AssertionError(term)


@given(formulas(), st.sampled_from(STYLES))
def test_every_notation_is_read_back_as_it_was_written(term: Term, style: dict[str, str]) -> None:
    assert read_formula(written(term, style)) == (term,)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("¬P ∧ Q ∨ R", "((¬P) ∧ Q) ∨ R"),
        ("P ∨ Q → R ∧ S", "(P ∨ Q) → (R ∧ S)"),
        ("P → Q ↔ ¬Q → ¬P", "(P → Q) ↔ (¬Q → ¬P)"),
        ("if P then Q or R", "P → (Q ∨ R)"),
        ("$P \\wedge \\lnot Q$", "P ∧ ¬Q"),
        ("p v q", "p ∨ q"),
        ("P ⊕ Q", "¬(P ↔ Q)"),
        ("[P ∧ {Q}]", "P ∧ Q"),
    ],
)
def test_precedence_is_the_usual_one(text: str, same: str) -> None:
    assert read_formula(text) == read_formula(same) != ()


def test_a_chain_of_implications_has_two_readings() -> None:
    readings = (*read_formula("P → (Q → R)"), *read_formula("(P → Q) → R"))

    assert read_formula("P → Q → R") == readings


@pytest.mark.parametrize(
    "text", ["", "P Q", "P ∧", "(P", "P)", "∧ P", "P, Q", "P = Q", "the end.", "¬" * 100 + "P", "(" * 5000]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    assert read_formula(text) == ()


def wording(verdict: Verdict) -> str:
    match verdict:
        case Pass():
            return "entailed"
        case Unknown():
            return "inconsistent"
        case Violation(evidence=evidence):
            return evidence["standing"]


@settings(max_examples=250, deadline=None)
@given(st.lists(formulas(), min_size=1, max_size=4), formulas())
def test_table_solver_and_brute_force_agree(premises: list[Term], claim: Term) -> None:
    rules = PropositionalEntailment(tuple(premises))
    assume(set(variables_of(claim)) <= {name for term in premises for name in variables_of(term)})
    assume(claim != Constant(value=False))

    found = wording(judge(f"<answer>{written(claim, STYLES[0])}</answer>", rules))

    assert found == by_rows(rules.premises, claim) == by_z3(rules.premises, claim)


@settings(max_examples=30, deadline=None)
@given(st.lists(formulas(), min_size=1, max_size=3), formulas())
def test_beyond_the_table_the_solver_says_the_same(premises: list[Term], claim: Term) -> None:
    assume(set(variables_of(claim)) <= {name for term in premises for name in variables_of(term)})
    assume(claim != Constant(value=False))
    # A chain of equivalent propositions makes the table too large and changes nothing else.
    chain = [Apply("iff", (Variable(f"X{n}"), Variable(f"X{n + 1}"))) for n in range(20)]
    rules = PropositionalEntailment((*premises, *chain))

    assert wording(judge(f"<answer>{written(claim, STYLES[0])}</answer>", rules)) == by_rows(tuple(premises), claim)


@pytest.mark.parametrize(
    "text",
    [
        "<answer>P ∧ S</answer>",
        "Therefore, Q is true.\n\\boxed{\\neg R}",
        "So R must be false.",
        "Thus S = True and P = True.",
        "The answer is: Q ∨ R",
        "¬R",
        "∴ P → ¬R",
        "Hence both P and Q are true, because of premise 1.",
    ],
)
def test_what_follows_passes(text: str) -> None:
    verdict = judge(text)

    assert isinstance(verdict, Pass)
    assert verdict.checked > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<answer>R</answer>", "R contradicts the premises"),
        ("Therefore, ¬P.\nMore.", "¬P contradicts the premises"),
        ("So R must be true.", "R must be true contradicts the premises"),
        ("Hence Q is false.", "Q is false contradicts the premises"),
        ("<answer>⊥</answer>", "the premises do not contradict each other"),
        ("The final answer is: contradiction.", "the premises do not contradict each other"),
    ],
)
def test_what_does_not_follow_is_found(text: str, message: str) -> None:
    verdict = judge(text)

    assert isinstance(verdict, Violation)
    assert verdict.message == message


def test_what_the_premises_leave_open_does_not_follow() -> None:
    verdict = judge("<answer>A → B</answer>", PropositionalEntailment.of("Premises:\n- A or B\n- B -> C"))

    assert isinstance(verdict, Violation)
    assert verdict.message == "A → B does not follow: the premises can hold without it"


@pytest.mark.parametrize(
    "text",
    [
        "Suppose ¬P. Therefore, ¬Q.",
        "Case 1: R is true.\nTherefore, R.",
        "Assume R holds:\n- Then the first is void.\nSo R must be true.",
        "If R, then Q is false.",
        "Therefore, could R be true?",
        'He wrote "therefore, R".',
        "Therefore, R. Wait, that is wrong.",
        "So R might be true.",
        "Therefore this is R or so.",
        "So Z must be true.",
        "```python\nso R\n```\n",
    ],
)
def test_what_is_not_claimed_outright_is_left_out(text: str) -> None:
    assert judge(text) == Pass(0)


def test_a_heading_ends_a_supposition() -> None:
    assert isinstance(judge("Suppose R.\nThen ¬Q.\n## Step 2\nTherefore, R.\n"), Violation)


def test_an_answer_that_uses_something_else_is_not_decided() -> None:
    assert judge("<answer>P ∧ Z</answer>") == Unknown("the answer 'P ∧ Z' uses Z, which no premise names")
    assert judge("<answer>nothing at all</answer>") == Unknown("the answer 'nothing at all' is no formula")


def test_contradictory_premises_are_told() -> None:
    rules = PropositionalEntailment.of('{"premises": ["P", "¬P ∧ Q"]}')

    assert not rules.consistent()
    assert judge("<answer>Q</answer>", rules) == Unknown(
        "the premises contradict each other, so that everything follows from them"
    )
    assert judge("<answer>The premises are inconsistent.</answer>", rules) == Pass(1)
    assert judge("<answer>Q</answer>", PropositionalEntailment(rules.premises, ex_falso=True)) == Pass(1)


def test_an_answer_is_read_only_once_it_is_complete() -> None:
    text = "<answer>P ∧ R</answer>\n"

    for end in range(text.index("</answer>") + len("</answer>")):
        assert judge(text[:end], final=False) == Pass(0)
    assert isinstance(judge(text, final=False), Violation)


def test_of_two_answers_the_last_counts() -> None:
    assert judge("<answer>R</answer> is not right.\n<answer>¬R</answer>") == Pass(1)


def test_the_span_is_that_of_the_formula() -> None:
    text = "We see it. Therefore, R is true. Good."
    state = FormulaClaims().extract(View(text, start=100, final=True))
    assert state is not None

    assert text[state[0].span.start - 100 : state[0].span.end - 100] == "R is true" == state[0].text


@pytest.mark.parametrize(
    "problem",
    [
        "",
        "What follows?",
        "Given:\n1. P Q\nWhat follows?",
        '{"premises": [1]}',
        '{"premises": []}',
        "{",
        "Given: \n1. A → B → C",
    ],
)
def test_a_problem_that_cannot_be_read_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        PropositionalEntailment.of(problem)
    assert "\n" not in str(refused.value)


def test_too_many_variables_are_not_decided() -> None:
    premises = tuple(Apply("or", (Variable(f"A{n}"), Variable(f"B{n}"))) for n in range(200))
    rules = PropositionalEntailment((*premises[:199], Apply("and", (Variable("C"), premises[199]))))

    assert isinstance(judge("<answer>C</answer>", rules), Unknown)


def test_conformance() -> None:
    extractor = FormulaClaims()
    right, wrong = (extractor.extract(View(text, final=True)) for text in ("<answer>Q</answer>", "<answer>R</answer>"))
    hostile = [
        state for text in hostile_texts(longest=10_000).values() if (state := extractor.extract(View(text, final=True)))
    ]

    check_verifier(RULES, passes=[right], violates=[wrong], hostile=hostile)
    check_extractor(
        extractor,
        examples={View("<answer>Q</answer>", final=True): right, View("Nothing here.\n"): None},
        hostile=["¬", "(P ∧ ", "\\boxed{", "Therefore, P. "],
        longest=30_000,
    )
