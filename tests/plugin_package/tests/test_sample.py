"""The parts keep what midtrace expects of them."""

from __future__ import annotations

from midtrace_sample.extractors import WrittenDate, WrittenDates
from midtrace_sample.sources import Days
from midtrace_sample.tasks import NextDays
from midtrace_sample.verifiers import Calendar

import midtrace as mt
from midtrace.testing import check_extractor, check_source, check_verifier, virtual_time

LEAP = WrittenDate(2024, 2, 29, mt.Span(3, 13))
NONE = WrittenDate(2023, 2, 29, mt.Span(3, 13))
ODD = (WrittenDate(0, 1, 1, mt.Span(0, 10)), WrittenDate(2024, 13, 1, mt.Span(11, 21)))


def test_dates_are_read() -> None:
    check_extractor(WrittenDates(), examples={"On 2024-02-29.": (LEAP,), "On Monday.": None}, hostile=["2024-", "0-1-"])


def test_dates_are_judged() -> None:
    check_verifier(Calendar(), passes=[(LEAP,)], violates=[(NONE,), (LEAP, NONE)], hostile=[ODD, ()])


@virtual_time
async def test_days_are_told() -> None:
    await check_source(Days(), "Days: ", resumes=True)


def test_the_task_knows_its_answers() -> None:
    task = NextDays()
    problem = task.problem(1)

    assert task.problem(1).answer == problem.answer
    assert task.right(problem, f"{problem.answer}\n")
    assert not task.right(problem, "Tomorrow.")
