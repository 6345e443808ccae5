"""Text that is already there: what is found in it is what a run that streams it finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import midtrace as mt
from midtrace.testing import InlineEngine, Scripted

lines = st.lists(
    st.sampled_from(["2 + 2 = 5\n", "2 + 2 = 4. 3 + 3 = 7\n", "bad word\n", "nothing\n", "\n", "no end: 1 + 1 = 3"]),
    max_size=6,
)


def no_bad_words(text: str) -> mt.Violation | None:
    at = text.find("bad")
    return None if at < 0 else mt.Violation("a bad word", mt.Span(at, at + 3))


def raises(text: str) -> None:
    if "nothing" in text:
        raise ValueError("nothing is not something")


def monitors(policy: mt.Policy) -> list[mt.Monitor]:
    return [
        mt.monitors.arithmetic(policy=policy),
        mt.Monitor("words", verify=no_bad_words, scope="trace", policy=policy),
        mt.Monitor("raising", on=mt.every(lines=2), verify=raises, policy=policy),
    ]


@settings(max_examples=60, deadline=None)
@given(lines, st.integers(1, 9))
async def test_findings_are_those_of_a_run(parts: list[str], size: int) -> None:
    text = "".join(parts)
    runtime = mt.Runtime(InlineEngine())

    found = await runtime.review(text, "Go.\n", monitors=monitors(mt.Rollback()))
    outcome = await runtime.generate(Scripted(text, size=size), "Go.\n", monitors=monitors(mt.Observe()))

    if text:
        assert found.violations == outcome.violations
        assert found.checks == outcome.ledger.checks
        assert found.unknown == sum(row.checks for row in outcome.certificate.rows if row.verdict == "unknown")
    else:
        assert (found.checks, found.violations) == (0, ())


async def test_many_texts_are_under_way_at_a_time() -> None:
    async with mt.open_runtime("local", workers=1, preload=()) as runtime:
        same = monitors(mt.Rollback())
        texts = [f"{n} + 1 = {n + 1 + (n == 7)}\nnothing\n" * 3 for n in range(12)]
        found = [await runtime.review(text, monitors=same) for text in texts]
    assert [len(each.violations) for each in found] == [int(n == 7) for n in range(12)]
    assert all(each.unknown == 3 for each in found)


async def test_monitors_that_cannot_work_are_refused() -> None:
    with pytest.raises(mt.UsageError, match="expected at least one monitor"):
        await mt.Runtime(InlineEngine()).review("text", monitors=[])
