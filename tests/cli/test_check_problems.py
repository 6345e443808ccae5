"""`midtrace check` with monitors that are for one problem each, and what it shows people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .test_commands import run

SUM = {"variables": {"x": {"integer": [0, 9]}, "y": {"integer": [0, 9]}}, "rules": {"total": "x + y = 10"}}
ROWS = [
    {"id": "right", "puzzle": SUM, "text": "x = 3\ny = 7\n"},
    {"id": "wrong", "puzzle": json.dumps(SUM), "text": "x = 3\nSo y = 6, I think.\n"},
    {"id": "unread", "puzzle": "nonsense", "text": "x = 3\n"},
]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return str(file)


def test_each_row_is_held_against_its_own_problem(rows: str) -> None:
    done = run("check", rows, "--monitor", "constraints", "--text-field", "text", "--problem-field", "puzzle")

    right, wrong, unread = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert (right["violations"], right["unknown"]) == ([], 0)
    (found,) = wrong["violations"]
    assert ROWS[1]["text"][found["start"] : found["end"]] == "y = 6"  # type: ignore[index]
    assert found["message"] == "x = 3 and y = 6 cannot all be, given total"
    assert (unread["checks"], unread["unknown"]) == (0, 1)
    assert unread["error"].startswith("constraints: expected")
    assert done.stderr.strip().splitlines()[-1].startswith("midtrace: 1 of 3 rows were not checked; row unread: ")


def test_one_problem_can_be_that_of_all_texts(tmp_path: Path) -> None:
    (tmp_path / "problem.yaml").write_text(json.dumps(SUM))

    done = run("check", "-", "--monitor", "constraints", "--problem", str(tmp_path / "problem.yaml"), text="x = 0\n")

    assert json.loads(done.stdout)["violations"][0]["message"] == "x = 0 cannot be, given total"


def test_violations_are_shown_in_their_context(rows: str) -> None:
    fields = ["--text-field", "text", "--problem-field", "puzzle"]
    done = run("check", rows, "--monitor", "constraints", *fields, "--explain")

    assert done.stdout.splitlines() == [
        "row wrong, line 2, characters 9 to 14 (constraints)",
        " 2 | So y = 6, I think.",
        "   |    ^^^^^ x = 3 and y = 6 cannot all be, given total",
        "   = rules: total",
        "   = claims: x = 3; y = 6",
        "rows: 3, checks: 6, violations: 1, unknown: 1",
    ]
    assert done.returncode == 1


def test_a_model_s_text_does_not_command_the_terminal() -> None:
    text = "\x1b]0;title\x07 " + "long " * 40 + "2 + 2 = 5. " + "more " * 40
    done = run("check", "-", "--monitor", "arithmetic", "--explain", text=text)

    shown = done.stdout.splitlines()[1]
    assert "\x1b" not in done.stdout
    assert shown.startswith(" 1 | …")
    assert shown.endswith("…")
    assert len(shown) < 150
    assert shown[done.stdout.splitlines()[2].index("^") :].startswith("2 + 2 = 5")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text-field", "text"], "monitor 'constraints' needs a problem: expected --problem-field NAME or --problem"),
        (["--problem-field", "puzzle"], "--problem-field needs --text-field"),
        (["--text-field", "text", "--problem-field", "puzzle", "--explain", "--json"], "--explain and --json"),
        (["--text-field", "text", "--problem-field", "puzzle", "--problem", "p"], "--problem and --problem-field"),
        (["--text-field", "text", "--problem", "/nowhere"], "/nowhere: No such file"),
        (["--text-field", "text", "--problem-field", "none"], "no field 'none'"),
    ],
)
def test_bad_input_is_told_in_one_line(rows: str, arguments: list[str], message: str) -> None:
    done = run("check", rows, "--monitor", "constraints", *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert message in line
