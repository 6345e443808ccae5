"""What all tests share: a guard against blocking the loop, and runtimes that are started once."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator

import cloudpickle
import pytest
import pytest_asyncio
from blockbuster import BlockBuster
from hypothesis import Phase, settings

import midtrace as mt

# `tests/mutations.py` asks whether a test fails, not how small its failure can be made.
settings.register_profile("first-failure", phases=[Phase.explicit, Phase.generate], database=None)

collect_ignore = ["plugin_package"]  # a package of its own: `test_plugins.py` installs it and runs its tests


@pytest.fixture(autouse=True)
def _loop_is_never_blocked() -> Iterator[None]:
    """A test whose code blocks the event loop fails."""
    guard = BlockBuster("midtrace")
    guard.activate()
    yield
    guard.deactivate()


@pytest.fixture(autouse=True)
def _verifiers_travel(request: pytest.FixtureRequest) -> Iterator[None]:
    """Workers cannot import test modules, so what these define is sent whole."""
    module = inspect.getmodule(request.function)
    assert module is not None
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["local", "ray"])
async def runtime(request: pytest.FixtureRequest) -> AsyncIterator[mt.Runtime]:
    """A runtime over each engine."""
    async with mt.open_runtime(request.param, workers=2, preload=()) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def local() -> AsyncIterator[mt.Runtime]:
    """A runtime without Ray, for tests that are not about engines."""
    async with mt.open_runtime("local", workers=1, preload=()) as opened:
        yield opened
