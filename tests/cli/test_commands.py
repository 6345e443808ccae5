"""The commands as their users run them: real processes, real output, one clear line for each bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import midtrace

COMMAND = [sys.executable, "-P", "-m", "midtrace"]
PROMPT_BASED = ["--task", "running-sums", "--model", "smollm2-135m", "--engine", "local"]


def run(*arguments: str, text: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, **(env or {})},
    )


TEXT = "12 * 7 = 84\nSo 143 + 37 = 510 in all.\nDone.\n"


def test_check_finds_violations_in_plain_text(tmp_path: Path) -> None:
    (tmp_path / "trace.txt").write_text(TEXT)

    done = run("check", str(tmp_path / "trace.txt"), "--monitor", "arithmetic")

    assert done.returncode == 1
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    (found,) = row["violations"]
    assert TEXT[found["start"] : found["end"]] == "143 + 37 = 510"
    assert found["monitor"] == "arithmetic"
    assert found["hint"] == "143 + 37 = 180"
    assert (row["id"], row["checks"], row["unknown"]) == (1, 3, 0)


def test_check_reads_json_lines_in_order(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "out": f"{n} + 1 = {n + 1 + (n == 3)}\n"} for n in range(40)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n")

    out = tmp_path / "findings.jsonl"
    files = [str(tmp_path / "rows.jsonl"), "--out", str(out)]
    done = run("check", *files, "--monitor", "arithmetic", "--text-field", "out")

    findings = [json.loads(line) for line in out.read_text().splitlines()]
    assert [each["id"] for each in findings] == [f"r{n}" for n in range(40)]
    assert [each["id"] for each in findings if each["violations"]] == ["r3"]
    assert done.returncode == 1
    assert done.stdout == ""


def test_check_reads_standard_input_and_prints_one_document() -> None:
    done = run("check", "-", "--monitor", "arithmetic", "--json", text="1 + 1 = 2\n")

    assert done.returncode == 0
    assert json.loads(done.stdout) == {"rows": 1, "checks": 1, "violations": 0, "unknown": 0}


def test_monitors_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "monitors.yaml"
    file.write_text("monitors:\n  - use: arithmetic\n    name: sums\n    policy: {action: rollback, to: claim}\n")

    done = run("check", "-", "--monitors", str(file), text=TEXT)

    assert json.loads(done.stdout)["violations"][0]["monitor"] == "sums"


BAD = {
    "no file": (["check", "nowhere.txt", "--monitor", "arithmetic"], "nowhere.txt: No such file or directory"),
    "no monitor": (["check", "-"], "no monitor: expected --monitor NAME or --monitors FILE"),
    "unknown monitor": (["check", "-", "--monitor", "luck"], "monitor 'luck': expected one of algebra, arithmetic"),
    "not json": (["check", "-", "--monitor", "arithmetic", "--text-field", "t"], "-, line 1: expected JSON"),
    "problem without text": (["check", "-", "--monitor", "arithmetic", "--problem-field", "p"], "needs --text-field"),
    "no command": ([], "[OPTIONS] COMMAND [ARGS]"),
    "unknown command": (["fly"], "No such command 'fly'"),
    "unknown option": (["demo", "--fast"], "No such option '--fast'"),
    "unknown task": (["demo", "--task", "chess"], "task 'chess': expected one of running-sums, shopping"),
    "unknown model": (["demo", "--model", "gpt"], "model 'gpt': expected one of qwen2.5-coder-0.5b"),
    "no such model file": (["demo", "--model", "./no.gguf"], "no.gguf: no such file"),
    "not a gguf file": (["demo", "--model", __file__], "expected a GGUF file"),
    "seed": (["demo", "--seed", "x"], "Invalid value for '--seed'"),
    "compare many": (["demo", "--compare", "--problems", "2"], "--compare shows one problem"),
    "record nowhere": (["demo", "--record", "/nowhere/x.jsonl", *PROMPT_BASED], "--record /nowhere/x.jsonl"),
    "no ray": (["demo", "--model", "smollm2-135m"], "cannot join Ray at 127.0.0.1:1: ConnectionRefusedError"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_told_in_one_line(kind: str) -> None:
    arguments, message = BAD[kind]

    # Only the last case gets as far as Ray, which then finds nobody at this address.
    done = run(*arguments, text="not json\n", env={"RAY_ADDRESS": "127.0.0.1:1"})

    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    if kind != "no command":
        ours = [line for line in done.stderr.splitlines() if line.startswith("midtrace: ")]
        assert len(ours) == 1


def test_bad_monitor_files_are_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    for content, message in [
        ("monitors: [", "expected YAML"),
        ("rules: []", "monitors: Field required"),
        ("monitors: [{use: arithmetic, policy: {action: fly}}]", "monitors.0.policy"),
        ("monitors: [{use: arithmetic, colour: red}]", "monitors.0.colour: Extra inputs are not permitted"),
        ("monitors: [{use: arithmetic, options: {speed: 3}}]", "with options {'speed': 3}"),
    ]:
        file.write_text(content)
        done = run("check", "-", "--monitors", str(file))
        assert done.returncode == 2
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_plugins_are_listed() -> None:
    done = run("plugins", "--json")

    found = json.loads(done.stdout)["plugins"]
    assert {"monitors", "verifiers", "extractors", "sources"} == {each["kind"] for each in found}
    assert all(each["error"] == "" for each in found)


def test_demo_with_a_small_model(tmp_path: Path) -> None:
    """Whatever the small model writes, the rules make the sum right; every event is on record."""
    record = tmp_path / "run.jsonl"

    done = run("demo", *PROMPT_BASED, "--json", "--record", str(record))

    document = json.loads(done.stdout)
    assert set(document) >= {"status", "text", "interventions", "certificate", "ledger"}
    assert done.returncode == (0 if document["status"] == "verified" else 1)
    if document["status"] == "verified":
        assert document["right"] is True
    events = [json.loads(line) for line in record.read_text().splitlines()]
    assert events[-1]["type"] == "Outcome"
    assert events[-1]["text"] == document["text"]
    text = ""
    for event in events[:-1]:
        match event["type"]:
            case "TextDelta":
                assert event["offset"] == len(text)
                text += event["text"]
            case "Retracted":
                text = text[: event["offset"]]
    assert text == document["text"]


def test_demo_without_a_terminal_and_without_colour() -> None:
    done = run("demo", *PROMPT_BASED, env={"NO_COLOR": "1"})

    assert "\x1b" not in done.stdout
    assert "running-sums with smollm2-135m" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(("verified", "exhausted", "abstained", "unverified"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("engine", ["local", "ray"])
def test_demo_ends_cleanly_when_interrupted(how: int, engine: str) -> None:
    arguments = ["demo", "--model", "smollm2-135m", "--engine", engine, "--problems", "500"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            me = psutil.Process(process.pid)
            wanted = 1 if engine == "local" else 6
            while len(children := me.children(recursive=True)) < wanted:
                assert process.poll() is None
            process.send_signal(how)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert process.returncode == 130
    assert err.splitlines()[-1] == "midtrace: interrupted"
    assert "Traceback" not in err
    assert out == ""
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def test_the_version_is_the_package_s() -> None:
    assert midtrace.__name__ in run("--version").stdout
