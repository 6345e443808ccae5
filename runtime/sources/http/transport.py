"""HTTP to OpenAI-compatible servers: one pool of connections, streams of JSON frames, and clear words where it fails.

It knows nothing of completions or chats: a path and a body go out, decoded frames come in. What can be tried again
without anybody noticing, that is before the first frame, is tried again here, also at another endpoint. After the first
frame a failure is the caller's to repair: the session goes on from the text that it has accepted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from ssl import SSLContext
from types import TracebackType
from typing import Self, TypeVar

import anyio
import anyio.to_thread
import httpx2

from ...errors import SourceError, UsageError, one_line
from ...logs import logger
from ...records.json import Json
from . import models
from .buffering import WAITING, Arrivals
from .endpoints import Credentials, Endpoint
from .frames import CLOSING, Frames, Patience, close
from .models import names_in
from .refusals import Failure, no_stream, of_frame, of_status, passing, plain_line, timed_out, unreached
from .retrying import Retrying, first_success

LARGEST = 16 << 20
"""Bytes of an answer that is no stream."""

REFUSAL = 64 << 10
"""Bytes of a refusal that are read: what it says stands at its beginning."""

T = TypeVar("T")

log = logger("midtrace.sources")


class Transport:
    """Connections to one or several endpoints that serve the same; use as an async context manager, in one event loop.

    Args:
        base_url: One address or several, with or without `/v1`. The first that works is used until it fails.
        api_key: Sent as a bearer token; None takes OPENAI_API_KEY from the environment. It is shown nowhere.
        headers: Further headers of each request; their values are shown nowhere either.
        patience, retrying: See there.
        notice_after: Seconds after which an answer that comes all at once is said to be held back by a proxy.

    Raises `UsageError` for an address that is none.
    """

    def __init__(
        self,
        base_url: str | Sequence[str],
        *,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
        retrying: Retrying | None = None,
        notice_after: float = WAITING,
    ) -> None:
        urls = list(base_url) if isinstance(base_url, Sequence) and not isinstance(base_url, str) else [base_url]
        if not urls:
            raise UsageError("base_url: expected at least one address")
        self.endpoints = tuple(Endpoint.at(url) for url in urls)
        self._credentials = Credentials.of(api_key, headers or {})
        self._patience = patience or Patience()
        self._retrying = retrying or Retrying()
        self._notice_after = notice_after
        self._first = 0  # the endpoint that worked last
        self._unknown_fields: dict[Endpoint, set[str]] = {}
        self._noticed: set[Endpoint] = set()
        self._client: httpx2.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Transport({', '.join(each.name for each in self.endpoints)})"

    async def __aenter__(self) -> Self:
        self._client = await anyio.to_thread.run_sync(self._make_client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            with anyio.move_on_after(CLOSING, shield=True):
                await client.aclose()

    def _make_client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            verify=_tls(),
            trust_env=False,
            headers=[("user-agent", "midtrace"), ("accept-encoding", "identity"), *self._credentials.headers],
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30.0),
        )

    # What one asks

    @asynccontextmanager
    async def stream(
        self, path: str, body: Mapping[str, Json], *, optional: Sequence[str] = ()
    ) -> AsyncIterator[Frames]:
        """Post `body` to `path`; gives the frames of the answer once the first is there.

        A server that refuses one of the fields `optional` by its name is asked again without, also the next time.
        Leaving the context closes the connection at once, so that the server stops generating.

        Raises `SourceError`, `transient` for what may go better the next time; so do the frames.
        """
        frames = await self._tried(partial(self._open, path, body, optional))
        try:
            yield frames
        finally:
            await frames.aclose()

    async def post_json(self, path: str, body: Mapping[str, Json], *, optional: Sequence[str] = ()) -> Json:
        """Post `body` to `path`; gives the answer, which is no stream. Raises `SourceError`."""
        return await self._tried(partial(self._whole, "POST", path, body, optional))

    async def get_json(self, path: str) -> Json:
        """Get `path`. Raises `SourceError`."""
        return await self._tried(partial(self._whole, "GET", path, None, ()))

    async def models(self) -> tuple[str, ...]:
        """The names of the models that the server lists. Raises `SourceError`."""
        return names_in(await self.get_json(models.PATH))

    async def _tried(self, once: Callable[[Endpoint], Awaitable[T | Failure]]) -> T:
        self._first, value = await first_success(self.endpoints, self._first, once, self._retrying)
        return value

    async def _open(
        self, path: str, body: Mapping[str, Json], optional: Sequence[str], endpoint: Endpoint
    ) -> Frames | Failure:
        """Ask one endpoint for a stream, and wait for its first frame."""
        asked = time.monotonic()
        response = await self._send("POST", path, body, optional, endpoint)
        if isinstance(response, Failure):
            return response
        where, secrets = endpoint.shows(path), self._secrets(endpoint)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.endswith("json"):
            whole = await self._read_json(response, where, secrets)
            return whole if isinstance(whole, Failure) else Frames.of_one(whole, where, secrets)
        if kind not in ("text/event-stream", ""):
            await close(response)
            return no_stream(where, response.headers["content-type"], secrets)
        arrivals = Arrivals(asked, self._notice_after)
        frames = Frames(
            where,
            response,
            patience=self._patience,
            arrivals=arrivals,
            notice=partial(self._notice, endpoint),
            secrets=secrets,
        )
        try:
            failure = await frames.prime()
        except BaseException:
            await frames.aclose()
            raise
        if failure is not None:
            await frames.aclose()
            return failure
        return frames

    async def _whole(
        self, method: str, path: str, body: Mapping[str, Json] | None, optional: Sequence[str], endpoint: Endpoint
    ) -> Json | Failure:
        """Ask one endpoint for an answer that is no stream."""
        response = await self._send(method, path, body, optional, endpoint)
        if isinstance(response, Failure):
            return response
        return await self._read_json(response, endpoint.shows(path), self._secrets(endpoint))

    async def _send(
        self, method: str, path: str, body: Mapping[str, Json] | None, optional: Sequence[str], endpoint: Endpoint
    ) -> httpx2.Response | Failure:
        """Ask one endpoint; gives its answer, open for reading, if its status is 200."""
        refused = self._unknown_fields.setdefault(endpoint, set())
        while True:
            left_out = refused.intersection(optional)
            sent = body and {name: value for name, value in body.items() if name not in left_out}
            response = await self._request(method, path, sent, endpoint)
            if isinstance(response, Failure) or response.status_code == httpx2.codes.OK:
                return response
            failure = await self._refusal(response, path, endpoint)
            named = [name for name in optional if name in (sent or ()) and name in failure.said]
            if named:
                refused.update(named)
                continue
            if failure.kind == "model" and path != models.PATH:
                return failure._replace(message=f"{failure.message}{await self._models_of(endpoint)}")
            return failure

    async def _request(
        self, method: str, path: str, body: Mapping[str, Json] | None, endpoint: Endpoint
    ) -> httpx2.Response | Failure:
        if self._client is None:
            raise SourceError("the source is not open: use `async with ... as source`")
        where, secrets = endpoint.shows(path), self._secrets(endpoint)
        patience = self._patience
        silence = max(patience.first, patience.between)
        timeout = httpx2.Timeout(connect=patience.connect, read=silence, write=patience.between, pool=None)
        content = None if body is None else _encoded(body)
        headers = {"accept": "text/event-stream, application/json"}
        if content is not None:
            headers["content-type"] = "application/json"
        request = partial(self._client.build_request, method, endpoint.url(path), content=content, headers=headers)
        stale = True
        with anyio.move_on_after(patience.connect + patience.first) as scope:
            while True:
                try:
                    return await self._client.send(request(timeout=timeout), stream=True)
                except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError) as error:
                    # Most likely a connection of the pool that the server had closed meanwhile: a new one, at once.
                    if not stale:
                        return unreached(where, error, secrets, connect=patience.connect, first=patience.first)
                    stale = False
                except httpx2.HTTPError as error:
                    return unreached(where, error, secrets, connect=patience.connect, first=patience.first)
                except httpx2.InvalidURL:
                    raise SourceError(f"{where}: expected the address of a server") from None
        assert scope.cancelled_caught
        return timed_out(where, f"no answer for {patience.first:g} s", "first_timeout")

    async def _refusal(self, response: httpx2.Response, path: str, endpoint: Endpoint) -> Failure:
        where, secrets = endpoint.shows(path), self._secrets(endpoint)
        body = b""
        with anyio.move_on_after(self._patience.between):
            try:
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > REFUSAL:
                        break
            except httpx2.HTTPError:
                pass  # the status says enough
        await close(response)
        return of_status(where, response.status_code, response.headers, body.decode(errors="replace"), secrets)

    async def _models_of(self, endpoint: Endpoint) -> str:
        """What a message says of the models that there are."""
        with anyio.move_on_after(self._patience.connect):
            answer = await self._whole("GET", models.PATH, None, (), endpoint)
            if not isinstance(answer, Failure):
                return f"; it has {models.listed(names_in(answer), self.secrets) or 'no model'}"
        return ""

    async def _read_json(self, response: httpx2.Response, where: str, secrets: Sequence[str]) -> Json | Failure:
        pieces: list[bytes] = []
        size = 0
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        with anyio.move_on_after(self._patience.alive) as scope:
            try:
                async for piece in response.aiter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > LARGEST:
                        return Failure(f"{where}: answered with more than {LARGEST >> 20} MiB")
            except httpx2.HTTPError as error:
                return passing(f"{where}: the answer broke off before its end ({plain_line(one_line(error), secrets)})")
            finally:
                await close(response)
        if scope.cancelled_caught:
            return timed_out(where, f"the answer was not complete after {self._patience.alive:g} s", "timeout")
        body = b"".join(pieces)
        try:
            parse = partial(json.loads, body)
            value: Json = parse() if size < 1 << 18 else await anyio.to_thread.run_sync(parse)
        except (ValueError, RecursionError):
            if "html" in kind:
                return no_stream(where, kind, secrets)
            return Failure(f"{where}: expected JSON, got {plain_line(body.decode(errors='replace'), secrets, 80)!r}")
        if isinstance(value, dict) and value.get("error"):
            return of_frame(where, value["error"], secrets)
        return value

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show, of any endpoint."""
        known = {each for endpoint in self.endpoints for each in self._secrets(endpoint)}
        return tuple(sorted(known))

    def _secrets(self, endpoint: Endpoint) -> tuple[str, ...]:
        return (*endpoint.secrets, *self._credentials.secrets)

    def _notice(self, endpoint: Endpoint) -> None:
        if endpoint not in self._noticed:
            self._noticed.add(endpoint)
            log.warning(
                "a proxy seems to hold the stream back: all frames came at once at the end, so nothing can be checked "
                "while it is generated; switch off buffering (nginx: proxy_buffering off)",
                endpoint=endpoint.name,
            )


_tls_lock = threading.Lock()
_tls_made: list[SSLContext] = []


def _tls() -> SSLContext:
    """What says whom to trust: one for the process, since it is read from disk. Blocks the first time."""
    with _tls_lock:
        if not _tls_made:
            _tls_made.append(httpx2.create_ssl_context())
        return _tls_made[0]


def _encoded(body: Mapping[str, Json]) -> bytes:
    try:
        try:
            return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise SourceError(f"expected JSON in the request's body: {one_line(error)}") from None
