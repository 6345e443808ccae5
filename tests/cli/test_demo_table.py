"""A failure of what is around the model is nobody's wrong answer."""

from __future__ import annotations

import json

import anyio
import pytest
from rich.console import Console

import midtrace as mt
from midtrace.cli.demo import Options, Stage, _table
from midtrace.sources.completions import Completions
from midtrace.tasks import TASKS


async def test_a_dead_server_is_neither_right_nor_wrong(local: mt.Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = TASKS[0]
    options = Options(chosen, "m.gguf", 1, 2, compare=False, as_json=True, record=None, engine="local", port=0)
    async with Completions("http://127.0.0.1:1") as source:
        with anyio.fail_after(60):
            code = await _table(Stage(local, source, Console(stderr=True), None), options, 2)
    document = json.loads(capsys.readouterr().out)
    assert code == 1
    assert (document["alone_right"], document["monitored_right"], document["failed"]) == (0, 0, 2)
    assert [(row["alone_right"], row["right"], row["status"]) for row in document["rows"]] == [
        (None, None, "failed"),
        (None, None, "failed"),
    ]
