"""The answer to one raw completion as it is read: text, tokens, cost, and how it ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

from ...chunks import Chunk, Token, Usage
from ...errors import SourceError
from ...records.json import Json
from .frames import Frame
from .logprobs import tokens_of
from .refusals import plain_line
from .transport import Transport
from .usage import usage_of

PATH = "/v1/completions"

OPTIONAL = ("stream_options",)
"""Fields that a server may refuse: it is asked without them then."""


class Reading:
    """One answer as it is read: gives its text, and knows afterwards how it ended."""

    def __init__(
        self,
        transport: Callable[[], Transport],
        body: Mapping[str, Json],
        *,
        model: Callable[[Transport], Awaitable[str]],
        frame_is_token: bool = False,
    ) -> None:
        wanted = {name: value for name, value in body.items() if value is not None and value != []}
        self._body: dict[str, Json] = {"stream_options": {"include_usage": True}, **wanted, "stream": True}
        self._transport = transport
        self._model = model
        self._logprobs = "logprobs" in wanted
        self._frame_is_token = frame_is_token
        self._where = ""
        self._secrets: Sequence[str] = ()
        self.finish: str | None = None
        self.usage: Usage | None = None

    async def chunks(self, *, whole: bool) -> AsyncGenerator[str | Chunk | Usage]:
        """Text as it comes, with its tokens where they are known; at the end what it cost, where that is told.

        Raises `SourceError`; if it is to be `whole`, also for an answer to which the model itself did not put an end.
        """
        transport = self._transport()
        if not self._body["prompt"]:  # there is nothing to continue, and servers differ in what they do
            raise SourceError("the prompt is empty: expected at least one character to continue")
        self._body["model"] = await self._model(transport)
        logprobs, frame_is_token = self._logprobs, self._frame_is_token
        async with transport.stream(PATH, self._body, optional=OPTIONAL) as frames:
            self._where, self._secrets = frames.where, frames.secrets
            async for frame in frames:
                choices = frame.get("choices")
                if not choices:
                    self._without_text(frame, choices)
                    continue
                choice = choices[0] if type(choices) is list else None
                if type(choice) is not dict:
                    raise self._strange(frame)
                text, finish = choice.get("text"), choice.get("finish_reason")
                if finish is not None:
                    self.finish = finish if type(finish) is str else str(finish)[:40]
                if "usage" in frame or "timings" in frame:
                    self.usage = usage_of(frame) or self.usage
                if not text:
                    continue
                if type(text) is not str:
                    raise self._strange(frame)
                if logprobs and (tokens := tokens_of(choice.get("logprobs"), text)):
                    yield Chunk(text, tokens)
                elif frame_is_token:
                    yield Chunk(text, (Token(text),))
                else:
                    yield text
        if self.usage is not None:
            yield self.usage
        if whole:
            self.must_be_whole()

    def must_be_whole(self) -> None:
        """Raise `SourceError` unless the model itself came to an end."""
        most = self._body.get("max_tokens")
        match self.finish:
            case "length":
                raise cut_off(self._where, self.usage, most if isinstance(most, int) else 0)
            case "content_filter":
                raise SourceError(f"{self._where}: the server's content filter cut the text off")
            case "error" | "abort":
                raise SourceError(f"{self._where}: the server gave up (finish_reason {self.finish})", transient=True)
            case _:
                pass

    def _without_text(self, frame: Frame, choices: Json) -> None:
        self.usage = usage_of(frame) or self.usage
        if choices is None and self.usage is None:
            raise self._strange(frame)

    def _strange(self, frame: Frame) -> SourceError:
        try:
            whole = str(frame)
        except RecursionError:
            whole = "what is nested too deeply"
        got = plain_line(whole, self._secrets, 80)
        return SourceError(f"{self._where}: expected choices with text in a frame of the stream, got {got!r}")


def cut_off(where: str, usage: Usage | None, most: int) -> SourceError:
    """What it means that a model did not come to its own end: its call is spent, or its context is."""
    made = usage.generated if usage is not None else 0
    if 0 < made < most:
        return SourceError(
            f"{where}: the model's context is full after {made} of max_tokens={most} tokens: shorten the prompt or "
            "serve the model with a larger context"
        )
    return SourceError(f"{where}: the model was cut off at max_tokens={most}")
