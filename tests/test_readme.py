"""Every code block of the README does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from midtrace.cli.main import commands

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
PYTHON = [text for kind, text in BLOCKS if kind == "python"]
CONSOLE = [line for kind, text in BLOCKS if kind == "console" for line in text.splitlines()]


def test_the_first_example_prints_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(PYTHON[0])

    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=True)

    (said,) = re.findall(r"print\(.*# (.*)", PYTHON[0])
    assert done.stdout.strip() == said


@pytest.mark.timeout(100)
def test_the_second_example_runs_on_ray(tmp_path: Path) -> None:
    use = """
import asyncio
async def source(prefix):
    yield "12 * 7 = 86\\n" if "84" not in prefix else "Done.\\n"
if __name__ == "__main__":
    print(asyncio.run(solve(source, "Multiply.\\n")).status)
"""
    (tmp_path / "example.py").write_text(PYTHON[1] + use)

    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "[back to 0]" in done.stdout
    assert "[12 * 7 is 84, not 86]" in done.stdout
    assert done.stdout.splitlines()[-1] == "verified"


def test_there_is_nothing_else_to_run() -> None:
    assert len(PYTHON) == 3  # tests/sources/test_docs.py runs the one that asks a server
    assert {kind for kind, _ in BLOCKS} == {"python", "console", "text"}


def test_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for line in CONSOLE:
        words = line.removeprefix("$ ").split("#")[0].split()
        if words[0] == "make":
            assert f"\n{words[1]}:" in makefile
        else:
            assert words[0] == "midtrace"
            options = [word for word in words if word.startswith("--")]
            told = CliRunner().invoke(commands, [words[1], "--help"]).output
            assert all(option in told for option in options)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_examples_run(capfd: pytest.CaptureFixture[str]) -> None:
    for example in sorted((ROOT / "examples").glob("*.py")):
        subprocess.run([sys.executable, str(example)], check=True, timeout=60)
    assert "--- verified: 5 checks" in capfd.readouterr().out
