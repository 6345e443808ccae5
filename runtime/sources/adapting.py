"""Sources of whatever people hold: calls of every kind, streams that are open already, runnables of LangChain."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from typing import TypeGuard

import anyio
import anyio.lowlevel

from ..chunks import TURN, Source, Usage, must_say_something
from ..errors import SourceError, UsageError
from .langchain import LangChain, runnable_of
from .protocol import Abilities
from .streams import off_loop
from .streams.deltas import Deltas, Item
from .streams.shapes import is_answer

CLOSING = 2.0
"""Seconds that an opened stream may take to close."""

EXPECTED = (
    "a function that takes a prefix and streams text, a stream that is open already, a list of texts, "
    "or a Runnable of LangChain"
)


def source_of(given: object) -> Source:
    """A source of what was given.

    Args:
        given: A function of the prefix: an async generator, a coroutine function, a generator, or a plain function; it
            gives a stream of texts, of frames of the `openai` client or of messages of LangChain, or one whole answer.
            Or what is open already: such a stream, an iterator, a list of texts, an answer. Or a `Runnable` of
            LangChain, or its `astream`. A source, and a function that says that it gives texts
            (`-> AsyncIterator[str]`), is taken as it is.

    What is open already cannot be continued from an edited prefix, and is read once. What blocks is called and read in
    a thread. Raises `UsageError` for anything else.
    """
    if _is_source(given):
        return given
    runnable = runnable_of(given)
    if runnable is not None:
        return LangChain(runnable)
    if isinstance(given, type):
        raise UsageError(f"source={given.__name__}: expected {EXPECTED}; got a class, not an instance of it")
    if callable(given):
        return Called(given)
    if _is_stream(given):
        return Opened(given)
    shown = "..." if isinstance(given, str | bytes) else f"{given!r:.60}"  # an address may hold a password
    raise UsageError(f"source={shown}: expected {EXPECTED}; got {type(given).__name__}")


class Called:
    """A call whose results are read as they come; it continues any prefix."""

    def __init__(self, call: Callable[[str], object]) -> None:
        self._call = call
        self._beside = not _stays_on_loop(call)
        functools.update_wrapper(self, call, updated=())

    def __repr__(self) -> str:
        return f"source_of({self._call!r})"

    async def __call__(self, prefix: str, /) -> AsyncIterator[Item]:
        """Call it; gives the stream of its text. Raises `SourceError` for what is no stream of text."""
        opened: object
        if self._beside:
            opened = await off_loop.call(functools.partial(self._call, prefix))
        else:
            opened = self._call(prefix)
        while inspect.isawaitable(opened):
            opened = await opened
        return items_of(opened)


class Opened:
    """A stream that is open already: it is read once, and cannot go on from an edited prefix."""

    def __init__(self, stream: object) -> None:
        self._stream = stream
        self._read = False

    def __repr__(self) -> str:
        return f"source_of({type(self._stream).__name__})"

    @property
    def __name__(self) -> str:
        return f"opened {type(self._stream).__name__}"

    @property
    def abilities(self) -> Abilities:
        """It can be read to its end, and no more."""
        return Abilities(resume=False)

    async def __call__(self, prefix: str, /) -> AsyncIterator[Item]:
        """Its text, whatever the prefix. Raises `SourceError` the second time."""
        if self._read:
            raise SourceError(
                f"the source, an open {type(self._stream).__name__}, can be read once and does not go on from another "
                "prefix: give the call that opens it"
            )
        self._read = True
        stream = self._stream
        while inspect.isawaitable(stream):
            stream = await stream
        return items_of(stream)


# What is given


_OF_SOURCES = ("abilities", "asker", "resample", "converse")
"""What `Able`, `Askable`, `Resampling` and `Conversing` have; by name, since checks against protocols are slow."""


def _is_source(given: object) -> TypeGuard[Source]:
    if isinstance(given, type) or not callable(given):
        return False
    return any(hasattr(given, name) for name in _OF_SOURCES) or _says_text(given)


def _is_stream(given: object) -> bool:
    if isinstance(given, str | bytes):
        return False
    return is_answer(given) or inspect.isawaitable(given) or isinstance(given, Iterable | AsyncIterable)


_ASYNC = re.compile(r"(?:\w+\.)*Async(?:Iterator|Iterable|Generator)\[(.*)\]")
_TEXT = re.compile(r"(?:\w+\.)*(?:str|Chunk|Usage)(?: \| (?:\w+\.)*(?:str|Chunk|Usage))*(?:, None)?")
_ON_LOOP = re.compile(r"(?:\w+\.)*(?:Async\w+|Awaitable|Coroutine)\b.*", re.DOTALL)


def _says_text(call: object) -> bool:
    found = _ASYNC.fullmatch(_returns(call))
    return found is not None and _TEXT.fullmatch(found[1]) is not None


def _stays_on_loop(call: object) -> bool:
    """Whether calling it is known not to block: what it does, it does when it is awaited or read."""
    function = _function(call)
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or inspect.isgeneratorfunction(function)
        or _ON_LOOP.fullmatch(_returns(call)) is not None
    )


def _returns(call: object) -> str:
    try:
        said = getattr(_function(call), "__annotations__", {}).get("return")
    except Exception:  # noqa: BLE001  (newer Pythons evaluate annotations here, and names may be missing)
        return ""
    return said if isinstance(said, str) else "" if said is None else str(said)


def _function(call: object) -> object:
    """The function behind partial calls, methods and objects that can be called."""
    while isinstance(call, functools.partial):
        call = call.func
    if inspect.ismethod(call):
        return call.__func__
    if inspect.isroutine(call):
        return call
    method = inspect.getattr_static(type(call), "__call__", call)
    return getattr(method, "__func__", method)


# What comes of it


async def items_of(opened: object) -> AsyncIterator[Item]:
    """The text of whatever a call gave, piece by piece. Raises `SourceError` for what is no text."""
    deltas = Deltas()
    if is_answer(opened):
        for made in deltas.read(opened):
            yield made
        for made in deltas.end():  # may say that it was cut off: what there is has been told by then
            yield made
        return
    stream = _stream_of(opened)
    items = aiter(stream)
    try:
        idle = 0
        async for item in items:
            idle += 1
            for made in deltas.read(item):
                idle = 0
                yield made
            if idle and idle % TURN == 0:
                await anyio.lowlevel.checkpoint()  # who only waits for text must be able to stop waiting
            must_say_something(idle)
        for made in deltas.end():
            yield made
    finally:
        with anyio.move_on_after(CLOSING, shield=True):
            await _close(items)
            if stream is not items:
                await _close(stream)


def _stream_of(opened: object) -> AsyncIterable[object]:
    if isinstance(opened, AsyncIterable):
        return opened
    if isinstance(opened, Iterable) and not isinstance(opened, bytes | Mapping | Usage):
        return off_loop.read(opened)
    raise SourceError(f"expected a stream of text from the source, got {type(opened).__name__}")


async def _close(stream: object) -> None:
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if close is not None:
        closing = close()
        if inspect.isawaitable(closing):
            await closing
