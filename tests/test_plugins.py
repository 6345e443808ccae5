"""A package that somebody else wrote: built, installed and used as its users would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parent / "plugin_package"
TEXT = "On 2024-02-29 and 2023-02-29.\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the sample is installed, beside the midtrace of these tests."""
    work = tmp_path_factory.mktemp("sample")
    shutil.copytree(SAMPLE, work / "source")  # a build leaves files beside the sources
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(work / "site"), str(work / "source")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return work / "site"


def run(site: Path, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", *command],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
    )


def test_parts_are_listed_and_the_broken_one_harms_no_other(site: Path) -> None:
    done = run(site, "midtrace", "plugins", "--json")

    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["plugins"]
    ours = {(row["kind"], row["name"]): row for row in rows if row["distribution"] == "midtrace-sample 0.3"}
    assert set(ours) == {
        ("monitors", "broken"),
        ("monitors", "calendar"),
        ("verifiers", "calendar"),
        ("extractors", "dates"),
        ("sources", "days"),
        ("tasks", "next-days"),
    }
    broken = ours.pop(("monitors", "broken"))
    assert broken["error"] == "ModuleNotFoundError: No module named 'midtrace_sample_needs_this'"
    assert [row["error"] for row in rows if row is not broken] == [""] * (len(rows) - 1)
    assert {row["name"] for row in rows if row["kind"] == "monitors"} >= {"arithmetic", "calendar"}


def test_a_person_sees_what_failed(site: Path) -> None:
    lines = run(site, "midtrace", "plugins").stdout.splitlines()

    assert [line for line in lines if "FAILED" in line] == [line for line in lines if "midtrace_sample.broken" in line]


def test_a_monitor_is_used_by_its_name(site: Path, tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text(TEXT)

    done = run(site, "midtrace", "check", "trace.txt", "--monitor", "calendar", "--monitor", "arithmetic", cwd=tmp_path)

    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["violations"]
    assert found["monitor"] == "calendar"
    assert found["message"] == "month 2 of 2023 has 28 days"
    assert TEXT[found["start"] : found["end"]] == "2023-02-29"


def test_a_broken_monitor_is_one_clear_line(site: Path, tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text(TEXT)

    done = run(site, "midtrace", "check", "trace.txt", "--monitor", "broken", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "midtrace_sample.broken:monitor" in line
    assert "midtrace_sample_needs_this" in line


def test_its_own_tests_pass(site: Path) -> None:
    done = run(site, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", cwd=site.parent / "source")

    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
