"""Every code block of docs/testing.md is a test file that passes, and its tables name every promise.

Those of other pages run as they stand; tests/sources/test_docs.py has the pages that want a server.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from midtrace.testing import Promise

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "testing.md").read_text()


def test_each_example_is_a_test_that_passes(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for number, block in enumerate(blocks):
        (tmp_path / f"test_example_{number}.py").write_text(block)

    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 0, done.stdout
    assert f"{sum(block.count('def test_') for block in blocks)} passed" in done.stdout


PAGES = [DOCS / "forks.md", *sorted((DOCS / "verifiers").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks, "a page without an example"
    (tmp_path / "example.py").write_text("\n".join(blocks))

    command = [sys.executable, "-P", "-W", "error", "example.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)

    assert done.returncode == 0, done.stderr


def test_every_promise_is_in_a_table() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z ]+)`", row)}

    assert set(get_args(Promise)) <= named


def test_links_lead_somewhere() -> None:
    for page in DOCS.rglob("*.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
