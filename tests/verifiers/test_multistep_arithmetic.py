import re
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from midtrace import Pass, Span, UsageError, Verdict, View, Violation
from midtrace.extractors.multistep_arithmetic import ChainClaim, MultistepClaims, ResultClaim
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.multistep_arithmetic import MultistepArithmetic


def judge(problem: str, text: str, *, final: bool = True) -> Verdict:
    state = MultistepClaims().extract(View(text, final=final))
    return Pass(0) if state is None else MultistepArithmetic.of(problem).check(state)


def flagged(problem: str, text: str) -> list[int]:
    verdict = judge(problem, text)
    if not isinstance(verdict, Violation):
        return []
    return [text.count("\n", 0, each.span.start) for each in (verdict, *verdict.also) if each.span is not None]


def value(expression: str) -> Fraction:
    """What Python makes of it: another way than the verifier's."""
    return Fraction(eval(re.sub(r"\d+", r"Fraction(\g<0>)", expression), {"Fraction": Fraction}))


PARTS = st.lists(st.tuples(st.sampled_from("+-*"), st.integers(-9, 9)), min_size=2, max_size=4).map(
    lambda pairs: " ".join(f"{sign} {each}" for sign, each in pairs)[2:]
)
SHAPES = {2: "({} {} {})", 4: "({} {} {}) {} ({} {} {})"}


@st.composite
def problems(draw: st.DrawFn) -> tuple[str, list[str]]:
    """The shape of a problem, with names for its parts, and the parts."""
    count = draw(st.sampled_from([2, 4]))
    signs = draw(st.lists(st.sampled_from("+-*"), min_size=3, max_size=3))
    names = "ABCD"[:count]
    slots = [names[0], signs[0], names[1]] + ([signs[1], names[2], signs[2], names[3]] if count == 4 else [])
    return SHAPES[count].format(*slots), [draw(PARTS) for _ in range(count)]


def whole(shape: str, parts: list[str]) -> str:
    return re.sub(r"[A-D]", lambda name: f"({parts['ABCD'.index(name[0])]})", shape)


def chain(part: str) -> str:
    multiplied = re.sub(r"-?\d+(?: \* -?\d+)+", lambda product: str(value(product[0])), part)
    bracketed = re.sub(r"-?\d+(?: \* -?\d+)+", r"(\g<0>)", part)
    return f"({part}) = ({bracketed}) = ({multiplied}) = {value(part)}"


def trace(shape: str, parts: list[str]) -> list[str]:
    names = "ABCD"[: len(parts)]
    definitions = ", and ".join(f"{name} = ({part})" for name, part in zip(names, parts, strict=True))
    lines = [f'This equation can be written as "{shape}", where {definitions}.']
    lines += [f"Let's calculate {name} = {chain(part)}." for name, part in zip(names, parts, strict=True)]
    found = re.sub(r"[A-D]", lambda name: str(value(parts[names.index(name[0])])), shape)
    result = value(whole(shape, parts))
    return [*lines, f"Then, the final equation is {shape} = {found} = {result}. So the answer is {result}."]


@given(problems())
def test_a_right_trace_passes(problem: tuple[str, list[str]]) -> None:
    shape, parts = problem
    verdict = judge(f"({whole(shape, parts)}) =", "\n".join(trace(shape, parts)))

    assert isinstance(verdict, Pass), verdict
    assert verdict.checked >= 4 * len(parts) + 4


@given(problems(), st.data())
def test_no_beginning_of_a_right_trace_is_flagged(problem: tuple[str, list[str]], data: st.DataObject) -> None:
    text = "\n".join(trace(*problem))
    cut = data.draw(st.integers(0, len(text)))

    assert isinstance(judge(whole(*problem), text[:cut], final=False), Pass)


@given(problems(), st.data())
def test_a_wrong_link_is_found_in_its_step_and_corrected(problem: tuple[str, list[str]], data: st.DataObject) -> None:
    shape, parts = problem
    lines = trace(shape, parts)
    at = data.draw(st.integers(1, len(parts)))
    head, *terms = lines[at].rstrip(".").split(" = ")
    spot = data.draw(st.integers(0, len(terms) - 1))
    number = data.draw(st.sampled_from(list(re.finditer(r"\d+", terms[spot]))))
    other = data.draw(st.integers(0, 99))
    right = value(terms[spot])
    terms[spot] = f"{terms[spot][: number.start()]}{other}{terms[spot][number.end() :]}"
    assume(value(terms[spot]) != right)
    lines[at] = " = ".join([head, *terms]) + "."
    text = "\n".join(lines)
    problem_text = whole(shape, parts)

    verdict = judge(problem_text, text)

    assert isinstance(verdict, Violation)
    assert flagged(problem_text, text)[0] == at
    assert verdict.span is not None
    corrected = text[: verdict.span.start] + (verdict.correction or "") + "\n"
    assert isinstance(judge(problem_text, corrected), Pass)


@given(problems(), st.sampled_from("+-*"), st.data())
def test_another_problem_written_down_is_found(problem: tuple[str, list[str]], sign: str, data: st.DataObject) -> None:
    shape, parts = problem
    spot = data.draw(st.sampled_from([each.start() for each in re.finditer(r"[-+*]", shape)]))
    other = shape[:spot] + sign + shape[spot + 1 :]
    text = "\n".join(trace(other, parts))

    assert (flagged(whole(shape, parts), text)[:1] == [0]) == (value(whole(other, parts)) != value(whole(shape, parts)))


@given(problems(), st.integers(-999, 999))
def test_only_the_right_result_is_the_answer(problem: tuple[str, list[str]], answer: int) -> None:
    right = value(whole(*problem))

    assert isinstance(judge(whole(*problem), f"The answer is {answer}."), Pass) == (answer == right)
    assert isinstance(judge(whole(*problem), f"**Answer:** {right}"), Pass)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("So A = (2 + 3) = (2 - 3) = -1.", "(2 + 3) is 5, (2 - 3) is -1"),
        ("So A = (2 + 3) = 6.", "(2 + 3) is 5, not 6"),
        ('The equation can be written as "A - B", where A = (2 + 3) and B = 4.', "A - B is 1, not the problem's value"),
        ("Let A = 2 + 3.\nThen A = 2 + 4 = 6.", "A is 5, 2 + 4 is 6"),
        ("Let A = 2 + 3.\nThen A * 4 = 21", "A * 4 is 20, not 21"),
        ("(2 + 3) * 4\n = 5 * 4\n = 21", "5 * 4 is 20, not 21"),
        ("The answer is 21", "the answer is 20, not 21"),
        ("The answer is 5 * 5", "the answer is 20, not 5 * 5"),
    ],
)
def test_the_message_says_what_is_wrong(text: str, message: str) -> None:
    verdict = judge("(2 + 3) * 4 =", text + "\n")

    assert isinstance(verdict, Violation)
    assert verdict.message == message


@pytest.mark.parametrize(
    "text",
    [
        "Suppose (2 + 3) = 6.", "Is 2 + 3 = 6?", "2 + 3 = 6\nWait, that is wrong.", "2 + 3 is not = 6", "B + 1 = 7",
        "A number = 6", "2 + 3 ≠ 6", "x + 2 = 7", "f(2) = 9", "x = -2 + 3 = 1 apple", "3 eggs * 2 = 7",
        "2 * 3% = 7", "2 * 4 = 8 dozen", "$2 + 3 = 5$", "10 / 3 = 3.33", "6/2(3) = 1", "6/2(3) = 9", "-2^2 = 4",
        "((2 + 3) = 5", "The answer is large.", "The answer is A", "Let A = 2 + 3. Let A = 3 + 4. Then A = 7",
        "A: 2 + 3 = 5\nB: 5 * 4 = 20", "The equation is A * B", "Step A = 5", "1/0 = 5", "2^999 = 1",
        "A = 10 / 3 = 3.33\nA * 3 = 10",
    ],
)  # fmt: skip
def test_what_is_doubted_or_plausibly_right_is_left_alone(text: str) -> None:
    assert isinstance(judge("(2 + 3) * 4 =", text + "\n"), Pass)


def test_a_step_is_judged_by_what_it_builds_on() -> None:
    text = "Let A = 2 + 3.\nA = 2 + 3 = 6.\nA * 4 = 6 * 4 = 24.\nThe answer is 24."

    assert flagged("(2 + 3) * 4", text) == [1, 3]


def test_offsets_are_those_of_the_trace() -> None:
    state = MultistepClaims().extract(View("So A = 2 + 3 = 5.\n", start=50))

    assert state is not None
    (claim,) = state
    assert isinstance(claim, ChainClaim)
    assert [(term.text, term.span) for term in claim.terms] == [
        ("A", Span(53, 54)),
        ("2 + 3", Span(57, 62)),
        ("5", Span(65, 66)),
    ]


def test_the_problem_is_read_from_its_usual_words() -> None:
    assert MultistepArithmetic.of("((2 + 3) * 4) =").expression == "((2 + 3) * 4)"
    assert MultistepArithmetic.of("What is 2 + 3 * 4?").expression == "2 + 3 * 4"
    nested = "(((-1 * 5 + -8) - (6 + 3 * -1)) + ((-8 * -1 - -4) - (-2 - -5 + -9))) * " * 2 + "1"
    assert MultistepArithmetic.of(nested).expression == nested


@pytest.mark.parametrize(
    "problem",
    [
        "",
        "no numbers",
        "(2 + 3",
        "2 + x",
        "1/0",
        "x = y",
        "$a @ b$ equals a + b. Compute 2 + 3.",
        "1 + " * 150 + "1",
    ],
)
def test_what_is_no_expression_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError, match=r"\AMultistepArithmetic: [^\n]+\Z"):
        MultistepArithmetic.of(problem)


PIECES = [
    "A",
    "B",
    " = ",
    " + ",
    "(",
    ")",
    "2",
    "-3",
    " * ",
    "\n",
    ". ",
    "where ",
    "The equation is ",
    "answer is ",
    "/",
]


@given(st.lists(st.sampled_from(PIECES), max_size=50).map("".join), st.booleans())
def test_any_pieces_are_judged_without_error(text: str, final: bool) -> None:
    judge("(2 + 3) * 4", text, final=final)


def test_the_verifier_keeps_its_promises() -> None:
    right = MultistepClaims().extract(View("So A = 2 + 3 = 5.\nThe answer is 20.\n"))
    wrong = MultistepClaims().extract(View("The answer is 21.\n"))
    power = MultistepClaims().extract(View("A = 9^400\n" + "A = A * A\n" * 100 + "where A = 1\n" * 100))

    check_verifier(MultistepArithmetic("(2 + 3) * 4"), passes=[right], violates=[wrong], hostile=[power])


def test_the_extractor_keeps_its_promises() -> None:
    (answer,) = MultistepClaims().extract(View("The answer is 5\n")) or ()

    assert isinstance(answer, ResultClaim)
    check_extractor(
        MultistepClaims(),
        examples={"The answer is 5\n": (answer,), "nothing\n": None, "1 + 1 = 2": None},
        longest=30_000,
    )
