"""Raw completions against a server that misbehaves in every way there is, and against a real model."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import anyio.to_thread
import pytest
import pytest_asyncio

import midtrace as mt
from midtrace.models import locate
from midtrace.sources import llama
from midtrace.sources.completions import Completions


def frame(text: str, finish: str | None = None) -> bytes:
    return f"data: {json.dumps({'choices': [{'text': text, 'finish_reason': finish}]})}\n\n".encode()


DONE = b"data: [DONE]\n\n"


@contextmanager
def server(*answers: tuple[int, list[bytes]]) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server on loopback that gives one answer a request, and the requests it has seen."""
    seen: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, frames = answers[min(len(seen), len(answers) - 1)]
            seen.append(json.loads(body))
            self.send_response(status)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for each in frames:
                self.wfile.write(each)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", seen
        finally:
            http.shutdown()
            thread.join()


async def text_of(source: Completions, prefix: str = "P") -> str:
    async with source:
        return "".join([chunk if isinstance(chunk, str) else chunk.text async for chunk in source(prefix)])


@pytest.fixture
def serving() -> Iterator[Callable[..., tuple[str, list[dict[str, object]]]]]:
    open_servers = []

    def serve(*answers: tuple[int, list[bytes]]) -> tuple[str, list[dict[str, object]]]:
        context = server(*answers)
        open_servers.append(context)
        return context.__enter__()

    yield serve
    for each in open_servers:
        each.__exit__(None, None, None)


@contextmanager
def counting_server() -> Iterator[tuple[str, list[object]]]:
    """A server that keeps connections alive, and the clients that have connected to it."""
    clients: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for part in (frame("text"), DONE, b""):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

        def setup(self) -> None:
            clients.append(self.client_address)
            super().setup()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}", clients
        finally:
            http.shutdown()
            thread.join()


async def test_one_connection_serves_all_calls() -> None:
    with counting_server() as (url, clients):
        async with Completions(url) as source:
            for _ in range(5):
                assert [chunk async for chunk in source("P")] == ["text"]
        assert len(clients) == 1


async def test_frames_become_text(serving: Callable[..., tuple[str, list[dict[str, object]]]]) -> None:
    url, seen = serving((200, [b": keep-alive\n\n", frame("one "), frame("two"), frame("", "stop"), DONE]))

    assert await text_of(Completions(url, max_tokens=7, stop=["."], seed=3)) == "one two"
    assert seen[0] | {"prompt": "P", "max_tokens": 7, "stop": ["."], "seed": 3, "stream": True} == seen[0]


FAULTS = {
    "refused": ((400, [b"no such model"]), "the server answered 400: no such model", False),
    "busy": ((503, [b"later"]), "the server answered 503: later", True),
    "error frame": ((200, [frame("a"), b'data: {"error": {"message": "lost"}}\n\n']), "the server reports", False),
    "cut off": ((200, [frame("a")]), "the stream broke off before its end", True),
    "garbage": ((200, [b"data: {half a fra\n\n"]), "expected JSON in a frame", True),
    "no choices": ((200, [b'data: {"object": 1}\n\n']), "expected choices in a frame", False),
    "truncated": ((200, [frame("a", "length"), DONE]), "the model was cut off at max_tokens=1024", False),
}


@pytest.mark.parametrize("kind", FAULTS)
async def test_faults_are_told_apart(kind: str, serving: Callable[..., tuple[str, list[dict[str, object]]]]) -> None:
    answer, message, transient = FAULTS[kind]
    url, _ = serving(answer)

    with pytest.raises(mt.SourceError, match=message) as caught:
        await text_of(Completions(url))
    assert caught.value.transient is transient


async def test_nobody_listens() -> None:
    with pytest.raises(mt.SourceError, match="ConnectError") as caught:
        await text_of(Completions("http://127.0.0.1:1"))
    assert caught.value.transient


async def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(mt.SourceError, match="the prompt is empty"):
        await text_of(Completions("http://127.0.0.1:1"), "")


async def test_a_broken_stream_goes_on_from_the_accepted_text(
    local: mt.Runtime, serving: Callable[..., tuple[str, list[dict[str, object]]]]
) -> None:
    url, seen = serving((200, [frame("one "), frame("two ")]), (200, [frame("three"), frame("", "stop"), DONE]))

    async with Completions(url) as source:
        outcome = await local.generate(source, "P", monitors=[mt.Monitor("m", verify=lambda text: None)])

    assert outcome.text == "one two three"
    assert outcome.verified
    assert [each["prompt"] for each in seen] == ["P", "Pone two "]


# A real model


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def model() -> AsyncIterator[str]:
    """The address of a small real model; the make target has put its file into the cache."""
    path = await anyio.to_thread.run_sync(locate, "smollm2-135m", lambda what, done, total: None)
    context = llama.serve(path, context=1_024)
    yield await anyio.to_thread.run_sync(context.__enter__)
    await anyio.to_thread.run_sync(context.__exit__, None, None, None)


PROMPT = "1 + 1 = 2\n2 + 1 = 3\n3 + 1 = 4\n4 + 1 ="


@pytest.mark.asyncio(loop_scope="session")
async def test_an_untouched_run_of_a_real_model_is_the_bare_stream(model: str, runtime: mt.Runtime) -> None:
    """1. Byte for byte, with one call."""
    source = llama.source(model, max_tokens=60, stop=["\n\n"])
    async with source:
        bare = "".join([chunk if isinstance(chunk, str) else chunk.text async for chunk in source(PROMPT)])
        monitor = mt.Monitor("anything goes", verify=lambda text: None)
        outcome = await runtime.generate(source, PROMPT, monitors=[monitor])

    assert outcome.text == bare
    assert bare
    assert outcome.ledger.source_calls == 1
    assert outcome.ledger.main_tokens == outcome.ledger.chunks


@pytest.mark.asyncio(loop_scope="session")
async def test_a_real_model_is_cut_and_resumed(model: str, runtime: mt.Runtime) -> None:
    monitor = mt.Monitor(
        "no-five",
        verify=lambda text: mt.Violation("a five", correction="five") if " 5\n" in text else None,
        policy=mt.Rollback(repair="correct"),
    )
    async with llama.source(model, max_tokens=60, stop=["\n\n"]) as source:
        outcome = await runtime.generate(source, PROMPT, monitors=[monitor], limits=mt.Limits(rollbacks=3))

    assert outcome.ledger.interventions >= 1
    assert outcome.interventions[0].removed.startswith(" 5\n")
    assert outcome.text.startswith(" five\n")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_port_in_use_is_told_in_one_line(model: str) -> None:
    port = int(model.rpartition(":")[2])
    path = await anyio.to_thread.run_sync(locate, "smollm2-135m", lambda what, done, total: None)

    def serve() -> None:
        with llama.serve(path, port=port):
            pass

    with pytest.raises(mt.UsageError, match=f"port {port}: cannot listen on 127.0.0.1"):
        await anyio.to_thread.run_sync(serve)
