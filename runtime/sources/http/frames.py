"""The frames of one answer: an event stream of JSON objects, decoded as they are asked for."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import anyio
import httpx2

from ...errors import SourceError, one_line
from ...records.json import Json
from .buffering import Arrivals
from .event_stream import EventStream, ServerEvent
from .refusals import Failure, no_stream, of_frame, passing, plain_line, timed_out
from .saying import says

Frame: TypeAlias = dict[str, Json]
"""One decoded frame of a stream."""

ENDING = 0.5
"""Seconds that a server may take from its last frame to the end of its answer."""

CLOSING = 2.0
"""Seconds that closing a connection may take."""

DONE = "[DONE]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server may be silent, in seconds.

    Args:
        connect: Until a connection stands.
        first: From the request to the first frame that says something. A long prompt is read in this time.
        between: Between two frames.
        alive: The same two, while the server sends what says nothing: comments that keep the connection alive, frames
            without text.
    """

    connect: float = 10.0
    first: float = 60.0
    between: float = 60.0
    alive: float = 300.0

    @staticmethod
    def of(timeout: float, first: float | None = None) -> Patience:
        """From the two numbers that users give."""
        first = timeout if first is None else first
        return Patience(connect=min(timeout, 10.0), first=first, between=timeout, alive=5 * max(timeout, first))


class Frames:
    """The frames of one answer, decoded, in order; ends at `[DONE]`, or where the answer ends after a finish reason.

    An answer that is no stream but one JSON object is one frame: its choices hold `text` or `message` as a whole.
    Iterating raises `SourceError` for errors that the server reports, for what is no frame, for silence and for a
    stream that breaks off.
    """

    def __init__(
        self,
        where: str,
        response: httpx2.Response | None,
        *,
        patience: Patience,
        arrivals: Arrivals,
        notice: Callable[[], None],
        secrets: Sequence[str],
    ) -> None:
        self.where = where
        self._response = response
        self._patience = patience
        self._arrivals = arrivals
        self._notice = notice
        self.secrets = secrets
        self._wire = max(patience.first, patience.between)  # the connection's own time-out
        self._events = EventStream()
        self._ready: deque[ServerEvent] = deque()
        self._held: Frame | None = None
        self._limit = patience.first
        self._since = 0.0
        self._idle = False  # since then, nothing that came has said anything
        self._finished = False  # a finish reason was seen
        self._cost_told = False
        self._ended = response is None
        if response is None:
            self._pieces: AsyncIterator[bytes] | None = None
        elif "content-encoding" in response.headers:
            self._pieces = response.aiter_bytes()
        else:
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            self._pieces = aiter(response.stream)  # as `aiter_raw`, without its work for each piece

    @staticmethod
    def of_one(value: Json, where: str, secrets: Sequence[str] = ()) -> Frames | Failure:
        """A JSON answer where a stream was due."""
        if not isinstance(value, dict) or "choices" not in value:
            return no_stream(where, "JSON that is no completion")
        frames = Frames(where, None, patience=Patience(), arrivals=Arrivals(0.0), notice=lambda: None, secrets=secrets)
        frames._held = value
        frames._finished = True
        return frames

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        if self._held is not None:
            frame, self._held = self._held, None
            return frame
        item = await self._next()
        if item is None:
            raise StopAsyncIteration
        if isinstance(item, Failure):
            raise SourceError(item.message, transient=item.transient)
        return item

    async def prime(self) -> Failure | None:
        """Wait for the first frame, and hold it."""
        item = await self._next()
        if isinstance(item, Failure):
            return item
        self._held = item
        return None

    async def aclose(self) -> None:
        """Close the connection, unless the answer has come to its end."""
        self._ended = True
        self._ready.clear()
        pieces, self._pieces = self._pieces, None
        if self._response is not None and pieces is not None:
            with anyio.move_on_after(CLOSING, shield=True):
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()
            await close(self._response)

    async def _next(self) -> Frame | Failure | None:
        ready = self._ready
        while not ready:
            if self._ended:
                if self._finished:
                    self._over()
                    return None
                return passing(f"{self.where}: the stream broke off before its end")
            failure = await self._read()
            if failure is not None:
                return failure
        event = ready.popleft()
        if event.data == DONE:
            await self._read_out()
            self._over()
            return None
        return self._decoded(event)

    def _decoded(self, event: ServerEvent) -> Frame | Failure:
        try:
            frame = _decoded(event.data)
        except (ValueError, RecursionError):
            got = plain_line(event.data, self.secrets, 80)
            return passing(f"{self.where}: expected JSON in a frame of the stream, got {got!r}")
        if type(frame) is not dict:
            got = plain_line(event.data, self.secrets, 80)
            return Failure(f"{self.where}: expected an object in a frame of the stream, got {got!r}")
        if event.name == "error" or frame.get("error"):
            return of_frame(self.where, frame.get("error") or frame, self.secrets)
        if self._idle and (says(frame) or self._is_first_cost(frame)):
            self._idle = False
            self._limit = self._patience.between
        if not self._finished:
            choices = frame.get("choices")
            if type(choices) is list and choices and type(choices[0]) is dict and choices[0].get("finish_reason"):
                self._finished = True
                self._idle = False
        return frame

    def _is_first_cost(self, frame: Frame) -> bool:
        """Whether the cost is told without text: once, as a sign that the end is near, and no sign of life after it."""
        if self._cost_told or not (frame.get("usage") or frame.get("timings")):
            return False
        self._cost_told = True
        return True

    async def _read(self) -> Failure | None:
        """Wait for more of the answer."""
        assert self._pieces is not None
        patience = self._patience
        now = time.monotonic()
        if not self._idle:
            self._idle, self._since = True, now
        elif now - self._since > patience.alive:
            return timed_out(self.where, f"nothing but signs of life for {patience.alive:g} s", "timeout")
        try:
            if self._limit >= self._wire:
                piece = await anext(self._pieces)
            else:
                with anyio.fail_after(self._limit):
                    piece = await anext(self._pieces)
            events = self._events.feed(piece)
        except StopAsyncIteration:
            self._end()
            return None
        except (TimeoutError, httpx2.TimeoutException):
            option = "timeout" if self._limit == patience.between else "first_timeout"
            return timed_out(self.where, f"nothing came for {self._limit:g} s", option)
        except httpx2.HTTPError as error:
            if self._finished:
                self._ended = True
                return None
            said = plain_line(one_line(error), self.secrets)
            return passing(f"{self.where}: the stream broke off before its end ({said})")
        except SourceError as error:
            return Failure(f"{self.where}: {plain_line(str(error), self.secrets)}", error.transient, error.transient)
        if events:
            self._ready.extend(events)
            self._arrivals.seen(len(events), time.monotonic())
        return None

    def _end(self) -> None:
        """The bytes have ended; half a frame at their end is none."""
        self._ended = True
        try:
            for event in self._events.close():
                if event.data != DONE:
                    json.loads(event.data)
                self._ready.append(event)
        except (ValueError, RecursionError, SourceError):
            pass

    async def _read_out(self) -> None:
        """Read to the end of the body: only then can the connection serve the next request."""
        with anyio.move_on_after(ENDING):
            try:
                while self._pieces is not None and not self._ended:
                    await anext(self._pieces)
            except (StopAsyncIteration, httpx2.HTTPError):
                pass
        self._ended = self._finished = True

    def _over(self) -> None:
        if self._arrivals.buffered:
            self._notice()


async def close(response: httpx2.Response) -> None:
    """Close an answer, also while being cancelled; a connection whose answer has not ended goes with it."""
    with anyio.move_on_after(CLOSING, shield=True):
        await response.aclose()


_raw_decode = json.JSONDecoder().raw_decode


def _decoded(data: str) -> Json:
    """As `json.loads`, at half its price where nothing stands around the value."""
    if data[:1] == "{":
        value: Json
        value, end = _raw_decode(data)
        if end == len(data):
            return value
    whole: Json = json.loads(data)
    return whole
