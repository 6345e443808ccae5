from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midtrace import Pass, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors import Apply, Term, Variable
from midtrace.extractors.knights_knaves import RoleClaims
from midtrace.testing import check_extractor, check_verifier, hostile_texts
from midtrace.verifiers.knights_knaves import KnightsKnaves

STORY = (
    "A very special island is inhabited only by sages and fools. Sages always tell the truth, and fools always lie. "
    "You meet 3 inhabitants: Ava, Leo, and Mia. {} So who is a sage and who is a fool? "
    '(Format your answer like: "Ava is a sage/fool, Leo is a sage/fool, and Mia is a sage/fool")'
)
PUZZLE = STORY.format(
    'Ava said that Leo is a fool. "Mia is a sage if and only if (Ava is a sage or Leo is a sage)," Leo declared. '
    'In Mia\'s words: "Ava is a sage and Leo is a sage".'
)
ISLAND = KnightsKnaves.of(PUZZLE)
SOLUTION = "Ava is a sage, Leo is a fool, and Mia is a fool"
WEB = (
    "In this question, assume each person either always tells the truth or always lies. Ava tells the truth. "
    "Leo says Ava lies. Mia says exactly one of Ava, Leo and Ben tells the truth. Ben says Ben tells the truth. "
    "Do Leo, Mia, and Ben tell the truth? Your answer should be a list of three words separated by commas. Each of "
    "them must be either yes (if the person tells the truth), no (if the person lies), or unknown (if the person's "
    "truth cannot be determined). For example, <unknown, no, yes> or <yes, yes, yes>."
)


def judge(text: str, island: KnightsKnaves = ISLAND, *, final: bool = True) -> Verdict:
    state = RoleClaims().extract(View(text, final=final))
    return Pass(0) if state is None else island.check(state)


def test_the_puzzle_is_read() -> None:
    assert ISLAND.people == ("Ava", "Leo", "Mia")
    assert (ISLAND.truthful, ISLAND.lying) == ("sage", "fool")
    ava, leo, mia = map(Variable, ISLAND.people)
    assert ISLAND.statements == (
        ("Ava", Apply("not", (leo,))),
        ("Leo", Apply("iff", (mia, Apply("or", (ava, leo))))),
        ("Mia", Apply("and", (ava, leo))),
    )


@pytest.mark.parametrize(
    "wording",
    [
        "Ava said that {}.", "Ava told you that {}.", 'Ava said, "{}."', 'Ava stated, "{}".', 'According to Ava, "{}".',
        "In Ava's words: \"{}\".", 'Ava remarked, "{}".', '"{}," Ava declared.', 'Ava was heard saying, "{}".',
        "Ava expressed that {}.", '"{}" - Ava.', 'As Ava put it, "{}".', 'Ava asserted: "{}".', '"{}," Ava mentioned.',
        'Ava commented, "{}".', 'In a statement by Ava: "{}".', 'Ava noted, "{}".', '"{}," Ava claimed.',
    ],
)  # fmt: skip
def test_every_wording_says_the_same(wording: str) -> None:
    said = "it is not the case that (if Leo is a sage then (Mia is a fool or Ava is a sage))"
    ava, leo, mia = map(Variable, ("Ava", "Leo", "Mia"))
    inner = Apply("implies", (leo, Apply("or", (Apply("not", (mia,)), ava))))

    assert KnightsKnaves.of(STORY.format(wording.format(said))).statements == (("Ava", Apply("not", (inner,))),)


@pytest.mark.parametrize(
    "story",
    [
        "Ava denied that Leo is a fool.",
        "Ava said that Leo is tall.",
        "Ava said that Leo is a fool and Mia is a sage or Ava is a sage.",
        "Tom said that Leo is a fool.",
        "Ava and Leo said that Mia is a fool.",
        "Ava said that if Leo is a fool.",
        "It rains a lot there.",
        "Ava asked whether Leo is a fool.",
        "Ava said that (" + "(" * 500 + "Leo is a fool.",
    ],
)
def test_a_story_that_cannot_be_read_for_certain_is_refused(story: str) -> None:
    with pytest.raises(UsageError) as refused:
        KnightsKnaves.of(STORY.format(story))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        SOLUTION + ".",
        f"<answer>{SOLUTION}</answer>",
        "<answer>Mia is a fool, Leo is a fool, and Ava is a sage</answer>",
        "<answer>Leo and Mia are fools, and Ava is a sage</answer>",
        "<answer>Ava: sage, Leo: fool, Mia: fool</answer>",
        "<answer>Ava is not a fool, Leo is not a sage, Mia is lying</answer>",
        "Therefore, Leo must be a fool. So **Ava is a sage**.\n",
        "Thus, Ava tells the truth.",
        f"We conclude that Mia is a fool.\n\\boxed{{\\text{{{SOLUTION}}}}}",
    ],
)
def test_what_fits_passes(text: str) -> None:
    verdict = judge(text)

    assert isinstance(verdict, Pass)
    assert verdict.checked > 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "<answer>Ava is a fool, Leo is a fool, and Mia is a fool</answer>",
            "Ava cannot be a fool here: what Ava says would be true",
        ),
        ("Therefore, Leo must be a sage.", "'Leo must be a sage' does not fit what is said"),
        ("<answer>Ava is a sage and Leo is a fool</answer>", "the answer leaves out Mia"),
        ("<answer>Both are fools</answer>", "Ava cannot be a fool here: what Ava says would be true"),
        (
            "<answer>Ava is a sage, Ava is a fool, Leo is a fool, Mia is a fool</answer>",
            "somebody would be both a sage and a fool",
        ),
        ("<answer>No valid solution exists.</answer>", "there is a solution"),
        ("Hence Ava lies.", "'Ava lies' does not fit what is said"),
    ],
)
def test_what_does_not_fit_is_found(text: str, message: str) -> None:
    verdict = judge(text)

    assert isinstance(verdict, Violation)
    assert verdict.message == message
    assert verdict.hint is None


@pytest.mark.parametrize(
    "text",
    [
        "Suppose Leo is a sage. Therefore, Ava is a fool.\nSo Mia is a sage.",
        "If Leo is a sage, then Ava is a fool.",
        "Case 1: Leo is a sage.\n- Therefore, Mia must be a sage.\n",
        "- If Ava is a fool, then:\n  - Therefore, Leo is a sage.\n",
        'Mia says "Leo is a sage", so she lies.',
        "So is it that Leo is a sage?",
        "Thus, Leo is likely a sage.",
        "Therefore, Leo is a sage. Wait, that contradicts what Ava says.",
        "Therefore, for that to be true, Leo is a sage.",
        "So Leo is a sage or Mia is a sage.",
        "This means Leo is a sage.",
        "Leo is a sage if Mia is one.",
        "Therefore, Leo = sage.",
        "Therefore, Tom is a sage.",
        "Therefore, Leo is a genius.",
    ],
)
def test_what_is_not_claimed_outright_is_left_out(text: str) -> None:
    assert judge(text + "\nMore.\n", final=False) == Pass(0)


def test_a_claim_about_some_is_wrong_only_if_it_fits_no_solution() -> None:
    both = KnightsKnaves(("Ava", "Leo"), (("Ava", Variable("Leo")), ("Leo", Variable("Ava"))))

    assert judge("Therefore, Ava is a knight.\n", both) == Pass(1)
    assert judge("<answer>Ava is a knave and Leo is a knave</answer>", both) == Pass(1)
    assert judge("<answer>Ava is a knight and Leo is a knight</answer>", both) == Pass(1)
    assert isinstance(judge("<answer>Ava is a knight and Leo is a knave</answer>", both), Violation)


def test_a_paradox_is_told() -> None:
    liar = KnightsKnaves(("Ava",), (("Ava", Apply("not", (Variable("Ava"),))),))

    assert judge("<answer>Ava is a knight</answer>", liar) == Unknown("the statements have no solution")
    assert judge("<answer>There is no solution.</answer>", liar) == Pass(1)


def test_the_solution_is_given_away_only_where_that_is_asked_for() -> None:
    telling = KnightsKnaves.of(PUZZLE, reveal=True)
    verdict = judge("<answer>Ava is a fool, Leo is a sage, and Mia is a fool</answer>", telling)

    assert isinstance(verdict, Violation)
    assert verdict.hint == "Ava is a sage, Leo is a fool, Mia is a fool"


def test_a_web_of_lies() -> None:
    web = KnightsKnaves.of(WEB)

    assert web.asked == ("Leo", "Mia", "Ben")
    # Ava is honest, Leo is not; Ben may be either, and Mia is right just if he lies.
    assert judge("<answer>no, unknown, unknown</answer>", web) == Pass(3)
    assert judge("The answer is no, unknown, unknown.", web) == Pass(3)
    for words in product(("yes", "no", "unknown"), repeat=3):
        if words != ("no", "unknown", "unknown"):
            assert isinstance(judge(f"<answer>{', '.join(words)}</answer>", web), Violation)
    assert isinstance(judge("<answer>no, unknown</answer>", web), Violation)
    assert isinstance(judge("So, we know that Leo tells the truth.\n", web), Violation)


@pytest.mark.parametrize(
    ("sentence", "counts"),
    [
        ("Ava says only one of Ben, Leo and Mia lies.", {2}),
        ("Ava says exactly one of Ben, Leo and Mia tells the truth.", {1}),
        ("Ava says exactly two of Ben, Leo and Mia tell the truth.", {2}),
        ("Ava says Ben, Leo and Mia all tell the truth.", {3}),
        ("Ava says either exactly one of Ben, Leo and Mia tells the truth, or all three of them.", {1, 3}),
        ("Ava says either all three of Ben, Leo and Mia lie, or two of them tell the truth.", {0, 2}),
        ("Ava says either all three of Ben, Leo and Mia tell the truth or only one of them.", {1, 3}),
        ("Ava says either exactly two of Ben, Leo and Mia tell the truth or none of them.", {0, 2}),
    ],
)
def test_statements_that_count(sentence: str, counts: set[int]) -> None:
    for honest in product((False, True), repeat=3):
        names = ("Ben", "Leo", "Mia")
        facts = " ".join(
            f"{name} {'tells the truth' if each else 'lies'}." for name, each in zip(names, honest, strict=True)
        )
        web = KnightsKnaves.of(f"{facts} {sentence} Does Ava tell the truth?")
        right = "yes" if sum(honest) in counts else "no"

        assert judge(f"So the answer is {right.capitalize()}.", web) == Pass(1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ava lies.",
        "Ava lies. Leo flies. Does Ava tell the truth?",
        "Ava says either all three of A, B and C lie. Does Ava tell the truth?",
    ],
)
def test_a_web_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        KnightsKnaves.of(text)


NAMES = ("Ava", "Leo", "Mia", "Ben")


def told(term: Term) -> str:
    match term:
        case Variable(name):
            return f"{name} is a sage"
        case Apply("not", (Variable(name),)):
            return f"{name} is a fool"
        case Apply("not", (operand,)):
            return f"it is not the case that ({told(operand)})"
        case Apply("implies", (left, right)):
            return f"if ({told(left)}) then ({told(right)})"
        case Apply("iff", (left, right)):
            return f"({told(left)}) if and only if ({told(right)})"
        case Apply(operator, arguments):
            return f" {operator} ".join(f"({told(argument)})" for argument in arguments)
    raise AssertionError(term)


def holds(term: Term, honest: dict[str, bool]) -> bool:
    match term:
        case Variable(name):
            return honest[name]
        case Apply(operator, arguments):
            found = [holds(argument, honest) for argument in arguments]
            return {
                "not": not found[0],
                "and": all(found),
                "or": any(found),
                "implies": not found[0] or found[-1],
                "iff": found[0] == found[-1],
            }[operator]
    raise AssertionError(term)


def statements(names: tuple[str, ...]) -> st.SearchStrategy[Term]:
    def deeper(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        operators = st.sampled_from(["and", "or", "implies", "iff"])
        joined = st.builds(lambda operator, left, right: Apply(operator, (left, right)), operators, inner, inner)
        return inner.map(lambda term: Apply("not", (term,))) | joined

    return st.recursive(st.sampled_from(names).map(Variable), deeper, max_leaves=5)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(2, 4).flatmap(lambda n: st.lists(statements(NAMES[:n]), min_size=n, max_size=n)),
    st.integers(0, 2**32).map(random.Random),
)
def test_against_brute_force(said: list[Term], source: random.Random) -> None:
    names = NAMES[: len(said)]
    head = (
        "A very special island is inhabited only by sages and fools. Sages always tell the truth, and fools always lie."
        f" You meet {len(names)} inhabitants: {', '.join(names[:-1])}, and {names[-1]}."
    )
    story = " ".join(f"{name} said that {told(term)}." for name, term in zip(names, said, strict=True))
    island = KnightsKnaves.of(f"{head} {story} So who is a sage and who is a fool?")
    worlds = [dict(zip(names, each, strict=True)) for each in product((False, True), repeat=len(names))]
    solutions = [
        world
        for world in worlds
        if all(world[name] == holds(term, world) for name, term in zip(names, said, strict=True))
    ]

    for world in worlds:
        listed = [f"{name} is a {'sage' if honest else 'fool'}" for name, honest in world.items()]
        source.shuffle(listed)
        verdict = judge(f"<answer>{', '.join(listed)}</answer>", island)
        if not solutions:
            assert isinstance(verdict, Unknown)
        else:
            assert isinstance(verdict, Pass) == (world in solutions)
            assert isinstance(verdict, Violation) == (world not in solutions)
    for name, honest in product(names, (False, True)):
        verdict = judge(f"Therefore, {name} is a {'sage' if honest else 'fool'}.\n", island)
        if solutions:
            assert isinstance(verdict, Violation) == all(world[name] != honest for world in solutions)


def test_an_answer_is_read_only_once_it_is_complete() -> None:
    text = "<answer>Ava is a fool, Leo is a fool, Mia is a fool</answer>\n"

    for end in range(text.index("</answer>") + len("</answer>")):
        assert judge(text[:end], final=False) == Pass(0)
    assert isinstance(judge(text, final=False), Violation)


@pytest.mark.parametrize(
    "arguments",
    [
        ((), ()),
        (("Ava",), (("Leo", Variable("Ava")),)),
        (("Ava",), (("Ava", Variable("Leo")),)),
        (tuple(f"P{n}" for n in range(500)), ()),
    ],
)
def test_people_that_cannot_be_are_refused(arguments: tuple[tuple[str, ...], tuple[tuple[str, Term], ...]]) -> None:
    with pytest.raises(UsageError):
        KnightsKnaves(*arguments)


def test_conformance() -> None:
    extractor = RoleClaims()
    right = extractor.extract(View(f"<answer>{SOLUTION}</answer>", final=True))
    wrong = extractor.extract(View("<answer>Ava is a fool, Leo is a fool, and Mia is a fool</answer>", final=True))
    hostile = [
        state for text in hostile_texts(longest=10_000).values() if (state := extractor.extract(View(text, final=True)))
    ]

    check_verifier(ISLAND, passes=[right], violates=[wrong], hostile=hostile)
    check_extractor(
        extractor,
        examples={View(f"<answer>{SOLUTION}</answer>", final=True): right, View("Nothing here.\n"): None},
        hostile=["Ava, ", "Therefore, Ava is a knave. ", "<answer>", "yes, "],
        longest=30_000,
    )
