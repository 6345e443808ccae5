"""llama.cpp in this process: its own HTTP server on loopback, reached through raw completions."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Protocol

from ..errors import ModelError, UsageError
from .completions import Completions

CONTEXT = 4_096
"""Tokens of context: prompt and generation."""


class Server(Protocol):
    """The part of xllamacpp's server that is used here; it ends when its last reference goes."""

    listening_address: str

    def handle_completions(self, request: object, callback: object, /) -> None:
        """Blocks until the generation ends; `callback` is called with each frame, and ends it by returning True."""
        ...


LONGEST = 1 << 20
"""Tokens of context beyond which no model goes; far beyond, llama.cpp does not come back from loading it."""


def must_fit(where: str, context: int) -> None:
    """Raise `UsageError` for a context that cannot be."""
    if not 1 <= context <= LONGEST:
        raise UsageError(f"{where}: expected tokens of context, 1 to {LONGEST:,}")


@contextmanager
def serve(model: Path, *, port: int = 0, context: int = CONTEXT, quiet: bool = True, slots: int = 1) -> Iterator[str]:
    """Load a GGUF file and serve it on loopback; gives the base URL. Blocks while it loads.

    `port` 0 picks a free one; `slots` generations run at a time, each with `context` tokens. Raises `ModelError` where
    the file does not load, `UsageError` for a port in use.
    """
    must_fit(f"serve(context={context})", context)
    if port:
        _must_be_free(port)
    server: Server | None = None
    try:
        server = load(model, host="127.0.0.1", port=port, context=context, slots=slots, quiet=quiet)
        yield server.listening_address
    finally:
        del server


def load(
    model: Path,
    *,
    host: str,
    port: int = 0,
    context: int = CONTEXT,
    slots: int = 1,
    threads: int = 1,
    batch_threads: int = 2,
    quiet: bool = True,
) -> Server:
    """Load a GGUF file; `host` is an address, or the path of a socket that ends with `.sock`. Blocks.

    One thread decodes and two read prompts: as fast alone, and far faster when the cores are shared. Raises
    `ModelError` where the file does not load.
    """
    llama = _import()
    settings = llama.CommonParams()
    settings.model.path = str(model)
    settings.hostnames = [host]
    settings.port = port
    settings.n_ctx = context * slots
    settings.n_parallel = slots
    settings.endpoint_metrics = True
    settings.cpuparams.n_threads = threads
    settings.cpuparams_batch.n_threads = batch_threads
    settings.cache_ram_mib = 256
    settings.n_batch = settings.n_ubatch = 64
    settings.swa_full = True  # a window that slides cannot be cut back
    settings.verbosity = -1 if quiet else 3
    try:
        server: Server = llama.Server(settings)
    except RuntimeError as error:
        raise ModelError(f"model {model}: llama.cpp cannot load it with a context of {context} tokens") from error
    return server


def source(address: str, *, max_tokens: int = 512, temperature: float = 0.0, stop: Sequence[str] = ()) -> Completions:
    """A source for a model that `serve` serves."""
    return Completions(
        address,
        max_tokens=max_tokens,
        temperature=temperature,
        stop=stop,
        seed=1,
        extra={"cache_prompt": True},
        frame_is_token=True,
    )


def _import() -> ModuleType:
    # Read when the library is loaded: without it, threads that wait spin, and a shared machine stands still.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import xllamacpp  # noqa: PLC0415  (an extra)
    except ImportError:
        raise UsageError("a local model needs llama.cpp: pip install 'midtrace[local]'") from None
    module: ModuleType = xllamacpp
    return module


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"port {port}: cannot listen on 127.0.0.1 ({error.strerror})") from error
