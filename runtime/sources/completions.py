"""Raw completions of an OpenAI-compatible server, streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self, cast

import anyio
import anyio.to_thread
import httpx2

from ..chunks import Chunk, Token
from ..errors import SourceError, one_line
from ..records.json import Json

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Status codes after which the same request may succeed."""

HOTTER = 0.3
"""What each further try of the same prefix adds to the temperature, up to 1.2."""


ENDING = 0.5
"""Seconds that a server may take from its last frame to the end of its answer."""


@dataclass
class Completions:
    """Continues a prefix through `/v1/completions`; use as an async context manager, which holds the connections.

    Args:
        base_url: The server, for example `http://127.0.0.1:8000`.
        model: The name the server knows the model by.
        max_tokens: Tokens of one call. A stream that ends there fails: it is not the model's own end.
        temperature, stop, seed: As the server understands them.
        extra: Further fields of the request's body.
        frame_is_token: The server sends one token a frame (llama.cpp does); tokens are then counted exactly.
        timeout: Seconds to wait for a connection, and between two frames.

    Raises `SourceError` from the stream: for a status code, an error frame, a broken or truncated stream.
    """

    base_url: str
    model: str = "default"
    max_tokens: int = 1024
    temperature: float = 0.0
    stop: Sequence[str] = ()
    seed: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
    frame_is_token: bool = False
    timeout: float = 60.0
    _client: httpx2.AsyncClient | None = field(default=None, init=False, repr=False)

    async def __aenter__(self) -> Self:
        make = partial(httpx2.AsyncClient, base_url=self.base_url, timeout=self.timeout, trust_env=False)
        self._client = await anyio.to_thread.run_sync(make)  # reads certificates from disk
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def __call__(self, prefix: str, /) -> AsyncIterator[str | Chunk]:
        """Stream what follows `prefix`."""
        return self._stream(prefix, self.temperature, self.seed)

    def resample(self, prefix: str, attempt: int, /) -> AsyncIterator[str | Chunk]:
        """Stream another try: hotter with each attempt, and with another seed."""
        return self._stream(prefix, min(self.temperature + HOTTER * attempt, 1.2), (self.seed or 0) + attempt)

    async def _stream(self, prefix: str, temperature: float, seed: int | None) -> AsyncIterator[str | Chunk]:
        if self._client is None:
            raise SourceError("the source is not open: use `async with Completions(...) as source`")
        if not prefix:
            raise SourceError("the prompt is empty: expected at least one character to continue")
        body: dict[str, Json] = {
            **self.extra,
            "prompt": prefix,
            "model": self.model,
            "max_tokens": self.max_tokens,
            "temperature": temperature,
            "stop": list(self.stop),
            "stream": True,
        }
        if seed is not None:
            body["seed"] = seed
        try:
            async with self._client.stream("POST", "/v1/completions", json=body) as response:
                if response.status_code != httpx2.codes.OK:
                    await _refused(response)
                async for chunk in self._frames(response):
                    yield chunk
        except httpx2.InvalidURL as error:
            raise SourceError(f"{self.base_url}: {one_line(error)}") from error
        except httpx2.HTTPError as error:
            raise SourceError(f"{self.base_url}: {one_line(error)}", transient=True) from error

    async def _frames(self, response: httpx2.Response) -> AsyncIterator[str | Chunk]:
        finish: str | None = None
        lines = response.aiter_lines()
        async for line in lines:
            if not line.startswith("data:"):
                continue  # blank lines, comments and other fields of the event stream
            data = line[5:].strip()
            if data == "[DONE]":
                await _read_out(lines)
                if finish == "length":
                    raise SourceError(f"the model was cut off at max_tokens={self.max_tokens}")
                return
            text, finish = _frame(data, finish)
            if text:
                yield Chunk(text, (Token(text),)) if self.frame_is_token else text
        raise SourceError("the stream broke off before its end", transient=True)


async def _read_out(lines: AsyncIterator[str]) -> None:
    """Read to the end of the body: only then can the connection serve the next request."""
    with anyio.move_on_after(ENDING):
        async for _ in lines:
            pass


def _frame(data: str, finish: str | None) -> tuple[str, str | None]:
    """Text and finish reason of one frame. Raises `SourceError` for an error frame and for what is no frame."""
    try:
        frame = json.loads(data)
    except ValueError:
        raise SourceError(f"expected JSON in a frame of the stream, got {data[:80]!r}", transient=True) from None
    if isinstance(frame, dict) and "error" in frame:
        raise SourceError(f"the server reports {json.dumps(frame['error'])[:200]}")
    try:
        choices = frame["choices"]
        if not choices:
            return "", finish
        text, reason = choices[0].get("text"), choices[0].get("finish_reason")
    except (TypeError, KeyError, AttributeError, IndexError):
        raise SourceError(f"expected choices in a frame of the stream, got {data[:80]!r}") from None
    return (text if isinstance(text, str) else ""), cast("str | None", reason) or finish


async def _refused(response: httpx2.Response) -> None:
    await response.aread()
    detail = " ".join(response.text.split())[:200]
    raise SourceError(
        f"the server answered {response.status_code}: {detail}", transient=response.status_code in TRANSIENT
    )
