import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from midtrace import Pass, Span, UsageError, Verdict, View, Violation
from midtrace.extractors.bracketing import BracketClaim, BracketClaims
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.bracketing import Bracketing

PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def judge(problem: str, text: str, *, final: bool = True) -> Verdict:
    state = BracketClaims().extract(View(text, final=final))
    return Pass(0) if state is None else Bracketing.of(problem).check(state)


def wrong(problem: str, text: str) -> Violation:
    verdict = judge(problem, text)
    assert isinstance(verdict, Violation), text
    return verdict


def open_brackets(sequence: str) -> str:
    """What stays open, found by striking out neighbours that match: another way than the verifier's."""
    while (shorter := sequence.replace("()", "").replace("[]", "").replace("{}", "").replace("<>", "")) != sequence:
        sequence = shorter
    return sequence


@st.composite
def sequences(draw: st.DrawFn) -> str:
    """A sequence of brackets that leaves at least one open."""
    sequence = ""
    for step in draw(st.lists(st.sampled_from("([{<)"), min_size=1, max_size=14)):
        left = open_brackets(sequence)
        if step != ")":
            sequence += step
        elif left:
            sequence += PAIRS[left[-1]]
    assume(open_brackets(sequence))
    return sequence


def spaced(brackets: str) -> str:
    return " ".join(brackets) or "empty"


STYLES = {
    "plain": lambda at, mark, stack: f"{mark} ; stack: {spaced(stack)}",
    "top first": lambda at, mark, stack: f"{mark} ; stack: {spaced(stack[::-1])}",
    "numbered": lambda at, mark, stack: f"Thought {at + 3}: {mark} ; stack: {spaced(stack)}",
    "arrow": lambda at, mark, stack: f"{at + 1}. `{mark}` -> stack: `{stack or 'empty'}`",
    "action": lambda at, mark, stack: f"- {mark}: push. Stack is now {spaced(stack)}.",
    "list": lambda at, mark, stack: f"{mark} ; stack: [" + ", ".join(f"'{each}'" for each in stack) + "]",
}


def moves(sequence: str, style: str = "plain") -> list[str]:
    return [STYLES[style](at, mark, open_brackets(sequence[: at + 1])) for at, mark in enumerate(sequence)]


def closing(sequence: str) -> str:
    return "".join(PAIRS[mark] for mark in reversed(open_brackets(sequence)))


def ending(sequence: str) -> list[str]:
    left = open_brackets(sequence)
    popped = ", ".join(f'"{mark}"' for mark in reversed(left))
    closed = ", ".join(f'"{mark}"' for mark in closing(sequence))
    return [
        f'Now, we have reached the end. The final stack is "{spaced(left)}".',
        f"We will need to pop out {popped} one by one in that order.",
        f"So, we need {closed}. So the answer is {spaced(closing(sequence))}",
    ]


def trace(sequence: str, style: str = "plain") -> list[str]:
    return ["We keep track of the stack.", "stack: empty", *moves(sequence, style), *ending(sequence)]


def lines_flagged(verdict: Verdict, text: str) -> list[int]:
    if not isinstance(verdict, Violation):
        return []
    return [text.count("\n", 0, each.span.start) for each in (verdict, *verdict.also) if each.span is not None]


@given(sequences(), st.sampled_from(sorted(STYLES)))
def test_a_right_trace_passes_whatever_its_style(sequence: str, style: str) -> None:
    verdict = judge(sequence, "\n".join(trace(sequence, style)))

    assert isinstance(verdict, Pass), verdict
    assert verdict.checked >= len(sequence)


@given(sequences(), st.data())
def test_no_beginning_of_a_right_trace_is_flagged(sequence: str, data: st.DataObject) -> None:
    text = "\n".join(trace(sequence))
    cut = data.draw(st.integers(0, len(text)))

    assert isinstance(judge(sequence, text[:cut], final=False), Pass)


@given(sequences(), st.sampled_from(["plain", "numbered", "arrow"]), st.data())
def test_the_first_wrong_stack_is_found_where_it_stands(sequence: str, style: str, data: st.DataObject) -> None:
    lines = trace(sequence, style)
    at = data.draw(st.integers(0, len(sequence) - 1))
    right = open_brackets(sequence[: at + 1])
    stack = data.draw(st.text("([{<)]}>", max_size=8))
    assume(stack not in {right, right[::-1]} and not (stack == "[]" and not right))
    lines[2 + at] = STYLES[style](at, sequence[at], stack)
    text = "\n".join(lines)

    verdict = wrong(sequence, text)

    assert lines_flagged(verdict, text) == [2 + at]
    assert verdict.span is not None
    assert verdict.correction is not None
    corrected = text[: verdict.span.start] + verdict.correction
    assert isinstance(judge(sequence, corrected), Pass)


@given(sequences(), st.data())
def test_a_symbol_left_out_is_found(sequence: str, data: st.DataObject) -> None:
    lines = trace(sequence)
    at = data.draw(st.integers(0, len(sequence) - 1))
    del lines[2 + at]
    text = "\n".join(lines)

    assert lines_flagged(wrong(sequence, text), text)[0] == 2 + at


@given(sequences(), st.data())
def test_text_between_two_steps_may_have_read_any_symbols(sequence: str, data: st.DataObject) -> None:
    lines = trace(sequence)
    at = data.draw(st.integers(0, len(sequence) - 1))
    lines[2 + at] = "The next ones are read in the same way."

    assert isinstance(judge(sequence, "\n".join(lines)), Pass)


@given(sequences(), st.text("([{<)]}>", min_size=1, max_size=8))
def test_only_the_right_answer_passes(sequence: str, answer: str) -> None:
    verdict = judge(sequence, f"The answer is {spaced(answer)}")

    assert isinstance(verdict, Pass) == (answer in {closing(sequence), sequence + closing(sequence)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("( ; stack: (\n{ ; stack: ( {\n} ; stack: {", "behind } the stack is (, not {"),
        ("( ; stack: (\n[ ; stack: ( [", "the next symbol of the sequence is {, not ["),
        ("( ; stack: (\n{ ; stack: ( {\n} ; stack: (\n) ; stack: empty", ") is read, but the sequence has ended"),
        ("( ; stack: (\nNow, we have reached the end.", "the end is not reached: { } is still to be read"),
        ("The final stack is empty.", "the final stack is (, not empty"),
        ("We have reached the end. We need to pop out nothing.", "what is popped, the last one first, is (, not empty"),
        ("We have reached the end. So, we need ].", "what closes the sequence is ), not ]"),
        ("So the answer is ]", "the answer is ), not ]"),
        ("So the answer is", "the answer is ), not empty"),
        ("Hence \\boxed{]}.", "the answer is ), not ]"),
        ("**Answer:** `} )`", "the answer is ), not } )"),
    ],
)
def test_the_message_says_what_is_right(text: str, message: str) -> None:
    assert wrong("( { }", text).message == message


@pytest.mark.parametrize(
    "text",
    [
        "Is the answer ]?", "Suppose the answer is ]", "The answer is not ]", "The answer is ]\nWait, that is wrong.",
        "The answer is (B)", "The answer is <answer>", "stack: [(, {]", "{ ; stack: (see above)",
        "So we pop ] here", "We have reached the end. First, we need ] to close [.", "\\boxed{)}",
        "The answer is ( { } )", "the stack grows", "[ ] are brackets",
    ],
)  # fmt: skip
def test_what_is_doubted_or_reads_in_two_ways_is_left_alone(text: str) -> None:
    assert isinstance(judge("( { }", text), Pass)


def test_a_line_cut_off_by_the_end_of_the_trace_may_have_gone_on() -> None:
    assert isinstance(judge("( {", "( ; stack: (\n{ ; stack: ("), Pass)
    assert isinstance(judge("( {", "( ; stack: (\n{ ; stack: (\n"), Violation)


def test_a_trace_may_start_again() -> None:
    right = "( ; stack: (\n{ ; stack: ( {\n"

    assert isinstance(judge("( {", right + "Once more:\nstack: empty\n" + right), Pass)


def test_offsets_are_those_of_the_trace() -> None:
    state = BracketClaims().extract(View("( ; stack: ( (\n", start=100))

    assert state == (BracketClaim("move", Span(100, 114), "((", "("),)


def test_the_problem_is_read_from_its_usual_words() -> None:
    text = "Complete the rest of the sequence. Input: ( [\nThought 1: stack: empty\nThought 2: ( ; stack: ("

    assert Bracketing.of(text) == Bracketing("([") == Bracketing.of(" ( [ ")
    assert Bracketing.of(text).closing == "])"


@pytest.mark.parametrize("problem", ["", "close the brackets", "( ]", ")", "(" * 2_001, "( x"])
def test_what_is_no_sequence_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError, match=r"\ABracketing: [^\n]+\Z"):
        Bracketing.of(problem)


@given(st.text("([{<)]}> \n;:stackempty\"',.", max_size=200), st.booleans())
def test_any_text_is_judged_without_error(text: str, final: bool) -> None:
    judge("( [ { <", text, final=final)


def test_the_verifier_keeps_its_promises() -> None:
    states = [BracketClaims().extract(View("\n".join(lines))) for lines in (trace("([]{"), trace("([{"))]
    hostile = BracketClaims().extract(View("so\n( ; stack: (\n" * 500))

    check_verifier(Bracketing("([]{"), passes=states[:1], violates=states[1:], hostile=[hostile])


def test_the_extractor_keeps_its_promises() -> None:
    examples = {
        "stack: empty\n": (BracketClaim("start", Span(0, 12)),),
        "( ; stack: ( [\n": (BracketClaim("move", Span(0, 14), "([", "("),),
        "nothing about brackets\n": None,
        "( ; stack: (": None,
    }

    check_extractor(BracketClaims(), examples=examples, hostile=["( ; stack: (\n"], longest=30_000)
