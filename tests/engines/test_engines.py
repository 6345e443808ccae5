"""One suite over all engines: the same checks, the same faults, the same answers."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import anyio
import psutil
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
    resources: mt.Resources | None = None,
) -> tuple[mt.Verdict, mt.Outcome]:
    """The verdict on one unit, and the run that it belongs to."""
    monitor = mt.Monitor(
        "m",
        extract=extract,
        verify=cast("Callable[[str], str | None]", verify),
        policy=mt.Observe(),
        deadline=deadline,
        resources=resources,
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


class MuteError(Exception):
    def __str__(self) -> str:
        raise self


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit("so"), "GeneratorExit: so"),
        (MuteError(), "MuteError"),
    ],
)
async def test_whatever_a_verifier_raises_is_unknown_at_once(
    runtime: mt.Runtime, raised: BaseException, reason: str
) -> None:
    def raises_it(text: str) -> None:
        raise raised

    verdict, outcome = await verdict_of(runtime, raises_it)

    assert verdict == mt.Unknown(f"the verifier raised {reason}", "crashed")
    assert outcome.ledger.checks == len(outcome.certificate.rows), "none was run twice"


class Evil:
    """Pickles into something that cannot be unpickled."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return int, ("not a number",)

    def __str__(self) -> str:
        return "evil"


def accuses(text: str) -> mt.Violation:
    evidence: dict[str, str] = {"why": Evil(), "how": "so"}  # type: ignore[dict-item]
    return mt.Violation("wrong", evidence=evidence, also=(mt.Violation("this too", evidence=Evil()),))  # type: ignore[arg-type]


async def test_a_violation_arrives_whatever_its_evidence_is_made_of(runtime: mt.Runtime) -> None:
    verdict, _ = await verdict_of(runtime, accuses)

    assert isinstance(verdict, mt.Violation)
    assert dict(verdict.evidence) == {"why": "evil", "how": "so"}
    assert [(each.message, dict(each.evidence)) for each in verdict.also] == [("this too", {"evidence": "evil"})]


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


def for_ever_whatever_is_raised(text: str) -> None:
    while True:
        with contextlib.suppress(BaseException):
            for_ever(text)


def for_ever_in_z3(text: str) -> str:
    import z3

    x, y, z = z3.Ints("x y z")
    solver = z3.SimpleSolver()
    solver.add(x > 1, y > 1, z > 1, x * x * x + y * y * y == z * z * z)
    return str(solver.check())


def for_ever_in_sympy(text: str) -> str:
    import sympy

    x = sympy.Symbol("x")
    return str(sympy.integrate(1 / (1 + sympy.sin(x) ** 3), x))


@pytest.mark.parametrize(
    "verify", [for_ever, for_ever_in_c, for_ever_whatever_is_raised, for_ever_in_z3, for_ever_in_sympy]
)
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


def exits(text: str) -> None:
    os._exit(3)


async def test_a_verifier_that_ends_its_process_is_unknown(runtime: mt.Runtime) -> None:
    verdict, _ = await verdict_of(runtime, exits)

    assert isinstance(verdict, mt.Unknown)
    assert verdict.kind == "lost"
    assert "its worker was lost 2 times" in verdict.reason
    assert (await verdict_of(runtime, fine))[0] == mt.Pass()


def greedy_in_steps(text: str) -> None:
    held = [bytearray(1 << 24) for _ in range(24)]
    assert held


class Forks:
    """Leaves a child behind, in a session of its own, that would live on and keep the worker's connections open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self, text: str) -> mt.Verdict:
        if os.fork() == 0:
            os.setsid()
            (self.folder / f"{os.getpid()}").touch()
            for_ever(text)
        while not list(self.folder.iterdir()):
            time.sleep(0.01)
        os._exit(3)


async def test_what_a_verifier_forks_ends_with_its_worker(runtime: mt.Runtime, tmp_path: Path) -> None:
    verdict, _ = await verdict_of(runtime, Forks(tmp_path).check, deadline=30)

    assert isinstance(verdict, mt.Unknown)
    assert verdict.kind == "lost", "that the worker is gone is noticed at once, not at the deadline"
    children = [int(each) for each in os.listdir(tmp_path)]
    assert children
    _, alive = psutil.wait_procs([psutil.Process(each) for each in children if psutil.pid_exists(each)], timeout=10)
    assert not alive


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


async def test_code_that_the_workers_do_not_have_is_told_before_the_stream_starts(
    runtime: mt.Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here only its driver finds the module: it came into the path after the workers had started."""
    (tmp_path / "only_here.py").write_text("def rule(text):\n    return None\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("only_here")
    source = Scripted("one line\n")
    for rule in (module.rule, lambda text: module.rule(text) or None, module.rule):
        with pytest.raises(mt.UsageError) as caught:
            await runtime.generate(source, "P", monitors=[mt.Monitor("m", verify=rule)])
        assert str(caught.value).startswith(
            "monitor 'm': the workers cannot import 'only_here' (ModuleNotFoundError: No module named 'only_here'); "
        )
    assert source.prefixes == []


async def test_needs_that_no_worker_has_are_told_before_the_stream_starts(runtime: mt.Runtime) -> None:
    for resources in (mt.Resources(cpus=1_000), mt.Resources(custom={"oracle": 1})):
        with pytest.raises(mt.UsageError, match="monitor 'm' needs "):
            await verdict_of(runtime, fine, resources=resources)


async def test_checks_with_needs_of_their_own_are_run(runtime: mt.Runtime) -> None:
    for _ in range(2):
        verdict, _ = await verdict_of(runtime, fine, resources=mt.Resources(cpus=0.5, memory=1 << 28))
        assert verdict == mt.Pass()
    verdict, _ = await verdict_of(
        runtime, greedy_in_steps, deadline=30, resources=mt.Resources(cpus=0.5, memory=1 << 28)
    )
    assert verdict == mt.Unknown("ran out of memory", "crashed")
    verdict, _ = await verdict_of(runtime, greedy_in_steps, deadline=30)
    assert verdict == mt.Pass(), "the ordinary ones have more"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"address": 6380}, "open_runtime(address=6380): expected HOST:PORT or 'auto'"),
        ({"address": ""}, "open_runtime(address=''): expected HOST:PORT or 'auto'"),
        ({"address": "http://127.0.0.1:6380"}, "address='http://127.0.0.1:6380': expected HOST:PORT or 'auto'"),
        ({"pool": "team"}, "open_runtime(pool='team'): expected Pool(NAME)"),
        ({"preload": "z3"}, "open_runtime(preload='z3'): expected a list of modules"),
        ({"ship": "click"}, "open_runtime(ship='click'): expected a list of wheels and distributions"),
        ({"runtime_env": [1]}, "open_runtime(runtime_env=[1]): expected a Ray runtime environment"),
        (
            {"address": "127.0.0.1:1", "ship": ["no-such-thing"]},
            "ship='no-such-thing': no distribution of that name is installed; expected one, or the path of a wheel",
        ),
    ],
)
async def test_arguments_that_cannot_work_are_told_in_one_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(mt.UsageError) as caught:
        async with mt.open_runtime(**arguments):  # type: ignore[arg-type]
            pass
    assert str(caught.value) == message


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
