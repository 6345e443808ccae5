"""What servers answer when they refuse, in their own words, and what their user is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midtrace.sources.http.refusals import Failure, no_stream, of_frame, of_status, plain_line, retry_after

LLAMA_CONTEXT = {
    "error": {
        "code": 400,
        "message": "request (4001 tokens) exceeds the available context size (1024 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 4001,
        "n_ctx": 1024,
    }
}
VLLM_CONTEXT = {
    "object": "error",
    "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the "
    "messages, 1000 in the completion). Please reduce the length of the messages or completion.",
    "type": "BadRequestError",
    "code": 400,
}
OPENAI_CONTEXT = {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}}
SGLANG_CONTEXT = {"error": {"message": "The input (5000 tokens) is longer than the model's context length (4096)."}}
TGI_CONTEXT = {
    "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000",
    "error_type": "validation",
}
VLLM_MODEL = {"error": {"message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404}}
OPENAI_MODEL = {"error": {"message": "No access to x", "type": "invalid_request_error", "code": "model_not_found"}}
KEY = {"error": {"message": "Incorrect API key provided: sk-secret-1. You can", "code": "invalid_api_key"}}

CASES: dict[str, tuple[int, Any, str, str, bool]] = {
    "llama.cpp: context": (400, LLAMA_CONTEXT, "context", "(4001 tokens, 1024 fit): shorten the prompt", False),
    "vLLM: context": (400, VLLM_CONTEXT, "context", "maximum context length is 4096 tokens", False),
    "OpenAI: context": (400, OPENAI_CONTEXT, "context", "lower max_tokens", False),
    "SGLang: context": (400, SGLANG_CONTEXT, "context", "larger context", False),
    "TGI: context": (422, TGI_CONTEXT, "context", "shorten the prompt", False),
    "too large": (413, b"Payload Too Large", "context", "shorten the prompt", False),
    "vLLM: model": (404, VLLM_MODEL, "model", "answered 404: The model `x` does not exist.", False),
    "OpenAI: model": (404, OPENAI_MODEL, "model", "answered 404: No access to x", False),
    "plain words: model": (400, b"no such model", "model", "answered 400: no such model", False),
    "no such path": (404, b'{"detail": "Not Found"}', "path", "is this an OpenAI-compatible server", False),
    "a web page": (404, b"<!DOCTYPE html><p>Gone</p>", "path", "answered 404; is this an OpenAI-compatible", False),
    "no such method": (405, b"", "path", "answered 405; is this an OpenAI-compatible server", False),
    "redirected": (308, b"", "path", "it redirects; give the address that it leads to", False),
    "wrong key": (401, KEY, "key", "Incorrect API key provided: ***. You can; is the API key right and", False),
    "forbidden": (403, b"", "key", "api_key= or OPENAI_API_KEY", False),
    "too many": (429, {"error": {"message": "Rate limit", "type": "requests"}}, "rate", "send fewer requests", True),
    "no quota": (429, {"error": {"code": "insufficient_quota", "message": "You"}}, "rate", "no quota left", False),
    "a field": (400, {"error": {"message": "Unknown parameter: stream_options"}}, "other", "stream_options", False),
    "broken": (500, b"no memory left", "other", "answered 500: no memory left", True),
    "loading": (503, {"error": {"message": "Loading model", "code": 503}}, "other", "503: Loading model", True),
    "gateway": (502, b"<html>Bad Gateway</html>", "other", "host:80/v1/completions: answered 502", True),
    "teapot": (418, b"", "other", "answered 418", False),
}


def refused(status: int, body: Any, **headers: str) -> Failure:
    text = body.decode() if isinstance(body, bytes) else json.dumps(body)
    return of_status("host:80/v1/completions", status, headers, text, ("sk-secret-1",))


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_one_clear_line(case: str) -> None:
    status, body, kind, message, transient = CASES[case]
    failure = refused(status, body)

    assert (failure.kind, failure.transient) == (kind, transient)
    assert message in failure.message
    assert failure.message.startswith("host:80/v1/completions: ")
    assert "sk-secret" not in failure.message
    assert failure.message.isprintable()
    assert "<html" not in failure.message.lower()


FRAMES: dict[str, tuple[Any, str, bool]] = {
    "words": ("lost the model", "the server reports lost the model", False),
    "llama.cpp": ({"code": 500, "message": "Compute error.", "type": "server_error"}, "Compute error.", True),
    "vLLM": ({"message": "died", "type": "InternalServerError", "code": 500}, "the server reports died", True),
    "OpenRouter": ({"code": 502, "message": "Provider disconnected"}, "Provider disconnected", True),
    "overloaded": ({"type": "overloaded_error", "message": "Overloaded"}, "Overloaded", True),
    "context": (LLAMA_CONTEXT["error"], "shorten the prompt", False),
    "bad request": ({"message": "no", "type": "BadRequestError", "code": 400}, "the server reports no", False),
    "nothing said": ({}, "the server reports", False),
    "no number": ({"message": "m", "code": "\u00b2 \u0665\u0660\u0663"}, "the server reports m", False),
    "sizes of any length": (
        {"message": "too long", "code": "context_length_exceeded", "n_prompt_tokens": 10**4_000, "n_ctx": True},
        "model's context: shorten the prompt",
        False,
    ),
    "a long code": ({"message": "m", "code": "9" * 5_000}, "the server reports m", False),
}


@pytest.mark.parametrize("case", FRAMES)
def test_an_error_frame_is_one_clear_line(case: str) -> None:
    error, message, transient = FRAMES[case]
    failure = of_frame("host:80/v1/completions", error, ())

    assert failure.transient is transient
    assert message in failure.message


def test_how_long_a_server_asks_to_wait() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "250", "retry-after": "7"}) == 0.25
    assert retry_after({"retry-after": "-3"}) == 0
    for nonsense in ("soon", "nan", "", "\u0663 days"):
        assert retry_after({"retry-after": nonsense}) is None
    ahead = retry_after({"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)})
    assert ahead is not None
    assert 0 < ahead <= 90
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({}) is None


SECRET = "sk-SECRETSECRETSECRET1234567890"


@given(
    st.lists(st.sampled_from([" ", "\n", "\x00", "x", SECRET, SECRET[:8], SECRET[:20], SECRET[3:]]), max_size=6),
    st.sampled_from([0, 150, 195, 3_985, 4_095]),
    st.sampled_from([" ", "x"]),
)
@example([SECRET], 4_000 - 18, " ")
@example([SECRET], 200 - 18, "x")
def test_a_line_never_holds_the_beginning_of_a_key(words: list[str], before: int, filler: str) -> None:
    """Wherever what a server says is cut."""
    said = filler * before + "".join(words)
    shown = [plain_line(said, (SECRET,)), plain_line(said, (SECRET,), 80)]
    shown += [of_status("host", 401, {}, said, (SECRET,)).message, of_frame("host", said, (SECRET,)).message]
    shown += [of_frame("host", {"message": said, "code": said}, (SECRET,)).message]
    shown += [no_stream("host", said, (SECRET,)).message]
    assert not any(SECRET[:8] in each for each in shown)


@given(st.text(), st.sampled_from([400, 401, 404, 429, 500]))
def test_whatever_a_server_says_the_line_is_short_and_printable(body: str, status: int) -> None:
    failure = of_status("host", status, {}, body, ())
    assert failure.message.isprintable()
    assert len(failure.message) < 600


def test_a_line_of_a_servers_words() -> None:
    assert plain_line("a\x1b[31m\nb\x00" + "c" * 1_000) == "a?[31m b?" + "c" * 191
