"""A server that says what a test wants, misbehaves as told, and counts what is done to it.

It speaks HTTP/1.1 on loopback, in a thread of its own, from one script for `/v1/completions` and for
`/v1/chat/completions`:

    with serving(["one ", "two"], finish="stop") as site:              # one answer, again and again
        async with Completions(site.url) as source: ...
        site.requests[0].body["prompt"], site.connections, site.aborted

    with serving(Reply(["a"]), Reply(["b"])) as site: ...              # a reply for each request, the last one again

What a `Reply` streams is its `pieces`, each one frame in the shape of the path that was asked:

    "text"                          text (completions), or the delta's `content` (chat)
    Piece("text", logprobs={...})   the same with fields of the choice: `logprobs`, or for chat anything in the delta:
                                    Piece(delta={"reasoning_content": "hm"}), Piece(delta={"tool_calls": [...]})
    {"error": {...}}                a frame as it is
    b"data: {"                      bytes as they are, so that anything can be broken, cut or split
    Wait()                          nothing more comes until `site.release()`, or until the client has gone
    Drip(b": alive\\n\\n", 0.01)      the same bytes again and again, until the client has gone
    Cut()                           the connection is closed in the middle

(`from .fault_server import Reply, serving`; wait for counts with `await anyio.to_thread.run_sync(site.until, ...)`)
and then a frame with `finish`, a frame with `usage`, and `[DONE]`, unless they are None or `done=False`. `status`,
`headers`, `content_type` and `body` (bytes or JSON in place of a stream) change the rest; `buffered=True` holds all
frames back until `site.release()` and then sends them at once; `each=0.01` waits that long before each frame;
`whole=True` answers a chat or a completion with one JSON object, which is also what a request without `"stream": true`
gets. A function in place of replies takes the `Asked` and gives the `Reply`: `serving(lambda asked: Reply(...))`.
`others` maps further paths to JSON, or to functions from `Asked` to JSON; `/v1/models` lists `models`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias


class Wait(NamedTuple):
    """Silence until `Site.release`, or until the client has gone."""


class Cut(NamedTuple):
    """The connection breaks."""


class Drip(NamedTuple):
    """The same bytes for ever."""

    data: bytes
    every: float


@dataclass(frozen=True)
class Piece:
    """A frame's text, and further fields of its choice or of its delta."""

    text: str = ""
    logprobs: Any = None
    delta: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


Step: TypeAlias = "str | bytes | Piece | Wait | Cut | Drip | Mapping[str, Any]"


@dataclass(frozen=True)
class Reply:
    """What is said to one request."""

    pieces: Sequence[Step] = ()
    finish: str | None = "stop"
    usage: Mapping[str, Any] | None = None
    done: bool = True
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream"
    body: Any = None
    buffered: bool = False
    each: float = 0.0
    whole: bool = False
    together: bool = False  # all frames in one write


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Site:
    """A running server. `aborted` counts answers whose client went away before their end."""

    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0
    aborted: int = 0
    finished: int = 0
    _hang_up: Callable[[], None] = lambda: None
    _gate: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the requests for a generation."""
        return [each.body for each in self.requests if each.path.endswith("completions")]

    @property
    def prompts(self) -> list[Any]:
        return [each.get("prompt", each.get("messages")) for each in self.bodies]

    def release(self) -> None:
        """Let go of what `Wait` and `buffered` hold back, now and from now on."""
        self._gate.set()

    def hold(self) -> None:
        """Hold back again."""
        self._gate.clear()

    def hang_up(self) -> None:
        """Close all connections, as a server does with those that are idle; returns when they are closed."""
        self._hang_up()

    def until(self, condition: Callable[[Site], object], seconds: float = 20.0) -> None:
        """Wait, in a thread, until something is true of the site; fails after `seconds`."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self), seconds), "it did not come true"

    def note(self, name: str) -> None:
        with self._changed:
            setattr(self, name, getattr(self, name) + 1)
            self._changed.notify_all()


Script: TypeAlias = "Reply | Sequence[Step] | Callable[[Asked], Reply]"


@contextmanager
def serving(
    *script: Script,
    models: Sequence[str] = ("model",),
    others: Mapping[str, Any] | None = None,
    **options: Any,
) -> Iterator[Site]:
    """Serve; `options` are those of `Reply` for scripts that are mere pieces."""
    replies = [each if isinstance(each, Reply) or callable(each) else Reply(each, **options) for each in script]
    site = Site()
    server = _Server(site, replies or [Reply()], models, dict(others or {}))
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(server.stop())
        loop.close()

    def hang_up() -> None:
        asyncio.run_coroutine_threadsafe(server.hang_up(), loop).result(20)

    site._hang_up = hang_up
    thread = threading.Thread(target=run, name="fault-server")
    thread.start()
    ready.wait()
    try:
        yield site
    finally:
        site.release()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class _GoneError(Exception):
    """The client has closed its end."""


class _Server:
    def __init__(
        self,
        site: Site,
        replies: Sequence[Reply | Callable[[Asked], Reply]],
        models: Sequence[str],
        others: Mapping[str, Any],
    ) -> None:
        self.site = site
        self.replies = replies
        self.models = models
        self.others = others
        self.given = 0
        self.handlers: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self.listener = await asyncio.start_server(self.connected, "127.0.0.1", 0, limit=1 << 26)
        port = self.listener.sockets[0].getsockname()[1]
        self.site.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        self.listener.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        handlers = list(self.handlers)
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.handlers.add(task)
        self.site.note("connections")
        try:
            early: bytes | None = b""
            while early is not None:
                early = await self.request(early, reader, writer)
        except (_GoneError, ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            pass  # the server is closing
        finally:
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            self.handlers.discard(task)

    async def request(self, early: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """Answer one request that begins with `early`; gives the beginning of the next one, None if none can follow."""
        try:
            early = early or await reader.readexactly(1)
            if early == b"\x16":  # somebody speaks TLS
                writer.write(_head(400, {"content-length": "0", "connection": "close"}))
                return None
            head = early + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path.partition("?")[0], headers, json.loads(body) if body else {})
        with self.site._changed:
            self.site.requests.append(asked)
            self.site._changed.notify_all()
        reply = self.reply_to(asked)
        gone = asyncio.ensure_future(reader.read(1))  # a client that waits for its answer sends nothing
        try:
            finished = await self.answer(asked, reply, writer, gone)
        except (_GoneError, ConnectionError):
            self.site.note("aborted")
            return None
        finally:
            if not gone.done():
                gone.cancel()
                with suppress(asyncio.CancelledError):
                    await gone
        if not finished:
            return None
        self.site.note("finished")
        return b"" if gone.cancelled() else gone.result()

    def reply_to(self, asked: Asked) -> Reply:
        if asked.path in self.others:
            other = self.others[asked.path]
            value = other(asked) if callable(other) else other
            return value if isinstance(value, Reply) else Reply(body=value)
        if asked.path.endswith("/models"):
            return Reply(body={"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        if not asked.path.endswith("completions"):
            return Reply(status=404, body={"error": {"message": f"no such path: {asked.path}", "code": 404}})
        chosen = self.replies[min(self.given, len(self.replies) - 1)]
        self.given += 1
        return chosen(asked) if callable(chosen) else chosen

    async def answer(
        self, asked: Asked, reply: Reply, writer: asyncio.StreamWriter, gone: asyncio.Future[bytes]
    ) -> bool:
        chat = asked.path.endswith("chat/completions")
        if reply.body is not None or reply.whole or not asked.body.get("stream"):
            value = reply.body if reply.body is not None else _whole(reply, chat=chat)
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            kind = reply.content_type if isinstance(value, bytes) else "application/json"
            fields = {"content-type": kind, "content-length": str(len(data)), **reply.headers}
            if reply.body is None:
                await self.holds(reply.pieces, gone)
            writer.write(_head(reply.status, fields) + data)
            await writer.drain()
            return True
        named = {"content-type": reply.content_type} if reply.content_type else {}
        writer.write(_head(reply.status, {**named, "transfer-encoding": "chunked", **reply.headers}))
        await writer.drain()
        if reply.buffered:
            await self.held(gone)
        held = b""
        for step in _steps(reply, chat=chat):
            match step:
                case Wait():
                    await self.held(gone)
                case Cut():
                    await writer.drain()
                    return False
                case Drip(data, every):
                    while True:
                        await self.send(data, writer, gone)
                        await asyncio.sleep(every)
                case bytes():
                    if reply.each:
                        await asyncio.sleep(reply.each)
                    if reply.buffered or reply.together:
                        held += step
                    else:
                        await self.send(step, writer, gone)
        if held:
            await self.send(held, writer, gone)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def holds(self, pieces: Sequence[Step], gone: asyncio.Future[bytes]) -> None:
        if any(isinstance(each, Wait) for each in pieces):
            await self.held(gone)

    async def send(self, data: bytes, writer: asyncio.StreamWriter, gone: asyncio.Future[bytes]) -> None:
        if gone.done() and not gone.result():
            raise _GoneError
        if data:
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await writer.drain()
        await asyncio.sleep(0)

    async def held(self, gone: asyncio.Future[bytes]) -> None:
        while not self.site._gate.is_set():
            done, _ = await asyncio.wait([gone], timeout=0.005)
            if done and not gone.result():
                raise _GoneError


def _head(status: int, fields: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode("latin-1")


def frame(text: str = "", finish: str | None = None, *, chat: bool = False, **fields: Any) -> bytes:
    """One frame as bytes; `fields` are further ones of its choice."""
    content = {"delta": {"content": text} if text else {}} if chat else {"text": text}
    choice = {"index": 0, **content, "finish_reason": finish, **fields}
    return b"data: %s\n\n" % json.dumps({**_about(chat=chat), "choices": [choice]}).encode()


def _about(*, chat: bool, whole: bool = False) -> dict[str, Any]:
    """What stands at the top of each frame and of each whole answer; client libraries go by the name of the object."""
    chats = "chat.completion" if whole else "chat.completion.chunk"
    return {"id": "x", "object": chats if chat else "text_completion", "created": 1_700_000_000, "model": "model"}


def _steps(reply: Reply, *, chat: bool) -> Iterator[Step]:
    for piece in reply.pieces:
        match piece:
            case str():
                yield frame(piece, chat=chat)
            case Piece(text, logprobs, delta, fields):
                more = dict(fields) | ({"logprobs": logprobs} if logprobs is not None else {})
                if chat and delta:
                    more["delta"] = ({"content": text} if text else {}) | dict(delta)
                yield frame(text, chat=chat, **more)
            case Mapping():
                yield b"data: %s\n\n" % json.dumps(piece).encode()
            case _:
                yield piece
    if reply.finish is not None:
        yield frame("", reply.finish, chat=chat)
    if reply.usage is not None:
        yield b"data: %s\n\n" % json.dumps({**_about(chat=chat), "choices": [], "usage": reply.usage}).encode()
    if reply.done:
        yield b"data: [DONE]\n\n"


def _whole(reply: Reply, *, chat: bool) -> dict[str, Any]:
    text, delta, fields = "", dict[str, Any](), dict[str, Any]()
    for piece in reply.pieces:
        match piece:
            case str():
                text += piece
            case Piece():
                text += piece.text
                delta |= piece.delta
                fields |= dict(piece.fields) | ({"logprobs": piece.logprobs} if piece.logprobs is not None else {})
            case _:
                pass
    said = {"message": {"role": "assistant", "content": text, **delta}} if chat else {"text": text}
    usage = {} if reply.usage is None else {"usage": reply.usage}
    choice = {"index": 0, **said, "finish_reason": reply.finish, **fields}
    return {**_about(chat=chat, whole=True), "choices": [choice], **usage}
