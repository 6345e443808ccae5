"""llama.cpp in this process, without a server: rollbacks cut its cache back, forks are asked in it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

import anyio
import anyio.to_thread

from ..arguments import COUNT, COUNT_OR_NOTHING, DECODING, PATH, expect, one_of
from ..errors import ModelError, UsageError
from ..forks.protocol import Asker
from ..logs import logger
from .llama import CONTEXT, load, must_fit
from .local.counts import Counts
from .local.decoding import Options
from .local.decoding_thread import DecodingThread
from .local.in_process import Beside, GeneratedStream, hotter
from .local.llama_decoder import LlamaDecoder
from .protocol import Abilities

log = logger("midtrace.sources")

ForkMode: TypeAlias = Literal["serial", "parallel", "none"]

STRETCH = 8
"""Tokens of the streams between two forks."""

_EXPECTED = {
    "path": PATH,
    "context": COUNT,
    "logprobs": COUNT_OR_NOTHING,
    "forks": one_of("serial", "parallel", "none"),
    **dict.fromkeys(("slots", "threads", "batch_threads"), COUNT),
}


@dataclass
class LlamaModel:
    """A GGUF file that continues a prefix, on a thread of this process; use as an async context manager.

    Args:
        path: The file; `midtrace.models.locate` finds those that are known by name.
        context: Tokens that prompt and generation may have together.
        max_tokens: Tokens of one stream. A stream that ends there fails: it is not the model's own end.
        temperature, top_p, seed: How tokens are drawn; at temperature 0 the most probable one is taken.
        stop: Texts before which a stream ends.
        logprobs: Alternatives to each token that its entropy is taken of; 0 tells only log-probabilities.
        forks: `"serial"`: a fork is asked where the stream is, which pauses for it, and nothing is evaluated twice.
            `"parallel"`: beside the stream, which goes on at a fraction of its pace, with a cache of its own.
            `"none"`: it cannot be asked.
        stretch: Tokens that the streams generate between two serial forks, so that many forks do not starve them.
        slots: Streams whose caches are kept; more of them take turns and are evaluated again at each. Memory for the
            context is taken for each.
        threads, batch_threads: Threads that generate, and that evaluate prompts.

    Entering raises `ModelError` for a file that llama.cpp cannot load, `UsageError` without the extra `local`. Streams
    and questions raise `SourceError`: for a prompt that is too long, or a context that is full in the middle.

    At temperature 0 a stream is the same with and without forks. Above it, chances are drawn anew after each fork.
    """

    path: str | os.PathLike[str]
    context: int = CONTEXT
    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 1
    stop: Sequence[str] = ()
    logprobs: int = 0
    forks: ForkMode = "serial"
    stretch: int = STRETCH
    slots: int = 2
    threads: int = 1
    batch_threads: int = 2
    _thread: DecodingThread | None = field(default=None, init=False, repr=False)
    _beside: DecodingThread | None = field(default=None, init=False, repr=False)
    _decoder: LlamaDecoder | None = field(default=None, init=False, repr=False)
    _folder: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        expect(self, {**DECODING, **_EXPECTED})
        must_fit(f"LlamaModel(context={self.context})", self.context)

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close)

    @property
    def abilities(self) -> Abilities:
        """All that a model at hand can do."""
        return Abilities(
            logprobs=True,
            token_ids=self._decoder is None or self._decoder.exact,
            fork=self.forks != "none",
            shared=self.forks == "serial",
        )

    @property
    def counts(self) -> Counts:
        """What the engine has done for streams and serial forks, in tokens. Raises `UsageError` unless it is open."""
        if self._decoder is None:
            raise UsageError("LlamaModel is not open: expected `async with LlamaModel(...)`")
        return self._decoder.counts

    def __call__(self, prefix: str, /) -> GeneratedStream:
        """Stream what follows `prefix`."""
        return GeneratedStream(self._thread, prefix, self._options(), again=True)

    def resample(self, prefix: str, attempt: int, /) -> GeneratedStream:
        """Stream another try: hotter with each attempt, and with another seed."""
        return GeneratedStream(self._thread, prefix, hotter(self._options(), attempt), again=False)

    @asynccontextmanager
    async def asker(self) -> AsyncIterator[Asker]:
        """Who is asked; on any event loop."""
        if self.forks == "none":
            raise UsageError("LlamaModel(forks='none') cannot be asked: expected 'serial' or 'parallel'")
        yield Beside(self._beside or self._thread, self._options())

    def _options(self) -> Options:
        return Options(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(self.stop),
            alternatives=self.logprobs,
        )

    # Off the loop

    def _open(self) -> None:
        thread = DecodingThread(self._load, name="midtrace-llama", stretch=self.stretch)
        try:
            thread.start()
            self._thread = thread
            if self._beside is not None:
                self._beside.start()
        except BaseException:
            self._close()
            raise

    def _load(self) -> LlamaDecoder:
        path = Path(self.path)
        if not path.is_file():
            raise ModelError(f"model {path}: no such file")
        log.info("loading a model", file=path.name, megabytes=path.stat().st_size // 1_000_000)
        began = time.monotonic()
        # The engine insists on serving: it may, on a socket that only this user can reach.
        self._folder = tempfile.mkdtemp(prefix="midtrace-")
        beside = self.forks == "parallel"
        server = load(
            path,
            host=os.path.join(self._folder, "llama.sock"),  # noqa: PTH118  (the engine wants a text)
            context=self.context,
            slots=self.slots + beside,
            threads=self.threads,
            batch_threads=self.batch_threads,
        )
        decoder = LlamaDecoder(server, range(self.slots), name=path.name, context=self.context)
        if beside:
            other = LlamaDecoder(server, [self.slots], name=path.name, context=self.context)
            self._beside = DecodingThread(lambda: other, name="midtrace-llama-forks", stretch=self.stretch)
        self._decoder = decoder
        log.info("the model is loaded", file=path.name, seconds=round(time.monotonic() - began, 1))
        return decoder

    def _close(self) -> None:
        for thread in (self._beside, self._thread):
            if thread is not None:
                thread.stop()
        self._thread = self._beside = self._decoder = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
