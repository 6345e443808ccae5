"""Raw completions: against a server that says what a test wants, beside the official client, and in a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import openai
import pytest

import midtrace as mt
from midtrace.chunks import Usage
from midtrace.forks.protocol import Answer, Askable, Question
from midtrace.sources.completions import Completions
from midtrace.sources.http.retrying import Retrying
from midtrace.sources.protocol import Abilities, Able

from .fault_server import Asked, Cut, Piece, Reply, Step, Wait, serving

HASTY = Retrying(base=0.001)


async def items(source: Completions, prefix: str = "P") -> list[str | mt.Chunk | Usage]:
    async with source:
        return [item async for item in source(prefix)]


def text_of(found: list[str | mt.Chunk | Usage]) -> str:
    return "".join([each if isinstance(each, str) else each.text for each in found if not isinstance(each, Usage)])


# What is sent, and what is given


async def test_what_is_asked_for() -> None:
    with serving(["one ", "two"]) as site:
        source = Completions(site.url, max_tokens=7, stop=["."], seed=3, temperature=0.5, extra={"prompt": "x", "n": 1})
        assert await items(source) == ["one ", "two"]

        assert site.bodies == [
            {
                "n": 1,
                "prompt": "P",
                "model": "model",
                "max_tokens": 7,
                "stop": ["."],
                "seed": 3,
                "temperature": 0.5,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
        ]


async def test_another_try_is_hotter_and_has_another_seed() -> None:
    with serving(["one"]) as site:
        async with Completions(site.url, model="m") as source:
            for attempt in (1, 2, 9):
                assert [each async for each in source.resample("P", attempt)] == ["one"]

        assert [(each["temperature"], each["seed"]) for each in site.bodies] == [(0.3, 1), (0.6, 2), (1.2, 9)]


async def test_a_server_that_knows_no_usage_is_asked_without_from_then_on() -> None:
    def picky(asked: Asked) -> Reply:
        if "stream_options" in asked.body:
            return Reply(status=422, body={"detail": [{"loc": ["body", "stream_options"], "msg": "not permitted"}]})
        return Reply(["fine"])

    with serving(picky) as site:
        async with Completions(site.url) as source:
            for _ in range(2):
                assert [each async for each in source("P")] == ["fine"]
        assert ["stream_options" in body for body in site.bodies] == [True, False, False]


@pytest.mark.parametrize("listed", [["the one"], []])
async def test_the_model_is_the_only_one_that_there_is(listed: list[str]) -> None:
    with serving(["one"], models=listed) as site:
        async with Completions(site.url) as source:
            for _ in range(2):
                assert [each async for each in source("P")] == ["one"]
        assert [each["model"] for each in site.bodies] == (["the one"] * 2 if listed else ["default"] * 2)
        assert [each.path for each in site.requests].count("/v1/models") == 1


USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}}


async def test_what_it_cost_comes_last() -> None:
    with serving(Reply(["one"], usage=USAGE)) as site:
        assert await items(Completions(site.url)) == ["one", Usage(9, 8, 2)]
    with serving(
        Reply(["one", {"choices": [{"text": "", "finish_reason": "stop"}], "timings": {"prompt_n": 4}}])
    ) as site:
        assert await items(Completions(site.url)) == ["one", Usage(4)]


def packed(*texts: str) -> Piece:
    tops = [{text: -0.1, "other": -3.0} for text in texts]
    told = {"tokens": list(texts), "token_logprobs": [-0.1] * len(texts), "top_logprobs": tops}
    return Piece("".join(texts), logprobs=told)


async def test_tokens_are_told_only_where_they_are_known() -> None:
    strange = Piece("one", logprobs={"tokens": ["o"], "token_logprobs": [-1.0]})
    with serving([packed("two ", "tokens"), strange, "plain"]) as site:
        first, *others = await items(Completions(site.url, logprobs=2))

    assert isinstance(first, mt.Chunk)
    assert [token.text for token in first.tokens] == ["two ", "tokens"]
    assert [token.logprob for token in first.tokens] == [-0.1, -0.1]
    assert all(token.entropy is not None and 0.2 < token.entropy < 0.6 for token in first.tokens)
    assert others == ["one", "plain"]
    assert site.bodies[0]["logprobs"] == 2

    with serving([packed("two ", "tokens")]) as site:
        assert await items(Completions(site.url)) == ["two tokens"], "who does not ask pays nothing"
        assert "logprobs" not in site.bodies[0]
        counted = await items(Completions(site.url, frame_is_token=True))
        assert counted == [mt.Chunk("two tokens", (mt.Token("two tokens"),))]


async def test_high_entropy_of_a_server_makes_checkpoints(local: mt.Runtime) -> None:
    even = {"token": " b", "logprob": -0.7, "top_logprobs": [{"logprob": -0.7}, {"logprob": -0.7}]}
    sure = {"token": "a", "logprob": 0.0, "top_logprobs": [{"logprob": 0.0}]}
    pieces: list[Any] = [Piece("a", logprobs={"content": [sure]}), Piece(" b", logprobs={"content": [even]}), "c"]
    with serving(pieces) as site:
        async with Completions(site.url, logprobs=2) as source:
            monitor = mt.Monitor("m", on=mt.high_entropy(threshold=0.5), verify=lambda text: None)
            outcome = await local.generate(source, "P", monitors=[monitor])

    assert [(row.start, row.end) for row in outcome.certificate.rows] == [(0, 4)]
    assert outcome.ledger.claims >= 2


async def test_what_it_can_do() -> None:
    source = Completions("http://host", block=16)
    assert isinstance(source, Able)
    assert isinstance(source, Askable)
    assert source.abilities == Abilities(fork=True, block=16)
    assert Completions("http://host", logprobs=1).abilities.logprobs


# How it ends

ENDS: dict[str, tuple[Reply, str, bool]] = {
    "max_tokens": (Reply(["a"], finish="length"), "the model was cut off at max_tokens=100", False),
    "context full": (
        Reply(["a"], finish="length", usage={"prompt_tokens": 90, "completion_tokens": 10}),
        "the model's context is full after 10 of max_tokens=100 tokens: shorten the prompt",
        False,
    ),
    "filter": (Reply(["a"], finish="content_filter"), "the server's content filter cut the text off", False),
    "error": (Reply(["a"], finish="error"), r"gave up \(finish_reason error\)", True),
    "abort": (Reply(["a"], finish="abort"), r"gave up \(finish_reason abort\)", True),
    "no choices": (Reply([{"object": 1}]), "expected choices with text in a frame of the stream, got", False),
    "strange choices": (Reply([{"choices": 7}]), "expected choices with text", False),
    "strange choice": (Reply([{"choices": [7]}]), "expected choices with text", False),
    "strange text": (Reply([{"choices": [{"text": 7}]}]), "expected choices with text", False),
    "broken": (Reply(["a", Cut()]), "the stream broke off before its end", True),
}


@pytest.mark.parametrize("kind", ENDS)
async def test_how_it_ends_is_told(kind: str) -> None:
    reply, match, transient = ENDS[kind]
    with serving(reply) as site:
        with pytest.raises(mt.SourceError, match=match) as caught:
            await items(Completions(site.url, max_tokens=100))
        assert str(caught.value).startswith(f"{site.url[7:]}/v1/completions: ")
    assert caught.value.transient is transient


async def test_who_enters_once_more_does_not_close_it_for_others() -> None:
    source = Completions("http://127.0.0.1:1", retrying=Retrying(attempts=1))
    async with source:
        async with source:
            pass
        with pytest.raises(mt.SourceError, match="cannot be reached"):
            await anext(aiter(source("P")))
    with pytest.raises(mt.SourceError, match="the source is not open"):
        await anext(aiter(source("P")))


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": "x"}, {"base": -1}, {"most": None}, {"longest": "x"}])
def test_retries_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(mt.UsageError, match=r"Retrying\(.*\): expected (0|1) or more"):
        Retrying(**wrong)


async def test_an_empty_prompt_is_refused() -> None:
    source = Completions("http://127.0.0.1:1")
    with pytest.raises(mt.SourceError, match="the prompt is empty"):
        await items(source, "")
    with pytest.raises(mt.SourceError, match="the source is not open"):
        await anext(aiter(source("P")))


async def test_a_broken_stream_goes_on_from_the_accepted_text(local: mt.Runtime) -> None:
    with serving(Reply(["one ", "two ", Cut()]), Reply(["three"], usage=USAGE)) as site:
        async with Completions(site.url) as source:
            outcome = await local.generate(source, "P", monitors=[mt.Monitor("m", verify=lambda text: None)])

        assert outcome.text == "one two three"
        assert outcome.verified
        assert site.prompts == ["P", "Pone two "]
        assert (outcome.ledger.prompt_tokens, outcome.ledger.cached_tokens) == (9, 8)


async def test_a_rollback_aborts_the_generation_and_keeps_the_pool(local: mt.Runtime) -> None:
    monitor = mt.Monitor(
        "no bad line",
        verify=lambda line: mt.Violation("bad", correction="good") if "bad" in line else None,
        policy=mt.Rollback(repair="correct"),
    )
    with serving(Reply(["fine\n", "bad\n", Wait()]), Reply(["end\n"])) as site:
        async with Completions(site.url) as source:
            outcome = await local.generate(source, "P", monitors=[monitor])
        await anyio.to_thread.run_sync(site.until, lambda site: site.aborted == 1)

    assert outcome.text == "fine\ngood\nend\n"
    assert site.prompts == ["P", "Pfine\ngood\n"]


async def test_several_servers_are_one_source(local: mt.Runtime) -> None:
    """The one that breaks in the middle is left for the next, with the text that was accepted."""
    with serving(Reply(["one ", Cut()]), Reply(status=500, body=b"dead")) as first, serving(["two"]) as second:
        async with Completions([first.url, second.url], model="m", retrying=HASTY) as source:
            outcome = await local.generate(source, "P", monitors=[mt.Monitor("m", verify=lambda text: None)])

        assert outcome.text == "one two"
        assert second.prompts == ["Pone "]


# Asked beside its streams


def asking(source: Completions, *questions: Question) -> list[Answer]:
    """Ask in a loop of this thread's own."""

    async def ask() -> list[Answer]:
        async with source.asker() as asker:
            return [await asker.ask(question) for question in questions]

    return anyio.run(ask)


async def test_it_is_asked_in_another_thread() -> None:
    def reply(asked: Asked) -> Reply:
        if asked.body["prompt"] == "P":
            return Reply(["one", Wait(), "two"])
        return Reply([packed("4", "2"), packed("}", " and")], finish="length", usage=USAGE)

    with serving(reply) as site:
        async with Completions(site.url, seed=5, extra={"a": 1}, fork_extra={"id_slot": 1}) as source:
            stream = aiter(source("P"))
            assert await anext(stream) == "one"
            first = Question("Q", 8, stop=("}",), logprobs=True)
            second = Question("Q", 8, attempt=2)
            third = Question("Q", 8, temperature=0.7, attempt=1)
            answers = await anyio.to_thread.run_sync(asking, source, first, second, third)
            site.release()
            assert [each async for each in stream] == ["two"]

    assert answers[0].text == "42"
    assert [token.text for token in answers[0].tokens] == ["4", "2"]
    assert answers[0].confidence == pytest.approx(0.904_837)
    assert answers[0].usage == Usage(9, 8, 2)
    assert answers[1] == Answer("42} and", (), Usage(9, 8, 2))
    asked = site.bodies[1:]
    assert [(each["temperature"], each["seed"]) for each in asked] == [(0, 5), (0.6, 7), (0.7, 6)]
    assert [each.get("logprobs") for each in asked] == [5, None, None]
    assert {each["id_slot"] for each in asked} == {1}
    assert {each["a"] for each in site.bodies} == {1}
    assert (asked[0]["stop"], asked[0]["max_tokens"]) == (["}"], 8)


async def test_another_server_and_model_may_be_asked() -> None:
    with serving(["main"]) as site, serving(["aside"]) as other:
        forks = Completions(other.url, model="small", fork_extra={"x": 1})
        async with Completions(site.url, forks=forks) as source:
            assert [each async for each in source("P")] == ["main"]
            (answer,) = await anyio.to_thread.run_sync(asking, source, Question("Q", 8))

    assert answer.text == "aside"
    assert [(each["model"], each["x"]) for each in other.bodies] == [("small", 1)]
    assert len(site.bodies) == 1


async def test_a_question_that_is_cancelled_is_generated_no_further() -> None:
    with serving(["one", Wait()]) as site:
        async with Completions(site.url).asker() as asker, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(asker.ask, Question("Q", 8)))
            await anyio.to_thread.run_sync(site.until, lambda site: len(site.bodies) == 1)
            tasks.cancel_scope.cancel()
        await anyio.to_thread.run_sync(site.until, lambda site: site.aborted == 1)


async def test_no_answer_is_told_and_an_endless_one_is_cut() -> None:
    async with Completions("http://127.0.0.1:1", retrying=HASTY).asker() as asker:
        with pytest.raises(mt.SourceError, match="cannot be reached"):
            await asker.ask(Question("Q", 8))
        with pytest.raises(mt.SourceError, match="the prompt is empty"):
            await asker.ask(Question("", 8))
    with serving(["x" * 500] * 50) as site:
        async with Completions(site.url).asker() as asker:
            assert len((await asker.ask(Question("Q", 4))).text) == 2_000
    with serving(Reply(["x"], finish="content_filter")) as site:
        async with Completions(site.url).asker() as asker:
            with pytest.raises(mt.SourceError, match="content filter"):
                await asker.ask(Question("Q", 4))


# The official client


async def official(url: str, **options: Any) -> str:
    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    async with client, await client.completions.create(stream=True, **options) as stream:
        return "".join([chunk.choices[0].text async for chunk in stream if chunk.choices])


AWKWARD: dict[str, Callable[[], Reply]] = {
    "frames": lambda: Reply(["one ", "caf\u00e9 ", "\n\n"]),
    "packed": lambda: Reply([packed("two ", "tokens"), packed(" more")]),
    "keep-alives": lambda: Reply([b": x\n\n", "one"]),
    "usage": lambda: Reply(["one"], usage={**USAGE, "total_tokens": 11}),
    "in one piece": lambda: Reply(["one ", "two"], together=True),
}


@pytest.mark.parametrize("case", AWKWARD)
async def test_the_official_client_reads_the_same(case: str) -> None:
    with serving(AWKWARD[case]()) as site:
        assert text_of(await items(Completions(site.url))) == await official(site.url, model="model", prompt="P")


def test_nothing_here_is_shown_that_is_secret(capfd: pytest.CaptureFixture[str]) -> None:
    source = Completions("http://u:pa55@host/v1?k=s3cret", api_key="sk-1", headers={"x": "sk-2"}, forks=None)
    for shown in (repr(source), str(source), json.dumps(str(source))):
        assert "pa55" not in shown
        assert "s3cret" not in shown
        assert "sk-" not in shown
    assert capfd.readouterr() == ("", "")


async def test_a_key_is_in_no_message() -> None:
    reply = Reply(status=401, body={"error": {"message": "Incorrect API key provided: sk-private-7"}})
    with serving(reply) as site:
        with pytest.raises(mt.SourceError, match=r"provided: \*\*\*; is the API key right") as caught:
            await items(Completions(site.url, api_key="sk-private-7"))
        assert "sk-private" not in repr(caught.value)
        assert {each.headers["authorization"] for each in site.requests} == {"Bearer sk-private-7"}


STRANGE: dict[str, Step] = {
    "a field": {"auth": "Bearer sk-SECRETSECRET"},
    "a field far behind": {"auth": "x" * 60 + " sk-SECRETSECRET"},
    "text that is none": {"choices": [{"text": ["sk-SECRETSECRET"]}]},
    "a choice that is none": {"choices": ["sk-SECRETSECRET"]},
}


@pytest.mark.parametrize("case", STRANGE)
async def test_a_strange_frame_is_shown_without_the_key(case: str) -> None:
    expected = "expected choices with text in a frame of the stream, got"
    with serving([STRANGE[case]]) as site, pytest.raises(mt.SourceError, match=expected) as caught:
        await items(Completions(site.url, api_key="sk-SECRETSECRET"))
    assert "sk-SECRE" not in str(caught.value)
