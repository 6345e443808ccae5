"""Engines for tests do what they say and nothing beside it."""

from __future__ import annotations

import anyio.lowlevel

import midtrace as mt
from midtrace.engines.protocol import Deliver, Line
from midtrace.testing import ManualEngine, Scripted


def fine(line: str) -> None:
    return None


class Counting(ManualEngine):
    def __init__(self) -> None:
        super().__init__()
        self.lines = 0

    def connect(self, deliver: Deliver, /) -> Line:  # type: ignore[override]  # as good as what it gives
        self.lines += 1
        return super().connect(deliver)


async def test_a_run_asks_an_engine_of_this_process_for_its_checks_and_nothing_else() -> None:
    """Whether workers find the monitors' modules is no question here; nobody would answer it."""
    engine = Counting()
    async with mt.Runtime(engine).watch(Scripted("one\n"), "P", monitors=[mt.Monitor("m", verify=fine)]) as run:
        while not engine.pending:
            await anyio.lowlevel.checkpoint()
        assert [each.text for each in engine.pending] == ["one\n"]
        engine.pending.pop().answer()
        outcome = await run.wait()

    assert outcome.verified
    assert engine.lines == 1
