"""What an engine costs the loop, and how quickly a violation closes the source.

`python -m benchmarks.engines [--engine local|ray] [--json] [--quick]`

With Ray the hand-off of a check is held against a direct call of an actor, in turn and in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import midtrace as mt
from midtrace.engines.parcels import PackedRule, Part
from midtrace.engines.protocol import Request
from midtrace.machine.messages import Check, CheckResult
from midtrace.trace import Origin, Piece

from .figures import Figure, show

TICK = 0.001
WORK = 0.010
RATE = 50


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


# The loop while checks run


async def ticks(seconds: float) -> list[float]:
    """How late a timer of 1 ms is, in milliseconds."""
    late = []
    until = time.perf_counter() + seconds
    while (now := time.perf_counter()) < until:
        await asyncio.sleep(TICK)
        late.append((time.perf_counter() - now - TICK) * 1e3)
    return late


def solve(text: str) -> None:
    """Ten milliseconds of solving."""
    import z3

    until = time.process_time() + WORK
    while time.process_time() < until:
        x, y = z3.Ints("x y")
        solver = z3.SimpleSolver()
        solver.add(x > 2, y > 2, x + y == 17, x * 2 - y == 1)
        solver.check()


async def solving(runtime: mt.Runtime, seconds: float) -> None:
    async def source(_prefix: str) -> AsyncIterator[str]:
        began = time.perf_counter()
        for n in range(int(seconds * RATE)):
            await asyncio.sleep(max(began + n / RATE - time.perf_counter(), 0))
            yield "a line\n"

    async with runtime.watch(source, "P", monitors=[mt.Monitor("m", verify=solve)]) as run:
        await run.wait()


async def stalls(runtime: mt.Runtime, *, rounds: int, seconds: float) -> list[Figure]:
    await solving(runtime, 0.5)
    idle: list[float] = []
    busy: list[float] = []
    for _ in range(rounds):
        idle.append(percentile(await ticks(seconds), 0.99))
        late, _ = await asyncio.gather(ticks(seconds), solving(runtime, seconds))
        busy.append(percentile(late, 0.99))
    more = statistics.median(busy) - statistics.median(idle)
    detail = f"p99 idle {statistics.median(idle):.2f} ms, with checks {statistics.median(busy):.2f} ms"
    return [Figure("loop stall from 10 ms checks, 50 a second: p99 more", more, "ms", "<= 2", more <= 2, detail)]


# From a violation to the closed source


class Closing:
    """A source that notes when it gave the wrong line, and when it was closed."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.gave = 0.0
        self.closed = 0.0
        self.calls = 0

    async def __call__(self, prefix: str) -> AsyncIterator[str]:
        self.calls += 1
        if self.calls > 1:
            yield "fine\n"
            return
        try:
            for n in range(1_000):
                await asyncio.sleep(1 / self.rate)
                if n == 20:
                    self.gave = time.perf_counter()
                yield "wrong\n" if n == 20 else "line\n"
        finally:
            self.closed = time.perf_counter()


def is_right(text: str) -> str | None:
    return "it is wrong" if text.startswith("wrong") else None


async def closings(runtime: mt.Runtime, *, engine: str, count: int) -> list[Figure]:
    took: list[float] = []
    monitor = mt.Monitor("m", verify=is_right, policy=mt.Rollback(repair="resample"))
    for _ in range(count):
        source = Closing(200)
        async with runtime.watch(source, "P", monitors=[monitor]) as run:
            await run.wait()
        assert run.outcome.status == "verified"
        took.append((source.closed - source.gave) * 1e3)
    middle = statistics.median(took)
    bar = 5.0 if engine == "ray" else 1.0
    detail = f"p99 {percentile(took, 0.99):.2f} ms; the verifier's own time, microseconds, is in it"
    return [Figure("violation to closed source, p50", middle, "ms", f"<= {bar:g}", middle <= bar, detail)]


# The hand-off


def request() -> Request:
    rule = PackedRule.pack(mt.Monitor("m", verify=lambda text: None), Part.of("P"))
    text = "a line of some length that has eight more words\n" * 8
    piece = Piece(None, text, Origin.GENERATED, ())
    check = Check(1, 0, 0, len(text), len(text), 0, piece, "unit", final=False)
    return Request(check, rule, 5.0)


def actor() -> Callable[[str], object]:
    """A direct call of an actor, with the same text."""
    import ray

    class Direct:
        def check(self, text: str) -> None:
            return None

    handle: Any = ray.remote(num_cpus=0)(Direct).remote()
    ray.get(handle.check.remote(""))
    call: Callable[[str], object] = handle.check.remote
    return call


async def hand_off(runtime: mt.Runtime, *, engine: str, count: int) -> list[Figure]:
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def deliver(_results: tuple[CheckResult, ...]) -> None:
        loop.call_soon_threadsafe(answered.set)

    line = runtime._engine.connect(deliver)
    asked = request()
    text = asked.view().text
    direct = actor() if engine == "ray" else None
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(count):
        await asyncio.sleep(0.01)  # at the pace of a stream: caches are cold, as they are there
        answered.clear()
        began = time.perf_counter()
        line.submit([asked])
        ours.append((time.perf_counter() - began) * 1e6)
        await answered.wait()
        if direct is not None:
            await asyncio.sleep(0.01)
            began = time.perf_counter()
            direct(text)
            theirs.append((time.perf_counter() - began) * 1e6)
    line.close()
    middle = statistics.median(ours)
    detail = f"p99 {percentile(ours, 0.99):.0f} us"
    if theirs:
        detail += f"; a direct call of an actor: {statistics.median(theirs):.0f} us"
    return [Figure("hand-off of a check on the loop, p50", middle, "us", "<= 30", middle <= 30, detail)]


async def run(engine: str, *, quick: bool) -> list[Figure]:
    async with mt.open_runtime("ray" if engine == "ray" else "local", preload=("z3",)) as runtime:
        figures = await hand_off(runtime, engine=engine, count=50 if quick else 300)
        figures += await closings(runtime, engine=engine, count=20 if quick else 100)
        figures += await stalls(runtime, rounds=1 if quick else 5, seconds=3)
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a first look")
    options = parser.parse_args()
    show(asyncio.run(run(options.engine, quick=options.quick)), options.engine, as_json=options.json)


if __name__ == "__main__":
    main()
