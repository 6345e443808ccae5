import itertools
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from midtrace import Pass, Span, UsageError, Verdict, View, Violation
from midtrace.extractors.sorting import (
    LetterClaim,
    OrderClaim,
    OrderedGroup,
    SortedAnswer,
    SortingClaims,
    SubpartClaim,
    WrittenWord,
)
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers.sorting import Sorting

ORDINALS = ["first", "second", "third", "fourth"]
WORDS = st.lists(st.text("abc", min_size=4, max_size=4), min_size=2, max_size=8, unique=True)


def judge(problem: str, text: str, *, stepwise: bool = False, final: bool = True) -> Verdict:
    state = SortingClaims().extract(View(text, final=final))
    return Pass(0) if state is None else Sorting.of(problem, stepwise=stepwise).check(state)


def flagged(problem: str, text: str, *, stepwise: bool = False) -> list[int]:
    """The lines of the violations."""
    verdict = judge(problem, text, stepwise=stepwise)
    if not isinstance(verdict, Violation):
        return []
    return [text.count("\n", 0, each.span.start) for each in (verdict, *verdict.also) if each.span is not None]


def number(letter: str) -> int:
    return "abcdefghijklmnopqrstuvwxyz".index(letter) + 1


def table(words: list[str], place: int) -> str:
    cells = " ".join(f'"{word}": "{word[place]}" ({number(word[place])}).' for word in words)
    return f"The {ORDINALS[place]} letter: {cells}"


def group(words: list[str]) -> str:
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(words) == 1 else f"[{' ? '.join(quoted)}]"


def parted(words: list[str], place: int) -> list[list[str]]:
    """The words by their letter at `place`, in the order of the letters."""
    ordered = sorted(words, key=lambda word: word[place])
    return [list(part) for _, part in itertools.groupby(ordered, key=lambda word: word[place])]


def chain(groups: list[list[str]], place: int | None = None) -> str:
    numbers = [f"({number(part[0][place])}) " if place is not None else "" for part in groups]
    return " < ".join(number + group(part) for number, part in zip(numbers, groups, strict=True))


def trace(words: list[str]) -> list[str]:
    """The steps of sorting letter by letter, one a line; the first group that is still open comes next."""
    groups = parted(words, 0)
    depths = dict.fromkeys(words, 0)
    lines = [table(words, 0), f"We now have: {chain(groups, 0)}."]
    while (at := next((at for at, part in enumerate(groups) if len(part) > 1), None)) is not None:
        part = groups[at]
        place = depths[part[0]] + 1
        depths |= dict.fromkeys(part, place)
        lines.append(
            f"Now let's sort this subpart {group(part)} by looking at their {ORDINALS[place]} letters. "
            + table(part, place)
        )
        groups[at : at + 1] = parts = parted(part, place)
        lines.append(f"We now have: {chain(parts, place)} for the subpart. Hence, we have {chain(groups)}.")
    return [*lines, f"I have now sorted all the words. The answer is {' '.join(part[0] for part in groups)}"]


@given(WORDS, st.booleans())
def test_a_right_trace_passes(words: list[str], stepwise: bool) -> None:
    lines = trace(words)
    verdict = judge(" ".join(words), "\n".join(lines), stepwise=stepwise)

    assert isinstance(verdict, Pass), verdict
    assert verdict.checked >= len(words) + 1
    assert lines[-1].endswith(" ".join(sorted(words)))


@given(WORDS, st.data())
def test_no_beginning_of_a_right_trace_is_flagged(words: list[str], data: st.DataObject) -> None:
    text = "\n".join(trace(words))
    cut = data.draw(st.integers(0, len(text)))

    assert isinstance(judge(" ".join(words), text[:cut], stepwise=True, final=False), Pass)


@given(WORDS, st.data())
def test_a_wrong_letter_is_found_and_corrected(words: list[str], data: st.DataObject) -> None:
    lines = trace(words)
    cells = [(at, cell) for at, line in enumerate(lines) for cell in re.finditer(r'"(\w)" \((\d+)\)', line)]
    at, cell = data.draw(st.sampled_from(cells))
    letter = data.draw(st.sampled_from("abcxyz"))
    claimed = data.draw(st.sampled_from([number(letter), 4]))
    assume((letter, claimed) != (cell[1], int(cell[2])))
    lines[at] = f'{lines[at][: cell.start()]}"{letter}" ({claimed}){lines[at][cell.end() :]}'
    text = "\n".join(lines)

    verdict = judge(" ".join(words), text)

    assert flagged(" ".join(words), text) == [at]
    assert isinstance(verdict, Violation)
    assert verdict.span is not None
    corrected = text[: verdict.span.start] + (verdict.correction or "") + text[verdict.span.end :]
    assert letter != cell[1] or corrected == "\n".join(trace(words))


@given(WORDS, st.data())
def test_two_words_in_the_wrong_order_are_found(words: list[str], data: st.DataObject) -> None:
    lines = trace(words)
    at = data.draw(st.integers(1, len(lines) - 2))
    found = list(re.finditer(r'"(\w{4})" <.*?(?=(?:\(\d+\) )?"(\w{4})")', lines[at]))
    assume(found and found[0][1] != found[0][2])
    one, other = found[0][1], found[0][2]
    start, end = found[0].start(1), found[0].start(2)
    lines[at] = lines[at][:start] + other + lines[at][start + 4 : end] + one + lines[at][end + 4 :]

    assert at in flagged(" ".join(words), "\n".join(lines))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=4, unique=True), st.data())
def test_a_word_left_out_of_the_order_is_found(firsts: list[str], data: st.DataObject) -> None:
    words = [first + "aa" for first in firsts]
    lines = trace(words)
    word = data.draw(st.sampled_from(sorted(words)[1:]))
    lines[1] = re.sub(rf' < \(\d+\) "{word}"', "", lines[1])

    assert flagged(" ".join(words), "\n".join(lines))[0] == 1


@given(WORDS, st.randoms(use_true_random=False))
def test_only_the_sorted_words_are_the_answer(words: list[str], source: object) -> None:
    shuffled = list(words)
    source.shuffle(shuffled)  # type: ignore[attr-defined]

    verdict = judge(" ".join(words), f"So the answer is {', '.join(shuffled)}.")

    assert isinstance(verdict, Pass) == (shuffled == sorted(words))


@given(WORDS, st.data())
def test_an_order_by_itself_is_judged_by_its_pairs(words: list[str], data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.sampled_from(words), min_size=2, max_size=5, unique=True))
    verdict = judge(" ".join(words), f"so {' < '.join(parts)} here")

    assert isinstance(verdict, Pass) == (parts == sorted(parts))


LIST = "pear plum apple banana"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('The second letter: "pear": "a" (1)', "the letter at place 2 of 'pear' is 'e', not 'a'"),
        ('The fifth letter: "pear": "x" (24)', "'pear' has no letter at place 5"),
        ('The first letter: "apple": "a" (2)', "'a' is letter 1, not 2"),
        ('The first letter: "apple": "a" (1). "cherry": "c" (3).', "'cherry' is not one of the words"),
        ("pear < banana", "'pear' comes after 'banana'"),
        ('"apple" < ["banana" ? "plum"] < "pear"', "'plum' comes after 'pear'"),
        ('The first letter: "apple": "a". (1) "apple" < (16) ["pear" ? "banana"]', "'banana' has no letter 16 there"),
        ("The answer is apple banana pear", "missing: 'plum'"),
        ("The answer is apple banana pear plum plum", "too often: 'plum'"),
        ("The answer is apple banana pear plumb", "'plumb' is not one of the words"),
    ],
)
def test_the_message_says_what_is_wrong(text: str, message: str) -> None:
    verdict = judge(LIST, text)

    assert isinstance(verdict, Violation)
    assert verdict.message == message


@pytest.mark.parametrize(
    "text",
    [
        "Is pear < banana?", "If pear < banana, stop.", "Suppose that pear < banana.", "pear < banana is false",
        "pear < banana\nWait, no.", '"p" < "b"', "x < y", '["pear" ? ["plum" < "apple"]]', "<b>pear</b>",
        'The first letter: "appel": "a" (1). "apple" < "banana"', "The answer is the list above.",
        "The answer is apple, banana, pear, and plum.", "The sorted order for a is: apple", "The answer is not known",
        "apple < banana < pear < plum", "The answer is Apple Banana Pear Plum", '"apple" < "pear" for the subpart',
    ],
)  # fmt: skip
def test_what_is_doubted_or_plausibly_right_is_left_alone(text: str) -> None:
    assert isinstance(judge(LIST, text), Pass)


def test_marks_in_words_leave_two_orders() -> None:
    problem = "a's aqueduct"

    assert isinstance(judge(problem, "The answer is a's aqueduct"), Pass)
    assert isinstance(judge(problem, "The answer is aqueduct a's"), Pass)
    assert isinstance(judge(problem, 'The second letter: "a\'s": "s" (19)'), Pass)


STEPS = trace(["baca", "baba", "caaa", "caab", "aaaa"])


def test_only_the_discipline_of_the_method_minds_the_order_of_the_steps() -> None:
    first = next(at for at, line in enumerate(STEPS) if "sort this" in line and '"caaa"' in line)
    out_of_order = "\n".join([*STEPS[:2], *STEPS[first : first + 1]])

    verdict = judge("baca baba caaa caab aaaa", out_of_order, stepwise=True)

    assert isinstance(verdict, Violation)
    assert verdict.message == "the first words still to be sorted are 'baba', 'baca'"
    assert isinstance(judge("baca baba caaa caab aaaa", out_of_order), Pass)


def test_only_the_discipline_of_the_method_minds_a_leap_to_the_answer() -> None:
    leap = "\n".join([STEPS[0], STEPS[1], STEPS[-1]])

    verdict = judge("baca baba caaa caab aaaa", leap, stepwise=True)

    assert isinstance(verdict, Violation)
    assert verdict.message == "'baba', 'baca' are not sorted yet"
    assert isinstance(judge("baca baba caaa caab aaaa", leap), Pass)


def test_words_that_are_told_apart_may_not_stay_together() -> None:
    lines = trace(["aba", "aca", "baa"])
    lines[3] = lines[3].replace('"aba" < "aca" < "baa"', '["aba" ? "aca"] < "baa"')

    assert flagged("aba aca baa", "\n".join(lines), stepwise=True) == [3]
    assert flagged("aba aca baa", "\n".join(lines)) == []


def word(text: str, start: int, *, quotes: int = 1) -> WrittenWord:
    return WrittenWord(text, Span(start, start + len(text) + 2 * quotes))


def test_claims_are_read_with_their_places() -> None:
    text = 'The first letter: "pea": "p" (16).\nNow sort this subpart ["b" ? "c"] by their third letters: "b" < "c"\n'
    state = SortingClaims().extract(View(text, start=100))

    assert state == (
        LetterClaim(word("pea", 118), 1, "p", 16, Span(118, 133)),
        SubpartClaim((word("b", 158), word("c", 164)), 3, Span(157, 168)),
        OrderClaim((OrderedGroup((word("b", 193),)), OrderedGroup((word("c", 199),))), Span(193, 202)),
    )


def test_the_problem_is_read_from_its_usual_words() -> None:
    assert Sorting.of("Sort the following words alphabetically: List: pear r&d apple") == Sorting(
        ("pear", "r&d", "apple")
    )
    assert Sorting.of("Pear, apple.") == Sorting(("pear", "apple"))


@pytest.mark.parametrize("problem", ["", "one", "List: one", "what? no", "a " * 1_001, "a " + "b" * 70])
def test_what_is_no_list_of_words_is_refused_in_one_line(problem: str) -> None:
    with pytest.raises(UsageError, match=r"\ASorting: [^\n]+\Z"):
        Sorting.of(problem)


PIECES = ['"pear"', "apple", " < ", " ? ", "[", "]", "(1) ", ": ", '"a"', "The first letter", " answer is ", "sort ",
          "\n", ". ", "for the subpart", "Hence, we have ", "plum", "x"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.booleans())
def test_any_pieces_are_judged_without_error(text: str, stepwise: bool) -> None:
    judge(LIST, text, stepwise=stepwise)


def test_the_verifier_keeps_its_promises() -> None:
    right = SortingClaims().extract(View("\n".join(trace(["pear", "plum", "appl"]))))
    wrong = SortingClaims().extract(View("The answer is bana bnan plum\n"))
    hostile = SortingClaims().extract(View('["aaab" ? "pear" ? "plum"] < ' * 300 + "pear\n"))

    check_verifier(Sorting(("pear", "plum", "appl"), stepwise=True), passes=[right], hostile=[wrong, hostile])
    check_verifier(Sorting(("bana", "plum", "bbbb")), violates=[wrong])


def test_the_extractor_keeps_its_promises() -> None:
    answer = SortedAnswer((word("a", 14, quotes=0), word("b", 16, quotes=0)), Span(14, 17))
    examples = {"The answer is a b\n": (answer,), "nothing to sort\n": None, "a < b": None}

    check_extractor(SortingClaims(), examples=examples, hostile=['"a" < ', '["a" ? '], longest=30_000)
