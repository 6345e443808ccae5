"""Reading on from check to check gives what reading each from its snapshot gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import midtrace as mt
from midtrace.machine.reading import Reading

from .driver import Driver, monitor

steps = st.lists(
    st.one_of(
        st.text("ab\n", min_size=1, max_size=30),
        st.integers(100, 900).map(lambda length: "x" * length + "\n"),
        st.sampled_from(["note", "cut"]),
    ),
    max_size=30,
)


@given(steps=steps, shuffle=st.randoms(use_true_random=False))
def test_reading_on_is_reading(steps: list[str], shuffle: object) -> None:
    run = Driver(
        monitor("lines", mt.Rollback(to="checkpoint", feedback="[a note]\n")),
        monitor("pairs", mt.Rollback(to="unit", repair="resample"), on=mt.every(lines=2)),
        monitor("all", mt.Observe(), on=mt.every(characters=700), scope="trace"),
        limits=mt.Limits(rollbacks=None),
    )
    reading = Reading()
    for step in steps:
        if run.finish is not None:
            break
        before = len(run.checks)
        open_checks = run.open_checks
        if step in ("note", "cut"):
            name = {"note": 0, "cut": 1}[step]
            told = [check for check in open_checks if check.monitor == name]
            if told:
                run.answer((told[len(told) // 2], mt.Violation(f"{len(run.checks)}")))
        else:
            run.say(step)
        for check in run.checks[before:]:
            assert reading.view(check) == check.view("")
    order = run.checks
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    for check in order:
        assert reading.view(check) == check.view("")
