"""Thousands of checks over hundreds of sessions, while workers are killed: nothing lost, nothing twice, nothing left.

`python -m benchmarks.soak [--engine local|ray] [--sessions 200] [--checks 50] [--kill-every 300] [--json]`

Ends with 1 if a verdict was lost, came twice or was wrong, or if processes or open files are left over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

import anyio
import psutil

import midtrace as mt
from midtrace.testing import Scripted

AT_A_TIME = 8
"""Sessions that run side by side."""


@dataclass
class Figures:
    """What happened; sizes are of this process, before (when a tenth of the sessions were over) and at the end."""

    engine: str
    checks: int = 0
    verdicts: int = 0
    twice: int = 0
    wrong: int = 0
    kills: int = 0
    repeated: int = 0
    unknown: int = 0
    seconds: float = 0.0
    files: tuple[int, int] = (0, 0)
    threads: tuple[int, int] = (0, 0)
    resident_mb: tuple[float, float] = (0.0, 0.0)
    left: int = 0

    @property
    def sound(self) -> bool:
        """Whether all went as it must."""
        grown = self.files[1] > self.files[0] + AT_A_TIME or self.threads[1] > self.threads[0] + AT_A_TIME
        return self.checks == self.verdicts and not (self.twice or self.wrong or self.left or grown)


def is_even(line: str) -> str | None:
    """The verdict depends on the line, so that a mixed-up answer would be seen."""
    return None if int(line) % 2 == 0 else f"{int(line)} is odd"


def workers() -> list[psutil.Process]:
    """The worker processes of the engine, local or Ray's."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if "midtrace.engines.child" in line or line.startswith("ray::_Actor"):
                found.append(process)
    return found


async def session(runtime: mt.Runtime, first: int, checks: int, figures: Figures) -> None:
    """One run of `checks` lines; what it says is held against what must be said."""
    lines = [f"{first + n}\n" for n in range(checks)]
    monitor = mt.Monitor("even", verify=is_even, policy=mt.Observe())
    seen: Counter[mt.Span] = Counter()
    async with runtime.watch(Scripted("".join(lines), size=40), "P", monitors=[monitor]) as run:
        async for event in run:
            if isinstance(event, mt.Checked):
                seen[event.span] += 1
                number = int("".join(lines)[event.span.start : event.span.end])
                match event.verdict:
                    case mt.Pass():
                        figures.wrong += number % 2
                    case mt.Violation(message):
                        figures.wrong += message != f"{number} is odd"
                    case mt.Unknown():
                        figures.unknown += 1
        figures.checks += run.outcome.ledger.checks
        figures.repeated += run.outcome.ledger.repeated_checks
    figures.verdicts += sum(seen.values())
    figures.twice += sum(count - 1 for count in seen.values())


async def killer(figures: Figures, every: int, chosen: random.Random, done: Callable[[], bool]) -> None:
    """Kill a worker each time so many verdicts have come."""
    due = every
    while not done():
        if figures.verdicts >= due:
            due += every
            alive = await asyncio.to_thread(workers)
            if alive:
                with suppress(psutil.Error):
                    chosen.choice(alive).send_signal(signal.SIGKILL)
                    figures.kills += 1
        await asyncio.sleep(0.005)


def sizes() -> tuple[int, int, float]:
    me = psutil.Process()
    return me.num_fds(), me.num_threads(), me.memory_info().rss / 1e6


async def soak(engine: str, sessions: int, checks: int, kill_every: int) -> Figures:
    figures = Figures(engine)
    over = 0
    gate = asyncio.Semaphore(AT_A_TIME)
    before = sizes()
    began = time.perf_counter()

    async def one(number: int) -> None:
        nonlocal over, before
        async with gate:
            await session(runtime, 1_000 * number, checks, figures)
        over += 1
        if over == max(sessions // 10, 1):
            before = sizes()
        if sys.stderr.isatty():
            print(f"\r{over} of {sessions} sessions, {figures.kills} kills", end="", file=sys.stderr)

    async with mt.open_runtime("ray" if engine == "ray" else "local", workers=2, preload=()) as runtime:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(killer, figures, kill_every, random.Random(1), lambda: over == sessions)
            for number in range(sessions):
                tasks.start_soon(one, number)
        figures.seconds = time.perf_counter() - began
        after = sizes()
        figures.files, figures.threads, figures.resident_mb = zip(before, after, strict=True)  # type: ignore[assignment]
        children = psutil.Process().children(recursive=True)
    figures.left = len(psutil.wait_procs(children, timeout=30)[1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--checks", type=int, default=50, help="lines of each session, each checked once")
    parser.add_argument("--kill-every", type=int, default=300, help="verdicts between two kills")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = asyncio.run(soak(options.engine, options.sessions, options.checks, options.kill_every))
    if options.json:
        print(json.dumps({**asdict(figures), "sound": figures.sound, "load": os.getloadavg()[0]}))
    else:
        for name, value in asdict(figures).items():
            print(f"{name:<12} {value}")
        print("sound" if figures.sound else "NOT SOUND")
    sys.exit(0 if figures.sound else 1)


if __name__ == "__main__":
    main()
