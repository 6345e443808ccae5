"""A short soak: random kills under many sessions; `python -m benchmarks.soak` is the long one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_nothing_is_lost_or_comes_twice_while_workers_are_killed(engine: str) -> None:
    command = [sys.executable, "-m", "benchmarks.soak", "--engine", engine, "--sessions", "40", "--checks", "25"]
    done = subprocess.run(
        [*command, "--kill-every", "100", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["checks"] == figures["verdicts"] == 1_000
    assert figures["kills"] > 3
    assert figures["repeated"] > 0
