"""Where lines, characters, tokens and sentences end."""

from __future__ import annotations

import pytest

import midtrace as mt
from midtrace import Token
from midtrace.triggers import Boundary, Trigger, at_end, every, every_line, every_sentence, lanes, on_match


def units(trigger: Trigger, *chunks: str | list[Token]) -> list[str]:
    """The text of each complete unit, and of the open one at the end if there is any."""
    states = lanes.begin([trigger], "")
    text, found = "", []
    for chunk in chunks:
        tokens = [] if isinstance(chunk, str) else chunk
        more = chunk if isinstance(chunk, str) else "".join(token.text for token in chunk)
        states, complete = lanes.feed(states, more, len(text), tokens)
        text += more
        found += [text[unit.start : unit.end] for unit in complete]
    opened = states[0].opened
    return found + ([text[opened:]] if opened < len(text) else [])


def test_a_number_cut_by_a_chunk_is_one_unit() -> None:
    assert units(every_line(), "Left = 1", "0\n") == ["Left = 10\n"]


def test_blank_lines_belong_to_the_next_unit() -> None:
    assert units(every_line(), "a\n\n \t\nb\n\n") == ["a\n", "\n \t\nb\n", "\n"]
    assert units(every(lines=2), "a\n\nb\n\nc\nd") == ["a\n\nb\n", "\nc\nd"]


def test_one_line_is_every_line() -> None:
    assert every(lines=1) == every_line()


def test_nothing_ends_before_the_end() -> None:
    assert units(at_end(), "a\nb.\n\n") == ["a\nb.\n\n"]


def test_characters_are_exact() -> None:
    assert units(every(characters=3), "a", "bcdefg", "h") == ["abc", "def", "gh"]


def test_tokens_that_the_source_tells() -> None:
    tokens = [Token(text) for text in ("The", " sum", " is", " ", "12", ".")]
    assert units(every(tokens=2), tokens[:3], tokens[3:]) == ["The sum", " is ", "12."]


def test_tokens_of_plain_text_are_estimated() -> None:
    assert units(every(tokens=2), "0123456", "789abcdefgh") == ["01234567", "89abcdef", "gh"]


def test_told_and_estimated_tokens_add_up() -> None:
    assert units(every(tokens=2), "0123", [Token("abc")], "0123", "4567") == ["0123abc", "01234567"]


def test_a_token_without_text_counts_but_ends_nothing() -> None:
    empty = Token("")
    assert units(every(tokens=2), [empty, empty, empty, Token("a"), Token("b")]) == ["a", "b"]
    assert units(every(tokens=1), [empty, Token("a"), empty, Token("b")], "c") == ["a", "b", "c"]


@pytest.mark.parametrize(
    "arguments", [{}, {"lines": 1, "tokens": 2}, {"lines": 0}, {"characters": -1}, {"tokens": 1.5}, {"lines": True}]
)
def test_every_says_what_it_expects(arguments: dict[str, int]) -> None:
    with pytest.raises(mt.UsageError, match=r"^every\(\): expected .*, got .*$"):
        every(**arguments)


def test_a_note_starts_lines_and_counts_again() -> None:
    for trigger, before, after in (
        (every(lines=2), "a\nb", "c\nd\n"),
        (every(characters=4), "abc", "defg"),
        (every_line(), "a", "\nb\n"),
        (every_sentence(), "A sentence", "\n\nb. "),
    ):
        states, _ = lanes.feed(lanes.begin([trigger], ""), before, 0, ())
        states, closed = lanes.close(states, len(before))
        assert closed[-1].end == len(before)
        states = lanes.skip(states, 100)
        states, (unit,) = lanes.feed(states, after, 100, ())
        assert after[unit.start - 100 : unit.end - 100] == after.rstrip(" ")


SENTENCES = {
    "One. Two! Three? Four": ["One.", " Two!", " Three?", " Four"],
    "Pi is 3.14 here. Use a.b now.": ["Pi is 3.14 here.", " Use a.b now."],
    "See e.g. this, i.e. that, cf. Fig. 3 and Eq. 4. Then": [
        "See e.g. this, i.e. that, cf. Fig. 3 and Eq. 4.",
        " Then",
    ],
    "Dr. No. 5 vs. Mr. and Mrs. X etc. and so on. Y": ["Dr. No. 5 vs. Mr. and Mrs. X etc. and so on.", " Y"],
    "(e.g. this) ended. Y": ["(e.g. this) ended.", " Y"],
    "e.g.x is no end. Y": ["e.g.x is no end.", " Y"],
    "Config. Next": ["Config.", " Next"],
    "Steps:\n1. Add.\n 2. Take 2. Then\n": ["Steps:\n1. Add.", "\n 2. Take 2.", " Then\n"],
    "It is 2. Then": ["It is 2.", " Then"],
    "42.\nThen": ["42.", "\nThen"],
    "Title\n\nText": ["Title", "\n\nText"],
    "Title  \n \t\n\nText. ": ["Title", "  \n \t\n\nText.", " "],
    "End.\n\nNext": ["End.", "\n\nNext"],
    "Wait... what?! Yes": ["Wait...", " what?!", " Yes"],
    "\n\nA": ["\n\nA"],
    "The end.": ["The end."],
    "etc.\n\nNext": ["etc.", "\n\nNext"],
}


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences(text: str) -> None:
    assert units(every_sentence(), text) == SENTENCES[text]
    assert units(every_sentence(), *text) == SENTENCES[text]


def test_what_proves_a_sentence() -> None:
    scanner = every_sentence().scanner("")
    scanner, found = scanner.feed("One.", 0, ())
    assert found == []
    scanner, found = scanner.feed(" Head\n", 4, ())
    assert found == [Boundary(4, 5)]
    scanner, found = scanner.feed(" \n", 10, ())
    assert found == [Boundary(9, 12)]


def test_matching_lines() -> None:
    trigger = on_match(r"^Step \d+|done$")
    assert units(trigger, "Step 1: a\nb\nall do", "ne\nnot done yet\nStep 2\nStep 3") == [
        "Step 1: a\n",
        "b\nall done\n",
        "not done yet\nStep 2\n",
        "Step 3",
    ]


def test_a_long_line_is_matched_at_its_end_only() -> None:
    for chunks in ([f"head{'x' * 4_000}\n"], ["head", "x" * 2_000, "x" * 2_000, "\n"]):
        assert len(units(on_match("head"), *chunks, "rest")) == 1
        assert len(units(on_match("dx{4}"), *chunks, "rest")) == 1
        assert len(units(on_match("^x+$"), *chunks, "rest")) == 2


@pytest.mark.parametrize("pattern", ["(", "a{2000}", "*", b"a", 3, "(?=a)", "\ud800"])
def test_a_bad_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(mt.UsageError, match=r"^on_match\(.*$") as caught:
        on_match(pattern)
    assert "\n" not in str(caught.value)
