"""A real model in this process: rollbacks and forks evaluate only what is new, by the engine's own counters."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import pytest_asyncio

import midtrace as mt
from midtrace.chunks import Chunk, Usage
from midtrace.errors import ModelError, SourceError, UsageError
from midtrace.extractors import Fork
from midtrace.forks.protocol import Answer, Question
from midtrace.models import locate
from midtrace.sources import llama
from midtrace.sources.llama_model import LlamaModel
from midtrace.sources.local.in_process import GeneratedStream
from midtrace.testing import check_source

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROMPT = "1 + 1 = 2\n2 + 1 = 3\n3 + 1 = 4\n4 + 1 ="
STORY = "Once upon a time there was a small house at the end of a long road, and"
QUESTION = "\nQ: What is the last number above?\nA:"
FEW = 32
"""Tokens beyond what is new that may be evaluated again."""


async def file() -> Path:
    """The make target has put it into the cache."""
    return await anyio.to_thread.run_sync(locate, "smollm2-135m", lambda what, done, total: None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def opened() -> AsyncIterator[LlamaModel]:
    async with LlamaModel(await file(), context=1_024, stretch=4) as model:
        yield model


@pytest.fixture
def model(opened: LlamaModel) -> LlamaModel:
    """The model, with the options of a test of its own."""
    opened.max_tokens, opened.stop, opened.temperature, opened.logprobs = 48, ["\n\n"], 0.0, 0
    return opened


async def read(stream: GeneratedStream, most: int | None = None) -> tuple[str, list[Chunk], Usage | None]:
    """Text, chunks and the last word on what it cost; a stream that is cut off is read to there."""
    chunks: list[Chunk] = []
    usage: Usage | None = None
    try:
        async for item in stream:
            if isinstance(item, Usage):
                usage = item
            else:
                chunks.append(item)
            if most is not None and len(chunks) >= most:
                break
    except SourceError as error:
        assert "max_tokens" in str(error)  # noqa: PT017
    await stream.aclose()
    return "".join(chunk.text for chunk in chunks), chunks, usage


async def tell(model: LlamaModel, prefix: str, tokens: int) -> str:
    model.max_tokens, model.stop = tokens, []
    return (await read(model(prefix)))[0]


async def test_it_keeps_the_promises_of_a_source(model: LlamaModel) -> None:
    report = await check_source(model, PROMPT, resumes=True, deadline=30, characters=60)

    assert "resumes" in report.kept
    assert "closes" in report.kept


async def test_it_says_what_the_same_model_says_over_http(model: LlamaModel) -> None:
    context = llama.serve(await file(), context=1_024)
    address = await anyio.to_thread.run_sync(context.__enter__)
    async with llama.source(address, max_tokens=48, stop=["\n\n"]) as source:
        served = "".join([chunk.text async for chunk in source(PROMPT) if isinstance(chunk, Chunk)])
    await anyio.to_thread.run_sync(context.__exit__, None, None, None)

    assert (await read(model(PROMPT)))[0] == served
    assert served


async def test_a_second_try_is_hotter_and_the_same_again_each_time(model: LlamaModel) -> None:
    first = (await read(model(STORY), 12))[0]
    second = (await read(model.resample(STORY, 4), 12))[0]

    assert second != first
    assert (await read(model.resample(STORY, 4), 12))[0] == second
    assert (await read(model.resample(STORY, 3), 12))[0] != second


async def test_a_stream_that_is_cut_off_says_so(model: LlamaModel) -> None:
    model.max_tokens, model.stop = 5, []
    stream = model(STORY)

    with pytest.raises(SourceError, match="cut off at max_tokens=5"):
        async for _ in stream:
            pass


async def test_what_it_cost_is_told_before_the_text_and_at_its_end(model: LlamaModel) -> None:
    items = [item async for item in model("2 + 2 = 4\n2 + 3 =")]

    assert isinstance(items[0], Usage)
    assert isinstance(items[-1], Usage)
    tokens = sum(len(item.tokens) for item in items if isinstance(item, Chunk))
    assert items[-1].generated >= tokens > 0  # the stop text was generated too
    assert items[-1].prompt == items[0].prompt > items[0].cached


async def test_tokens_tell_how_probable_and_how_certain_they_were(model: LlamaModel) -> None:
    model.logprobs = 5
    _, chunks, _ = await read(model(PROMPT))
    tokens = [token for chunk in chunks for token in chunk.tokens]

    assert all(token.logprob is not None and token.logprob <= 0 for token in tokens)
    assert all(token.entropy is not None and token.entropy >= 0 for token in tokens)
    assert len({token.entropy for token in tokens}) > 1


# Rollback


async def test_after_a_rollback_only_the_edit_is_evaluated(model: LlamaModel) -> None:
    long = "".join(f"{n} + 1 = {n + 1}\n" for n in range(24))
    text = await tell(model, long + "24 + 1 =", 24)
    kept = text[: len(text) // 2]
    edit = " [check: that is right]\n25 + 1 ="
    before = model.counts.evaluated
    model.stop, model.max_tokens = ["\n"], 12
    resumed, _, usage = await read(model(long + "24 + 1 =" + kept + edit))
    evaluated = model.counts.evaluated - before

    async with LlamaModel(model.path, context=1_024, stop=["\n"], max_tokens=12) as fresh:
        again, _, whole = await read(fresh(long + "24 + 1 =" + kept + edit))

    assert usage is not None
    assert whole is not None
    assert whole.cached < 2  # all that a fresh model shares with it is the mark of the beginning
    tokens_of_edit = len(edit)  # at most a token a character
    assert evaluated <= tokens_of_edit + FEW
    assert usage.prompt - usage.cached <= tokens_of_edit + FEW
    assert usage.prompt > 170
    assert resumed == again


async def test_a_rollback_in_a_run_is_paid_for_the_edit_alone(model: LlamaModel, local: mt.Runtime) -> None:
    model.max_tokens = 60
    monitor = mt.Monitor(
        "no-five",
        verify=lambda text: mt.Violation("a five", correction="five") if " 5\n" in text else None,
        policy=mt.Rollback(repair="correct"),
    )
    outcome = await local.generate(model, PROMPT, monitors=[monitor], limits=mt.Limits(rollbacks=3))

    assert outcome.ledger.interventions >= 1
    assert outcome.interventions[0].removed.startswith(" 5\n")
    assert outcome.text.startswith(" five\n")
    assert outcome.ledger.cached_tokens >= outcome.ledger.prompt_tokens // 2


async def test_an_untouched_run_is_the_bare_stream(model: LlamaModel, local: mt.Runtime) -> None:
    bare, chunks, _ = await read(model(PROMPT))
    outcome = await local.generate(model, PROMPT, monitors=[mt.Monitor("anything goes", verify=lambda text: None)])

    assert outcome.text == bare
    assert outcome.ledger.source_calls == 1
    assert outcome.ledger.main_tokens == sum(len(chunk.tokens) for chunk in chunks)


@pytest.mark.parametrize(
    "prompt",
    ["Les \u00e9l\u00e8ves \u00e9taient tr\u00e8s", "\U0001f600\U0001f603\U0001f984\U0001f409" * 3],
)
async def test_characters_of_several_tokens_are_whole_and_resumed(model: LlamaModel, prompt: str) -> None:
    text = await tell(model, prompt, 12)

    assert "\ufffd" not in text
    for kept in {1, len(text) - 1}:
        rest = await tell(model, prompt + text[:kept], 12)
        assert rest.startswith(text[kept:]) or text[kept:].startswith(rest[: len(rest) - 1])


# Forks


async def asked(model: LlamaModel, *questions: Question) -> list[Answer]:
    async with model.asker() as asker:
        return [await asker.ask(question) for question in questions]


async def test_a_fork_evaluates_its_question_alone(model: LlamaModel) -> None:
    long = "".join(f"{n} + 1 = {n + 1}\n" for n in range(20))
    text = await tell(model, long, 24)
    before = model.counts.evaluated
    (answer,) = await asked(model, Question(long + text[:40] + QUESTION, 8, ("\n",)))

    assert answer.usage is not None
    assert answer.usage.prompt > 120
    assert answer.usage.prompt - answer.usage.cached <= len(QUESTION.split()) * 2 + FEW
    assert model.counts.evaluated - before <= len(QUESTION.split()) * 2 + FEW


async def test_forks_do_not_change_the_stream(model: LlamaModel) -> None:
    alone = await tell(model, STORY, 40)
    stream, parts = model(STORY), [""]
    before = model.counts.evaluated
    async with model.asker() as asker:
        answers: list[Answer] = []
        with pytest.raises(SourceError, match="max_tokens"):
            async for item in stream:
                if isinstance(item, Chunk):
                    parts.append(item.text)
                if len(parts) % 10 == 6 and len(parts) > 3 * len(answers):
                    prefix = STORY + "".join(parts[:-3])  # the checkpoint is a few tokens back
                    answers.append(await asker.ask(Question(prefix + QUESTION, 6)))

    assert "".join(parts) == alone
    assert len(answers) >= 3
    assert all(answer.usage is not None and answer.usage.cached > 10 for answer in answers)
    # Each pays its question, and each time the stream pays what it had written after the checkpoint.
    assert model.counts.evaluated - before <= len(answers) * (len(QUESTION.split()) * 2 + FEW)


async def test_an_answer_has_its_stop_texts_tokens_and_usage(model: LlamaModel) -> None:
    question = Question(PROMPT, 12, ("\n",), logprobs=True)
    (answer,) = await asked(model, question)

    assert answer.text == " 5"
    assert "".join(token.text for token in answer.tokens) == answer.text
    assert answer.confidence is not None
    assert 0.1 < answer.confidence <= 1
    assert answer.usage is not None
    assert answer.usage.generated >= 2


async def test_another_attempt_is_another_answer(model: LlamaModel) -> None:
    first, second, again, third = await asked(
        model, *(Question(STORY, 10, attempt=attempt) for attempt in (0, 3, 3, 4))
    )

    assert first.text != second.text == again.text != third.text


async def test_a_fork_that_is_called_off_ends(model: LlamaModel) -> None:
    before = model.counts.generated
    async with model.asker() as asker, anyio.create_task_group() as tasks:

        async def ask() -> None:
            await asker.ask(Question(STORY, 900))

        tasks.start_soon(ask)
        _, chunks, _ = await read(model(PROMPT), 1)  # it waits for the fork, unless that ends
        del chunks
        tasks.cancel_scope.cancel()
    await asked(model, Question(PROMPT, 1))
    assert model.counts.generated - before < 950
    middle = model.counts.generated
    await asked(model, Question(PROMPT, 1))
    assert model.counts.generated - middle <= 2


async def test_closing_a_stream_ends_its_generation(model: LlamaModel) -> None:
    model.max_tokens, model.stop = 900, []
    await read(model(STORY), 3)
    ended = model.counts.generated
    await asked(model, Question(PROMPT, 1))

    assert model.counts.generated - ended <= 2


async def test_it_is_asked_from_other_loops_in_other_threads(model: LlamaModel) -> None:
    names: set[str] = set()

    async def ask() -> str:
        names.add(threading.current_thread().name)
        async with model.asker() as asker:
            return (await asker.ask(Question(PROMPT, 4, ("\n",)))).text

    results: list[str] = []

    async def elsewhere() -> None:
        results.append(await anyio.to_thread.run_sync(lambda: anyio.run(ask)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(elsewhere)
        tasks.start_soon(elsewhere)
        text, _, _ = await read(model(PROMPT))

    assert results == [" 5", " 5"]
    assert text.startswith(" 5")
    assert threading.current_thread().name not in names


async def test_forks_of_a_run_are_asked_of_the_model_itself(model: LlamaModel, local: mt.Runtime) -> None:
    bare, _, _ = await read(model(PROMPT))
    monitor = mt.Monitor(
        "last",
        on=mt.every_line(),
        extract=Fork(QUESTION, parse=lambda text: text, max_tokens=6, stop=("\n",)),
        verify=lambda state: None,
        policy=mt.Observe(),
    )
    outcome = await local.generate(model, PROMPT, monitors=[monitor])

    assert outcome.text == bare
    answered = [fork for fork in outcome.ledger.forks if fork.outcome == "answered"]
    assert answered
    assert all(fork.prompt_tokens - fork.cached_tokens <= len(QUESTION.split()) * 2 + FEW for fork in answered)


async def test_forks_beside_the_stream_have_a_slot_of_their_own() -> None:
    async with LlamaModel(await file(), context=512, max_tokens=24, slots=1, forks="parallel") as model:
        assert model.abilities.fork
        assert not model.abilities.shared
        stream = model(STORY)
        assert await anext(stream)
        (answer,) = await asked(model, Question(PROMPT, 4, ("\n",)))
        text, _, _ = await read(stream)

    assert answer.text == " 5"
    assert text


async def test_more_streams_than_caches_take_turns_and_say_the_same() -> None:
    async with LlamaModel(await file(), context=256, max_tokens=36, slots=1) as model:
        alone, _, _ = await read(model(PROMPT))
        one, other, texts = model(PROMPT), model(STORY), list[str]()
        async with anyio.create_task_group() as tasks:

            async def whole(stream: GeneratedStream) -> None:
                texts.append((await read(stream))[0])

            tasks.start_soon(whole, one)
            tasks.start_soon(whole, other)
        again, _, _ = await read(model(STORY))

    assert sorted(texts) == sorted([alone, again])


async def test_a_model_that_is_not_to_be_asked_refuses(model: LlamaModel) -> None:
    mute = LlamaModel(model.path, forks="none")

    assert not mute.abilities.fork
    with pytest.raises(UsageError, match="cannot be asked"):
        async with mute.asker():
            pass


# What the field got wrong


async def test_c2_40_a_question_blocks_no_loop_and_holds_the_prompt(model: LlamaModel) -> None:
    """DEER asks with a blocking client inside an async function, and leaves the prompt out of its question."""
    secret = "The code word is zebra.\n"
    (answer,) = await asked(model, Question(secret + "Q: What is the code word? A: The code word is", 3, ("\n", ".")))
    turns, done = 0, anyio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        (long,) = await asked(model, Question(STORY, 24))
        done.set()

    assert "zebra" in answer.text
    assert turns > 20 * len(long.text.split())  # the loop turned all the while; the guard of all tests sees blocking


async def test_c2_40_a_question_leaves_the_streams_own_request_as_it_is(model: LlamaModel) -> None:
    """DEER writes its probe into the payload that the stream goes on with."""
    model.max_tokens, model.stop = 30, ["\n"]
    options = (model.max_tokens, model.temperature, model.stop)
    alone, _, _ = await read(model(PROMPT))
    stream = model(PROMPT)
    first = await anext(stream)
    await asked(model, Question("Quite another text:", 5, ("x",), temperature=0.9, attempt=2))
    rest, _, _ = await read(stream)

    assert isinstance(first, Usage)
    assert rest == alone
    assert options == (model.max_tokens, model.temperature, model.stop)


async def test_c2_41_questions_share_one_model_and_evaluate_nothing_twice(model: LlamaModel) -> None:
    """EAT loads a model per monitor, and evaluates the whole text at each probe on the event loop."""
    threads = threading.active_count()
    long = "".join(f"{n} + 1 = {n + 1}\n" for n in range(20))
    await tell(model, long, 8)
    before = model.counts.evaluated
    answers = await asked(model, *(Question(long + f"Question {n}:", 2) for n in range(3)))

    assert all(answer.usage is not None and answer.usage.cached > 120 for answer in answers)
    assert model.counts.evaluated - before < 3 * FEW
    assert threading.active_count() == threads


# Bad input


async def test_a_file_that_is_no_model_is_told_in_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(100))

    with pytest.raises(ModelError, match=r"model .*bad\.gguf: llama\.cpp cannot load it"):
        async with LlamaModel(bad):
            pass
    with pytest.raises(ModelError, match=r"nowhere\.gguf: no such file"):
        async with LlamaModel(tmp_path / "nowhere.gguf"):
            pass


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("", "the prompt is empty"),
        ("a\ud800", "no Unicode text"),
        ("word " * 2_000, r"the prompt has 200\d tokens, the context 1024: expected a shorter prompt"),
    ],
)
async def test_prompts_that_cannot_be_continued(model: LlamaModel, prompt: str, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        await anext(model(prompt))
    with pytest.raises(SourceError, match=told):
        await asked(model, Question(prompt, 3))


async def test_what_ends_before_its_end_fails_clearly() -> None:
    """A context that is full in the middle, and a model that is closed meanwhile."""
    async with LlamaModel(await file(), context=256, max_tokens=400) as model:
        stream, other = model("1 2 3 4 5 6 7 8 " * 15), model(STORY)

        with pytest.raises(
            SourceError, match=r"the context of 256 tokens was full after \d+ generated tokens: expected"
        ):
            async for _ in stream:
                pass
        await anext(other)
    with pytest.raises(SourceError, match="the model was closed"):
        async for _ in other:
            pass


async def test_a_model_that_is_not_open_says_so() -> None:
    model = LlamaModel("nothing.gguf")

    with pytest.raises(SourceError, match="not loaded"):
        await anext(model(PROMPT))
    with pytest.raises(UsageError, match="not open"):
        _ = model.counts


async def test_arguments_that_mean_nothing() -> None:
    with pytest.raises(UsageError, match="forks='both'"):
        LlamaModel("x", forks="both")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="stretch=0"):
        LlamaModel("x", stretch=0)
    with pytest.raises(UsageError, match="expected texts, such as"):
        LlamaModel("x", stop="\n")
