"""What an adapter costs a token, against reading the raw bytes of the same stream, and against the official client.

`python -m benchmarks.adapters [--json] [--quick]`

The server is another process: it sends frames as llama.cpp words them, one token each, either as fast as it can, so
that one read brings many, or one at a time on a schedule, as a model does. All readers take turns, so that a noisy
machine disturbs them alike; the least of several rounds counts. CPU is that of the reading thread.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import httpx2

from midtrace.sources.completions import Completions

from .figures import Figure, show

WORDS = ["The", " answer", " is", " not", " far", " from", " here", ",", " so", " go", " on", ".\n"]
RATE = 1_000
"""Frames a second of the schedule."""

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def frame(number: int, *, logprobs: bool) -> bytes:
    """One frame, as llama.cpp words it."""
    word = WORDS[number % len(WORDS)]
    others = [
        {"id": n, "token": each, "bytes": list(each.encode()), "logprob": -0.2 - n} for n, each in enumerate(WORDS[:5])
    ]
    content = [{"id": 7, "token": word, "bytes": list(word.encode()), "logprob": -0.2, "top_logprobs": others}]
    told = {
        "choices": [
            {"text": word, "index": 0, "logprobs": {"content": content} if logprobs else None, "finish_reason": None}
        ],
        "created": 1795837906,
        "model": "/models/smollm2-135m-instruct-q4_1.gguf",
        "system_fingerprint": "b0-unknown",
        "object": "text_completion",
        "id": "chatcmpl-HR7pPLhcPJQ5iDxKXefqQ90PEz12eDuG",
    }
    return b"data: " + json.dumps(told, separators=(",", ":")).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve() -> None:
    """Answer requests for so many tokens until standard input ends; print the port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                count, logprobs, paced = body["max_tokens"], bool(body.get("logprobs")), body["seed"] == 1
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                frames = [chunk(frame(n, logprobs=logprobs)) for n in range(len(WORDS))]
                last = b'data: {"choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}\n\n'
                began = time.perf_counter()
                for n in range(count):
                    writer.write(frames[n % len(frames)])
                    if paced:
                        await asyncio.sleep(max(began + n / RATE - time.perf_counter(), 0))
                    elif n % 1_000 == 0:
                        await writer.drain()
                writer.write(chunk(last) + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
                await writer.drain()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextlib.contextmanager
def serving() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.adapters", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


@dataclass(frozen=True)
class Cost:
    """Microseconds a token."""

    wall: float
    cpu: float


Reader = Callable[[str, int, bool], Awaitable[int]]
"""Reads so many tokens from a server, on its schedule or in a burst; gives how many it saw (raw: how many frames)."""


async def raw(url: str, tokens: int, paced: bool, *, logprobs: bool = False) -> int:
    body = {"prompt": "P", "model": "m", "max_tokens": tokens, "stream": True, "seed": int(paced)}
    ends = 0
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        more = {"logprobs": 5} if logprobs else {}
        async with client.stream("POST", f"{url}/v1/completions", json={**body, **more}) as response:
            async for piece in response.aiter_bytes():
                ends += piece.count(b"\n")
    return ends // 2 - 2  # two line ends a frame, and two frames that are no tokens


async def ours(url: str, tokens: int, paced: bool, *, logprobs: int | None = None) -> int:
    seen = 0
    async with Completions(url, model="m", max_tokens=tokens, seed=int(paced), logprobs=logprobs) as source:
        async for _ in source("P"):
            seen += 1
    return seen


async def official(url: str, tokens: int, paced: bool, *, logprobs: int | None = None) -> int:
    import openai

    client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
    seen = 0
    async with client:
        stream = await client.completions.create(
            model="m", prompt="P", max_tokens=tokens, seed=int(paced), stream=True, logprobs=logprobs
        )
        async for part in stream:
            seen += bool(part.choices and part.choices[0].text)
    return seen


async def raw_logprobs(url: str, tokens: int, paced: bool) -> int:
    return await raw(url, tokens, paced, logprobs=True)


async def ours_logprobs(url: str, tokens: int, paced: bool) -> int:
    return await ours(url, tokens, paced, logprobs=5)


async def official_logprobs(url: str, tokens: int, paced: bool) -> int:
    return await official(url, tokens, paced, logprobs=5)


PLAIN: dict[str, Reader] = {"raw": raw, "ours": ours, "official": official}
LOGPROBS: dict[str, Reader] = {"raw": raw_logprobs, "ours": ours_logprobs, "official": official_logprobs}


async def costs(url: str, readers: dict[str, Reader], tokens: int, paced: bool, rounds: int) -> dict[str, Cost]:
    """The least cost of each reader; the first round only warms up."""
    found: dict[str, list[Cost]] = {name: [] for name in readers}
    for turn in range(rounds + 1):
        for name, reader in readers.items():
            wall, cpu = time.perf_counter(), time.thread_time()
            seen = await reader(url, tokens, paced)
            cost = Cost((time.perf_counter() - wall) / tokens * 1e6, (time.thread_time() - cpu) / tokens * 1e6)
            assert seen == tokens, f"{name} saw {seen} of {tokens}"
            if turn:
                found[name].append(cost)
    return {
        name: Cost(min(each.wall for each in several), min(each.cpu for each in several))
        for name, several in found.items()
    }


def compared(what: str, found: dict[str, Cost], *, walls: bool, bar: float | None) -> list[Figure]:
    raw, ours, official = found["raw"], found["ours"], found["official"]
    added = ours.cpu - raw.cpu
    text = f"<= {bar:g}" if bar is not None else ""
    figures = [
        Figure(f"{what}: raw bytes, CPU", raw.cpu, "us/token"),
        Figure(f"{what}: Completions, CPU", ours.cpu, "us/token"),
        Figure(f"{what}: official client, CPU", official.cpu, "us/token"),
        Figure(f"{what}: added by Completions", added, "us/token", text, None if bar is None else added <= bar),
        Figure(f"{what}: against the official client", ours.cpu / official.cpu, "x", "< 1", ours.cpu < official.cpu),
    ]
    if walls:
        figures.append(Figure(f"{what}: added, by the clock", ours.wall - raw.wall, "us/token"))
    return figures


async def measure(url: str, *, quick: bool) -> list[Figure]:
    rounds = 2 if quick else 7
    burst, paced = (5_000, 500) if quick else (20_000, 2_000)
    figures = compared("burst", await costs(url, PLAIN, burst, False, rounds), walls=True, bar=25)
    at_pace = await costs(url, PLAIN, paced, True, 1 if quick else 3)
    figures += compared("one a read", at_pace, walls=False, bar=25)
    figures += compared(
        "5 logprobs, burst", await costs(url, LOGPROBS, burst // 4, False, rounds), walls=True, bar=None
    )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a first look")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    with serving() as url:
        show(asyncio.run(measure(url, quick=options.quick)), "none", as_json=options.json)


if __name__ == "__main__":
    main()
