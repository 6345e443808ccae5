from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from midtrace import Pass, Span, UsageError, Verdict, View, Violation
from midtrace.extractors.object_tracking import Holding, TrackingClaim, TrackingClaims
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.object_tracking import ObjectTracking

PEOPLE = ["Alice", "Bob", "Claire", "Dave", "Eve"]
BALLS = ["red ball", "green ball", "pink present", "black ball", "blue present"]
BOOKS = ["The Odyssey", "Catch-22", "Hound of the Baskervilles", "The Pearl", "The Great Gatsby"]
SHORT = {"The Odyssey": "Odyssey", "Catch-22": "Catch", "Hound of the Baskervilles": "Hound", "The Pearl": "Pearl",
         "The Great Gatsby": "Gatsby", **{ball: ball.split()[0] for ball in BALLS}}  # fmt: skip


@dataclass(frozen=True)
class Story:
    things: list[str]
    swaps: list[tuple[str, str]]

    @property
    def people(self) -> list[str]:
        return PEOPLE[: len(self.things)]

    def holds(self, who: str, swaps: int) -> str:
        """Found backwards: with whom the object was before each swap."""
        for one, other in reversed(self.swaps[:swaps]):
            who = {one: other, other: one}.get(who, who)
        return self.things[self.people.index(who)]

    @property
    def problem(self) -> str:
        start = [f"{who} has {'a ' if thing in BALLS else ''}{thing}" for who, thing in self.pairs(0)]
        events = [f"{'First' if at == 0 else 'Then'}, {a} and {b} swap things." for at, (a, b) in enumerate(self.swaps)]
        options = "\n".join(f"({chr(65 + at)}) {thing}." for at, thing in enumerate(self.things))
        listed = f"{', '.join(start[:-1])}, and {start[-1]}"
        asked = f"At the end of it, Bob has the\nOptions:\n{options}"
        return f"At the start: {listed}.\nThen it begins. {' '.join(events)} {asked}"

    def pairs(self, swaps: int) -> list[tuple[str, str]]:
        return [(who, self.holds(who, swaps)) for who in self.people]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    count = draw(st.integers(3, 5))
    things = draw(st.permutations(draw(st.sampled_from([BALLS, BOOKS]))))[:count]
    pair = st.permutations(PEOPLE[:count]).map(lambda people: (people[0], people[1]))
    return Story(list(things), draw(st.lists(pair, min_size=1, max_size=6)))


def state(story: Story, swaps: int, *, short: bool = False, initials: bool = False) -> str:
    return ", ".join(
        f"{who[0] if initials else who}: {SHORT[thing] if short else thing}" for who, thing in story.pairs(swaps)
    )


def steps(story: Story, style: str) -> list[str]:
    lines = []
    for at, (one, other) in enumerate(story.swaps, 1):
        match style:
            case "full":
                lines.append(f"{one} and {other} swap things: {state(story, at)}.")
            case "short":
                lines.append(f"({at}) {one} and {other} swap: {state(story, at, short=True)}.")
            case "changed":
                held = ", ".join(f"{who}: {story.holds(who, at)}" for who in (one, other))
                lines.append(f"{at}. **{one} and {other} swap**: {held}.")
            case "initials":
                lines.append(state(story, at, short=True, initials=True))
            case "prose":
                held = ", ".join(f"{who} now has the {story.holds(who, at)}" for who in story.people)
                lines.append(f"Then, {one} and {other} swap things, so {held}.")
            case "again":
                lines.append(f"{one} and {other} swap: {state(story, at)}.\n{state(story, at)}")
            case "list below":
                lines.append(f"{one} and {other} swap:\n- {state(story, at)}")
            case _:
                listed = [f"   - {who}: {story.holds(who, at)}" for who in story.people]
                lines.append("\n".join([f"{at}. {one} and {other} swap:", *listed]))
    return lines


STYLES = ["full", "short", "changed", "initials", "prose", "below", "again", "list below"]


def trace(story: Story, style: str) -> list[str]:
    thing = story.holds("Bob", len(story.swaps))
    start = state(story, 0, short=style != "full", initials=style == "initials")
    first = start if style == "initials" else f"At the start: {start}."
    letter = chr(65 + story.things.index(thing))
    return [first, *steps(story, style), f"At the end of it, Bob has the {thing}. So the answer is ({letter})."]


def judge(problem: str, text: str, *, final: bool = True) -> Verdict:
    claims = TrackingClaims().extract(View(text, final=final))
    return Pass(0) if claims is None else ObjectTracking.of(problem).check(claims)


def flagged(verdict: Verdict, text: str) -> list[int]:
    if not isinstance(verdict, Violation):
        return []
    return [text.count("\n", 0, each.span.start) for each in (verdict, *verdict.also) if each.span is not None]


@given(stories(), st.sampled_from(STYLES))
def test_a_right_trace_passes_whatever_its_style(story: Story, style: str) -> None:
    verdict = judge(story.problem, "\n".join(trace(story, style)))

    assert isinstance(verdict, Pass), verdict
    assert verdict.checked >= len(story.swaps) + 2


@given(stories(), st.sampled_from(STYLES), st.data())
def test_no_beginning_of_a_right_trace_is_flagged(story: Story, style: str, data: st.DataObject) -> None:
    text = "\n".join(trace(story, style))
    cut = data.draw(st.integers(0, len(text)))

    assert isinstance(judge(story.problem, text[:cut], final=False), Pass)


@given(stories(), st.sampled_from(["full", "short", "changed"]), st.data())
def test_the_first_wrong_holding_is_found_where_it_stands(story: Story, style: str, data: st.DataObject) -> None:
    lines = trace(story, style)
    at = data.draw(st.integers(1, len(story.swaps)))
    one, other = story.swaps[at - 1]
    who = data.draw(st.sampled_from([one, other]))
    thing = data.draw(st.sampled_from(story.things))
    right = story.holds(who, at)
    assume(thing != right)
    spell = SHORT if style == "short" else {each: each for each in story.things}
    lines[at] = lines[at].replace(f"{who}: {spell[right]}", f"{who}: {spell[thing]}")

    text = "\n".join(lines)

    assert flagged(judge(story.problem, text), text) == [at]


@given(stories(), st.data())
def test_a_swap_left_out_is_found(story: Story, data: st.DataObject) -> None:
    lines = trace(story, "full")
    at = data.draw(st.integers(1, len(story.swaps)))
    assume(at < len(story.swaps))
    assume(set(story.swaps[at - 1]) != set(story.swaps[at]))
    del lines[at]
    text = "\n".join(lines)

    assert flagged(judge(story.problem, text), text)[0] == at


@given(stories(), st.data())
def test_text_between_two_steps_may_hold_any_swaps(story: Story, data: st.DataObject) -> None:
    lines = trace(story, "full")
    lines[data.draw(st.integers(1, len(story.swaps)))] = "The next swap is like the others."

    assert isinstance(judge(story.problem, "\n".join(lines)), Pass)


@given(stories(), st.sampled_from(["({})", "{}", "**({})**", "\\boxed{{{}}}"]), st.data())
def test_only_the_right_option_passes(story: Story, style: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(story.things) - 1))
    right = story.holds("Bob", len(story.swaps)) == story.things[at]

    for answer in (style.format(chr(65 + at)), story.things[at]):
        assert isinstance(judge(story.problem, f"So the answer is {answer}"), Pass) == right


STORY = Story(BALLS[:3], [("Alice", "Bob"), ("Claire", "Bob")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("At the start: Alice: green, Bob: red.", "at the start Alice has 'red ball', not 'green'"),
        ("Alice and Bob swap: Alice: red.", "after the swap of Alice and Bob Alice has 'green ball', not 'red'"),
        ("Claire and Bob swap: Bob: pink.", "the next swap is between Alice and Bob"),
        ("A: green, B: red, C: pink\nA: red, B: red, C: pink", "at the end Alice has 'green ball', not 'red'"),
        ("At the end of the game, Bob has the red ball.", "at the end Bob has 'pink present', not 'red ball'"),
        ("The answer is (A).", "the answer is (C) pink present, not (A)."),
        ("The answer is (F).", "the answer is (C) pink present, not (F)."),
    ],
)
def test_the_message_says_what_is_right(text: str, message: str) -> None:
    verdict = judge(STORY.problem, text)

    assert isinstance(verdict, Violation)
    assert verdict.message == message


@pytest.mark.parametrize(
    "text",
    [
        "Suppose Alice and Bob swap: Alice: red.", "Is it so that at the end, Bob has the red ball?",
        "Alice and Bob swap: Alice: red.\nWait, that is wrong.", "Alice and Bob swap: Alice: apple.",
        "Alice and Bob swap: Alice: ball.", "Xenia and Yves swap: Xenia: red.", "Note: Alice: red is nice",
        "Alice had the red ball.", "First, Alice and Bob swap. Then Claire and Bob swap.", "The answer is unknown.",
        "Alice and Bob swap: Alice: red -> green.",
    ],
)  # fmt: skip
def test_what_is_doubted_or_reads_in_two_ways_is_left_alone(text: str) -> None:
    assert isinstance(judge(STORY.problem, text), Pass)


def test_claims_are_read_with_their_places() -> None:
    text = "Then, Bob and Eve swap: Bob: Moby Dick.\n"

    assert TrackingClaims().extract(View(text, start=10)) == (
        TrackingClaim("state", Span(16, 48), (Holding("Bob", "Moby Dick", Span(34, 48)),), swap=("Bob", "Eve")),
    )


def test_named_actions_are_repeated() -> None:
    problem = (
        "At the start, Alice has a red ball, Bob has a green ball, and Claire has a blue ball. "
        "First, Alice and Bob swap balls (let's call it Action 1). "
        "Then, nothing happens for a while (let's call it Action 2). Then, Bob and Claire discuss something. "
        "Then, Action 1 repeats. Then, Action 2 repeats. Finally, Bob and Claire swap balls."
    )

    assert ObjectTracking.of(problem).swaps == (("Alice", "Bob"), ("Alice", "Bob"), ("Bob", "Claire"))


def test_the_problem_is_read_from_its_usual_words() -> None:
    assert ObjectTracking.of(STORY.problem) == ObjectTracking(
        (("Alice", "red ball"), ("Bob", "green ball"), ("Claire", "pink present")),
        (("Alice", "Bob"), ("Claire", "Bob")),
        "Bob",
        ("red ball", "green ball", "pink present"),
    )


@pytest.mark.parametrize(
    "problem",
    [
        "", "Alice has a ball.", "Alice has a ball. Alice and Bob swap balls.",
        "Alice has a red ball, Bob has a red ball. Alice and Bob swap balls.",
        "Alice has a red ball, Alice has a blue ball. Alice and Bob swap balls.",
        "Alice has a red ball, Bob has a blue ball. Alice and Bob swap. Action 3 repeats.",
    ],
)  # fmt: skip
def test_what_is_no_such_problem_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError, match=r"\AObjectTracking: [^\n]+\Z"):
        ObjectTracking.of(problem)


PIECES = ["Alice", "Bob", " and ", " swap", ": ", "red", ", ", ".", "\n", " has the ", "At the end, ", "(A)", "A",
          "answer is ", "At the start: ", "- ", "1. ", "blue ball"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.booleans())
def test_any_pieces_are_judged_without_error(text: str, final: bool) -> None:
    judge(STORY.problem, text, final=final)


def test_the_verifier_keeps_its_promises() -> None:
    right = TrackingClaims().extract(View("\n".join(trace(STORY, "full")), final=True))
    wrong = TrackingClaims().extract(View("The answer is (A).\n"))
    hostile = TrackingClaims().extract(View("hm\nAlice and Bob swap: Alice: ball, Bob: x\n" * 100))
    long = ObjectTracking((("Alice", "a red ball"), ("Bob", "a blue ball")), (("Alice", "Bob"),) * 500)

    check_verifier(ObjectTracking.of(STORY.problem), passes=[right], violates=[wrong])
    check_verifier(long, passes=[hostile])


def test_the_extractor_keeps_its_promises() -> None:
    examples = {
        "The answer is (B)\n": (TrackingClaim("gap", Span(0, 17)), TrackingClaim("answer", Span(14, 17), answer="(B)")),
        "nothing is held\n": None,
        "A: red, B: blue": None,
    }

    check_extractor(TrackingClaims(), examples=examples, hostile=["A and B swap: A: b\n"], longest=30_000)
