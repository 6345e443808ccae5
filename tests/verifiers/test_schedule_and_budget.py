"""Schedules and budgets: what no plan can have is found, by trying every plan."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midtrace import Pass, Unknown, UsageError, Verdict, View, Violation
from midtrace.extractors import ScheduleSlots, Slot
from midtrace.testing import check_extractor, check_verifier
from midtrace.verifiers import Budget, Schedule

TASKS = ("cut", "glue", "paint")
plans = st.fixed_dictionaries(
    {
        "durations": st.fixed_dictionaries({task: st.integers(1, 2) for task in TASKS}),
        "after": st.dictionaries(st.sampled_from(TASKS), st.lists(st.sampled_from(TASKS), max_size=2), max_size=2),
        "alone": st.dictionaries(st.just("bench"), st.permutations(TASKS).map(lambda all_: all_[:2]), max_size=1),
        "end": st.integers(3, 5),
    }
)


def fits(plan: dict, starts: dict[str, int]) -> bool:  # type: ignore[type-arg]
    ends = {task: starts[task] + plan["durations"][task] for task in TASKS}
    return (
        all(starts[task] >= ends[other] for task, others in plan["after"].items() for other in others)
        and all(starts[a] >= ends[b] or starts[b] >= ends[a] for a, b in plan["alone"].values())
        and max(ends.values()) <= plan["end"]
    )


@settings(max_examples=80, deadline=None)
@given(plans, st.dictionaries(st.sampled_from(TASKS), st.integers(0, 4), min_size=1))
def test_a_placement_is_wrong_if_no_schedule_has_it(plan: dict, placed: dict[str, int]) -> None:  # type: ignore[type-arg]
    # Durations are whole, so where there is a schedule there is one with whole starts, given whole placements.
    schedules = [dict(zip(TASKS, each, strict=True)) for each in itertools.product(range(6), repeat=3)]
    possible = [each for each in schedules if fits(plan, each)]
    schedule = Schedule(**plan)
    text = "".join(f"{task} starts at {start}.\n" for task, start in placed.items())
    verdict = schedule.check(schedule.claims.extract(View(text, final=True)) or ())

    if not possible:
        assert isinstance(verdict, Unknown)
    elif any(all(each[task] == start for task, start in placed.items()) for each in possible):
        assert verdict == Pass(checked=len(placed))
    else:
        assert isinstance(verdict, Violation)


DAY = Schedule(
    {"cutting": 60, "gluing": 30},
    after={"gluing": ["cutting"]},
    earliest={"cutting": 9 * 60},
    latest={"gluing": 12 * 60},
)


def judge(text: str) -> Verdict:
    return DAY.check(DAY.claims.extract(View(text, final=True)) or ())


@pytest.mark.parametrize(
    "text",
    ["Cutting starts at 9:00 and gluing starts at 10:00 am.", "| cutting | 9:00 | 10:00 |", "Gluing: 11:30-12:00"],
)
def test_a_day_that_can_be(text: str) -> None:
    assert isinstance(judge(text), Pass)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Cutting starts at 8:30.", "Cutting starts at 8:30 cannot be: it is outside what the variable may be"),
        (
            "Cutting runs from 9:00 to 9:30.",
            "Cutting runs from 9:00 to 9:30 cannot be: it is outside what the variable may be",
        ),
        ("Gluing ends at 12:15 pm", "Gluing ends at 12:15 pm cannot be, given gluing in time"),
        (
            "Cutting starts at 10:00.\nGluing starts at 10:30.",
            "Cutting starts at 10:00 and Gluing starts at 10:30 cannot all be, given gluing after cutting",
        ),
    ],
)
def test_a_day_that_cannot_be(text: str, message: str) -> None:
    verdict = judge(text)
    assert isinstance(verdict, Violation)
    assert verdict.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("a: 3-5", [("a", 3, 5)]),
        ("A starts at day 3", [("a", 3, None)]),
        ("a ends at 2.5.", [("a", None, 2.5)]),
        ("a from 9:00 to 10:30", [("a", 540, 630)]),
        ("a at 12:05 am", [("a", 5, None)]),
        ("suppose a starts at 3", []),
        ("task-a: 3", []),
        ("a starts at 3x", []),
    ],
)
def test_slots_are_read(text: str, slots: list[tuple[str, float | None, float | None]]) -> None:
    found = ScheduleSlots(("a",)).extract(View(text, final=True)) or ()
    assert [(slot.task, slot.start, slot.end) for slot in found] == slots


BUDGET = Budget(
    ["rent", "food", "fun"], 1000, fixed={"rent": 600}, most={"fun": 150}, rules={"habit": "food >= 2 * fun"}
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["rent", "food", "fun", "total"]), st.integers(0, 11).map(lambda n: n * 100), min_size=1
    )
)
def test_amounts_are_wrong_if_no_allocation_has_them(amounts: dict[str, int]) -> None:
    grid = range(0, 1101, 25)
    allocations = [
        {"rent": 600, "food": food, "fun": fun, "total": 600 + food + fun}
        for food in grid
        for fun in grid
        if fun <= 150 and food >= 2 * fun and 600 + food + fun <= 1000
    ]
    text = "".join(f"{name}: ${amount}\n" for name, amount in amounts.items())
    verdict = BUDGET.check(BUDGET.claims.extract(View(text, final=True)) or ())

    if any(all(each[name] == amount for name, amount in amounts.items()) for each in allocations):
        assert verdict == Pass(checked=len(amounts))
    else:
        assert isinstance(verdict, Violation)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Schedule({"a": 1}, after={"a": ["b"]}), "Schedule: 'b': expected one of a"),
        (lambda: Schedule({"a": -1}), "'a': expected 0 or more, got -1"),
        (lambda: Budget(["a"], 1, fixed={"b": 1}), "Budget: 'b': expected one of a"),
        (lambda: Budget(["total"], 1), "expected items, and none called 'total'"),
        (lambda: Budget(["a"], 1, rules={"r": "b < 1"}), "constraint 'r': 'b' is neither a variable"),
    ],
)
def test_what_cannot_be_is_refused(make: object, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        make()  # type: ignore[operator]
    assert message in str(raised.value)


def test_conformance() -> None:
    slots = DAY.claims.extract(View("Cutting starts at 9:00.\n")) or ()
    check_verifier(
        DAY, passes=[slots], violates=[DAY.claims.extract(View("Gluing ends at 9:00.\n"))], hostile=[slots * 300]
    )
    claims = BUDGET.claims.extract(View("fun: 100\n"))
    check_verifier(BUDGET, passes=[claims], violates=[BUDGET.claims.extract(View("fun: 160\n"))])
    slot = Slot("a", Fraction(3), None, slots[0].span._replace(start=0, end=13), "a starts at 3")
    check_extractor(
        ScheduleSlots(("a",)),
        examples={"a starts at 3\n": (slot,), "b\n": None},
        hostile=["a: 3-", "a at "],
        longest=30_000,
    )
