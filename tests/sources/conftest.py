"""A small real model behind llama.cpp's own server, for every test that must not believe a fake."""

from __future__ import annotations

import importlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest_asyncio

from midtrace.models import locate
from midtrace.sources import llama


async def model_file() -> Path:
    """The make target has put it into the cache."""
    return await anyio.to_thread.run_sync(locate, "smollm2-135m", lambda what, done, total: None)


@contextmanager
def slots(path: Path, count: int, context: int) -> Iterator[str]:
    """llama.cpp's server with several slots of `context` tokens each, with its counters open. Blocks while it loads."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    library = importlib.import_module("xllamacpp")
    settings = library.CommonParams()
    settings.model.path = str(path)
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.n_ctx = count * context
    settings.n_parallel = count
    settings.endpoint_metrics = settings.endpoint_slots = True
    settings.cpuparams.n_threads = 1
    settings.cpuparams_batch.n_threads = 2
    settings.cache_ram_mib = 0
    settings.n_batch = settings.n_ubatch = 64
    settings.verbosity = -1
    server = library.Server(settings)
    yield server.listening_address
    del server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def model() -> AsyncIterator[str]:
    """The address of a real model with one slot."""
    context = llama.serve(await model_file(), context=1_024)
    yield await anyio.to_thread.run_sync(context.__enter__)
    await anyio.to_thread.run_sync(context.__exit__, None, None, None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def two_slots() -> AsyncIterator[str]:
    """The address of a real model with two slots: it can be asked beside a stream."""
    context = slots(await model_file(), 2, 512)
    yield await anyio.to_thread.run_sync(context.__enter__)
    await anyio.to_thread.run_sync(context.__exit__, None, None, None)
