"""Phases of thinking, tokens of doubt, and triggers made of triggers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest

import midtrace as mt
from midtrace import Token
from midtrace.triggers import (
    Boundary,
    Scanner,
    Trigger,
    at_end,
    cold,
    compose,
    every,
    every_line,
    every_sentence,
    high_entropy,
    lanes,
    on_block,
    on_match,
    on_phase_change,
    thinking,
)


def ends(trigger: Trigger, text: str, prompt: str = "") -> list[int]:
    _, boundaries = trigger.scanner(prompt).feed(text, 0, ())
    return [end for end, *_ in boundaries]


def units(trigger: Trigger, text: str, prompt: str = "") -> list[str]:
    places = [0, *ends(trigger, text, prompt), len(text)]
    return [text[start:end] for start, end in pairwise(places) if start < end]


def left_out(trigger: Trigger, text: str, prompt: str = "") -> list[str]:
    """The units that are not checked, the open one at the end included."""
    states = lanes.begin([trigger], prompt)
    states, found = lanes.feed(states, text, 0, ())
    (state,) = states
    skipped = [text[unit.start : unit.end] for unit in found if unit.skip]
    return [*skipped, text[state.opened :]] if state.unchecked(len(text)) == len(text) > state.opened else skipped


TRACE = "<think>\na\nb</think>\nc\nd\n"


def test_a_unit_never_mixes_phases() -> None:
    assert units(every_line().within("thinking"), TRACE) == ["<think>", "\na\n", "b</think>", "\nc\nd\n"]
    assert units(every_line().within("answer"), TRACE) == ["<think>", "\na\nb</think>", "\nc\n", "d\n"]


def test_the_other_phase_is_left_out() -> None:
    assert left_out(every_line().within("thinking"), TRACE) == ["<think>", "\nc\nd\n"]
    assert left_out(every_line().within("answer"), TRACE) == ["\na\nb</think>"]
    assert left_out(every_line().within("answer"), "a\n", "<think>") == ["a\n"]
    assert left_out(every_line().within("answer"), "a\nb") == []
    nested = every_line().within("answer", thinking("<a>", "</a>")).within("answer")
    assert left_out(nested, "1<a>2</a>3<think>4</think>5<a>6") == ["2</a>", "4</think>", "6"]


def test_what_one_trigger_leaves_out_another_wants() -> None:
    assert left_out(every_line().within("thinking") | every(characters=100), TRACE) == []
    assert left_out(every_line().within("answer").after(on_match("a")), TRACE) == []
    assert left_out(every_line().within("answer").warm_up(characters=1), f"x{TRACE}<think>y</think>") == [
        "\na\nb</think>",
        "y</think>",
    ]


def test_counts_start_again_with_each_phase() -> None:
    assert units(every(characters=4).within("answer"), "ab<think>cd</think>efghi") == [
        "ab<t",
        "hink",
        ">",
        "cd</think>",
        "efgh",
        "i",
    ]
    tokens = [Token(text) for text in ("a", "<think", ">b", "c</think>d", "e", "f")]
    _, found = every(tokens=2).within("answer").scanner("").feed("a<think>bc</think>def", 0, tokens)
    assert [end for end, *_ in found] == [7, 8, 18, 20], "a token over the end of a phase counts on both sides"


def test_the_prompt_says_how_it_starts() -> None:
    opened = "Q <think>\n"
    assert units(every_line().within("thinking"), "a\nb</think>c\nd\n", opened) == ["a\n", "b</think>", "c\nd\n"]
    assert units(every_line().within("answer"), "a\nb</think>c\nd\n", opened) == ["a\nb</think>", "c\n", "d\n"]
    assert units(every_line().within("thinking"), "a\nb\n", "<think>x</think>") == ["a\nb\n"]
    assert units(every_line().within("answer"), "a\nb\n", "<think>x</think>") == ["a\n", "b\n"]


def test_phase_changes() -> None:
    assert units(on_phase_change(), TRACE) == ["<think>", "\na\nb</think>", "\nc\nd\n"]
    assert units(on_phase_change(), "a</think>b<think></think>", "<think>") == ["a</think>", "b<think>", "</think>"]
    assert ends(on_phase_change(), "</think> nothing was open") == []
    assert ends(on_phase_change(), "<think><think>") == [7]


def test_other_tags() -> None:
    tags = thinking("<|reason|>", "<|/reason|>")
    assert units(on_phase_change(tags), "<|reason|>a<|/reason|>b") == ["<|reason|>", "a<|/reason|>", "b"]
    trigger = every_line().within("answer", tags)
    assert units(trigger, "a\n</think>\n", "<|reason|>") == ["a\n</think>\n"]


def test_what_phases_refuse() -> None:
    with pytest.raises(mt.UsageError, match=r"^thinking\(\): expected a tag of 1 to 100 characters, got ''$"):
        thinking(open="")
    with pytest.raises(mt.UsageError, match="two different tags"):
        thinking("<t>", "<t>")
    with pytest.raises(mt.UsageError, match="expected 'thinking' or 'answer'"):
        every_line().within("reasoning")  # type: ignore[arg-type]


def doubts(trigger: Trigger, entropies: Sequence[float | None]) -> list[int]:
    tokens = [Token("ab", None, entropy) for entropy in entropies]
    _, boundaries = trigger.scanner("").feed("ab" * len(tokens), 0, tokens)
    return [end // 2 - 1 for end, *_ in boundaries]


def test_above_a_threshold() -> None:
    assert doubts(high_entropy(threshold=1.0), [0.2, 1.0, 1.5, None, math.nan, 3.0]) == [2, 5]


def test_surprisal_where_there_is_no_entropy() -> None:
    tokens = [Token("a", -0.1), Token("b", -2.0), Token("c", -2.0, 0.1), Token("d", -math.inf)]
    _, boundaries = high_entropy(threshold=1.0).scanner("").feed("abcd", 0, tokens)
    assert [end for end, *_ in boundaries] == [2, 4]


def test_the_top_share() -> None:
    trigger = high_entropy(top=0.2)
    first = [0.01 * n for n in range(20)]  # the four highest are above 0.15
    assert doubts(trigger, first) == []
    assert doubts(trigger, [*first, 0.15, 0.155, 9.0, 0.0]) == [21, 22]
    assert doubts(trigger, [1.0] * 60) == [], "among equals none is on top"
    assert doubts(trigger, [None] * 100 + [5.0]) == []


def test_twenty_tokens_at_once_are_ranked() -> None:
    scanner = high_entropy(top=0.2).scanner("")
    scanner, _ = scanner.feed("ab" * 20, 0, [Token("ab", None, 0.1)] * 20)
    _, boundaries = scanner.feed("ab", 40, [Token("ab", None, 0.5)])
    assert [end for end, *_ in boundaries] == [42]


def test_old_tokens_leave_the_window() -> None:
    trigger = high_entropy(top=0.1)
    entropies = [9.0] * 100 + [0.1] * 160 + [0.2] * 20
    assert doubts(trigger, entropies) == [], "a fifth of the window is still higher"
    assert doubts(trigger, [9.0] * 100 + [0.1] * 320 + [0.2]) == [420]


def test_text_without_tokens_is_certain() -> None:
    assert ends(high_entropy(threshold=0.0), "a b c") == []
    assert ends(high_entropy(top=0.5), "a b c" * 100) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"threshold": 1.0, "top": 0.2},
        {"threshold": -1},
        {"threshold": math.nan},
        {"top": 0},
        {"top": 1},
        {"top": "x"},
    ],
)
def test_high_entropy_says_what_it_expects(arguments: dict[str, float]) -> None:
    with pytest.raises(mt.UsageError, match=r"^high_entropy\(\): expected .*$"):
        high_entropy(**arguments)


def test_a_row_of_certain_tokens() -> None:
    trigger = cold(below=0.5, tokens=3)
    assert doubts(trigger, [0.1, 0.4, 0.0, 0.1, 0.1, 0.1]) == [2, 5]
    assert doubts(trigger, [0.1, 0.1, 0.5, 0.1, 0.1]) == [], "at the bound it is not below"
    assert doubts(trigger, [0.1, 0.1, None, 0.1, 0.1, 0.1]) == [5], "nobody knows of the third one"
    assert doubts(trigger, [0.1, 0.1, math.nan, 0.1]) == []
    assert doubts(cold(), [0.009] * 300) == [255]


def test_a_row_by_surprisal_and_across_chunks() -> None:
    scanner = cold(below=0.5, tokens=2).scanner("")
    scanner, none = scanner.feed("a", 0, [Token("a", -0.1)])
    assert not none
    same, _ = scanner.feed("", 1, ())
    assert same == scanner
    _, found = scanner.feed("b", 1, [Token("b", -0.1)])
    assert [end for end, *_ in found] == [2]
    _, found = scanner.feed("b", 1, [Token("b", -0.6, 0.1)])
    assert [end for end, *_ in found] == [2], "the entropy counts where it is known"
    scanner, _ = scanner.feed("plain", 1, ())
    _, found = scanner.feed("b", 6, [Token("b", -0.1)])
    assert not found, "nobody knows of the text between"


def test_a_token_without_text_counts_and_ends_nothing() -> None:
    scanner = cold(below=0.5, tokens=2).scanner("")
    scanner, found = scanner.feed("a", 0, [Token("a", -0.1), Token("", -0.1)])
    assert not found
    _, found = scanner.feed("b", 1, [Token("b", -0.1)])
    assert [end for end, *_ in found] == [2]
    _, found = scanner.feed("b", 1, [Token("b", -0.9)])
    assert not found


def test_a_row_ends_with_its_phase() -> None:
    words = ["<think>", "a", "b", "</think>", "c", "d", "e"]
    trigger = cold(below=0.5, tokens=3).within("answer")
    tokens = [Token(word, -0.1) for word in words]
    _, found = trigger.scanner("").feed("".join(words), 0, tokens)
    assert [(each.end, each.skip) for each in found] == [(7, False), (17, True), (20, False)]


@pytest.mark.parametrize(
    "arguments", [{"below": 0}, {"below": math.inf}, {"below": "x"}, {"tokens": 0}, {"tokens": 1.5}, {"tokens": True}]
)
def test_cold_says_what_it_expects(arguments: dict[str, float]) -> None:
    with pytest.raises(mt.UsageError, match=r"^cold\(\): expected .*$"):
        cold(**arguments)  # type: ignore[arg-type]


def test_either() -> None:
    assert units(every_line() | on_block("boxed"), "a\n\\boxed{1} b\n") == ["a\n", "\\boxed{1}", " b\n"]
    assert (every_line() | at_end()) | every_sentence() == every_line() | (at_end() | every_sentence())


def test_either_in_the_order_of_proof() -> None:
    """The end of the sentence is known no earlier than the end of the line: where both are, the first end is first."""
    _, boundaries = (every_line() | every_sentence()).scanner("").feed("Hi.\nTitle\n\n", 0, ())
    expected = [Boundary(3, 4), Boundary(4, 4), Boundary(10, 10)]
    assert boundaries == expected, "the title was a line before it was known to be a sentence"


def test_after() -> None:
    trigger = every_line().after(on_match("BEGIN"))
    assert units(trigger, "a\nb\nBEGIN\nc\nd\n") == ["a\nb\nBEGIN\n", "c\n", "d\n"]
    assert ends(every_line().after(at_end()), "a\nb\n") == []
    assert ends(every_sentence().after(every(characters=3)), "Hi. So. ") == [3, 7]
    assert ends(every_sentence().after(every(characters=4)), "Hi. So. ") == [7], "proved in time, but ends too early"


def test_warm_up() -> None:
    assert units(every_line().warm_up(lines=2), "a\n\nb\nc\nd\n") == ["a\n\nb\n", "c\n", "d\n"]
    assert units(every_line().warm_up(characters=4), "a\nb\nc\n") == ["a\nb\n", "c\n"]
    assert units(every_line().warm_up(characters=5), "a\nb\nc\n") == ["a\nb\nc\n"]
    for arguments in ({}, {"lines": 1, "characters": 1}, {"lines": 0}):
        with pytest.raises(mt.UsageError, match=r"^warm_up\(\): expected"):
            every_line().warm_up(**arguments)


@dataclass(frozen=True)
class Commas:
    """A user's trigger without any base class; its scanner is itself."""

    def scanner(self, prompt: str, /) -> Scanner:
        return self

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        places = [offset + at + 1 for at, letter in enumerate(text) if letter == ","]
        return self, [Boundary(place, place) for place in places]


def test_a_users_trigger_composes() -> None:
    assert units(compose(Commas()) | every_line(), "a,b\nc") == ["a,", "b\n", "c"]
    assert units(every_line() | Commas(), "a,b\nc") == ["a,", "b\n", "c"]
    assert units(Commas() | every_line(), "a,b\nc") == ["a,", "b\n", "c"]
    assert units(compose(Commas()).warm_up(characters=3), "a,b,c") == ["a,b,", "c"]
    assert compose(Commas()) == compose(Commas())
    assert compose(every_line()) is not None
    assert compose(every_line()) == every_line()
