"""The official Node client: it says the same as we do, and its output is a source like any other."""

from __future__ import annotations

import asyncio
import codecs
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import midtrace as mt
from midtrace.chunks import Chunk, Usage
from midtrace.sources import llama
from midtrace.sources.adapting import source_of
from midtrace.sources.chat import Chat

VERSION = "7.59.0"

INSTALLING = 90
"""Seconds that npm may take."""

PROMPT = "1 + 1 = 2\n2 + 1 = 3\n3 + 1 = 4\n4 + 1 ="
QUESTION = "Count from one to five."

SCRIPT = """
import OpenAI from "openai";

const [address, kind, text] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: "none", maxRetries: 0 });
const settings = { model: "default", temperature: 0, seed: 1, stream: true };
const stream = kind === "chat"
  ? await client.chat.completions.create({ ...settings, max_tokens: 200, stop: ["\\n"],
      messages: [{ role: "user", content: text }] })
  : await client.completions.create({ ...settings, max_tokens: 60, stop: ["\\n\\n"], prompt: text });
for await (const chunk of stream) {
  const choice = chunk.choices[0];
  process.stdout.write((kind === "chat" ? choice?.delta?.content : choice?.text) ?? "");
}
"""


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A script that streams with the official client; where there is no Node, or no way to the package, it is told."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("needs Node and npm on the PATH")
    folder = tmp_path_factory.getbasetemp().parent / f"midtrace-node-openai-{VERSION}"  # kept for the next session
    folder.mkdir(exist_ok=True)
    if not (folder / "node_modules" / "openai" / "package.json").exists():
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        command = [npm, "install", f"openai@{VERSION}", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALLING)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install openai@{VERSION} within {INSTALLING} s")
        if done.returncode:
            pytest.skip(f"npm cannot install openai@{VERSION}: {done.stderr.strip().splitlines()[-1:]}")
    script = folder / "stream.mjs"
    script.write_text(SCRIPT)
    return script


async def says(client: Path, address: str, kind: str, text: str) -> AsyncIterator[str]:
    """What the script writes, as it comes; ending it ends the generation."""
    process = await asyncio.create_subprocess_exec(
        "node", str(client), address, kind, text, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while data := await process.stdout.read(4_096):
            yield decoder.decode(data)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def text_of(stream: Any) -> str:
    chunks = [each async for each in stream if not isinstance(each, Usage)]
    return "".join(each.text if isinstance(each, Chunk) else each for each in chunks)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_completion_says_the_same_to_it_and_to_us(client: Path, model: str) -> None:
    async with llama.source(model, max_tokens=60, stop=["\n\n"]) as source:
        ours = await text_of(source(PROMPT))
    theirs = await text_of(says(client, model, "completion", PROMPT))

    assert ours
    assert theirs == ours


@pytest.mark.asyncio(loop_scope="session")
async def test_a_chat_says_the_same_to_it_and_to_us(client: Path, model: str) -> None:
    async with Chat(model, max_tokens=200, seed=1, stop=["\n"]) as chat:
        ours = await text_of(chat(QUESTION))
    theirs = await text_of(says(client, model, "chat", QUESTION))

    assert ours
    assert theirs == ours


@pytest.mark.asyncio(loop_scope="session")
async def test_its_output_is_cut_and_resumed(client: Path, model: str, local: mt.Runtime) -> None:
    monitor = mt.Monitor(
        "no-five",
        verify=lambda text: mt.Violation("a five", correction="five") if " 5\n" in text else None,
        policy=mt.Rollback(repair="correct", limit=1),
    )

    async def complete(prefix: str) -> AsyncIterator[str]:
        async with aclosing(says(client, model, "completion", prefix)) as stream:  # type: ignore[type-var]
            async for text in stream:
                yield text

    source = source_of(complete)
    outcome = await local.generate(source, PROMPT, monitors=[monitor], limits=mt.Limits(rollbacks=1))
    resumed = await text_of(says(client, model, "completion", f"{PROMPT} five\n"))

    assert source is complete
    assert outcome.interventions[0].removed.startswith(" 5\n")
    assert outcome.text.startswith(f" five\n{resumed[:20]}")
    assert json.loads((client.parent / "node_modules/openai/package.json").read_text())["version"] == VERSION
