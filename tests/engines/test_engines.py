"""One suite over all engines: the same checks, the same faults, the same answers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import anyio
import pytest

import midtrace as mt
from midtrace.testing import Scripted

pytestmark = pytest.mark.asyncio(loop_scope="session")


def fine(text: str) -> None:
    return None


async def verdict_of(
    runtime: mt.Runtime,
    verify: Callable[[str], object],
    *,
    extract: Callable[[str], object] = str,
    deadline: float = 5.0,
) -> tuple[mt.Verdict, mt.Outcome]:
    """The verdict on one unit, and the run that it belongs to."""
    monitor = mt.Monitor(
        "m",
        extract=extract,
        verify=cast("Callable[[str], str | None]", verify),
        policy=mt.Observe(),
        deadline=deadline,
    )
    async with runtime.watch(Scripted("one line\n", size=64), "P", monitors=[monitor]) as run:
        checked = [event async for event in run if isinstance(event, mt.Checked)]
    return checked[0].verdict, run.outcome


async def test_verdicts_come_back(runtime: mt.Runtime) -> None:
    verdict, outcome = await verdict_of(runtime, fine)
    assert verdict == mt.Pass()
    assert outcome.verified

    verdict, outcome = await verdict_of(runtime, lambda text: f"no {text.strip()}")
    assert verdict == mt.Violation("no one line")
    assert outcome.status == "unverified"


async def test_many_checks_at_once(runtime: mt.Runtime) -> None:
    monitors = [mt.Monitor(f"m{n}", verify=fine) for n in range(3)]

    outcome = await runtime.generate(Scripted("a line\n" * 60, size=100), "P", monitors=monitors)

    assert outcome.verified
    assert outcome.ledger.checks == 180


async def test_two_runs_share_the_workers(runtime: mt.Runtime) -> None:
    outcomes = []

    async def one(n: int) -> None:
        monitor = mt.Monitor("m", verify=lambda text: None if text == f"{n}\n" else "somebody else's")
        outcomes.append(await runtime.generate(Scripted(f"{n}\n" * 5), "P", monitors=[monitor]))

    async with anyio.create_task_group() as tasks:
        for n in range(8):
            tasks.start_soon(one, n)

    assert [outcome.status for outcome in outcomes] == ["verified"] * 8


def raises(text: str) -> None:
    raise ZeroDivisionError("by zero\nand more")


async def test_a_verifier_that_raises_is_unknown(runtime: mt.Runtime) -> None:
    verdict, outcome = await verdict_of(runtime, raises)

    assert verdict == mt.Unknown("the verifier raised ZeroDivisionError: by zero", "crashed")
    assert outcome.status == "unverified"


async def test_an_extractor_that_raises_is_unknown(runtime: mt.Runtime) -> None:
    verdict, _ = await verdict_of(runtime, fine, extract=raises)

    assert verdict == mt.Unknown("the extractor raised ZeroDivisionError: by zero", "crashed")


async def test_an_extractor_that_finds_nothing_passes_with_no_claim(runtime: mt.Runtime) -> None:
    verdict, _ = await verdict_of(runtime, raises, extract=lambda text: None)

    assert verdict == mt.Pass(checked=0)


async def test_a_wrong_answer_is_unknown(runtime: mt.Runtime) -> None:
    verdict, _ = await verdict_of(runtime, lambda text: 42)

    assert verdict == mt.Unknown(
        "the verifier raised TypeError: expected None, a string or a verdict, got int", "crashed"
    )


def for_ever(text: str) -> None:
    while True:
        time.sleep(0.01)


def for_ever_in_c(text: str) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)  # as good as a C call that does not return
    for_ever(text)


@pytest.mark.parametrize("verify", [for_ever, for_ever_in_c])
async def test_a_verifier_that_hangs_is_ended(runtime: mt.Runtime, verify: Callable[[str], None]) -> None:
    verdict, _ = await verdict_of(runtime, verify, deadline=0.2)
    assert verdict == mt.Unknown("ran longer than 0.2 s", "timeout")

    verdict, _ = await verdict_of(runtime, fine)
    assert verdict == mt.Pass(), "the engine has a worker for the next check"


def greedy(text: str) -> None:
    bytearray(1 << 36)


async def test_a_verifier_that_eats_memory_is_ended(runtime: mt.Runtime) -> None:
    verdict, _ = await verdict_of(runtime, greedy)

    assert verdict == mt.Unknown("ran out of memory", "crashed")


class Hangs:
    """Writes down its process, and waits there until that process is killed; passes in the next."""

    def __init__(self, folder: Path, times: int) -> None:
        self.folder = folder
        self.times = times

    def check(self, text: str) -> mt.Verdict:
        tries = len(list(self.folder.iterdir()))
        if tries >= self.times:
            return mt.Pass()
        (self.folder / f"{os.getpid()}").touch()
        for_ever(text)
        return mt.Violation("unreachable")


async def kill_all(folder: Path, how: int, times: int) -> None:
    killed: set[str] = set()
    with anyio.fail_after(60):
        while len(killed) < times:
            for name in os.listdir(folder):
                if name not in killed:
                    os.kill(int(name), how)
                    killed.add(name)
            await anyio.sleep(0.01)


async def test_a_killed_worker_loses_nothing(runtime: mt.Runtime, tmp_path: Path) -> None:
    """9. The check runs again on another worker, and the run ends verified."""
    monitor = mt.Monitor("m", verify=Hangs(tmp_path, 1), deadline=30)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill_all, tmp_path, signal.SIGKILL, 1)
        outcome = await runtime.generate(Scripted("one line\n"), "P", monitors=[monitor])

    assert outcome.status == "verified"
    assert outcome.ledger.repeated_checks == 1


async def test_a_check_that_kills_its_workers_is_unknown(runtime: mt.Runtime, tmp_path: Path) -> None:
    monitor = mt.Monitor("m", verify=Hangs(tmp_path, 2), deadline=30)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill_all, tmp_path, signal.SIGKILL, 2)
        outcome = await runtime.generate(Scripted("one line\n"), "P", monitors=[monitor])

    assert outcome.status == "unverified"
    assert "its worker was lost 2 times" in outcome.reason


async def test_a_stopped_worker_is_ended_at_the_deadline(runtime: mt.Runtime, tmp_path: Path) -> None:
    monitor = mt.Monitor("m", verify=Hangs(tmp_path, 1), deadline=0.3)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill_all, tmp_path, signal.SIGSTOP, 1)
        outcome = await runtime.generate(Scripted("one line\n"), "P", monitors=[monitor])

    assert outcome.status == "unverified"
    assert "ran longer than 0.3 s" in outcome.reason


async def test_what_a_verifier_prints_is_not_our_output(runtime: mt.Runtime, capfd: pytest.CaptureFixture[str]) -> None:
    verdict, _ = await verdict_of(runtime, lambda text: print("hello"))

    assert verdict == mt.Pass()
    assert "hello" not in capfd.readouterr().out


async def test_problems_opening_are_told_in_one_line() -> None:
    with pytest.raises(mt.UsageError, match="engine='cloud': expected 'ray' or 'local'"):
        async with mt.open_runtime("cloud"):  # type: ignore[arg-type]
            pass
    with pytest.raises(mt.UsageError, match="workers=0: expected 1 or more"):
        async with mt.open_runtime("local", workers=0):
            pass
    with pytest.raises(mt.UsageError, match="expected none with engine='local'"):
        async with mt.open_runtime("local", address="127.0.0.1:1"):
            pass
