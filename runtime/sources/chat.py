"""Chat completions of an OpenAI-compatible server, streamed, and continued from a text that was edited.

Where the server continues an answer that is half done, it is given one; any other is asked in turns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Literal, Self

from ..arguments import OBJECTS, SWITCH, TEXT, Expected, expect, instance_of, or_none
from ..chunks import Usage, hotter, reseeded
from ..errors import SourceError
from ..forks.protocol import Answer, Asker, Question
from ..records.json import Json
from ..trace import Origin
from .chats.answers import answer_of, thought_through
from .chats.prefill import TOKENS, Message, Prefilling, Way, place_of
from .chats.turns import Echo, last_said, turns
from .http.frames import Patience
from .http.logprobs import ALTERNATIVES
from .http.reading import cut_off
from .http.retrying import Retrying
from .http.server import ASKING, Server
from .http.transport import Transport
from .protocol import Abilities, Passage
from .streams.deltas import MARKS, Deltas, Item, Marks

PATH = "/v1/chat/completions"

OPTIONAL = ("stream_options",)
"""Fields that a server may refuse: it is asked without them then."""


@dataclass(repr=False)
class Chat:
    """Answers a prompt through `/v1/chat/completions`; use as an async context manager, which holds the connections.

    The prompt is a turn of the user's. After a rollback the text that was kept is continued, if the server does that
    (it is tried out the first time); else it is given as the assistant's turn, and a note as the user's next one.

    Args:
        base_url: The server, with or without `/v1`; or several that serve the same model.
        model: The name the server knows the model by; None takes the only one that the server lists.
        system: What the model is told before anything else.
        messages: Turns before the prompt, as the server takes them.
        max_tokens: Tokens of one call. A stream that ends there fails: it is not the model's own end.
        temperature, stop, seed: As the server understands them.
        tools, tool_choice: As the server takes them. Calls become text: `<tool_call>{"name", "arguments"}</tool_call>`.
        logprobs: Alternatives to each token that are asked for; tokens then carry log-probability and entropy.
        prefill: How the server is given half an answer to continue: tried out, never done, or done this way.
        opens_thinking: The model's template opens the thinking, and the server leaves it in the text: its opening tag
            is put there too.
        marks: What is put around reasoning that comes in a field of its own.
        extra: Further fields of the request's body.
        timeout: Seconds to wait for a connection (10 at most), and between two frames.
        first_timeout: Seconds to wait for the first frame; None: as `timeout`.
        api_key: Sent as a bearer token, shown nowhere; None takes OPENAI_API_KEY from the environment.
        headers: Further headers of each request, shown nowhere.
        retrying: How often, and with what pauses, a request is tried again that failed before its first frame.

    Raises `UsageError` for an address or a number that is none, `SourceError` from the stream.
    """

    base_url: str | Sequence[str]
    model: str | None = None
    system: str | None = None
    messages: Sequence[Mapping[str, Json]] = ()
    max_tokens: int = 1024
    temperature: float = 0.0
    stop: Sequence[str] = ()
    seed: int | None = None
    tools: Sequence[Mapping[str, Json]] = ()
    tool_choice: str | Mapping[str, Json] | None = None
    logprobs: int | None = None
    prefill: Way | Literal["try", "never"] = "try"
    opens_thinking: bool = False
    marks: Marks = MARKS
    extra: Mapping[str, Json] = field(default_factory=dict)
    timeout: float = 60.0
    first_timeout: float | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    retrying: Retrying = field(default_factory=Retrying)
    _server: Server = field(init=False, compare=False)
    _prefilling: Prefilling = field(init=False, repr=False)
    _reasons: bool = field(default=False, init=False, repr=False)  # reasoning has come in a field of its own

    def __post_init__(self) -> None:
        expect(self, {**ASKING, **_EXPECTED})
        self._prefilling = Prefilling(self.marks)
        self._server = Server("Chat", self._connect, self.model)

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
        """What a chat can do. It goes on from any text, at worst by being asked to."""
        return Abilities(logprobs=bool(self.logprobs), tool_calls=bool(self.tools), fork=True)

    def __call__(self, prefix: str, /) -> AsyncIterator[Item]:
        """Stream the answer to `prefix`."""
        return self.converse(prefix, (), 0)

    def converse(self, prompt: str, passages: Sequence[Passage], attempt: int, /) -> AsyncIterator[Item]:
        """Stream what follows `prompt` and `passages`; another try, above 0, is hotter and has another seed."""
        return self._stream(prompt, [passage for passage in passages if passage.text], attempt)

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[Asker]:
        """Who is asked beside the streams: this server, over connections of its own."""
        async with self._server.connections() as transport:
            yield _Beside(partial(self._ask, transport))

    async def _stream(self, prompt: str, passages: Sequence[Passage], attempt: int) -> AsyncIterator[Item]:
        transport = self._server.transport()
        if not prompt:
            raise SourceError("the prompt is empty: expected at least one character to answer")
        body = await self._body(
            transport,
            temperature=hotter(self.temperature, attempt),
            seed=reseeded(self.seed, attempt),
            stop=self.stop,
            max_tokens=self.max_tokens,
            alternatives=self.logprobs,
            tools=True,
        )
        asked = await self._asked(transport, prompt, passages)
        deltas = Deltas(self.marks, thinking=asked.thinking, begins=asked.begins, secrets=transport.secrets)
        echo = Echo(asked.said)
        usage: Usage | None = None
        try:
            async with transport.stream(PATH, {**body, **asked.body}, optional=OPTIONAL) as frames:
                async for frame in frames:
                    for made in deltas.read(frame):
                        usage = made if isinstance(made, Usage) else usage
                        for new in echo.feed(made):
                            yield new
        finally:
            self._reasons = self._reasons or deltas.reasoned
        if deltas.was_cut_off:
            for held in echo.end():
                yield held
            raise cut_off(frames.where, usage, self.max_tokens)
        for made in (*(new for last in deltas.end() for new in echo.feed(last)), *echo.end()):
            yield made

    async def _ask(self, transport: Transport, question: Question) -> Answer:
        """Answer a question: continue what the model said, or ask for it in a turn of the user's."""
        parts = (Passage(question.text, Origin.GENERATED), Passage(question.suffix, Origin.FEEDBACK))
        passages = [part for part in parts if part.text] if question.prompt else []
        asked = await self._asked(transport, question.prompt or question.prefix, passages)
        body = await self._body(
            transport,
            temperature=hotter(question.temperature, question.attempt),
            seed=reseeded(self.seed, question.attempt),
            stop=question.stop,
            max_tokens=question.max_tokens,
            alternatives=ALTERNATIVES if question.logprobs else None,
            tools=False,
        )
        deltas = Deltas(self.marks, thinking=asked.thinking, begins=asked.begins, limit=None, secrets=transport.secrets)
        echo = Echo(asked.said)
        made: list[Item] = []
        async with transport.stream(PATH, {**body, **asked.body}, optional=OPTIONAL) as frames:
            async for frame in frames:
                made += (new for each in deltas.read(frame) for new in echo.feed(each))
        made += (new for each in deltas.end() for new in echo.feed(each))
        answer = answer_of([*made, *echo.end()])
        return thought_through(answer, self.marks) if asked.in_turns else answer

    async def _asked(self, transport: Transport, prompt: str, passages: Sequence[Passage]) -> _Asked:
        """How to have a trace continued."""
        text = "".join(passage.text for passage in passages)
        said: list[Message] = [*self._before(), {"role": "user", "content": prompt}]
        if not text:
            return _Asked({"messages": said}, begins=self.opens_thinking, in_turns=True)
        place = place_of(text, self.marks)
        way: Way | None
        match self.prefill:
            case Way():
                way = self.prefill
            case "never":
                way = None
            case _:
                way = await self._prefilling.way(place, partial(self._try, transport))
        message = way.answer(text, self.marks) if way is not None else None
        if way is not None and message is not None:
            lost = text[len(text.rstrip()) :] if way.strips else ""
            return _Asked(
                {"messages": [*said, message], **way.body}, lost, thinking=place == "thinking" and way.comes_apart
            )
        in_turns: list[Message] = [{"role": turn.role, "content": turn.text} for turn in turns(prompt, passages)]
        return _Asked(
            {"messages": [*self._before(), *in_turns]},
            last_said(passages),
            thinking=place == "thinking" and self._reasons,
            begins=place != "thinking" and self.opens_thinking,
            in_turns=True,
        )

    def _before(self) -> list[Message]:
        system: list[Message] = [] if self.system is None else [{"role": "system", "content": self.system}]
        return [*system, *(dict(message) for message in self.messages)]

    async def _try(
        self, transport: Transport, messages: list[Message], fields: Mapping[str, Json]
    ) -> AsyncGenerator[object, None]:
        body = await self._body(
            transport, temperature=0.0, seed=self.seed, stop=(), max_tokens=TOKENS, alternatives=None, tools=False
        )
        async with transport.stream(PATH, {**body, "messages": messages, **fields}, optional=OPTIONAL) as frames:
            async for frame in frames:
                yield frame

    async def _body(
        self,
        transport: Transport,
        *,
        temperature: float,
        seed: int | None,
        stop: Sequence[str],
        max_tokens: int,
        alternatives: int | None,
        tools: bool,
    ) -> dict[str, Json]:
        body: dict[str, Json] = {
            **self.extra,
            "model": await self._server.model(transport),
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if stop:
            body["stop"] = list(stop)
        if seed is not None:
            body["seed"] = seed
        if alternatives:
            body |= {"logprobs": True, "top_logprobs": alternatives}
        if tools and self.tools:
            body["tools"] = [dict(tool) for tool in self.tools]
            if self.tool_choice is not None:
                body["tool_choice"] = self.tool_choice
        return body


_EXPECTED = {
    "system": or_none(TEXT),
    "messages": OBJECTS,
    "tools": OBJECTS,
    "tool_choice": Expected(lambda value: value is None or isinstance(value, str | Mapping), "text or an object"),
    "prefill": Expected(lambda value: isinstance(value, Way) or value in ("try", "never"), "'try', 'never' or a Way"),
    "opens_thinking": SWITCH,
    "marks": instance_of(Marks),
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Fields of a request, what may be said once more at the start of its answer, and how `Deltas` reads it."""

    body: Mapping[str, Json]
    said: str = ""
    thinking: bool = False
    begins: bool = False
    in_turns: bool = False


@dataclass(frozen=True, slots=True)
class _Beside:
    answer: Callable[[Question], Awaitable[Answer]]

    async def ask(self, question: Question, /) -> Answer:
        """The model's continuation of the question. Raises `SourceError` where there is none."""
        return await self.answer(question)
