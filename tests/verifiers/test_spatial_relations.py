import random
from itertools import product

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors.spatial_relations import Direction, HowMany, Relation, SpatialClaims, WhichDirection
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.spatial_relations import SpatialRelations

RIGHT, ABOVE, NORTHEAST, SOUTHEAST = Direction(1, 0), Direction(0, 1), Direction(1, 1), Direction(1, -1)
WAYS = [Direction(x, y) for x, y in product((-1, 0, 1), repeat=2) if x or y]
MAP = """Consider a map with multiple objects:

7-Eleven is in the map. St. Mary's is to the Northeast of 7-Eleven. Zoo is to the Northeast of St. Mary's. \
Zoo is to the Northeast of 7-Eleven. Art-Deco Diner is to the Southeast of Zoo. \
Art-Deco Diner is to the Southeast of St. Mary's.

Please answer the following multiple-choice question based on the provided information. """
DIRECTION = (
    "In which direction is Zoo relative to 7-Eleven? Available options: A. Northwest, B. Northeast, C. Southwest."
)
OBJECT = "Which object is in the Southwest of Zoo? Available options: A. Art-Deco Diner, B. 7-Eleven, C. Pier 39."
COUNT = "How many objects are in the Southwest of Zoo? Available options: A. 1, B. 0, C. 2, D. 3."
STORY = """A is above B. C is to the left of A. D is below C at 7 o'clock. \
What is the relation of the agent D to the agent B?"""


def judge(problem: str, text: str, *, final: bool = True, verify: SpatialRelations | None = None) -> Verdict:
    state = SpatialClaims.of(problem).extract(View(text, final=final))
    return Pass(0) if state is None else (verify or SpatialRelations.of(problem)).check(state)


@pytest.mark.parametrize(
    "text",
    [
        "St. Mary's is to the Southwest of 7-Eleven.", "St. Mary’s is to the Southwest of 7‑Eleven.",
        "Zoo is west of St. Mary's, I think.",
        "So **Zoo** is southwest of **7-Eleven**.", "Since Art-Deco Diner is to the North of Zoo, we go on.",
        "- [Zoo] is located to the SW of [7-Eleven]\n", "We know that the Zoo is below St. Mary's.",
        "Art-Deco Diner is directly to the northwest of Zoo!", "Art-Deco Diner is to the left of Zoo, and above it.",
    ],
)  # fmt: skip
def test_a_claim_against_the_statements_is_flagged(text: str) -> None:
    assert isinstance(judge(MAP, text), Violation)


@pytest.mark.parametrize(
    "text",
    [
        "If Zoo is southwest of 7-Eleven, then all is lost.",
        "Suppose Zoo is southwest of 7-Eleven. Zoo is west of St. Mary's.",
        "Zoo is not southwest of 7-Eleven.", "Is it so that Zoo is southwest of 7-Eleven?",
        "Zoo is southwest of 7-Eleven. Wait, no.", "Zoo isn't said, but Zoo is southwest of 7-Eleven.",
        "Zoo is southwest of Elevens.", "The Old Zoo is southwest of 7-Eleven.", "Zoo is southwest of 7-Eleven's inn.",
        "Zoo is southwest of 7-Eleven Annex.", "Zo is southwest of 7-Eleven.", "Zoo's cafe is southwest of 7-Eleven.",
        "Zoo is southwest of 11-7-Eleven.", "He said 'x' and \"Zoo is southwest of 7-Eleven\".",
        "Either Zoo is southwest of 7-Eleven or it is not.", "Zoo is far beyond the southwest of 7-Eleven.",
        "Case 1: Zoo is southwest of 7-Eleven.\nThen Zoo is west of St. Mary's.", "Zoo could be southwest of 7-Eleven.",
        "The one right of the Zoo is southwest of 7-Eleven.", "What is near Zoo is southwest of 7-Eleven.",
        "Zoo is above 7-Eleven and below Heaven.", "Zoo is to the left and 7-Eleven is to the right.",
    ],
)  # fmt: skip
def test_what_is_supposed_denied_or_about_another_name_is_no_claim(text: str) -> None:
    assert judge(MAP, text) == Pass(0) or judge(MAP, text) == Pass(1)


def test_a_claim_that_may_still_go_on_is_not_judged() -> None:
    text = "Zoo is southwest of 7-Eleven"
    assert judge(MAP, text, final=False) == Pass(0)
    assert isinstance(judge(MAP, text, final=True), Violation)


def test_a_rejected_claim_is_rejected_again_and_never_becomes_a_fact() -> None:
    verdict = judge(MAP, "Zoo is west of 7-Eleven.\nZoo is west of 7-Eleven.\nZoo is east of 7-Eleven.\n")
    assert isinstance(verdict, Violation)
    assert [each.span for each in (verdict, *verdict.also)] == [Span(0, 23), Span(25, 48)]


def test_what_the_statements_leave_open_is_no_contradiction() -> None:
    assert judge(MAP, "Art-Deco Diner is north of 7-Eleven.") == Pass(0)
    assert judge(MAP, "Art-Deco Diner is south of 7-Eleven.") == Pass(0)
    assert judge(MAP, "Art-Deco Diner is east of 7-Eleven.") == Pass(1)


def test_statements_that_contradict_each_other_decide_nothing() -> None:
    circle = (Relation("P", RIGHT, "Q"), Relation("Q", RIGHT, "P"))
    state = SpatialClaims(("P", "Q")).extract(View("P is to the left of Q. "))
    assert state is not None
    assert isinstance(SpatialRelations(circle).check(state), Unknown)
    assert isinstance(SpatialRelations(circle, grid=True).check(state), Unknown)


@pytest.mark.parametrize(
    ("question", "right", "wrong", "left_open"),
    [(DIRECTION, "B", "AC", ""), (OBJECT, "B", "A", ""), (COUNT, "C", "ABD", "")],
)
def test_answers_by_letter(question: str, right: str, wrong: str, left_open: str) -> None:
    for letter in right:
        assert judge(MAP + question, f"The answer is ({letter}).") == Pass(1)
        assert judge(MAP + question, f"\\boxed{{{letter}}}") == Pass(1)
    for letter in wrong:
        assert isinstance(judge(MAP + question, f"**Final answer:** {letter}"), Violation), letter
    for letter in left_open:
        assert isinstance(judge(MAP + question, f"Answer: {letter}."), Unknown), letter


def test_an_unknown_name_as_the_answer_is_left_alone() -> None:
    assert judge(MAP + OBJECT, "The answer is C.") == Pass(0)


def test_an_open_count_is_unknown_within_its_bounds_and_wrong_outside() -> None:
    verify = SpatialRelations(
        (Relation("P", RIGHT, "Q"), Relation("R", NORTHEAST, "Q")), question=HowMany(NORTHEAST, "Q")
    )
    problem = "P is to the right of Q. R is to the Northeast of Q."
    assert isinstance(judge(problem, "The answer is 1.", verify=verify), Unknown)
    assert isinstance(judge(problem, "The answer is 2.", verify=verify), Unknown)
    assert isinstance(judge(problem, "The answer is 0.", verify=verify), Violation)


def test_the_only_option_left_is_certain() -> None:
    verify = SpatialRelations(
        (Relation("P", RIGHT, "Q"),),
        question=WhichDirection("P", "Q"),
        options=(("A", "Northwest"), ("B", "Northeast"), ("C", "Southwest")),
    )
    assert judge("P is to the right of Q.", "The answer is B.", verify=verify) == Pass(1)
    assert isinstance(judge("P is to the right of Q.", "The answer is A.", verify=verify), Violation)


@pytest.mark.parametrize("question", [DIRECTION, OBJECT, COUNT])
def test_hints_name_what_is_right_only_if_asked_to(question: str) -> None:
    quiet = SpatialRelations.of(MAP + question)
    loud = SpatialRelations(quiet.statements, False, quiet.others, quiet.question, quiet.options, reveal=True)
    silent = judge(MAP + question, "The answer is A.", verify=quiet)
    told = judge(MAP + question, "The answer is A.", verify=loud)
    assert isinstance(silent, Violation)
    assert isinstance(told, Violation)
    right = {
        DIRECTION: "Zoo is northeast of 7-Eleven",
        OBJECT: "Art-Deco Diner is southeast of Zoo",
        COUNT: "2 are southwest of Zoo",
    }
    assert told.hint == right[question]
    if question == COUNT:
        assert "2" not in str(silent)
    if question == OBJECT:
        assert "7-Eleven" not in str(silent)


def test_the_hint_names_the_fewest_statements_that_speak_against_the_claim() -> None:
    verdict = judge(MAP, "Art-Deco Diner is west of 7-Eleven.")
    assert isinstance(verdict, Violation)
    assert verdict.message == "'Art-Deco Diner is west of 7-Eleven' contradicts the statements"
    assert set(verdict.evidence["statements"].split("; ")) in (
        {"Zoo is northeast of 7-Eleven", "Art-Deco Diner is southeast of Zoo"},
        {"St. Mary's is northeast of 7-Eleven", "Art-Deco Diner is southeast of St. Mary's"},
    )


@pytest.mark.parametrize("label", [way.words for way in WAYS] + ["overlap"])
def test_a_story_is_a_chain_of_steps(label: str) -> None:
    right = label == "left"  # D is two to the left of B: one by C, one by the clock; above and below cancel out
    for text in (f"The answer is {label}.", f"Answer: **{label.replace('upper', 'top').replace('-', ' ')}**"):
        assert isinstance(judge(STORY, text), Pass if right else Violation), text


def test_the_last_sentence_of_a_story_is_its_answer() -> None:
    assert judge(STORY, "D is to the left of B.") == Pass(1)
    assert isinstance(judge(STORY, "D is to the left of B, and above it."), Violation)
    assert judge(STORY, "C is to the left of B. ") == Pass(1)  # not asked: left and above is left as well


def test_a_statement_that_cannot_be_read_is_an_error_not_a_guess() -> None:
    for problem in ("", "A is fond of B. What is the relation of the agent A to the agent B?", "Nothing is said.",
                    "Zoo is to the north of the St. Mary. Hall. Pier is to the west of Zoo."):  # fmt: skip
        with pytest.raises(UsageError):
            SpatialRelations.of(problem)
    with pytest.raises(UsageError, match="cannot be right of itself"):
        SpatialRelations((Relation("P", RIGHT, "P"),))


def test_names_with_periods_digits_and_hyphens_are_read_whole() -> None:
    assert SpatialRelations.of(MAP).names == ("7-Eleven", "St. Mary's", "Zoo", "Art-Deco Diner")


def signs(statements: list[Relation], axis: int, names: list[str], one: str, two: str) -> set[int]:
    """By trying every placing of the names on as many places as there are names."""
    found = set()
    for places in product(range(len(names)), repeat=len(names)):
        at = dict(zip(names, places, strict=True))
        if all((at[s] - at[o]) * way[axis] > 0 for s, way, o in statements if way[axis]):
            found.add((at[one] > at[two]) - (at[one] < at[two]))
    return found


def random_statements(source: random.Random, names: list[str], count: int) -> list[Relation]:
    return [Relation(a, source.choice(WAYS), b) for a, b in (source.sample(names, 2) for _ in range(count))]


def test_closure_agrees_with_brute_force() -> None:
    source = random.Random(1)
    for _ in range(1500):
        names = list("PQRS")[: source.randint(2, 4)]
        statements = random_statements(source, names, source.randint(1, 5))
        places = SpatialRelations(tuple(statements), others=tuple(names)).places
        one, two = source.sample(names, 2)
        expected = [signs(statements, axis, names, one, two) for axis in (0, 1)]
        assert places.consistent == all(expected), statements
        if places.consistent:
            assert list(places.possible(one, two)) == expected, (statements, one, two)


@pytest.mark.parametrize("grid", [False, True])
def test_places_agree_with_z3(grid: bool) -> None:
    source = random.Random(2)
    context = z3.Context()
    for _ in range(150):
        names = list("PQRSTUV")[: source.randint(2, 7)]
        statements = random_statements(source, names, source.randint(1, 8))
        solver = z3.SimpleSolver(ctx=context)
        at = {name: (z3.Int(f"{name}x", context), z3.Int(f"{name}y", context)) for name in names}
        for subject, way, other in statements:
            for axis in (0, 1):
                difference = at[subject][axis] - at[other][axis]
                if grid:
                    solver.add(difference == way[axis])
                elif way[axis]:
                    solver.add(difference * way[axis] > 0)
        places = SpatialRelations(tuple(statements), grid=grid, others=tuple(names)).places
        consistent = solver.check() == z3.sat
        assert places.consistent == consistent
        if not consistent:
            continue
        one, two = source.sample(names, 2)
        for axis, possible in enumerate(places.possible(one, two)):
            difference = at[one][axis] - at[two][axis]
            conditions = {1: difference > 0, 0: difference == 0, -1: difference < 0}
            assert possible == {sign for sign, holds in conditions.items() if solver.check(holds) == z3.sat}


PHRASES = {
    Direction(-1, 0): "to the left of", Direction(1, 0): "to the right of", Direction(0, 1): "above",
    Direction(0, -1): "below",
    Direction(1, 1): "to the upper right of", Direction(-1, 1): "above and to the left of",
    Direction(1, -1): "southeast of", Direction(-1, -1): "at the lower-left of",
}  # fmt: skip
FRAMES = ["{}.", "So {}.", "Step 3: {}\n", "- {}, as said.\n", "Since {}, we are done.", "We know that {}. ", "**{}.**"]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[tuple[Relation, ...], dict[str, tuple[int, int]], bool]:
    """Things on places of their own, with true statements that tie all of them together."""
    names = ["Oak", "Inn", "St. Ann", "7-Up", "B-52"][: draw(st.integers(2, 5))]
    grid = draw(st.booleans())
    at = {names[0]: (0, 0)}
    statements = []
    for name in names[1:]:
        anchor = draw(st.sampled_from(sorted(at)))
        way = draw(st.sampled_from(WAYS))
        far = (1, 1) if grid else (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        at[name] = (at[anchor][0] + way.x * far[0], at[anchor][1] + way.y * far[1])
        statements.append(Relation(name, way, anchor))
    return tuple(statements), at, grid


@given(worlds(), st.sampled_from(WAYS), st.sampled_from(FRAMES), st.data())
def test_what_is_true_is_never_flagged_and_what_cannot_be_always(world, way: Direction, frame: str, data) -> None:  # type: ignore[no-untyped-def]
    statements, at, grid = world
    one, two = data.draw(st.permutations(sorted(at)))[:2]
    verify = SpatialRelations(statements, grid=grid)
    text = frame.format(f"{one} is {PHRASES[way]} {two}")
    state = SpatialClaims(tuple(at)).extract(View(text, start=7, final=True))
    assert state is not None, text
    (claim,) = state.claims
    assert (claim.subject, claim.direction, claim.object) == (one, way, two)
    assert text[claim.span.start - 7 : claim.span.end - 7] == claim.text
    difference = (at[one][0] - at[two][0], at[one][1] - at[two][1])
    true = all(d * w > 0 for d, w in zip(difference, way, strict=True) if w)
    verdict = verify.check(state)
    if true:
        assert isinstance(verdict, Pass)
    elif grid:
        assert isinstance(verdict, Violation)
    else:
        possible = [signs(list(statements), axis, list(at), one, two) for axis in (0, 1)]
        assert isinstance(verdict, Pass if all(w in p for w, p in zip(way, possible, strict=True) if w) else Violation)


def test_conformance() -> None:
    extractor = SpatialClaims.of(MAP)
    right, wrong = "Zoo is north of 7-Eleven.\n", "Zoo is south of 7-Eleven.\n"
    states = {text: extractor.extract(View(text)) for text in (right, wrong)}
    check_extractor(
        extractor,
        examples={**states, "Zo is south of 7-Eleven.\n": None},
        hostile=[
            "Zoo is ",
            "Zoo is south of Zoo",
            "7-Eleven ",
            "the answer is ",
            "\\boxed{",
            "Zoo is above 7-Eleven. ",
        ],
        longest=30_000,
    )
    check_verifier(SpatialRelations.of(MAP), passes=[states[right]], violates=[states[wrong]])
