"""What watching costs the caller's loop, against the bare stream in the same run.

`python -m benchmarks.overhead [--engine local|ray] [--json] [--quick]`

Every figure is a ratio or a difference between a monitored and a bare stream that were run in turn, so that a noisy
machine disturbs both alike. The bars are those of the design.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass

import anyio

import midtrace as mt

from .figures import Figure, show

LINE = ["a", " line", " of", " some", " length", " that", " has", " eight", " more", " words.\n"]
MONITORS = [mt.Monitor(f"m{n}", verify=lambda text: None) for n in range(3)]


def burst(count: int) -> Callable[[str], AsyncIterator[str]]:
    """A source that gives `count` chunks as fast as it can."""

    async def source(_prefix: str) -> AsyncIterator[str]:
        for n in range(count):
            yield LINE[n % len(LINE)]

    return source


def paced(count: int, rate: float) -> Callable[[str], AsyncIterator[str]]:
    """A source that gives `count` chunks on an absolute schedule of `rate` a second."""

    async def source(_prefix: str) -> AsyncIterator[str]:
        began = time.perf_counter()
        for n in range(count):
            await asyncio.sleep(max(began + n / rate - time.perf_counter(), 0))
            yield LINE[n % len(LINE)]

    return source


async def bare(source: Callable[[str], AsyncIterator[str]]) -> None:
    async for _ in source("P"):
        pass


async def watched(runtime: mt.Runtime, source: Callable[[str], AsyncIterator[str]]) -> mt.Outcome:
    async with runtime.watch(source, "P", monitors=MONITORS) as run:
        async for _ in run:
            pass
        return run.outcome


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds of this thread."""

    wall: float
    loop: float


async def cost(work: Coroutine[object, object, object]) -> Cost:
    wall, loop = time.perf_counter(), time.thread_time()
    await work
    return Cost(time.perf_counter() - wall, time.thread_time() - loop)


async def pairs(
    runtime: mt.Runtime, make: Callable[[], Callable[[str], AsyncIterator[str]]], rounds: int
) -> tuple[list[Cost], list[Cost]]:
    """Bare and watched in turn."""
    plain, monitored = [], []
    for _ in range(rounds):
        plain.append(await cost(bare(make())))
        monitored.append(await cost(watched(runtime, make())))
    return plain, monitored


async def per_chunk(runtime: mt.Runtime, chunks: int, rounds: int) -> float:
    """Microseconds of the loop's own time that a chunk costs more, in a burst."""
    plain, monitored = await pairs(runtime, lambda: burst(chunks), rounds)
    added = [m.loop - p.loop for p, m in zip(plain, monitored, strict=True)]
    return statistics.median(added) / chunks * 1e6


async def measure(runtime: mt.Runtime, *, quick: bool) -> list[Figure]:
    rounds = 3 if quick else 9
    await watched(runtime, burst(500))
    short = await per_chunk(runtime, 500, rounds * 3)
    long = await per_chunk(runtime, 8_000, rounds)
    figures = [
        Figure("added loop time per chunk, 500-chunk trace", short, "us", "<= 10", short <= 10),
        Figure("added loop time per chunk, 8,000-chunk trace", long, "us", "<= 10", long <= 10),
        Figure(
            "8,000-chunk trace against 500-chunk trace, per chunk", long / short, "x", "<= 1.1", long <= 1.1 * short
        ),
    ]

    rates = []
    for _ in range(rounds):
        spent = await cost(watched(runtime, burst(50_000)))
        rates.append(50_000 / spent.wall)
    rate = statistics.median(rates)
    figures.append(Figure("50,000 chunks as fast as possible", rate, "chunks/s", ">= 50,000", rate >= 50_000))

    count = 400 if quick else 1_000
    plain, monitored = await pairs(runtime, lambda: paced(count, 200), 1 if quick else 3)
    ratio = statistics.median(m.wall / p.wall for p, m in zip(plain, monitored, strict=True))
    figures.append(Figure("wall time at 200 chunks/s against the bare stream", ratio, "x", "<= 1.01", ratio <= 1.01))

    figures.append(await crowd(runtime, 200 if quick else 1_000))
    return figures


async def crowd(runtime: mt.Runtime, streams: int) -> Figure:
    """Many streams at 20 chunks a second: how far the slowest falls behind its schedule."""
    seconds = 5
    late: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await watched(runtime, paced(20 * seconds, 20))
        late.append(time.perf_counter() - began - seconds)

    loop = time.thread_time()
    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(streams):
            tasks.start_soon(one)
    busy = (time.thread_time() - loop) / (time.perf_counter() - began)
    worst = max(late) / seconds
    return Figure(
        f"{streams} streams at 20 chunks/s: how far the slowest falls behind",
        worst,
        "of its time",
        "<= 0.05",
        worst <= 0.05,
        f"loop busy {busy:.0%} of one core",
    )


async def run(engine: str, *, quick: bool) -> list[Figure]:
    async with mt.open_runtime("ray" if engine == "ray" else "local", preload=()) as runtime:
        return await measure(runtime, quick=quick)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a first look")
    options = parser.parse_args()
    show(asyncio.run(run(options.engine, quick=options.quick)), options.engine, as_json=options.json)


if __name__ == "__main__":
    main()
