"""The front door: an engine is made as it was asked for, opened, and closed whatever happens."""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, get_args

import anyio
import anyio.to_thread

from .engines.joining import Address
from .engines.pools import Pool
from .engines.protocol import Engine
from .engines.ray_settings import prepare as prepare_for_ray
from .engines.scale import Bounds
from .errors import UsageError, expect_one_of
from .runtime import Runtime

EngineName: TypeAlias = Literal["ray", "local"]

OnEngineLost: TypeAlias = Literal["rejoin", "local"]
"""What to do when Ray is out of reach."""

PRELOAD = ("z3", "sympy")
"""Modules that workers import before their first check: what symbolic verifiers use, and what takes longest."""


class _OpenableEngine(Engine, Protocol):
    def open(self) -> None: ...
    def close(self) -> None: ...


@asynccontextmanager
async def open_runtime(
    engine: EngineName = "ray",
    *,
    workers: int | tuple[int, int] | None = None,
    address: str | None = None,
    preload: Sequence[str] = PRELOAD,
    on_engine_lost: OnEngineLost = "rejoin",
    pool: Pool | None = None,
    ship: Sequence[str | Path] = (),
    runtime_env: Mapping[str, object] | None = None,
) -> AsyncIterator[Runtime]:
    """Start an engine with warm workers, and end it with the block. Takes seconds: open once, not once a run.

    Args:
        engine: `ray` joins `address` or RAY_ADDRESS, else starts a local Ray; `local` does without Ray.
        workers: Checks that run at a time, or the least and the most: then there are more while checks wait, and fewer
            when some have had nothing to do for a minute. Default: cores minus one, at least one. Checks whose verifier
            declares `resources` have workers beside these, as many as they need and no more than the most.
        address: A Ray cluster to join.
        preload: Modules that the workers import before the first check.
        on_engine_lost: Where Ray is lost on the way, or out of reach at the start: `rejoin` answers checks with
            `Unknown` until it is back (and raises at the start), `local` runs them in local processes from then on.
        pool: Share workers with other programs on the same cluster; `workers` then says how many the pool has.
        ship: Wheels, or names of installed distributions, that the workers of a cluster are sent, such as a package of
            verifiers. midtrace itself goes along where they lack this version of it; what it depends on does not.
        runtime_env: A Ray runtime environment for the workers.

    Raises `EngineError` where the engine cannot start, `UsageError` for arguments that cannot work.
    """
    expect_one_of("open_runtime", "on_engine_lost", on_engine_lost, get_args(OnEngineLost))
    _check_types(address, preload, pool, ship, runtime_env)
    asked = _Asked(
        engine=engine,
        workers=Bounds.read(workers if workers is not None else max((os.cpu_count() or 2) - 1, 1)),
        address=address,
        preload=preload,
        fall_back=on_engine_lost == "local",
        pool=pool,
        ship=ship,
        runtime_env=runtime_env,
    )
    make = functools.partial(_make, asked)
    made = await anyio.to_thread.run_sync(make)  # imports, which read files
    try:
        # An engine half started must still be closed, so that no process is left: hence inside.
        await anyio.to_thread.run_sync(made.open)
        _keep_sigterm()
        runtime = Runtime(made)
        try:
            yield runtime
        finally:
            runtime.close()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(made.close)
        _keep_sigterm()


def _check_types(address: object, preload: object, pool: object, ship: object, runtime_env: object) -> None:
    """Arguments of another type would fail far from here, or be taken for something else."""
    expected = {
        "address": (address is None or (isinstance(address, str) and address), "HOST:PORT or 'auto'"),
        "preload": (_is_list(preload), "a list of modules"),
        "pool": (pool is None or isinstance(pool, Pool), "Pool(NAME)"),
        "ship": (_is_list(ship), "a list of wheels and distributions"),
        "runtime_env": (runtime_env is None or isinstance(runtime_env, Mapping), "a Ray runtime environment"),
    }
    given = {"address": address, "preload": preload, "pool": pool, "ship": ship, "runtime_env": runtime_env}
    for name, (right, what) in expected.items():
        if not right:
            raise UsageError(f"open_runtime({name}={given[name]!r}): expected {what}")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _keep_sigterm() -> None:
    """Put the process's own answer to SIGTERM back: Ray's core installs one that prints a crash report and aborts, and
    takes it out again without a look at what was there before."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))


@dataclass(frozen=True, kw_only=True)
class _Asked:
    engine: str
    workers: Bounds
    address: str | None
    preload: Sequence[str]
    fall_back: bool
    pool: Pool | None
    ship: Sequence[str | Path]
    runtime_env: Mapping[str, object] | None


def _make(asked: _Asked) -> _OpenableEngine:
    match asked.engine:
        case "local":
            for name in ("address", "pool", "ship", "runtime_env"):
                if getattr(asked, name):
                    raise UsageError(f"{name}={getattr(asked, name)!r}: expected none with engine='local'")
            from .engines.local import LocalEngine  # noqa: PLC0415  (starts nothing, but keeps imports short)

            return LocalEngine(workers=asked.workers, preload=asked.preload)
        case "ray":
            given = asked.address or os.environ.get("RAY_ADDRESS")
            address = Address.read(given) if given else None
            for name in ("pool", "ship"):
                if getattr(asked, name) and address is None:
                    raise UsageError(f"{name}={getattr(asked, name)!r}: expected it with the address of a cluster")
            prepare_for_ray(address)
            from .engines.ray import RayEngine  # noqa: PLC0415  (imports ray)

            return RayEngine(
                workers=asked.workers,
                address=address,
                preload=asked.preload,
                fall_back=asked.fall_back,
                pool=asked.pool,
                ship=asked.ship,
                runtime_env=asked.runtime_env,
            )
        case _:
            raise UsageError(f"engine={asked.engine!r}: expected 'ray' or 'local'")
