"""Wrap a generation call of your own, with a verifier of your own.

The model below schedules three talks; the verifier asks z3 whether what was said so far can still be completed.
Run it as it stands: `python examples/wrap_a_call.py`.
"""

import asyncio
import re
from collections.abc import AsyncIterator

import z3

import midtrace as mt


@mt.verifier
def schedule(text: str) -> str | None:
    """Talks A, B, C in slots 1 to 3, no two in one, A before B."""
    a, b, c = talks = z3.Ints("A B C")
    solver = z3.SimpleSolver()
    solver.add(z3.Distinct(talks), a < b, *[z3.And(talk >= 1, talk <= 3) for talk in talks])
    said = re.findall(r"([ABC]) is in slot (\d)", text)
    solver.add(*[{"A": a, "B": b, "C": c}[name] == int(slot) for name, slot in said])
    return None if solver.check() == z3.sat else f"{text.splitlines()[-1]!r} contradicts the schedule so far"


monitor = mt.Monitor("schedule", verify=schedule, scope="trace")


@mt.monitored(monitors=[monitor], engine="local")
async def complete(prefix: str) -> AsyncIterator[str]:
    """Stands for your own call: any async function that streams what follows `prefix`."""
    text = (
        "B is in slot 3\nC is in slot 1\n" if "Wait" in prefix else "A is in slot 2\nB is in slot 1\nC is in slot 3\n"
    )
    for word in re.findall(r"\S+\s", text):
        await asyncio.sleep(0.02)
        yield word


async def main() -> None:
    async with complete("Schedule the talks.\n") as run:
        async for event in run:
            match event:
                case mt.TextDelta(text=text):
                    print(text, end="")
                case mt.Intervened(violations=violations, offset=offset):
                    print(f"\n--- cut back to character {offset}: {violations[0].message}")
    print(f"--- {run.outcome.status}: {run.outcome.ledger.checks} checks")


if __name__ == "__main__":
    asyncio.run(main())
