"""Server-sent events: the same events for any chunking, in linear time, with bounds."""

from __future__ import annotations

import importlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import midtrace as mt
from midtrace.sources.http.event_stream import LONGEST_EVENT, LONGEST_LINE, EventStream, ServerEvent

costs = importlib.import_module("midtrace.testing.costs")


def read(*pieces: bytes) -> list[ServerEvent]:
    stream = EventStream()
    return [event for piece in pieces for event in stream.feed(piece)] + stream.close()


CASES = {
    "one": (b"data: a\n\n", ["a"]),
    "no blank": (b"data:a\n\n", ["a"]),
    "only one blank goes": (b"data:  a\n\n", [" a"]),
    "CR": (b"data: a\r\rdata: b\r\r", ["a", "b"]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    "mixed": (b"data: a\r\n\ndata: b\r\r\n", ["a", "b"]),
    "many lines": (b"data: a\ndata: b\ndata\ndata: c\n\n", ["a\nb\n\nc"]),
    "comments": (b": alive\n\n:\n\ndata: a\n: in between\n\n", ["a"]),
    "other fields": (b"id: 7\nretry: 10\ndata: a\nunknown\n\n", ["a"]),
    "byte order mark": (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
    "a mark later is text": (b"data: \xef\xbb\xbfa\n\n", ["\ufeffa"]),
    "no data, no event": (b"event: ping\n\ndata: a\n\n", ["a"]),
    "without its empty line": (b"data: a\n\ndata: b", ["a", "b"]),
    "other line ends are text": ("data: a\u2028b\x0bc\x85d\n\n".encode(), ["a\u2028b\x0bc\x85d"]),
    "nothing": (b"", []),
    "empty data": (b"data:\n\n", [""]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_read(case: str) -> None:
    data, expected = CASES[case]
    assert [event.data for event in read(data)] == expected
    assert [event.data for event in read(*(data[n : n + 1] for n in range(len(data))))] == expected


def test_names_of_events() -> None:
    assert read(b"event: error\ndata: x\n\ndata: y\n\n") == [ServerEvent("x", "error"), ServerEvent("y")]
    assert read(b'error: {"message": "m"}\n\n') == [ServerEvent('{"message": "m"}', "error")]


texts = st.text(st.characters(exclude_categories=["Cs"]))
ends = st.sampled_from(["\n", "\r", "\r\n"])


@given(events=st.lists(st.lists(texts, min_size=1)), end=ends, mark=st.booleans(), data=st.data())
def test_no_chunking_changes_what_is_read(events: list[list[str]], end: str, mark: bool, data: st.DataObject) -> None:
    """Any text, split anywhere, also inside of a character or of a line end."""
    lines = [[json.dumps(line, ensure_ascii=False) for line in event] for event in events]
    parts = [": alive" + end + end.join(f"data: {line}" for line in event) + end + end for event in lines]
    stream = ("\ufeff" if mark else "") + "".join(parts)
    whole = stream.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=20)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]

    assert [event.data for event in read(*pieces)] == ["\n".join(event) for event in lines]


@given(st.lists(st.binary()))
def test_any_bytes_are_read_or_refused_alike(pieces: list[bytes]) -> None:
    def outcome(*pieces: bytes) -> object:
        try:
            return read(*pieces)
        except mt.SourceError as error:
            return str(error)

    assert outcome(*pieces) == outcome(b"".join(pieces))


def test_a_line_without_end_costs_linear_time() -> None:
    def work(pieces: int) -> None:
        stream = EventStream()
        for _ in range(pieces):
            stream.feed(b"x")

    assert costs.growth(work) <= costs.LIMIT


def test_one_byte_at_a_time_costs_linear_time() -> None:
    def work(size: int) -> None:
        stream = EventStream()
        for n in range(size):
            stream.feed(b"data: some text\n\n"[n % 17 : n % 17 + 1])

    assert costs.growth(work) <= costs.LIMIT


def test_what_is_too_long_is_refused() -> None:
    stream = EventStream()
    with pytest.raises(mt.SourceError, match="a line of the event stream has more than 4 MiB"):
        for _ in range(LONGEST_LINE // 1000 + 2):
            stream.feed(b"x" * 1000)
    stream = EventStream()
    with pytest.raises(mt.SourceError, match="an event of the event stream has more than 16 MiB"):
        for _ in range(LONGEST_EVENT // 100_000 + 2):
            stream.feed(b"data: " + b"x" * 100_000 + b"\n")


def test_broken_characters_are_told() -> None:
    with pytest.raises(mt.SourceError, match="expected UTF-8") as caught:
        read(b"data: \xff\n\n")
    assert caught.value.transient
