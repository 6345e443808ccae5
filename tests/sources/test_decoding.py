"""What generations in this process are made of: stop texts, known pieces, tokens as text, and who decodes when."""

from __future__ import annotations

import itertools
import threading

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midtrace.chunks import Chunk, Token, Usage
from midtrace.errors import SourceError
from midtrace.forks.protocol import Question
from midtrace.sources.local.decoding import Ending, Generation, Options
from midtrace.sources.local.decoding_thread import DecodingThread
from midtrace.sources.local.detokenising import Detokeniser
from midtrace.sources.local.in_process import Beside, GeneratedStream
from midtrace.sources.local.stop_texts import StopTexts
from midtrace.sources.local.transcripts import Memory, Piece, Transcript


@given(
    st.lists(st.text("ab\n", max_size=4), max_size=12), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3)
)
@example(["b", "b", "a", "b"], ["bab", "a"])
@example(["bbab"], ["bab", "a"])
@example(["aab"], ["b", "aab", "ab"])
def test_text_up_to_the_first_stop_text_is_given_however_it_comes(pieces: list[str], stop: list[str]) -> None:
    stops, whole = StopTexts(stop), "".join(pieces)
    chunks: list[Chunk] = []
    for piece in pieces:
        chunks += stops.add(piece, (Token(piece),))
        if stops.found:
            break
    else:
        chunks += stops.rest()

    expected = whole
    for end in range(1, len(whole) + 1):  # as if each character came alone
        ended = [len(each) for each in stop if whole[:end].endswith(each)]
        if ended:
            expected = whole[: end - max(ended)]
            break
    assert stops.found is (expected != whole)
    assert "".join(chunk.text for chunk in chunks) == expected
    assert all("".join(token.text for token in chunk.tokens) == chunk.text for chunk in chunks)


@given(st.lists(st.text("ab", min_size=1, max_size=3), max_size=8), st.text("ab", max_size=20))
def test_a_prefix_is_known_up_to_the_last_piece_that_it_holds(pieces: list[str], prefix: str) -> None:
    transcript = Transcript(Piece(text) for text in pieces)
    shared = transcript.shared(prefix)

    assert prefix.startswith("".join(pieces[:shared]))
    assert shared == len(pieces) or not prefix.startswith("".join(pieces[: shared + 1]))
    transcript.cut(shared)
    assert transcript.text == "".join(pieces[:shared])


@given(st.one_of(st.binary(max_size=60), st.text(max_size=30).map(str.encode)))
def test_tokens_of_one_byte_give_the_text_of_all_and_nothing_is_taken_back(data: bytes) -> None:
    detokeniser = Detokeniser(lambda ids: bytes(ids).decode(errors="replace"), before=b"before ")
    settled = [piece for byte in data if (piece := detokeniser.add(byte)) is not None]
    last = detokeniser.end()
    settled += [last] if last is not None else []

    assert "".join(piece.text for piece in settled) == data.decode(errors="replace")
    assert bytes(itertools.chain.from_iterable(piece.ids for piece in settled)) == data


def test_decoding_a_token_looks_at_a_few_tokens_however_long_the_text_is() -> None:
    longest = 0

    def decode(ids: list[int]) -> str:
        nonlocal longest
        longest = max(longest, len(ids))
        return bytes(ids).decode(errors="replace")

    detokeniser = Detokeniser(decode)
    for byte in b"\xff\x80" * 500 + b"words " * 200:
        detokeniser.add(byte)
    assert longest < 20


# Who decodes when: an engine that spells out the alphabet, and writes down what it was asked for


class Alphabet:
    """Continues any text with the letter after its last one; ends after z."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.memory = Memory(4)

    def begin(self, generation: Generation, /, *, again: bool) -> None:
        generation.begin(self.memory, exact=True, again=again)

    def done(self, generation: Generation, /) -> None:
        self.log.append("done")

    def decode(self, generation: Generation, /) -> Ending:
        if generation.prefix == "broken":
            raise ZeroDivisionError
        if generation.rest:
            generation.read(Piece(generation.rest, (0,)))
            generation.evaluated(1, 0)
        while True:
            last = generation.transcript.text[-1]
            if last == "z":
                return "end"
            letter = chr(ord(last) + 1)
            self.log.append("fork" if generation.fork else "main")
            if not generation.take(Piece(letter, (ord(letter),), generated=True), (Token(letter),)):
                return "paused"


OPTIONS = Options(max_tokens=100)


async def text_of(stream: GeneratedStream) -> str:
    return "".join([item.text async for item in stream if not isinstance(item, Usage)])


async def test_a_burst_of_forks_does_not_starve_the_stream() -> None:
    alphabet = Alphabet()
    thread = DecodingThread(lambda: alphabet, name="test", stretch=5)
    await anyio.to_thread.run_sync(thread.start)
    stream = GeneratedStream(thread, "a", OPTIONS, again=True)
    beside, answers = Beside(thread, OPTIONS), []

    async def ask() -> None:
        answers.append((await beside.ask(Question("v", 3))).text)

    gate = threading.Event()
    thread.call(gate.wait)  # until all of them are there
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask)
        await anyio.lowlevel.checkpoint()

        async def read() -> None:
            answers.append(await text_of(stream))

        tasks.start_soon(read)
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        gate.set()
    await anyio.to_thread.run_sync(thread.stop)

    assert sorted(answers) == ["bcdefghijklmnopqrstuvwxyz", *["wxy"] * 4]
    runs = [
        (what, len(list(group))) for what, group in itertools.groupby(each for each in alphabet.log if each != "done")
    ]
    assert [what for what, _ in runs].count("fork") == 4
    assert all(length >= 5 for what, length in runs[1:-1] if what == "main")
    assert all(length == 3 for what, length in runs if what == "fork")


async def test_a_reader_that_is_behind_holds_the_engine_up_and_nobody_else() -> None:
    alphabet = Alphabet()
    thread = DecodingThread(lambda: alphabet, name="test", stretch=5)
    await anyio.to_thread.run_sync(thread.start)
    slow, quick = (GeneratedStream(thread, "a", OPTIONS, again=True) for _ in range(2))
    await anext(slow)

    assert await text_of(quick) == "bcdefghijklmnopqrstuvwxyz"
    assert await text_of(slow) == "bcdefghijklmnopqrstuvwxyz"
    await anyio.to_thread.run_sync(thread.stop)


async def test_an_engine_that_fails_fails_one_generation() -> None:
    thread = DecodingThread(Alphabet, name="test", stretch=5)
    await anyio.to_thread.run_sync(thread.start)
    with pytest.raises(SourceError, match="the model failed: ZeroDivisionError"):
        await text_of(GeneratedStream(thread, "broken", OPTIONS, again=True))

    assert await text_of(GeneratedStream(thread, "x", OPTIONS, again=True)) == "yz"
    await anyio.to_thread.run_sync(thread.stop)
