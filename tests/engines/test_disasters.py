"""Ray itself is lost: runs go on, nothing passes that was not checked, and Ray comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def disaster(name: str) -> dict[str, Any]:
    """What became of the runs of a disaster, which has a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    script = Path(__file__).with_name("disasters.py")
    done = subprocess.run(
        [sys.executable, "-P", str(script), name],
        capture_output=True,
        text=True,
        timeout=240,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


VERIFIED = "verified"


def test_a_lost_ray_is_started_again() -> None:
    """Also shows that losing the head neither ends this process nor blocks its checks thread."""
    facts = disaster("head_lost")
    assert facts["during"][0] == "unverified", "nothing passes while nobody works"
    came_back(facts)


def test_local_processes_take_over_from_a_lost_ray() -> None:
    came_back(disaster("head_lost_local"))


def came_back(facts: dict[str, Any]) -> None:
    """What was checked meanwhile passed somewhere, or says that it was lost; then everything is as before."""
    assert facts["before"][0] == VERIFIED
    status, reason, _ = facts["during"]
    assert status == VERIFIED or (status == "unverified" and ("lost" in reason or "no worker" in reason))
    assert facts["after"] is True


def test_local_processes_take_over_where_ray_is_out_of_reach() -> None:
    assert disaster("unreachable_local")["during"][0] == VERIFIED


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_lost_node_loses_nothing(how: str) -> None:
    """Its checks run again on the other nodes; those that its stopping kept past their deadline are Unknown."""
    facts = disaster(f"node_{how}")
    assert facts["before"][0] == VERIFIED
    assert facts["hosts"] == 2, "workers are spread over the nodes"
    assert len(facts["during"]) == 4
    for status, reason, _ in facts["during"]:
        assert status == VERIFIED or (how == "stopped" and "ran longer than" in reason)
    assert facts["after"] is True
