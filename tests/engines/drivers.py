"""Programs that join a cluster; one Ray a process, so each has a process of its own.

`python drivers.py NAME [ARGUMENT ...]` prints what it saw, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import cloudpickle

import midtrace as mt
from midtrace.testing import Scripted

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def where(text: str) -> str:
    """Which node and process this check runs in."""
    import ray

    time.sleep(0.05)  # long enough for the others to be busy with theirs
    return f"{ray.get_runtime_context().get_node_id()} {os.getpid()}"


async def places(runtime: mt.Runtime, lines: int = 1, resources: mt.Resources | None = None) -> list[list[str]]:
    """The nodes and the processes of some checks, in the order of the checks."""
    monitor = mt.Monitor("m", verify=where, policy=mt.Observe(), resources=resources)
    outcome = await runtime.generate(Scripted("a line\n" * lines, size=7 * lines), "P", monitors=[monitor])
    return [each.violation.message.split() for each in outcome.violations]


async def spread() -> object:
    """Checks run on both nodes."""
    async with mt.open_runtime(workers=3, preload=()) as runtime:
        deadline = time.monotonic() + 60
        nodes: set[str] = set()
        while len(nodes) < 2 and time.monotonic() < deadline:
            nodes |= {node for node, _ in await places(runtime, 12)}
        return len(nodes)


async def custom() -> object:
    """Checks that need a prover run where there is one; what nobody has is known before the stream starts."""
    async with mt.open_runtime(workers=1, preload=()) as runtime:
        prover = mt.Resources(custom={"prover": 1})
        nodes = {node for node, _ in await places(runtime, 4, prover)}
        errors = []
        for resources in (mt.Resources(custom={"oracle": 1}), mt.Resources(cpus=64), mt.Resources(memory=1 << 50)):
            try:
                await places(runtime, 1, resources)
            except mt.UsageError as error:
                errors.append(str(error))
        return {"nodes": len(nodes), "errors": errors}


async def pooled(name: str, detached: str) -> object:
    """One check in a shared pool."""
    pool = mt.Pool(name, detached=detached == "detached")
    began = time.monotonic()
    async with mt.open_runtime(workers=(1, 2), preload=(), pool=pool) as runtime:
        opened = time.monotonic() - began
        return {"places": await places(runtime), "opened": opened}


async def pool_lost(name: str) -> object:
    """The pool dies under a run; another takes its place."""
    async with mt.open_runtime(workers=(1, 2), preload=(), pool=mt.Pool(name)) as runtime:
        before = await places(runtime)
        import ray

        ray.kill(ray.get_actor(f"{name}@{_version()}", "midtrace"))
        with anyio.fail_after(60):
            while not (after := await places(runtime)):
                await anyio.sleep(0.1)
        return {"before": before, "after": after}


def _version() -> str:
    from importlib import metadata

    return metadata.version("midtrace")


async def shipped(*wheels: str) -> object:
    """A verifier that only the driver and the sent wheel have."""
    import importlib

    rules = importlib.import_module("traveller.rules")

    async with mt.open_runtime(workers=1, preload=(), ship=[Path(each) for each in wheels]) as runtime:
        try:
            outcome = await runtime.generate(Scripted("a line\n"), "P", monitors=[mt.Monitor("m", verify=rules.Fine())])
        except mt.UsageError as error:
            return str(error)
        return outcome.status


async def plain() -> object:
    """A run with everything as it is by default."""
    async with mt.open_runtime(workers=1, preload=()) as runtime:
        monitor = mt.Monitor("m", verify=lambda text: None)
        return (await runtime.generate(Scripted("a line\n"), "P", monitors=[monitor])).status


DRIVERS: dict[str, Callable[..., Coroutine[Any, Any, object]]] = {
    each.__name__: each for each in (spread, custom, pooled, pool_lost, shipped, plain)
}

if __name__ == "__main__":
    try:
        seen = anyio.run(DRIVERS[sys.argv[1]], *sys.argv[2:])
    except mt.MidtraceError as error:
        seen = {"error": str(error)}
    print(json.dumps(seen))
