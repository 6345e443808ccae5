"""Raw completions of an OpenAI-compatible server, streamed: the prompt is text, so any prefix can be continued."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ..arguments import COUNT, OBJECT, SWITCH, Expected, expect, or_none
from ..chunks import Chunk, Usage, hotter, reseeded
from ..forks.protocol import Asker
from ..records.json import Json
from .http.beside import Beside
from .http.frames import Patience
from .http.logprobs import ALTERNATIVES
from .http.reading import Reading
from .http.retrying import Retrying
from .http.server import ASKING, Server
from .http.templates import Message, Template, render
from .http.transport import Transport
from .protocol import Abilities

__all__ = ["Completions"]


@dataclass(repr=False)
class Completions:
    """Continues a prefix through `/v1/completions`; use as an async context manager, which holds the connections.

    Args:
        base_url: The server, for example `http://127.0.0.1:8000`, with or without `/v1`; or several that serve the same
            model: the next one is asked where one fails.
        model: The name the server knows the model by; None takes the only one that the server lists.
        max_tokens: Tokens of one call. A stream that ends there fails: it is not the model's own end.
        temperature, stop, seed: As the server understands them.
        extra: Further fields of the request's body.
        frame_is_token: The server sends one token a frame (llama.cpp does); tokens are then counted exactly.
        timeout: Seconds to wait for a connection (10 at most), and between two frames.
        first_timeout: Seconds to wait for the first frame, in which the prompt is read; None: as `timeout`.
        logprobs: Alternatives to each token that are asked for; its tokens then carry log-probability and entropy.
        api_key: Sent as a bearer token, shown nowhere; None takes OPENAI_API_KEY from the environment.
        headers: Further headers of each request, shown nowhere.
        retrying: How often, and with what pauses, a request is tried again that failed before its first frame.
        template: How `prompt` renders messages where the server does not: the text of a Jinja template, or a function.
        forks: Who is asked beside the stream, where that is another server or model.
        fork_extra: Further fields of the body of such a question, for example `{"id_slot": 1}`.
        block: Tokens in one block of the server's cache of prefixes, where that is known (vLLM: 16).

    Raises `UsageError` for an address or a number that is none, `SourceError` from the stream: for a status code, an
    error frame, a broken, silent or truncated stream.
    """

    base_url: str | Sequence[str]
    model: str | None = None
    max_tokens: int = 1024
    temperature: float = 0.0
    stop: Sequence[str] = ()
    seed: int | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
    frame_is_token: bool = False
    timeout: float = 60.0
    first_timeout: float | None = None
    logprobs: int | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    retrying: Retrying = field(default_factory=Retrying)
    template: Template | None = field(default=None, repr=False)
    forks: Completions | None = None
    fork_extra: Mapping[str, Json] = field(default_factory=dict)
    block: int | None = None
    _server: Server = field(init=False, compare=False)

    def __post_init__(self) -> None:
        expect(self, {**ASKING, **_EXPECTED})
        self._server = Server("Completions", self._connect, self.model)

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    def __repr__(self) -> str:
        return repr(self._server)

    def _connect(self) -> Transport:
        return Transport(
            self.base_url,
            api_key=self.api_key,
            headers=self.headers,
            patience=Patience.of(self.timeout, self.first_timeout),
            retrying=self.retrying,
        )

    @property
    def abilities(self) -> Abilities:
        """What a raw completion can do."""
        return Abilities(logprobs=bool(self.logprobs), fork=True, block=self.block)

    def __call__(self, prefix: str, /) -> AsyncIterator[str | Chunk | Usage]:
        """Stream what follows `prefix`."""
        return self._stream(prefix, 0)

    def resample(self, prefix: str, attempt: int, /) -> AsyncIterator[str | Chunk | Usage]:
        """Stream another try: hotter with each attempt, and with another seed."""
        return self._stream(prefix, attempt)

    async def prompt(self, messages: Sequence[Message], **variables: Json) -> str:
        """The raw prompt of a chat, as the model's own template writes it, up to where the assistant begins.

        llama.cpp renders it itself; for any other server give `template`. `variables` are further ones of the template.
        Raises `UsageError` where there is no template, or one that cannot be rendered.
        """
        return await render(messages, server=self._server.opened, template=self.template, variables=variables)

    @asynccontextmanager
    async def asker(self) -> AsyncGenerator[Asker]:
        """Who is asked beside the streams: `forks`, else this server; with connections of its own."""
        if self.forks is not None:
            async with self.forks.asker() as other:
                yield other
            return
        async with self._server.connections() as transport:
            yield Beside(
                transport,
                model=self._server.model,
                seed=self.seed,
                alternatives=self.logprobs or ALTERNATIVES,
                extra={**self.extra, **self.fork_extra},
            )

    def _stream(self, prefix: str, attempt: int) -> AsyncIterator[str | Chunk | Usage]:
        body: dict[str, Json] = {
            **self.extra,
            "prompt": prefix,
            "max_tokens": self.max_tokens,
            "temperature": hotter(self.temperature, attempt),
            "seed": reseeded(self.seed, attempt),
            "stop": list(self.stop),
            "logprobs": self.logprobs,
        }
        server = self._server
        reading = Reading(server.transport, body, model=server.model, frame_is_token=self.frame_is_token)
        return reading.chunks(whole=True)


_EXPECTED = {
    "frame_is_token": SWITCH,
    "template": Expected(
        lambda value: value is None or isinstance(value, str) or callable(value), "a Jinja template or a function"
    ),
    "forks": Expected(lambda value: value is None or isinstance(value, Completions), "Completions(...), or None"),
    "fork_extra": OBJECT,
    "block": or_none(COUNT),
}
