"""What a chunk costs the loop, counted in calls instead of seconds."""

from __future__ import annotations

import sys
from types import FrameType
from typing import get_args

import pytest

import midtrace as mt
from midtrace.machine.delivery import Mode

from .driver import Driver


@pytest.mark.parametrize("delivery", get_args(Mode))
def test_a_chunk_costs_the_same_whatever_the_length_of_the_trace(delivery: Mode) -> None:
    def calls(lines: int) -> float:
        """Calls a line; a generator that goes on is a call too."""
        driver = Driver(mt.Monitor("a", verify=lambda text: None), delivery=delivery)
        count = 0

        def profile(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal count
            count += event == "call"

        for _ in range(lines):
            checks = driver.checks
            driver.commands.clear()
            sys.setprofile(profile)
            try:
                driver.say("some words ")
                driver.say("and more\n")
                driver.answer(*((check, mt.Pass()) for check in checks))
            finally:
                sys.setprofile(None)
        return count / lines

    assert calls(2_000) <= 1.1 * calls(100)
