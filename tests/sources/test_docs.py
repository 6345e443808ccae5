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


def test_the_readme_asks_a_server(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (block,) = [text for text in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "Completions(" in text]

    def said(asked: Asked) -> Reply:
        return Reply(["12"] if asked.body["prompt"].endswith("[total so far: ") else ["2 * 6 = 12\n"])

    with serving(said) as site:
        use = 'import asyncio\nif __name__ == "__main__":\n    print(asyncio.run(ask_a_server("Pay.\\n")).reason)\n'
        local = block.replace("http://127.0.0.1:8000", site.url).replace(
            "(source, prompt, ", '(source, prompt, engine="local", '
        )
        (tmp_path / "example.py").write_text(local + use)
        done = subprocess.run(
            [sys.executable, "-P", "example.py"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=100
        )

    assert done.stdout.strip().endswith("budget: no repair helped: over the budget")
    assert {asked.body["prompt"].endswith("[total so far: ") for asked in site.requests if asked.body} == {True, False}
