import random
from itertools import pairwise, permutations

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from midtrace import Pass, Span, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors.ordering import (
    Before,
    ClaimedOrder,
    Fact,
    OrderClaims,
    Placed,
    StatedAnswer,
    Statement,
)
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.ordering import Ordering

BOOKS = """The following statements each describe a set of four objects arranged in a fixed order.
- On a shelf, there are four books: a red book, a gray book, a black book, and an orange book.
- The red book is to the left of the gray book.
- The black book is the rightmost.
- The orange book is the second from the left.
Q: Given the above statements, which of the following is correct?
Options:
(A) The red book is the leftmost.
(B) The gray book is the leftmost.
(C) The black book is the leftmost.
(D) The orange book is the leftmost."""
GOLF = """In a golf tournament, there were three golfers: Eve, Rob, and Dan. Rob finished below Dan. Eve finished last.
Options:
(A) Eve finished second
(B) Rob finished second
(C) Dan finished second"""
CARS = """In an antique car show, there are three vehicles: a bus, a station wagon, and a truck. \
The bus is older than the truck. The station wagon is the second-newest.
Options:
(A) The bus is the oldest
(B) The truck is the oldest"""
FRUITS = """A fruit stand sells three fruits: kiwis, mangoes, and peaches. \
The kiwis are less expensive than the mangoes. The peaches are the most expensive."""


def judge(problem: str, text: str, *, final: bool = True, start: int = 0, before: str = "") -> Verdict:
    state = OrderClaims.of(problem).extract(View(text, start=start, before=before, final=final))
    return Pass(0) if state is None else Ordering.of(problem).check(state)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (
            BOOKS,
            "So from left to right: first is the gray book, then second is the orange book, then third is any book.",
        ),
        (BOOKS, "So from right to left: first is the red book."),
        (BOOKS, "From left to right: red, orange, black, gray."),
        (BOOKS, 'We get: "(left) red gray orange black (right)".'),
        (BOOKS, "From right to left: fourth is red, then fifth can be any book, then fifth is the gray book."),
        (BOOKS, "The second book from the left must be the gray book."),
        (BOOKS, "The gray book is to the left of the red book."),
        (BOOKS, "The red book isn't to the left of the gray one: the red book cannot be the leftmost."),
        (BOOKS, "The only book that can be the rightmost is the gray book."),
        (BOOKS, "The leftmost book is the gray book or the orange book."),
        (BOOKS, "The red book is the second from the left or the rightmost."),
        (BOOKS, "the orange book is the 3rd from the left\n"),
        (GOLF, "Rob finished second-to-last, so he cannot be second."),
        (GOLF, "The golfer who finished first is Rob."),
        (GOLF, "Third: Rob; first: Dan."),
        (GOLF, "Rob is the first, second or third, and Dan finished below Rob."),
        (GOLF, "Second is not Rob or Eve."),
        (CARS, "So from newest to oldest: first is the bus."),
        (CARS, "According to this ordering, the third-newest vehicle is the truck."),
        (CARS, "The truck is older than the station wagon."),
        (FRUITS, "So from most to least expensive: first is mangoes."),
        (FRUITS, "The mango is cheaper than the kiwi."),
    ],
)
def test_what_no_order_agrees_with_is_flagged(problem: str, text: str) -> None:
    assert isinstance(judge(problem, text), Violation)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (BOOKS, "So from left to right: first can be any book, then second can be the gray book."),
        (BOOKS, "The first and second books from the left are the red and orange books."),
        (BOOKS, "Second, third, and fourth is the gray book, in some order."),
        (BOOKS, "If the gray book is the leftmost, nothing fits."),
        (BOOKS, "Suppose the gray book is the leftmost. Then the red book is the rightmost."),
        (BOOKS, "Is the gray book the leftmost? The gray book is the leftmost. Wait, no."),
        (BOOKS, "It is not so that the gray book is the leftmost, or is it?"),
        (BOOKS, "Neither the gray book is the leftmost nor the black book."),
        (BOOKS, "The red and gray books are the first and second from the left."),
        (BOOKS, "The green book is the leftmost. The grey book is the leftmost."),
        (BOOKS, "The third is the red book."),
        (BOOKS, "The leftmost of the red book and the gray book is the red book."),
        (BOOKS, "From left to right: red, orange, ?, gray."),
        (BOOKS, "The book next to the gray book is the leftmost."),
        (BOOKS, "The book to the left of the black book is to the left of the red book."),
        (CARS, "The first vehicle is the truck."),
        (GOLF, "To rob is second nature."),
    ],
)
def test_what_may_be_right_or_is_not_meant_is_not_flagged(problem: str, text: str) -> None:
    assert isinstance(judge(problem, text), Pass)


def test_a_plain_ordinal_counts_from_where_the_text_last_said() -> None:
    claim = "By process of elimination, the first book must be the red book."
    assert judge(BOOKS, claim) == Pass(0)
    assert judge(BOOKS, claim, before="So from left to right: ...\n") == Pass(1)
    assert isinstance(judge(BOOKS, claim, before="So from right to left: ...\n"), Violation)


def test_a_sentence_that_goes_on_is_not_judged() -> None:
    text = "The gray book is the leftmost"
    assert judge(BOOKS, text, final=False) == Pass(0)
    assert isinstance(judge(BOOKS, text), Violation)
    assert isinstance(judge(BOOKS, text + ".\n", final=False), Violation)


def test_the_verdict_says_where_and_which_statements_it_contradicts() -> None:
    verdict = judge(BOOKS, "So from left to right: first is the red book, then second is the gray book.", start=30)
    assert verdict == Violation(
        "'second is the gray book' fits no order that the statements allow",
        span=Span(81, 104),
        hint="it contradicts: The orange book is the second from the left",
        evidence={"statements": "The orange book is the second from the left"},
    )


def test_facts_that_only_together_fit_no_order_are_named_together() -> None:
    problem = "There are three books: a red book, a gray book, and a black book. Red is to the left of gray."
    verdict = judge(problem, "So from left to right: first is black, second is gray.")
    assert isinstance(verdict, Violation)
    assert verdict.message == "'first is black' and 'second is gray' fit no order together"
    assert verdict.hint == "it contradicts: Red is to the left of gray"
    twice = judge(problem, "So from left to right: first is red, then second is red.")
    assert isinstance(twice, Violation)
    assert "'first is red' and 'second is red' fit no order together" in twice.message


def test_a_place_that_does_not_exist() -> None:
    verdict = judge(GOLF, "Then fourth is Eve.")
    assert isinstance(verdict, Violation)
    assert verdict.message == "'fourth is Eve': there are only 3 places"


@pytest.mark.parametrize("form", ["So the answer is ({})", "The answer is {}.", "\\boxed{{{}}}", "**Answer:** ({})"])
def test_answers(form: str) -> None:
    for problem, right in ((BOOKS, "A"), (GOLF, "B"), (CARS, "A")):
        for letter, _ in Ordering.of(problem).options:
            verdict = judge(problem, form.format(letter))
            assert verdict == Pass(1) if letter == right else isinstance(verdict, Violation), (problem, letter)
    assert isinstance(judge(GOLF, form.format("H")), Violation)


@pytest.mark.parametrize("text", ["To answer the question, I sort. ", "No answer is (B", "The answer is", "\\boxed{"])
def test_half_an_answer_is_none(text: str) -> None:
    assert judge(GOLF, text, final=False) == Pass(0)


def test_an_answer_in_words_or_with_the_words_of_another_letter() -> None:
    assert judge(GOLF, "The answer is Rob finished second.") == Pass(2)
    assert judge(GOLF, "The answer is (A) Rob finished second.") == Pass(
        1
    )  # the sentence is a claim, the answer unclear


def test_an_answer_that_only_some_orders_allow() -> None:
    red, gray = Placed(("red",), (1,)), Placed(("gray",), (1,))
    options = (("A", Statement("red is first", red)), ("B", Statement("gray is first", gray)))
    state = OrderClaims.of(BOOKS).extract(View("The answer is (A).", final=True))
    assert state is not None
    nothing = Ordering(("red", "gray", "black"), (), options)
    assert isinstance(nothing.check(state), Unknown)
    not_black = Ordering(("red", "gray", "black"), (Statement("black is last", Placed(("black",), (3,))),), options)
    assert isinstance(not_black.check(state), Unknown)
    certain = Ordering(("red", "gray", "black"), (), (*options, ("C", Statement("any", Placed(("red",), (1, 2, 3))))))
    verdict = certain.check(state)
    assert isinstance(verdict, Violation)
    assert "need not hold" in verdict.message


def test_hints_name_the_answer_only_if_asked_to() -> None:
    quiet = Ordering.of(GOLF)
    state = OrderClaims.of(GOLF).extract(View("The answer is (A).", final=True))
    assert state is not None
    silent, told = (
        quiet.check(state),
        Ordering(quiet.objects, quiet.statements, quiet.options, reveal=True).check(state),
    )
    assert isinstance(silent, Violation)
    assert "Rob finished second" not in str(silent)
    assert isinstance(told, Violation)
    assert told.hint == "the answer is (B) Rob finished second"


@pytest.mark.parametrize(
    "problem",
    ["", "There are two books: a red book.", "No books. The red book is the leftmost.",
     "There are two books: a red book and a red book. The red book is the leftmost.",
     "There are two books: a red book and a gray book. The red book is fond of the gray book.",
     "There are two books: a red book and a gray book. The red book is directly to the left of the gray book.",
     "There are two books: a red book and a gray book. The red book is the leftmost or the rightmost.",
     "There are two books: a red book and a gray book. Of course the red book is the leftmost."],
)  # fmt: skip
def test_a_problem_that_cannot_be_read_for_sure_is_an_error(problem: str) -> None:
    with pytest.raises(UsageError):
        Ordering.of(problem)


def test_statements_that_contradict_each_other_decide_nothing() -> None:
    assert isinstance(judge(FRUITS + " The kiwis are the most expensive.", "The kiwis are the cheapest."), Unknown)


def test_a_search_that_takes_too_long_is_unknown() -> None:
    names = tuple(f"n{n}" for n in range(20))
    # Two for the last place: that shows only behind all the orders of the others.
    said = [Statement(f"n{n} is last", Placed((f"n{n}",), (20,))) for n in (18, 19)]
    assert Ordering(names, (said[0],)).check(NOTHING) == Pass(0)
    assert Ordering(names, tuple(said)).check(NOTHING) == Unknown("there are too many orders to go through")
    assert Ordering(names[:13], tuple(Statement(n, Placed((n,), (13,))) for n in names[:2])).check(NOTHING) == Unknown(
        "the statements contradict each other"
    )


NOTHING = ClaimedOrder((), ())
NAMES = ("a", "b", "c", "d", "e", "f")


def random_fact(source: random.Random, names: tuple[str, ...]) -> Fact:
    if source.random() < 0.5:
        return Before(*source.sample(names, 2))
    if source.random() < 0.5:
        ranks = tuple(source.sample(range(len(names) + 2), source.randint(1, 2)))
        return Placed((source.choice(names),), ranks, negated=source.random() < 0.3)
    held = tuple(source.sample(names, source.randint(1, 2)))
    return Placed(held, (source.randint(1, len(names)),), negated=source.random() < 0.3)


def holds(fact: Fact, order: tuple[str, ...]) -> bool:
    if isinstance(fact, Before):
        return order.index(fact.first) < order.index(fact.second)
    return any(order.index(name) + 1 in fact.ranks for name in fact.objects) != fact.negated


def exists(names: tuple[str, ...], facts: list[Fact]) -> bool:
    verdict = Ordering(names, tuple(Statement(str(fact), fact) for fact in facts)).check(NOTHING)
    assert verdict in (Pass(0), Unknown("the statements contradict each other"))
    return verdict == Pass(0)


def test_the_search_agrees_with_all_permutations() -> None:
    source = random.Random(3)
    found = {True: 0, False: 0}
    for _ in range(2000):
        names = NAMES[: source.randint(2, 5)]
        facts = [random_fact(source, names) for _ in range(source.randint(1, 6))]
        expected = any(all(holds(fact, order) for fact in facts) for order in permutations(names))
        assert exists(names, facts) == expected, facts
        found[expected] += 1
    assert min(found.values()) > 300


def test_answers_agree_with_all_permutations() -> None:
    source = random.Random(4)
    kinds = {Pass: 0, Violation: 0, Unknown: 0}
    while min(kinds.values()) < 100:
        names = NAMES[: source.randint(2, 4)]
        facts = [random_fact(source, names) for _ in range(source.randint(1, 3))]
        orders = [order for order in permutations(names) if all(holds(fact, order) for fact in facts)]
        one, two = (random_fact(source, names) for _ in "AB")
        if not orders or any(isinstance(fact, Placed) and len(fact.objects) > 1 for fact in (one, two)):
            continue
        held = [{holds(fact, order) for order in orders} for fact in (one, two)]
        if held[0] == {True} or (held[0] == {True, False} and held[1] == {False}):
            expected: type = Pass
        else:
            expected = Unknown if held[0] == {True, False} and held[1] == {True, False} else Violation
        options = (("A", Statement("one", one)), ("B", Statement("two", two)))
        verify = Ordering(names, tuple(Statement(str(fact), fact) for fact in facts), options)
        verdict = verify.check(ClaimedOrder((), (StatedAnswer(Span(0, 3), "(A)", "A"),)))
        assert isinstance(verdict, expected), (facts, one, two, verdict)
        kinds[expected] += 1


def test_the_search_agrees_with_z3() -> None:
    source = random.Random(5)
    context = z3.Context()
    for _ in range(120):
        names = NAMES[: source.randint(3, 6)]
        facts = [random_fact(source, names) for _ in range(source.randint(2, 8))]
        at = {name: z3.Int(name, context) for name in names}
        solver = z3.SimpleSolver(ctx=context)
        solver.add(z3.Distinct(*at.values()), *(z3.And(rank >= 1, rank <= len(names)) for rank in at.values()))
        for fact in facts:
            if isinstance(fact, Before):
                solver.add(at[fact.first] < at[fact.second])
            else:
                placed = z3.Or([at[name] == rank for name in fact.objects for rank in fact.ranks])
                solver.add(z3.Not(placed) if fact.negated else placed)
        assert exists(names, facts) == (solver.check() == z3.sat), facts


ORDINALS = ["first", "second", "third", "fourth", "fifth"]
SCALES = [
    ("books", "left", "right", ["to the left of", "to the right of"], ["leftmost", "rightmost"]),
    ("vehicles", "oldest", "newest", ["older than", "newer than"], ["oldest", "newest"]),
    ("fruits", "cheapest", "most expensive", ["cheaper than", "more expensive than"], ["cheapest", "most expensive"]),
]


@given(st.permutations(["amber", "blue jay", "owl", "7-up", "ox-bow"]), st.sampled_from(SCALES), st.data())
def test_what_is_true_is_never_flagged_and_what_cannot_be_always(order: list[str], scale, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    kind, low, high, relations, ends = scale
    listed = data.draw(st.permutations(order))
    said = [f"The {one} is {relations[0]} the {two}." for one, two in pairwise(order)]
    problem = f"There are five {kind}: a {', a '.join(listed[:4])}, and a {listed[4]}. {' '.join(said)}"
    one, two = data.draw(st.permutations(order))[:2]
    a, b = order.index(one), order.index(two)
    up = data.draw(st.booleans())
    told = f"from {low} to {high}" if up else f"from {high} to {low}"
    rank = data.draw(st.integers(0, 4))
    text, true = data.draw(
        st.sampled_from([
            (f"The {one} is {relations[0]} the {two}", a < b),
            (f"So the {one} must be {relations[1]} the {two}", a > b),
            (f"The {one} is the {ends[1]}", a == 4),
            (f"The {ends[0]} is the {one}", a == 0),
            (f"The {one} cannot be the {ends[0]}", a != 0),
            (f"So {told}: {ORDINALS[rank]} is the {one}, then the rest can be any", (a if up else 4 - a) == rank),
            (f"So {told}: {ORDINALS[rank]} is the {one} or the {two}", rank in ((a, b) if up else (4 - a, 4 - b))),
            (f"So {told}: {', '.join(order)}", up),
        ])
    )  # fmt: skip
    verdict = judge(problem, data.draw(st.sampled_from(["{}.", "Step 1: {}.\n", "- {}.\n", "**{}.**"])).format(text))
    assert isinstance(verdict, Pass if true else Violation), (problem, text)
    assert not true or verdict == Pass(1)


def test_conformance() -> None:
    extractor = OrderClaims.of(BOOKS)
    right, wrong = "The red book is the leftmost.\n", "The gray book is the leftmost.\n"
    states = {text: extractor.extract(View(text)) for text in (right, wrong)}
    check_extractor(
        extractor,
        examples={**states, "The green book is the leftmost.\n": None},
        hostile=["first is the red book, then ", "(left) from left to right: ", "the answer is "],
        longest=30_000,
    )
    check_verifier(Ordering.of(BOOKS), passes=[states[right]], violates=[states[wrong]])
