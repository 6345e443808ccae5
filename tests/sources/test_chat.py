"""Chats: continued where the server does that, asked in turns where it does not, and never confused about which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import anyio.to_thread
import pytest

import midtrace as mt
from midtrace.chunks import Chunk, Token, Usage
from midtrace.extractors import ToolCallsInText
from midtrace.forks.protocol import Answer, Askable, Question
from midtrace.sources.chat import Chat
from midtrace.sources.chats.prefill import Way
from midtrace.sources.chats.turns import ANSWER, CONTINUE
from midtrace.sources.http.retrying import Retrying
from midtrace.sources.protocol import Conversing, Passage
from midtrace.trace import Origin

from .fault_server import Asked, Piece, Reply, Wait, serving

LISTED = "Repeat these lines again and again:\n"


async def said(chat: Chat, *passages: tuple[str, Origin], attempt: int = 0, prompt: str = "P") -> str:
    given = [Passage(*each) for each in passages]
    made = [each async for each in chat.converse(prompt, given, attempt)]
    return "".join(each.text if isinstance(each, Chunk) else each for each in made if not isinstance(each, Usage))


def kept(text: str) -> tuple[str, Origin]:
    return text, Origin.GENERATED


def note(text: str) -> tuple[str, Origin]:
    return text, Origin.FEEDBACK


class Model:
    """A chat server: it continues half an answer where `continues` says so, and otherwise answers anew.

    `channel` is the field that what it continues comes in; `strips` that its template drops white space at the end.
    """

    def __init__(
        self,
        continues: Callable[[dict[str, Any], dict[str, Any]], bool],
        *,
        anew: Sequence[Any] = ("anew",),
        goes_on: Sequence[Any] = ("goes on",),
        channel: str = "content",
        strips: bool = False,
    ) -> None:
        self.continues, self.anew, self.goes_on = continues, anew, goes_on
        self.channel, self.strips = channel, strips

    def __call__(self, asked: Asked) -> Reply:
        messages: list[dict[str, Any]] = [{}, *asked.body["messages"]]
        user, last = messages[-2:]
        if last["role"] != "assistant" or not self.continues(asked.body, last):
            if (last.get("content") or "").startswith(LISTED) or (user.get("content") or "").startswith(LISTED):
                return Reply(["maple 0\nmaple 1\n"])
            return Reply(self.anew)
        if not user["content"].startswith(LISTED):
            return Reply(self.goes_on)
        lines = user["content"].removeprefix(LISTED).split("\n")
        text = last["content"] or last["reasoning_content"]
        following = lines[(lines.index(text.split()[-2] + " " + text.split()[-1]) + 1) % len(lines)]
        came = ("\n" if self.strips else "") + following + "\n"
        return Reply([Piece(delta={self.channel: each}) for each in came])


def flags(body: dict[str, Any], last: dict[str, Any]) -> bool:
    return body.get("continue_final_message") is True and body.get("add_generation_prompt") is False


SERVERS = {
    "vLLM": flags,
    "llama.cpp": lambda body, last: "continue_final_message" not in body or flags(body, last),
    "one that wants none of these fields": lambda body, last: "continue_final_message" not in body,
    "one that wants a mark": lambda body, last: last.get("prefix") is True,
}


@pytest.mark.parametrize("server", SERVERS)
async def test_a_server_that_continues_is_given_the_text(server: str) -> None:
    with serving(Model(SERVERS[server])) as site:
        async with Chat(site.url, system="S", temperature=0) as chat:
            assert await said(chat) == "anew"
            assert await said(chat, kept("one "), ("two ", Origin.CORRECTION), note("[wait] ")) == "goes on"
            tried = len(site.bodies)
            assert await said(chat, kept("one two ")) == "goes on"

    *roles, last = site.bodies[tried - 1]["messages"]
    assert [each["content"] for each in roles] == ["S", "P"]
    assert last["content"] == "one two [wait] "
    assert len(site.bodies) == tried + 1  # what was tried out is remembered


async def test_any_other_is_asked_in_turns() -> None:
    with serving(Model(lambda body, last: False, anew=["one ", "two ", "three"])) as site:
        async with Chat(site.url) as chat:
            assert await said(chat, kept("one two "), note("\nWait: no. ")) == "three"
            assert await said(chat, kept("one "), ("TWO ", Origin.CORRECTION)) == "one two three"
            assert await said(chat, kept("one two "), ("</think>", Origin.CLOSING)) == "one two three"

    asked = [[(each["role"], each["content"]) for each in body["messages"]] for body in site.bodies]
    first, second, third = (messages for messages in asked if messages[0][1] == "P")
    assert first == [("user", "P"), ("assistant", "one two "), ("user", "Wait: no.")]
    assert second == [("user", "P"), ("assistant", "one TWO "), ("user", CONTINUE)]
    assert third[-1] == ("user", ANSWER)


async def test_a_server_that_refuses_to_be_tried_is_asked_in_turns() -> None:
    def answer(asked: Asked) -> Reply:
        if asked.body["messages"][-1]["role"] == "assistant":
            return Reply(status=400, body={"error": {"message": "the last message must be the user's"}})
        return Reply(["anew"])

    with serving(answer) as site:
        async with Chat(site.url) as chat:
            assert await said(chat, kept("one ")) == "anew"


async def test_what_cannot_be_found_out_now_is_not_remembered() -> None:
    busy = [True]

    def answer(asked: Asked) -> Reply:
        return Reply(status=503, headers={"retry-after": "0"}) if busy[0] else Model(flags)(asked)

    with serving(answer) as site:
        async with Chat(site.url, retrying=Retrying(attempts=1)) as chat:
            with pytest.raises(mt.SourceError, match="503") as caught:
                await said(chat, kept("one "))
            assert caught.value.transient
            busy[0] = False
            assert await said(chat, kept("one ")) == "goes on"


async def test_a_server_that_loses_white_space_gives_it_once() -> None:
    model = Model(flags, strips=True, goes_on=["\n", "\n two"])
    with serving(model) as site:
        async with Chat(site.url) as chat:
            assert await said(chat, kept("one\n")) == "\n two"
            assert await said(chat, kept("one")) == "\n\n two"


async def test_no_more_of_a_try_is_read_than_tells() -> None:
    """The server would go on for ever; it notices that nobody listens."""
    model = Model(flags)

    def answer(asked: Asked) -> Reply:
        reply = model(asked)
        tried = asked.body["messages"][0]["content"].startswith(LISTED)
        return Reply([*reply.pieces, Wait()]) if tried else reply

    with serving(answer) as site:
        async with Chat(site.url) as chat:
            with anyio.fail_after(20):
                assert await said(chat, kept("one ")) == "goes on"
            await anyio.to_thread.run_sync(site.until, lambda site: site.aborted == 1)


async def test_nothing_is_tried_where_its_user_knows() -> None:
    with serving(Model(lambda body, last: True)) as site:
        async with Chat(site.url, prefill=Way({"go_on": True})) as chat:
            assert await said(chat, kept("one ")) == "goes on"
        async with Chat(site.url, prefill="never") as chat:
            assert await said(chat, kept("one ")) == "anew"

    assert len(site.bodies) == 2
    assert site.bodies[0]["go_on"] is True


# Reasoning


THOUGHT = "<think>\nSo it "


async def test_reasoning_in_a_field_is_continued_in_its_field() -> None:
    """The text that is sent has it there as well, where the server wants that."""

    def apart(body: dict[str, Any], last: dict[str, Any]) -> bool:
        return "<think>" not in last["content"] and bool(last.get("reasoning_content"))

    goes_on = [Piece(delta={"reasoning_content": "is."}), "Yes."]
    with serving(Model(apart, channel="reasoning_content", goes_on=goes_on)) as site:
        async with Chat(site.url) as chat:
            assert await said(chat, kept(THOUGHT), note("[wait] ")) == "is.\n</think>\n\nYes."

    assert site.bodies[-1]["messages"][-1] == {
        "role": "assistant",
        "content": "",
        "reasoning_content": "So it [wait] ",
    }


async def test_reasoning_in_the_text_is_continued_in_the_text() -> None:
    with serving(Model(flags, goes_on=["is.\n</think>\n\n", "Yes."])) as site:
        async with Chat(site.url) as chat:
            assert await said(chat, kept(THOUGHT)) == "is.\n</think>\n\nYes."
    assert site.bodies[-1]["messages"][-1]["content"] == THOUGHT


async def test_a_server_that_continues_answers_only_is_asked_in_turns_about_its_reasoning() -> None:
    def answers_only(body: dict[str, Any], last: dict[str, Any]) -> bool:
        return flags(body, last) and "<think>" not in last["content"] and "reasoning_content" not in last

    anew = [Piece(delta={"reasoning_content": "Well: "}), "Yes."]
    with serving(Model(answers_only, anew=anew)) as site:
        async with Chat(site.url) as chat:
            assert await said(chat) == "<think>\nWell: \n</think>\n\nYes."
            assert await said(chat, kept(THOUGHT), note("\nno ")) == "Well: \n</think>\n\nYes."  # still thinking
            assert await said(chat, kept("It ")) == "goes on"

    assert site.bodies[-1]["messages"][-1]["role"] == "assistant"


async def test_a_text_that_has_stopped_thinking_is_continued_as_an_answer() -> None:
    with serving(Model(flags)) as site:
        async with Chat(site.url) as chat:
            assert await said(chat, kept(THOUGHT), ("\n</think>\n\n", Origin.CLOSING)) == "goes on"
    assert site.bodies[-1]["messages"][-1]["content"] == "<think>\nSo it \n</think>\n\n"


async def test_thinking_that_the_template_opens_is_opened_in_the_text() -> None:
    with serving(Model(lambda body, last: False, anew=["So.\n</think>\n\n", "Yes."])) as site:
        async with Chat(site.url, opens_thinking=True) as chat:
            assert await said(chat) == "<think>\nSo.\n</think>\n\nYes."
            assert await said(chat, kept(THOUGHT), note("no")) == "So.\n</think>\n\nYes."


# What is asked, and what comes


async def test_a_request() -> None:
    tool: Any = {"type": "function", "function": {"name": "f"}}
    with serving(["one"]) as site:
        async with Chat(
            site.url,
            model="m",
            system="S",
            messages=[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
            max_tokens=7,
            stop=["."],
            seed=3,
            tools=[tool],
            tool_choice="auto",
            logprobs=2,
            extra={"top_k": 5},
            api_key="secret",
        ) as chat:
            await said(chat)
            await said(chat, attempt=2)
            assert chat.abilities.logprobs
            assert chat.abilities.tool_calls
            assert chat.abilities.resume
            assert "secret" not in repr(chat)

    first, second = site.bodies
    assert first == {
        "messages": [
            {"role": "system", "content": "S"},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "P"},
        ],
        "model": "m",
        "max_tokens": 7,
        "temperature": 0.0,
        "stop": ["."],
        "seed": 3,
        "tools": [tool],
        "tool_choice": "auto",
        "logprobs": True,
        "top_logprobs": 2,
        "top_k": 5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert (second["temperature"], second["seed"]) == (0.6, 5)


async def test_the_only_model_of_a_server_need_not_be_named() -> None:
    with serving(["one"], models=["big"]) as site:
        async with Chat(site.url) as chat:
            await said(chat)
            await said(chat)
    assert [body["model"] for body in site.bodies] == ["big", "big"]
    assert [each.path for each in site.requests].count("/v1/models") == 1

    with serving(["one"], models=["big", "small"]) as site:
        async with Chat(site.url) as chat:
            with pytest.raises(mt.SourceError, match="expected model=, one of big, small"):
                await said(chat)


async def test_tokens_usage_and_calls_of_tools() -> None:
    logprobs = {"content": [{"token": "on", "logprob": -0.5}, {"token": "e", "logprob": -1.0}]}
    call = {"index": 0, "id": "x", "function": {"name": "f", "arguments": '{"a": 1}'}}
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    pieces = [Piece("one", logprobs=logprobs), Piece(delta={"tool_calls": [call]})]
    with serving(pieces, finish="tool_calls", usage=usage) as site:
        async with Chat(site.url, logprobs=1) as chat:
            made = [each async for each in chat("P")]

    assert [each for each in made if isinstance(each, Usage)] == [Usage(9, 0, 3)]
    assert [(token.text, token.logprob) for token in made[0].tokens] == [("on", -0.5), ("e", -1.0)]  # type: ignore[union-attr]
    assert made[1] == '\n<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>\n'


@pytest.mark.parametrize("finish", ["length", "content_filter"])
async def test_an_end_that_is_not_the_models_own_is_an_error(finish: str) -> None:
    with serving(["one"], finish=finish) as site:
        async with Chat(site.url, max_tokens=5) as chat:
            with pytest.raises(mt.SourceError, match=r"cut off at max_tokens=5|content filter cut the answer off"):
                await said(chat)


async def test_an_answer_that_is_no_stream_is_taken() -> None:
    with serving(["one ", "two"], whole=True) as site:
        async with Chat(site.url) as chat:
            assert await said(chat) == "one two"


async def test_closing_the_stream_ends_the_generation() -> None:
    with serving(["one ", Wait()]) as site:
        async with Chat(site.url) as chat:
            stream = chat("P")
            assert await anext(stream) == "one "
            await stream.aclose()  # type: ignore[attr-defined]
            await anyio.to_thread.run_sync(site.until, lambda site: site.aborted == 1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_tokens": 0}, r"Chat\(max_tokens=0\): expected 1 or more"),
        ({"stop": "x"}, r"Chat\(stop='x'\): expected texts"),
        ({"logprobs": 0}, r"Chat\(logprobs=0\)"),
        ({"temperature": -1}, r"Chat\(temperature=-1\): expected 0 or more"),
        ({"temperature": "warm"}, r"Chat\(temperature='warm'\): expected 0 or more"),
        ({"seed": 1.5}, r"Chat\(seed=1.5\): expected a whole number, or None"),
        ({"prefill": "always"}, r"Chat\(prefill='always'\): expected 'try', 'never' or a Way"),
        ({"tools": {"name": "f"}}, r"expected objects as the server takes them"),
        ({"extra": ["n"]}, r"Chat\(extra=\['n'\]\): expected fields of a request's body by name"),
        ({"messages": ["hello"]}, "expected objects as the server takes them"),
        ({"base_url": "nowhere"}, "expected the address of a server"),
    ],
)
def test_arguments_that_cannot_work(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(mt.UsageError, match=message):
        Chat(**{"base_url": "http://127.0.0.1:1", **wrong})


async def test_what_cannot_be_asked() -> None:
    with pytest.raises(mt.SourceError, match="the source is not open"):
        await said(Chat("http://127.0.0.1:1"))
    async with Chat("http://127.0.0.1:1") as chat:
        with pytest.raises(mt.SourceError, match="the prompt is empty"):
            await said(chat, prompt="")


# Forks


@pytest.mark.parametrize("continues", [True, False])
async def test_a_question_beside_the_stream(continues: bool) -> None:
    """It is asked on another loop, and continues what the model said; or is the user's next turn."""
    with serving(Model(lambda body, last: continues, anew=[" 5"], goes_on=[" 5"])) as site:
        async with Chat(site.url) as chat:
            assert isinstance(chat, Askable)
            assert isinstance(chat, Conversing)
            await said(chat)

            async def ask() -> Answer:
                async with chat.asker() as asker:
                    return await asker.ask(
                        Question("P2 and 3.\nSum:", 7, (".",), logprobs=True, prompt="P", suffix="\nSum:")
                    )

            answer = await anyio.to_thread.run_sync(anyio.run, ask)

    assert answer.text == " 5"
    body = site.bodies[-1]
    said_so_far = ["2 and 3.\nSum:"] if continues else ["2 and 3.", "Sum:"]
    assert [each["content"] for each in body["messages"]] == ["P", *said_so_far]
    assert (body["max_tokens"], body["stop"], body["top_logprobs"]) == (7, ["."], 5)


async def test_an_answer_to_a_question_may_end_at_its_limit() -> None:
    content = {"content": [{"token": "five", "logprob": -0.25}]}
    with serving([Piece("five", logprobs=content)], finish="length", usage={"prompt_tokens": 4}) as site:
        async with Chat(site.url).asker() as asker:
            answer = await asker.ask(Question("P", 1, attempt=1))

    assert (answer.text, answer.usage) == ("five", Usage(4))
    assert [(token.text, token.logprob) for token in answer.tokens] == [("five", -0.25)]
    assert site.bodies[-1]["temperature"] > 0


THINKS_FIRST: dict[str, tuple[Sequence[Any], str]] = {
    "in a field": ([Piece(delta={"reasoning_content": "So."}), "five"], "five"),
    "in the text": (["<think>\nSo.\n</think>\n\n", "five"], "five"),
    "and says no more": ([Piece(delta={"reasoning_content": "So."})], ""),
    "and is cut off": (["<think>\nSo."], ""),
}


@pytest.mark.parametrize("how", THINKS_FIRST)
async def test_what_the_model_thinks_of_a_question_is_no_answer(how: str) -> None:
    pieces, answer = THINKS_FIRST[how]
    with serving(pieces, finish="length") as site:
        async with Chat(site.url, prefill="never").asker() as asker:
            assert (await asker.ask(Question("P", 9))).text == answer
        async with Chat(site.url, prefill="never", opens_thinking=how == "and is cut off").asker() as asker:
            assert (await asker.ask(Question("P", 9))).text == answer


# In a run


@pytest.mark.parametrize("continues", [True, False])
async def test_a_run_is_cut_and_goes_on(continues: bool, local: mt.Runtime) -> None:
    monitor = mt.Monitor("m", verify=lambda text: "no wrong" if "wrong" in text else None)
    anew, goes_on = ["one\n", "wrong\n", "two\n"], ["three\n"]

    def answer(asked: Asked) -> Reply:
        noted = any("no wrong" in each["content"] for each in asked.body["messages"])
        return Model(lambda body, last: continues, anew=goes_on if noted else anew, goes_on=goes_on)(asked)

    with serving(answer) as site:
        async with Chat(site.url) as chat:
            outcome = await local.generate(chat, "P", monitors=[monitor])

    note = "\nWait, that is not right: no wrong. "
    assert outcome.text == f"one\n{note}three\n"
    assert outcome.verified
    sent = [(each["role"], each["content"]) for each in site.bodies[-1]["messages"]]
    in_turns = [("user", "P"), ("assistant", "one\n"), ("user", note.strip())]
    assert sent == ([("user", "P"), ("assistant", f"one\n{note}")] if continues else in_turns)


async def test_calls_of_tools_are_checked_one_by_one(local: mt.Runtime) -> None:
    """The first is judged before the second is there."""
    calls = [
        Piece(delta={"tool_calls": [{"index": n, "id": f"{n}", "function": {"name": name, "arguments": "{}"}}]})
        for n, name in enumerate(("look", "delete"))
    ]
    monitor = mt.Monitor(
        "calls",
        on=mt.on_tool_call(),
        extract=ToolCallsInText(),
        verify=lambda found: "nothing may be deleted" if any(each.name == "delete" for each in found) else None,
        policy=mt.Abstain(),
    )
    with serving([calls[0], Wait(), calls[1]], finish="tool_calls") as site:
        async with Chat(site.url) as chat, local.watch(chat, "P", monitors=[monitor]) as run:
            async for event in run:
                if isinstance(event, mt.Checked):
                    site.release()

    assert run.outcome.status == "abstained"
    assert run.outcome.text == '<tool_call>\n{"name": "look", "arguments": {}}\n</tool_call>'


# A real model


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("before", ["", "<think>\n", "<think>\nI do.\n</think>\n\n"])
async def test_a_real_server_continues(before: str, model: str) -> None:
    """It is found out that it does, wherever the text ends; an answer that was begun anew would begin with red."""
    lines = "red 1\nblue 2\ngreen 3\n"
    async with Chat(model, max_tokens=50, seed=1, stop=["\n"]) as chat:
        assert await said(chat, kept(f"{before}{lines}{lines}red 1\nblue 2\n"), prompt=f"{LISTED}{lines}") == "green 3"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_real_model_tells_of_its_tokens(model: str) -> None:
    async with Chat(model, max_tokens=200, stop=["!", ".", "\n"], logprobs=3) as chat:
        made = [each async for each in chat("Say hello.")]

    tokens = [token for each in made if isinstance(each, Chunk) for token in each.tokens]
    assert tokens
    assert all(isinstance(token, Token) and token.entropy is not None and token.entropy >= 0 for token in tokens)


async def test_a_call_named_like_the_key_is_told_without_it() -> None:
    key = "sk-SECRETSECRET"
    begun = {"index": 0, "function": {"name": f"{'f' * 70}{key}", "arguments": "{}"}}
    more = {"index": 0, "function": {"arguments": "x"}}
    with serving([Piece(delta={"tool_calls": [each]}) for each in (begun, more)]) as site:
        async with Chat(site.url, api_key=key) as chat:
            with pytest.raises(mt.SourceError, match=r"more arguments for the call of 'f{70}\*\*\*'"):
                await said(chat)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (9, "the model's context is full after 9 of max_tokens=20 tokens: shorten the prompt or serve"),
        (20, "the model was cut off at max_tokens=20"),
        (None, "the model was cut off at max_tokens=20"),
    ],
)
async def test_a_cut_off_answer_is_told_with_its_server_and_cause(made: int | None, message: str) -> None:
    usage = None if made is None else {"prompt_tokens": 4, "completion_tokens": made}
    with serving(["five", " and"], finish="length", usage=usage) as site:
        async with Chat(site.url, max_tokens=20) as chat:
            with pytest.raises(mt.SourceError) as raised:
                await said(chat)
    assert str(raised.value).startswith(f"{site.url.removeprefix('http://')}/v1/chat/completions: {message}")
