"""The pages on sources: every code block runs, with a server of the tests in place of the addresses in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .fault_server import Asked, Reply, serving

PAGES = sorted((Path(__file__).parents[2] / "docs" / "sources").glob("*.md"))


def answered(asked: Asked) -> Reply:
    """An answer that comes to its own end, with what it cost."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return Reply([" 4.\n", "3 + 3 = 6.\n"], usage=usage)


def test_there_is_a_page() -> None:
    assert "completions" in {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_each_source_run(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks, "a page without an example"
    with serving(answered, others={"/apply-template": {"prompt": "rendered"}}) as site:
        code = re.sub(r"https?://[\w.\-]+(:\d+)?(?=[/\"'])", site.url, "\n".join(blocks))
        (tmp_path / "example.py").write_text(code)
        command = [sys.executable, "-P", "-W", "error", "example.py"]
        environment = {**os.environ, "OPENAI_API_KEY": "sk-none"}
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100, env=environment
        )

    assert done.returncode == 0, done.stderr
