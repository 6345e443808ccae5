"""What every trigger promises, over text made of its own markers, cut anywhere."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midtrace import Token
from midtrace.testing import rechunk
from midtrace.testing.costs import LIMIT, growth
from midtrace.triggers import (
    Boundary,
    Restarting,
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
    on_tool_call,
    thinking,
)


@dataclass(frozen=True)
class LettersX:
    """A user's own trigger: its unit ends at an X, and the two characters after it are needed to know that."""

    def scanner(self, prompt: str, /) -> Scanner:
        return LettersXScanner()


@dataclass(frozen=True)
class LettersXScanner:
    tail: str = ""

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        start = offset - len(self.tail)
        whole = self.tail + text
        found = [Boundary(start + at + 1, start + at + 3) for at in range(len(whole) - 2) if whole[at] == "X"]
        return LettersXScanner(whole[-2:]), found


LINES = ("\n", " ", "a", "X", "\t\n", "\r\n")
SENTENCES = (".", "!", "?", " ", "\n", "e.g.", "Dr.", "1", "3.14", "word", "1. ", "\n\n", "etc", "\u00a0")
FENCES = ("```", "~~~", "`", "~", "\n", "   ", " ", "py", "\n```\n", "\n```py\n")
JSON = (
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    ",",
    ":",
    " ",
    "\n",
    "1",
    "true",
    '"a"',
    '"a": ',
    "[1, 2]",
    ' {"a": [',
    "-1.5e3",
    "x",
)
BOXED = ("\\boxed{", "\\", "\\box", "{", "}", "\\{", "\\}", "x", "\n")
TAGS = ("<think>", "</think>", "<answer>", "</answer>", "<tool_call>", "</tool_call>", "<", "</", "X", "\n", "a. ")

CASES: dict[str, tuple[Trigger, tuple[str, ...]]] = {
    "at_end": (at_end(), LINES),
    "every_line": (every_line(), LINES),
    "lines": (every(lines=3), LINES),
    "characters": (every(characters=5), LINES),
    "one character": (every(characters=1), LINES),
    "tokens": (every(tokens=2), LINES),
    "sentences": (every_sentence(), SENTENCES),
    "match": (on_match(r"a X|^X|a$"), LINES),
    "code": (on_block("code"), FENCES),
    "json": (on_block("json"), JSON),
    "boxed": (on_block("boxed"), BOXED),
    "answer": (on_block("<answer>"), TAGS),
    "tool call": (on_tool_call(), TAGS),
    "phase": (on_phase_change(), TAGS),
    "own tags": (on_phase_change(thinking("aXa", "aa")), LINES),
    "threshold": (high_entropy(threshold=0.5), LINES),
    "cold": (cold(below=0.5, tokens=2), LINES),
    "cold thinking": ((cold(below=0.5, tokens=3) | every_line()).within("thinking"), TAGS),
    "cold after": (cold(below=0.5, tokens=1).after(on_match("X")), LINES),
    "top": (high_entropy(top=0.3), LINES),
    "user": (compose(LettersX()), LINES),
    "either": (every_line() | every_sentence() | LettersX(), (*SENTENCES, "X")),
    "user or": (LettersX() | every(characters=3), LINES),
    "after": (every_sentence().after(on_match("X")), (*SENTENCES, "X")),
    "after late": (compose(LettersX()).after(every_sentence()), (*SENTENCES, "X")),
    "thinking": (every_line().within("thinking"), TAGS),
    "uncertain answer": ((every(tokens=2) | high_entropy(threshold=0.5)).within("answer"), (*TAGS, "k>\n", "k></t")),
    "late thinking": (compose(LettersX()).within("thinking"), TAGS),
    "late answer": ((every_sentence() | LettersX()).within("answer"), TAGS),
    "warm lines": (every_sentence().warm_up(lines=2), SENTENCES),
    "warm characters": (compose(LettersX()).warm_up(characters=7), LINES),
    "deep": (
        (every_line() | on_block("json")).after(every(tokens=1)).within("answer").warm_up(lines=1),
        (*JSON, *TAGS),
    ),
    "uncertain lines": (every_line().after(high_entropy(threshold=0.5)) | high_entropy(top=0.5), LINES),
}
HOSTILE = (
    "<",
    "<think",
    "<think></think>",
    "`",
    "```\n",
    "[",
    " [",
    "{",
    ' {"',
    "\\",
    "\\boxed{",
    ".",
    ". ",
    "\n",
    " ",
)

cases = pytest.mark.parametrize("name", CASES)


def scan(
    scanner: Scanner, chunks: Iterable[tuple[str, tuple[Token, ...]]], offset: int = 0
) -> tuple[Scanner, list[Boundary]]:
    """All boundaries, each held against the promises on the way."""
    found: list[Boundary] = []
    for text, tokens in chunks:
        scanner, boundaries = scanner.feed(text, offset, tokens)
        for boundary in boundaries:
            assert isinstance(boundary, Boundary)
            assert boundary.end <= boundary.needs
            assert offset < boundary.needs <= offset + len(text), "given by the feed that proves it"
        found.extend(boundaries)
        offset += len(text)
    for before, after in pairwise(found):
        assert before.end < after.end
        assert before.needs <= after.needs
    return scanner, found


def plain(chunks: Iterable[str]) -> list[tuple[str, tuple[Token, ...]]]:
    return [(text, ()) for text in chunks]


def made_of(parts: Sequence[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(parts), max_size=40).map("".join)


nats = st.none() | st.sampled_from([0.0, 0.1, 0.4, 0.6, 1.0, 2.0, float("inf"), float("nan")])
few = settings(max_examples=int(os.environ.get("MIDTRACE_EXAMPLES", "40")), deadline=None)


def tokens_of(parts: Sequence[str]) -> st.SearchStrategy[list[Token]]:
    texts = st.sampled_from((*parts, ""))
    return st.lists(
        st.builds(Token, texts, nats.map(lambda value: None if value is None else -value), nats), max_size=80
    )


@cases
@few
@given(data=st.data())
def test_chunking_does_not_matter(name: str, data: st.DataObject) -> None:
    trigger, parts = CASES[name]
    prompt = data.draw(made_of(parts))
    text = data.draw(made_of(parts))
    sizes = data.draw(st.lists(st.integers(1, 9), max_size=80))
    whole = scan(trigger.scanner(prompt), plain([text]))
    assert whole == scan(trigger.scanner(prompt), plain(text))
    assert whole == scan(trigger.scanner(prompt), plain(rechunk(text, sizes)))


@cases
@few
@given(data=st.data())
def test_chunking_of_tokens_does_not_matter(name: str, data: st.DataObject) -> None:
    """Runs of tokens and runs of plain text, the one cut between tokens, the other anywhere."""
    trigger, parts = CASES[name]
    runs = data.draw(st.lists(tokens_of(parts) | made_of(parts), max_size=4))
    whole: list[tuple[str, tuple[Token, ...]]] = []
    cut: list[tuple[str, tuple[Token, ...]]] = []
    for run in runs:
        if isinstance(run, str):
            whole.append((run, ()))
            cut += plain(run)
        elif run:
            whole.append(("".join(token.text for token in run), tuple(run)))
            cut += [(token.text, (token,)) for token in run]
    scanner, found = scan(trigger.scanner(""), whole)
    again, found_again = scan(trigger.scanner(""), cut)
    assert found == found_again
    assert scanner == again


@cases
@few
@given(data=st.data())
def test_an_earlier_scanner_is_a_whole_past(name: str, data: st.DataObject) -> None:
    trigger, parts = CASES[name]
    kept, dropped, other = (data.draw(made_of(parts)) for _ in range(3))
    stored, before = scan(trigger.scanner(""), plain([kept]))
    scan(stored, plain([dropped]), len(kept))
    resumed, after = scan(stored, plain([other]), len(kept))
    straight, expected = scan(trigger.scanner(""), plain([kept + other]))
    assert before + after == expected
    assert resumed == straight
    assert pickle.loads(pickle.dumps(stored)) == stored


@cases
@few
@given(data=st.data())
def test_a_note_in_between_breaks_no_promise(name: str, data: st.DataObject) -> None:
    """What midtrace injects is not scanned: offsets jump, and units go on behind it."""
    trigger, parts = CASES[name]
    before, after = data.draw(made_of(parts)), data.draw(made_of(parts))
    states, units = lanes.feed(lanes.begin([trigger], ""), before, 0, ())
    closed, last = lanes.close(states, len(before))
    after_note = lanes.skip(closed, len(before) + 10)
    _, more = lanes.feed(after_note, after, len(before) + 10, ())
    assert all(unit.start < unit.end <= unit.needs for unit in (*units, *last, *more))
    spans = [(unit.start, unit.end) for unit in (*units, *last, *more)]
    assert all(
        end == start or (end, start) == (len(before), len(before) + 10) for (_, end), (start, _) in pairwise(spans)
    )
    assert sum(end - start for start, end in spans) <= len(before) + len(after)


@cases
def test_equal_triggers_are_one_value(name: str) -> None:
    trigger, _ = CASES[name]
    twin = pickle.loads(pickle.dumps(trigger))
    assert twin == trigger
    assert hash(twin) == hash(trigger)
    assert {trigger: 1}[twin] == 1
    assert trigger.scanner("p") == twin.scanner("p")
    others = [other for each, (other, _) in CASES.items() if each != name]
    assert trigger not in others


@dataclass(frozen=True)
class Rescanning:
    """What no trigger may do: it reads everything again with each chunk."""

    seen: str = ""

    def scanner(self, prompt: str, /) -> Scanner:
        return self

    def feed(self, text: str, offset: int, tokens: Sequence[Token], /) -> tuple[Scanner, Sequence[Boundary]]:
        seen = self.seen + text
        return Rescanning(seen), [Boundary(offset, offset)] if "X!" in seen else []


def reading(trigger: Trigger, *, size: int) -> Callable[[int], object]:
    """Feeds it so much text made of markers, in chunks of `size` (0: whole)."""

    def read(length: int) -> object:
        texts = ((marker * length)[:length] for marker in ("<think>", " [", ' {"', "\\boxed{a", "x. ", "`"))
        return [feed_all(trigger, rechunk(text, [size] * length if size else [])) for text in texts]

    return read


def feed_all(trigger: Trigger, chunks: Iterable[str]) -> Scanner:
    scanner = trigger.scanner("")
    offset = 0
    for text in chunks:
        scanner, _ = scanner.feed(text, offset, ())
        offset += len(text)
    return scanner


@cases
def test_cost_is_linear(name: str) -> None:
    """Eight times the text costs about eight times as much; reading the trace or the line again would cost 64."""
    trigger, _ = CASES[name]
    assert growth(reading(trigger, size=1)) < LIMIT
    assert growth(reading(trigger, size=0)) < LIMIT


def test_reading_again_would_be_noticed() -> None:
    assert growth(reading(Rescanning(), size=1)) > LIMIT


@cases
def test_thousands_of_markers_do_no_harm(name: str) -> None:
    trigger, _ = CASES[name]
    for marker in HOSTILE:
        scanner = feed_all(trigger, [(marker * 30_000)[:30_000]])
        assert len(pickle.dumps(scanner)) < 600_000


@pytest.mark.parametrize("trigger", [on_match("y+$"), on_block("code")])
def test_one_endless_line_by_characters(trigger: Trigger) -> None:
    scanner = feed_all(trigger, "x" * 200_000)
    scanner, found = scanner.feed("y\n", 200_000, ())
    assert list(found) == ([Boundary(200_002, 200_002)] if trigger == on_match("y+$") else [])
    del scanner


def test_a_scanner_need_not_know_of_restarts() -> None:
    assert not isinstance(LettersXScanner(), Restarting)
    assert isinstance(every_line().scanner(""), Restarting)
