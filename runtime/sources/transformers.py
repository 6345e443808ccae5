"""Models of Hugging Face transformers in this process: rollbacks and forks go on with what is evaluated already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, TypeAlias

import anyio
import anyio.to_thread

from ..arguments import COUNT, DECODING, expect, one_of, or_none
from ..errors import UsageError
from ..forks.protocol import Asker
from .local.counts import Counts
from .local.decoding import Options
from .local.decoding_thread import DecodingThread
from .local.in_process import Beside, GeneratedStream, hotter
from .local.transformers_decoder import Model, Tokenizer, TransformersDecoder, import_torch
from .protocol import Abilities

ForkMode: TypeAlias = Literal["serial", "none"]

STRETCH = 8
"""Tokens of the streams between two forks."""


@dataclass
class TransformersModel:
    """A causal language model that continues a prefix, on a thread of its own; use as an async context manager.

    Args:
        model, tokenizer: As `AutoModelForCausalLM` and `AutoTokenizer` load them. The model stays on its device, and
            must be used by nobody else meanwhile.
        context: Tokens that prompt and generation may have together; None: what the model's configuration says.
        max_tokens: Tokens of one stream. A stream that ends there fails: it is not the model's own end.
        temperature, top_p, seed: How tokens are drawn; at temperature 0 the most probable one is taken.
        stop: Texts before which a stream ends.
        forks: `"serial"`: a fork is asked between two tokens of the stream, on a copy of its cache; `"none"`: it
            cannot be asked.
        stretch: Tokens that the streams generate between two forks, so that many forks do not starve them.

    Each token comes with its log-probability and the entropy over the whole vocabulary. A stream is the same with and
    without forks, at any temperature. The cache of a model that keeps only the last tokens, or one state of all of
    them, cannot be cut back: it is filled anew for each rollback and each fork, and `abilities` says so.

    Entering raises `UsageError` without the extra `transformers`. Streams and questions raise `SourceError`: for a
    prompt that is too long, or a context that is full in the middle.
    """

    model: Model
    tokenizer: Tokenizer
    context: int | None = None
    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 1
    stop: Sequence[str] = ()
    forks: ForkMode = "serial"
    stretch: int = STRETCH
    _thread: DecodingThread | None = field(default=None, init=False, repr=False)
    _decoder: TransformersDecoder | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        expect(self, {**DECODING, "context": or_none(COUNT), "forks": one_of("serial", "none")})

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, self._thread, self._decoder = self._thread, None, None
        if thread is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(thread.stop)

    @property
    def abilities(self) -> Abilities:
        """What this model and its cache can do."""
        decoder = self._decoder
        return Abilities(
            logprobs=True,
            token_ids=decoder is None or decoder.exact,
            fork=self.forks != "none",
            shared=self.forks != "none" and (decoder is None or decoder.croppable),
        )

    @property
    def counts(self) -> Counts:
        """What the model has done so far, in tokens. Raises `UsageError` unless it is open."""
        if self._decoder is None:
            raise UsageError("TransformersModel is not open: expected `async with TransformersModel(...)`")
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
            raise UsageError("TransformersModel(forks='none') cannot be asked: expected 'serial'")
        yield Beside(self._thread, self._options())

    def _options(self) -> Options:
        return Options(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(self.stop),
        )

    def _open(self) -> None:
        import_torch()
        thread = DecodingThread(self._load, name="midtrace-transformers", stretch=self.stretch)
        thread.start()
        self._thread = thread

    def _load(self) -> TransformersDecoder:
        self._decoder = TransformersDecoder(self.model, self.tokenizer, context=self.context)
        return self._decoder
