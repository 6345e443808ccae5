"""What a kept cache is worth: `python -m benchmarks.local_models [--model NAME] [--transformers] [--json]`.

A model in this process is held against itself without its cache, and against the same model behind llama.cpp's server
with two slots, in turn and in one run. Figures are ratios where a bar is meant; seconds are those of this machine.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2

from midtrace import Question
from midtrace.chunks import Chunk, Usage
from midtrace.errors import SourceError
from midtrace.models import locate
from midtrace.sources import llama
from midtrace.sources.llama_model import LlamaModel
from midtrace.sources.local.in_process import GeneratedStream
from midtrace.sources.transformers import TransformersModel

from .figures import Figure, show

MODELS = ("smollm2-135m", "qwen2.5-coder-0.5b")
PROMPT = "Running totals, one a line.\n" + "".join(f"{n} + {n + 1} = {2 * n + 1}\n" for n in range(55))
EDIT = " [check: the last line is wrong]\n"
QUESTION = "\nQ: What is the last total? A:"
CONTEXT = 1_536
MAIN = 96
EVERY = 24
ANSWER = 8
ROUNDS = 3

Local = LlamaModel | TransformersModel


@dataclass
class Read:
    """A stream that was read: its text, when its first text came, how long it took, and what it cost."""

    text: str
    first: float
    seconds: float
    usage: Usage


async def read(stream: GeneratedStream, most: int, at: Callable[[str], Awaitable[None]] | None = None) -> Read:
    began, first, text, usage, tokens = time.perf_counter(), 0.0, "", Usage(0), 0
    try:
        async for item in stream:
            if isinstance(item, Usage):
                usage = item
                continue
            assert isinstance(item, Chunk)
            first = first or time.perf_counter() - began
            text += item.text
            tokens += 1
            if at is not None and tokens % EVERY == 0 and tokens < most:
                await at(text)
            if tokens >= most:
                break
    except SourceError as error:
        if "max_tokens" not in str(error):
            raise
    seconds = time.perf_counter() - began
    await stream.aclose()
    return Read(text, first, seconds, usage)


async def resuming(source: Local, name: str, rounds: int) -> list[Figure]:
    """Time to the first text after a rollback with an edit, with the cache and without."""
    hits, misses, evaluated = [], [], 0
    for turn in range(rounds):
        prompt = f"Page {turn}. {PROMPT}"
        text = (await read(source(prompt), 40)).text
        prefix = prompt + text[: len(text) // 2] + EDIT
        hit = await read(source(prefix), 2)
        miss = await read(source("x" + prefix), 2)
        hits.append(hit.first)
        misses.append(miss.first)
        evaluated = max(evaluated, hit.usage.prompt - hit.usage.cached)
    kept, anew = statistics.median(hits), statistics.median(misses)
    beyond = evaluated - len(EDIT) // 2  # an edit of so many characters has at least so many tokens, over two
    return [
        Figure(f"{name}: resume, re-evaluation / kept cache", anew / kept, "x", "", None, f"{anew:.2f} / {kept:.3f} s"),
        Figure(f"{name}: tokens evaluated on resume", evaluated, "tokens", "edit + 32", beyond <= 32),
    ]


async def slowing(source: Local, name: str, rounds: int) -> tuple[list[Figure], float]:
    """What forks cost the stream, and what each evaluates."""
    await read(source(PROMPT), 1)  # the prompt is evaluated once
    ratios, same = [], True
    costs, latencies = [], []

    async with source.asker() as asker, anyio.create_task_group() as tasks:

        async def ask(text: str) -> None:
            began = time.perf_counter()
            answer = await asker.ask(Question(PROMPT + text + QUESTION, ANSWER))
            latencies.append(time.perf_counter() - began)
            assert answer.usage is not None
            costs.append(answer.usage.prompt - answer.usage.cached)

        async def at(text: str) -> None:
            tasks.start_soon(ask, text)

        for _ in range(rounds):
            alone = await read(source(PROMPT), MAIN)
            beside = await read(source(PROMPT), MAIN, at)
            ratios.append(beside.seconds / alone.seconds)
            same = same and beside.text == alone.text
    ratio = statistics.median(ratios)
    return [
        Figure(f"{name}: stream with forks / alone, in process", ratio, "x", "", None, f"{len(costs)} forks"),
        Figure(
            f"{name}: most tokens evaluated by a fork", max(costs), "tokens", "question + 32", max(costs) <= 12 + 32
        ),
        Figure(f"{name}: text with forks is the text without", float(same), "", "1", same),
        Figure(f"{name}: a fork in process", statistics.median(latencies) * 1_000, "ms"),
    ], statistics.median(latencies)


async def over_http(path: Path, name: str, rounds: int, in_process: float) -> list[Figure]:
    """The same through a server with two slots: the stream in one, forks in the other."""
    context = llama.serve(path, context=CONTEXT, slots=2)
    address = await anyio.to_thread.run_sync(context.__enter__)
    body: dict[str, Any] = {"temperature": 0, "cache_prompt": True}
    latencies, costs = [], []
    try:
        async with httpx2.AsyncClient(base_url=address, timeout=120, trust_env=False) as client:

            async def ask(text: str) -> None:
                began = time.perf_counter()
                answer = await client.post(
                    "/v1/completions",
                    json={**body, "prompt": PROMPT + text + QUESTION, "max_tokens": ANSWER, "id_slot": 1},
                )
                latencies.append(time.perf_counter() - began)
                costs.append(answer.json()["timings"]["prompt_n"])

            async def stream(*, forks: bool) -> float:
                ended = began = time.perf_counter()
                tokens, text = 0, ""
                asked = {**body, "prompt": PROMPT, "max_tokens": MAIN, "id_slot": 0, "stream": True, "ignore_eos": True}
                async with anyio.create_task_group() as tasks:
                    async with client.stream("POST", "/v1/completions", json=asked) as response:
                        async for line in response.aiter_lines():
                            if not line.startswith("data: {"):
                                continue
                            text += json.loads(line[6:])["choices"][0]["text"]
                            tokens += 1
                            if forks and tokens % EVERY == 0 and tokens < MAIN:
                                tasks.start_soon(ask, text)
                    ended = time.perf_counter()
                return ended - began

            await stream(forks=False)  # the prompt is evaluated once, as in process
            ratios = []
            for _ in range(rounds):
                alone = await stream(forks=False)
                ratios.append(await stream(forks=True) / alone)
    finally:
        await anyio.to_thread.run_sync(context.__exit__, None, None, None)
    latency = statistics.median(latencies)
    return [
        Figure(
            f"{name}: stream with forks / alone, HTTP, two slots",
            statistics.median(ratios),
            "x",
            "",
            None,
            f"{len(costs)} forks",
        ),
        Figure(f"{name}: tokens evaluated by the first fork, HTTP", costs[0], "tokens"),
        Figure(f"{name}: the first fork, HTTP", latencies[0] * 1_000, "ms"),
        Figure(f"{name}: a fork, HTTP / in process", latency / in_process, "x", "", None, f"{latency * 1_000:.0f} ms"),
    ]


@asynccontextmanager
async def of_transformers(path: Path) -> AsyncIterator[TransformersModel]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")

    def load() -> TransformersModel:
        torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
        folder, file = str(path.parent), path.name
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
        return TransformersModel(model.eval(), tokenizer, max_tokens=MAIN)

    async with await anyio.to_thread.run_sync(load) as source:
        yield source


async def measure(names: list[str], *, rounds: int, with_transformers: bool) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        path = await anyio.to_thread.run_sync(locate, name, lambda what, done, total: None)
        async with LlamaModel(path, context=CONTEXT, max_tokens=MAIN) as source:
            figures += await resuming(source, name, rounds)
            slow, latency = await slowing(source, name, rounds)
            figures += slow
        figures += await over_http(path, name, rounds, latency)
        gc.collect()
    if with_transformers:
        name = names[0]
        path = await anyio.to_thread.run_sync(locate, name, lambda what, done, total: None)
        async with of_transformers(path) as other:
            figures += await resuming(other, f"{name}, transformers", rounds)
            figures += (await slowing(other, f"{name}, transformers", rounds))[0]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="What a kept cache is worth.")
    parser.add_argument("--model", action="append", choices=MODELS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--transformers", action="store_true", help="also the first model through torch")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    names = given.model or list(MODELS)
    figures = anyio.run(lambda: measure(names, rounds=given.rounds, with_transformers=given.transformers))
    show(figures, "llama.cpp in process", as_json=given.json)


if __name__ == "__main__":
    main()
