"""Real clusters, lost on purpose; one Ray a process, so each disaster has a process of its own.

`python disasters.py NAME` prints what became of the runs, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import anyio
import cloudpickle
import psutil

import midtrace as mt
from midtrace.engines import staff
from midtrace.engines.ray_settings import prepare
from midtrace.testing import Scripted

Facts: TypeAlias = dict[str, object]

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def fine(text: str) -> None:
    return None


def slow(text: str) -> None:
    time.sleep(0.05)


async def status(runtime: mt.Runtime, lines: int = 1, verify: Callable[[str], None] = fine) -> list[str]:
    monitor = mt.Monitor("m", verify=verify, deadline=5)
    outcome = await runtime.generate(Scripted("a line\n" * lines, size=200), "P", monitors=[monitor])
    return [outcome.status, outcome.reason, (outcome.ledger.repeated_checks > 0 and "repeated") or ""]


def ours(*names: str) -> list[psutil.Process]:
    """Ray's processes below this one, by the names of their programs."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any(name in " ".join(process.cmdline()[:1]) for name in names):
                found.append(process)
    return found


async def verified_again(runtime: mt.Runtime) -> bool:
    with anyio.fail_after(100):
        while (await status(runtime))[0] != "verified":
            await anyio.sleep(0.1)
    return True


async def head_lost() -> Facts:
    """The whole of a local Ray dies; it is started again."""
    staff.OUTAGE = 1.0
    async with mt.open_runtime("ray", workers=1, preload=()) as runtime:
        before = await status(runtime)
        for process in ours("gcs_server", "raylet", "ray::"):
            process.kill()
        during = await status(runtime)
        return {"before": before, "during": during, "after": await verified_again(runtime)}


async def head_lost_local() -> Facts:
    """The same, where local processes take over."""
    staff.OUTAGE = 1.0
    async with mt.open_runtime("ray", workers=1, preload=(), on_engine_lost="local") as runtime:
        before = await status(runtime)
        for process in ours("gcs_server", "raylet", "ray::"):
            process.kill()
        during = await status(runtime)
        return {"before": before, "during": during, "after": await verified_again(runtime)}


async def unreachable_local() -> Facts:
    async with mt.open_runtime("ray", address="127.0.0.1:1", workers=1, preload=(), on_engine_lost="local") as runtime:
        return {"during": await status(runtime)}


async def node_killed() -> Facts:
    return await _node_lost(signal.SIGKILL)


async def node_stopped() -> Facts:
    return await _node_lost(signal.SIGSTOP)


async def _node_lost(how: signal.Signals) -> Facts:
    """One of three nodes goes, with all its processes, while checks run on each."""
    prepare(None)
    from ray.cluster_utils import Cluster

    # In the main thread, and so on the loop: Ray's own test cluster wants to set signal handlers.
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = []
    for _ in range(2):
        known = {process.pid for process in psutil.Process().children(recursive=True)}
        cluster.add_node(num_cpus=2)
        nodes.append([p for p in psutil.Process().children(recursive=True) if p.pid not in known])
    try:
        async with mt.open_runtime("ray", address=cluster.address, workers=3, preload=()) as runtime:
            before = await status(runtime, 6)
            with anyio.fail_after(60):
                while len(workers := {process.pid for process in ours("ray::_Actor")}) < 4:  # one is a spare
                    await anyio.sleep(0.1)
            hosts = sum(any(c.pid in workers for p in node for c in _below(p)) for node in nodes)
            outcomes: list[list[str]] = []
            async with anyio.create_task_group() as tasks:

                async def run() -> None:
                    outcomes.append(await status(runtime, 40, slow))

                for _ in range(4):
                    tasks.start_soon(run)
                await anyio.sleep(0.3)
                for process in [each for top in nodes[0] for each in (*_below(top), top)]:
                    with suppress(psutil.Error):
                        process.send_signal(how)
            after = await verified_again(runtime)
            for process in [each for top in nodes[0] for each in (*_below(top), top)]:
                with suppress(psutil.Error):
                    process.kill()
            return {"before": before, "hosts": hosts, "during": outcomes, "after": after}
    finally:
        cluster.shutdown()  # type: ignore[no-untyped-call]


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


DISASTERS: dict[str, Callable[[], Coroutine[object, object, Facts]]] = {
    each.__name__: each for each in (head_lost, head_lost_local, unreachable_local, node_killed, node_stopped)
}

if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    print(json.dumps(anyio.run(DISASTERS[sys.argv[1]])))
