"""HTTP to servers that misbehave in every way there is."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
import pytest

import midtrace as mt
from midtrace.sources.http.buffering import Arrivals
from midtrace.sources.http.frames import Frames, Patience
from midtrace.sources.http.models import only_model
from midtrace.sources.http.retrying import Retrying
from midtrace.sources.http.saying import says
from midtrace.sources.http.transport import Transport

from .fault_server import Asked, Cut, Drip, Piece, Reply, Site, Wait, frame, serving

PATH = "/v1/completions"
BODY: dict[str, Any] = {"prompt": "P", "stream": True}
HASTY = Retrying(attempts=3, base=0.001)
SHORT = Patience(connect=5.0, first=0.1, between=0.1, alive=0.3)


def text_in(frame: Any) -> str:
    choices = frame.get("choices")
    return str(choices[0].get("text", "")) if choices else ""


async def read(site: Site, *, body: dict[str, Any] = BODY, **options: Any) -> str:
    opening = Transport(site.url, retrying=options.pop("retrying", HASTY), **options)
    async with opening as transport, transport.stream(PATH, body) as frames:
        return "".join([text_in(frame) async for frame in frames])


async def failing(site: Site, match: str, *, transient: bool, **options: Any) -> str:
    """What is read before the stream fails as it should."""
    texts: list[str] = []
    async with Transport(site.url, retrying=options.pop("retrying", HASTY), **options) as transport:
        with pytest.raises(mt.SourceError, match=match) as caught:
            async with transport.stream(PATH, BODY) as frames:
                async for each in frames:
                    texts.append(text_in(each))  # noqa: PERF401  (what there was before it fails)
    assert caught.value.transient is transient
    assert str(caught.value).startswith(site.url.removeprefix("http://")), "names the endpoint"
    return "".join(texts)


async def until(site: Site, condition: Callable[[Site], object]) -> None:
    await anyio.to_thread.run_sync(site.until, condition)


# What is read

HALVES = frame("caf\u00e9 ")


GOOD: dict[str, tuple[Reply, str]] = {
    "frames": (Reply(["one ", "two"]), "one two"),
    "in one piece": (Reply(["one ", "two"], together=True), "one two"),
    "half frames": (Reply([HALVES[:30], HALVES[30:], "two"]), "caf\u00e9 two"),
    "bytes one by one": (Reply([HALVES[n : n + 1] for n in range(len(HALVES))]), "caf\u00e9 "),
    "keep-alives": (Reply([b": alive\n\n", "one", b":\n\n"]), "one"),
    "usage at the end": (Reply(["one"], usage={"prompt_tokens": 3}), "one"),
    "no [DONE], but a reason": (Reply(["one"], finish="stop", done=False), "one"),
    "[DONE], but no reason": (Reply(["one"], finish=None), "one"),
    "[DONE] without a line's end": (Reply(["one", b"data: [DONE]"], finish=None, done=False), "one"),
    "no content type": (Reply(["one"], content_type=""), "one"),
    "content type with a charset": (Reply(["one"], content_type="text/event-stream; charset=utf-8"), "one"),
    "blanks around the JSON": (Reply([frame("one").replace(b"data: ", b"data:   ").replace(b"\n\n", b" \n\n")]), "one"),
    "CRLF": (Reply([frame("one").replace(b"\n", b"\r\n")]), "one"),
    "JSON in place of a stream": (Reply(["one ", "two"], whole=True), "one two"),
    "cut after its reason": (Reply(["one", frame("", "stop"), Cut()]), "one"),
    "nothing said": (Reply([]), ""),
    "packed": (
        Reply([gzip.compress(frame("one", "stop"))], headers={"content-encoding": "gzip"}, finish=None, done=False),
        "one",
    ),
}


@pytest.mark.parametrize("case", GOOD)
async def test_what_is_read(case: str) -> None:
    reply, text = GOOD[case]
    with serving(reply) as site:
        assert await read(site) == text


async def test_one_connection_serves_all_calls_and_the_body_goes_out_as_it_is() -> None:
    with serving(["one"]) as site:
        async with Transport(site.url, api_key="sk-key-1", headers={"x-more": "1"}) as transport:
            for _ in range(5):
                async with transport.stream(PATH, {"prompt": "caf\u00e9 \ud800", "stream": True}) as frames:
                    assert [text_in(each) async for each in frames] == ["one", ""]
            await transport.get_json("/v1/models")
            assert await transport.post_json(PATH, {"prompt": "P"}) != {}
        assert site.connections == 1
        assert site.requests[0].body["prompt"] == "caf\u00e9 \ud800"
        assert site.requests[0].headers["authorization"] == "Bearer sk-key-1"
        assert site.requests[0].headers["x-more"] == "1"


# What fails, and how it is told

BROKEN: dict[str, tuple[Reply, str, bool, str]] = {
    "cut off": (Reply(["a", Cut()]), "the stream broke off before its end", True, "a"),
    "cut in a frame": (Reply(["a", frame("b")[:20], Cut()]), "the stream broke off before its end", True, "a"),
    "ended in a frame": (Reply(["a", frame("b")[:20]], finish=None, done=False), "broke off before its end", True, "a"),
    "ended without a reason": (Reply(["a"], finish=None, done=False), "broke off before its end", True, "a"),
    "garbage": (
        Reply(["a", b"data: {half\n\n"]),
        "expected JSON in a frame of the stream, got '{half",
        True,
        "a",
    ),
    "deep garbage": (Reply(["a", b"data: " + b"[" * 100_000 + b"\n\n"]), "expected JSON in a frame", True, "a"),
    "more than an object": (Reply(["a", b"data: {} {}\n\n"]), "expected JSON in a frame", True, "a"),
    "no object": (Reply(["a", b"data: 7\n\n"]), "expected an object in a frame", False, "a"),
    "no UTF-8": (Reply(["a", b"data: \xff\n\n"]), "expected UTF-8", True, "a"),
    "an endless line": (Reply(["a", b"data: " + b"x" * (5 << 20)]), "a line of the event stream has more", False, "a"),
    "error frame": (Reply(["a", {"error": {"message": "lost"}}]), "the server reports lost", False, "a"),
    "error frame in passing": (Reply(["a", {"error": {"code": 503, "message": "busy"}}]), "reports busy", True, "a"),
    "error event": (
        Reply(["a", b'event: error\ndata: {"message": "lost"}\n\n']),
        "the server reports lost",
        False,
        "a",
    ),
    "silence": (Reply(["a", Wait()]), "Timeout: nothing came for 0.1 s; raise timeout=", True, "a"),
    "silence from the start": (Reply([Wait()]), "Timeout: nothing came for 0.1 s; raise timeout=", True, ""),
    "comments for ever": (Reply(["a", Drip(b": alive\n\n", 0.01)]), "nothing but signs of life for 0.3 s", True, "a"),
    "comments from the start": (Reply([Drip(b": alive\n\n", 0.01)]), "nothing but signs of life", True, ""),
    **{
        f"{name} for ever": (Reply(["a", Drip(data, 0.01)]), "nothing but signs of life for 0.3 s", True, "a")
        for name, data in (
            ("no choices", b'data: {"choices": []}\n\n'),
            ("no text", frame()),
            ("a role", b'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}\n\n'),
            ("empty calls", b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": " "}}]}}]}\n\n'),
            ("text of another choice", b'data: {"choices": [{"index": 1, "delta": {"content": "b"}}]}\n\n'),
            ("a cost", b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n'),
            ("a finish reason", frame("", "stop")),
            ("many at once", frame() * 50),
        )
    },
    "no text from the start": (Reply([Drip(frame(), 0.01)]), "nothing but signs of life for 0.3 s", True, ""),
    "a slow drip": (Reply(["a", Drip(b"d", 0.01)]), "nothing but signs of life for 0.3 s", True, "a"),
    "HTML": (
        Reply(body=b"<html>Hi</html>", content_type="text/html"),
        r"answered a web page \(HTML\) where an",
        False,
        "",
    ),
    "text": (Reply(["a"], content_type="text/plain"), "answered text/plain where an event stream is due", False, ""),
    "other JSON": (Reply(body={"hello": 1}), "answered JSON that is no completion where", False, ""),
    "JSON that is none": (Reply(body=b"{", content_type="application/json"), "expected JSON, got '{'", False, ""),
    "an error with 200": (Reply(body={"error": {"message": "no"}}), "the server reports no", False, ""),
    "no such path": (Reply(status=404, body={"detail": "Not Found"}), "404: Not Found; is this an OpenAI", False, ""),
    "wrong key": (
        Reply(status=401, body={"error": "sk-key-1 is wrong"}),
        r"401: \*\*\* is wrong; is the API key",
        False,
        "",
    ),
    "busy": (Reply(status=503, body=b"later"), "answered 503: later", True, ""),
    "redirected": (Reply(status=302, headers={"location": "/x"}, body=b""), "it redirects", False, ""),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_what_fails_is_told(case: str) -> None:
    reply, match, transient, text = BROKEN[case]
    with serving(reply) as site:
        assert await failing(site, match, transient=transient, patience=SHORT, api_key="sk-key-1") == text
        tried_again = transient and not text and "Timeout" not in match and "signs" not in match
        assert len(site.bodies) == (3 if tried_again else 1)


async def test_a_server_that_never_answers() -> None:
    with serving(lambda asked: Reply([Wait()], whole=True)) as site:
        await failing(site, "Timeout: no answer for 0.1 s; raise first_timeout=", transient=True, patience=SHORT)
        await until(site, lambda site: site.aborted == 1)


async def test_the_first_frame_may_take_longer_than_the_others() -> None:
    slow = Patience(connect=5.0, first=20.0, between=0.1, alive=20.0)
    with serving(Reply(["a", Wait()], each=0.2)) as site:
        assert await failing(site, "nothing came for 0.1 s; raise timeout=", transient=True, patience=slow) == "a"


SAYING = {
    "text": frame("b"),
    "content": frame("b", chat=True),
    "reasoning": b'data: {"choices": [{"delta": {"reasoning_content": "b"}}]}\n\n',
    "arguments": b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "{"}}]}}]}\n\n',
    "an object": b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": {"a": 1}}}]}}]}\n\n',
    "a name": b'data: {"choices": [{"delta": {"function_call": {"name": "f"}}}]}\n\n',
    "the second of two choices": b'data: {"choices": [{"index": 1}, {"index": 0, "text": "b"}]}\n\n',
}


@pytest.mark.parametrize("case", SAYING)
def test_what_says_something(case: str) -> None:
    assert says(json.loads(SAYING[case].removeprefix(b"data: ")))


async def test_a_frame_that_says_something_starts_the_clock_anew() -> None:
    """Among signs of life that take longer, all together, than they may."""
    patience = Patience(connect=5.0, first=20.0, between=20.0, alive=1.0)
    pieces = [each for _ in range(10) for each in (b": alive\n\n", frame(), frame("a"))]
    with serving(Reply(pieces, each=0.05)) as site:
        assert await read(site, patience=patience) == "a" * 10


SECRET = "sk-SECRETSECRETSECRET1234567890"

TELLING = {
    "its frame is garbage": Reply([b"data: Bearer %s\n\n" % SECRET.encode()]),
    "its frame is no object": Reply([b'data: "%s"\n\n' % SECRET.encode()]),
    "its frame is no UTF-8": Reply([b"data: %s\xff\n\n" % SECRET.encode()]),
    "its error is padded": Reply([{"error": {"message": " " * 3_982 + SECRET}}]),
    "its refusal is padded": Reply(status=401, body=b" " * 3_982 + SECRET.encode(), content_type="text/plain"),
    "its refusal is cut": Reply(status=401, body=b" " * ((64 << 10) - 12) + SECRET.encode() * 2_000),
    "its kind": Reply(content_type=f"text/{SECRET}"),
    "its answer is no JSON": Reply(body=b" " * 3_982 + SECRET.encode(), content_type="application/json"),
    "no HTTP": Reply(headers={f"{SECRET} ": SECRET, SECRET: f"\x00{SECRET}"}),
}


@pytest.mark.parametrize("case", TELLING)
async def test_no_message_holds_the_key_that_a_server_repeats(case: str) -> None:
    with serving(TELLING[case]) as site:
        async with Transport(site.url, api_key=SECRET, retrying=HASTY) as transport:
            with pytest.raises(mt.SourceError) as caught:
                async with transport.stream(PATH, BODY) as frames:
                    [frame async for frame in frames]
    assert SECRET[:8].lower() not in str(caught.value).lower()


async def test_no_list_of_models_holds_the_key() -> None:
    with serving(models=["one", SECRET]) as site:
        async with Transport(site.url, api_key=SECRET) as transport:
            with pytest.raises(mt.SourceError, match=r"expected model=, one of one, \*\*\*"):
                await only_model(transport)


UNREACHED = {
    "nobody listens": ("http://127.0.0.1:1", "127.0.0.1:1/v1/completions: cannot be reached .*ConnectError"),
    "no such host": ("http://host.invalid", "host.invalid/v1/completions: cannot be reached .* no host of this name"),
}


@pytest.mark.parametrize("case", UNREACHED)
async def test_nobody_is_there(case: str) -> None:
    address, match = UNREACHED[case]
    async with Transport(address, retrying=HASTY) as transport:
        with pytest.raises(mt.SourceError, match=match) as caught:
            async with transport.stream(PATH, BODY):
                pass
    assert caught.value.transient


async def test_https_where_http_is_spoken() -> None:
    with serving(["a"]) as site:
        async with Transport(site.url.replace("http", "https"), retrying=HASTY) as transport:
            with pytest.raises(mt.SourceError, match="does it speak https, or http"):
                await transport.get_json("/v1/models")


async def test_it_must_be_open() -> None:
    with pytest.raises(mt.SourceError, match="the source is not open"):
        await Transport("http://127.0.0.1:1").get_json("/v1/models")


async def test_a_body_that_is_no_json() -> None:
    async with Transport("http://127.0.0.1:1") as transport:
        with pytest.raises(mt.SourceError, match="expected JSON in the request's body"):
            await transport.post_json(PATH, {"x": float("nan")})


async def test_an_unknown_model_is_told_with_those_that_there_are() -> None:
    reply = Reply(status=404, body={"error": {"message": "The model `x` does not exist."}})
    with serving(reply, models=["small", "large"]) as site:
        await failing(site, "The model `x` does not exist.; it has small, large$", transient=False)
    with serving(reply, models=[f"m{n}" for n in range(100)]) as site:
        await failing(site, r"it has m0, m1, .*m19 and 80 more$", transient=False)


async def test_the_only_model() -> None:
    async def ask(site: Site) -> str:
        async with Transport(site.url) as transport:
            return await only_model(transport)

    with serving(models=["only"]) as site:
        assert await ask(site) == "only"
    with serving(others={"/v1/models": Reply(status=404, body=b"")}) as site:
        assert await ask(site) == "default"
    with serving(models=["a", "b"]) as site, pytest.raises(mt.SourceError, match="expected model=, one of a, b"):
        await ask(site)


# Trying again


async def test_what_fails_in_passing_is_tried_again_before_the_first_frame() -> None:
    busy = Reply(status=503, body=b"later")
    with serving(busy, Reply([Cut()]), Reply(["fine"])) as site:
        assert await read(site) == "fine"
        assert len(site.bodies) == 3


async def test_a_server_is_left_the_time_that_it_asks_for() -> None:
    limited = Reply(status=429, headers={"retry-after-ms": "1"}, body={"error": {"message": "slowly"}})
    with serving(limited, Reply(["fine"])) as site:
        assert await read(site) == "fine"
    late = Reply(status=429, headers={"retry-after": "3600"}, body={"error": {"message": "slowly"}})
    with serving(late) as site:
        await failing(site, "slowly; send fewer .*; it asks to wait 3600 s", transient=False)
        assert len(site.bodies) == 1


async def test_a_field_that_a_server_refuses_is_left_out_from_then_on() -> None:
    def picky(asked: Asked) -> Reply:
        if "stream_options" in asked.body:
            return Reply(status=400, body={"error": {"message": "Unrecognized: stream_options"}})
        return Reply(["fine"])

    with serving(picky) as site:
        async with Transport(site.url) as transport:
            for _ in range(2):
                async with transport.stream(
                    PATH, {**BODY, "stream_options": {}}, optional=["stream_options"]
                ) as frames:
                    assert [text_in(each) async for each in frames] == ["fine", ""]
            assert ["stream_options" in body for body in site.bodies] == [True, False, False]
            with pytest.raises(mt.SourceError, match="Unrecognized: stream_options"):
                async with transport.stream(PATH, {**BODY, "stream_options": {}}):
                    raise AssertionError("it is left out only where that is allowed")


async def test_the_next_endpoint_is_asked_where_one_fails() -> None:
    with serving(Reply(status=500, body=b"broken")) as broken, serving(["fine"]) as sound:
        async with Transport(["http://127.0.0.1:1", broken.url, sound.url], retrying=HASTY) as transport:
            for _ in range(3):
                async with transport.stream(PATH, BODY) as frames:
                    assert await anext(frames)
        assert len(broken.bodies) == 1, "what worked is asked first from then on"
        assert len(sound.bodies) == 3

    with serving(Reply(status=500, body=b"broken")) as broken:
        async with Transport(["http://127.0.0.1:1", broken.url], retrying=HASTY) as transport:
            with pytest.raises(mt.SourceError, match=r"none of 2 endpoints answers; .*500: broken") as caught:
                await transport.get_json(PATH)
        assert caught.value.transient
        assert len(broken.requests) == 3


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_pause() -> None:
    """A server that closes after each answer without saying so is what a long pause between two calls looks like."""
    with serving(["one"]) as site:
        async with Transport(site.url, retrying=Retrying(attempts=1)) as transport:
            async with transport.stream(PATH, BODY) as frames:
                assert len([each async for each in frames]) == 2
            await anyio.to_thread.run_sync(site.hang_up)
            async with transport.stream(PATH, BODY) as frames:
                assert len([each async for each in frames]) == 2
        assert site.connections == 2


# Closing


@pytest.mark.parametrize("how", ["left", "cancelled", "closed early"])
async def test_closing_a_stream_ends_the_generation(how: str) -> None:
    with serving(["one", Wait()]) as site:
        async with Transport(site.url) as transport:
            with anyio.CancelScope() as scope:
                async with transport.stream(PATH, BODY) as frames:
                    assert text_in(await anext(frames)) == "one"
                    match how:
                        case "cancelled":
                            scope.cancel()
                            await anext(frames)
                        case "closed early":
                            await frames.aclose()
                            await until(site, lambda site: site.aborted == 1)
            await until(site, lambda site: site.aborted == 1)
        assert site.finished == 0


async def test_being_cancelled_while_a_first_frame_is_due_closes_too() -> None:
    with serving([Wait()]) as site:
        async with Transport(site.url) as transport, anyio.create_task_group() as tasks:

            async def ask() -> None:
                async with transport.stream(PATH, BODY):
                    raise AssertionError("nothing is said")

            tasks.start_soon(ask)
            await until(site, lambda site: len(site.bodies) == 1)
            tasks.cancel_scope.cancel()
        await until(site, lambda site: site.aborted == 1)


# A proxy that holds back


def test_what_counts_as_held_back() -> None:
    def arrivals(first: float, frames: int, apart: float, packed: int = 1) -> Arrivals:
        seen = Arrivals(0.0)
        for n in range(0, frames, packed):
            seen.seen(packed, first + n * apart)
        return seen

    assert arrivals(5.0, 400, 0.000_1).buffered
    assert arrivals(5.0, 400, 0.0, packed=400).buffered
    assert not arrivals(5.0, 400, 0.005).buffered, "200 tokens a second after a long prompt"
    assert not arrivals(0.5, 400, 0.0).buffered, "no long generation"
    assert not arrivals(5.0, 20, 0.0).buffered, "too few to tell"
    assert not Arrivals(0.0).buffered


async def test_a_proxy_that_buffers_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with serving(Reply(["word "] * 40, buffered=True)) as site, caplog.at_level(logging.WARNING, "midtrace.sources"):
        async with Transport(site.url, notice_after=0.05) as transport:

            async def ask() -> None:
                async with transport.stream(PATH, BODY) as frames:
                    assert len([each async for each in frames]) == 41

            for _ in range(2):
                site.hold()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(ask)
                    await anyio.sleep(0.1)  # what the proxy holds back takes this long: it is the input, not a wait
                    site.release()
        warnings = [each.getMessage() for each in caplog.records]
        assert len(warnings) == 1
        assert "a proxy seems to hold the stream back" in warnings[0]
        assert f"endpoint='{site.url.removeprefix('http://')}'" in warnings[0]


async def test_frames_of_several_tokens_and_of_other_kinds_pass_as_they_are() -> None:
    piece = Piece("two tokens", logprobs={"tokens": ["two", " tokens"]}, fields={"index": 0})
    with serving([piece]) as site:
        async with Transport(site.url) as transport, transport.stream(PATH, BODY) as frames:
            assert isinstance(frames, Frames)
            first = await anext(frames)
            assert first["choices"] == [
                {"index": 0, "text": "two tokens", "finish_reason": None, "logprobs": {"tokens": ["two", " tokens"]}}
            ]
