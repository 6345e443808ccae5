"""`midtrace demo`: a real local model, monitored live."""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import anyio
import anyio.to_thread
import click
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from ..chunks import text_of
from ..errors import SourceError, UsageError
from ..events import TextDelta
from ..limits import Limits
from ..models import locate
from ..opening import EngineName, open_runtime
from ..outcome import Outcome
from ..records import dump, event_record, outcome_record
from ..records.json import Json
from ..runtime import Runtime
from ..sources.completions import Completions
from ..tasks import Problem, Task, task
from .files import writable
from .progress import Bar
from .transcript import Transcript, summary

NOT_VERIFIED = 1
LIMITS = Limits(rollbacks=30, tokens=2_000, seconds=300)
SEED = 1
FRAME = 0.05
"""Seconds between two pictures of the live view while only text comes in: drawing takes the loop's time."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was asked for."""

    task: Task
    model: str
    seed: int
    problems: int | None
    compare: bool
    as_json: bool
    record: Path | None
    engine: EngineName
    port: int


@dataclass(frozen=True, slots=True)
class Stage:
    """All that stands ready for a problem."""

    runtime: Runtime
    source: Completions
    console: Console
    record: TextIO | None


@click.command()
@click.option("--task", "name", default="running-sums", show_default=True, help="running-sums or shopping.")
@click.option("--model", metavar="NAME|PATH", help="A known model or any GGUF file; default: the task's own.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Which problem.")
@click.option("--problems", type=click.IntRange(min=1), help="Run this many, alone and monitored; print a table.")
@click.option("--compare", is_flag=True, help="Show the same problem unmonitored beside it.")
@click.option("--record", type=click.Path(path_type=Path), help="Keep every event, as JSON Lines.")
@click.option("--engine", type=click.Choice(["ray", "local"]), default="ray", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the model's server; default: a free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def demo(
    *,
    name: str,
    model: str | None,
    seed: int,
    problems: int | None,
    compare: bool,
    record: Path | None,
    engine: EngineName,
    port: int,
    as_json: bool,
) -> int:
    """Let a real local model solve a problem, and watch its mistakes being caught while it writes.

    Exits with 1 if the run does not end verified.
    """
    if compare and problems is not None:
        raise UsageError("--compare shows one problem: expected it without --problems")
    chosen = task(name)
    options = Options(chosen, model or chosen.model, seed, problems, compare, as_json, record, engine, port)
    return anyio.run(_demo, options, backend="asyncio")


async def _demo(options: Options) -> int:
    # With --json, standard output belongs to the document; the view goes to standard error if somebody looks there.
    console = Console(stderr=options.as_json)
    async with AsyncExitStack() as stack:
        record = stack.enter_context(writable("--record", options.record)) if options.record is not None else None
        with Bar() as bar:
            path = await anyio.to_thread.run_sync(locate, options.model, bar.update)
        with console.status(f"starting {options.engine} workers and loading {path.name} ..."):
            address = await _serve(stack, path, options.port)
            runtime = await stack.enter_async_context(open_runtime(options.engine))
        source = await stack.enter_async_context(_source(address, options.task))
        stage = Stage(runtime, source, console, record)
        if options.problems is not None:
            return await _table(stage, options, options.problems)
        return await _one(stage, options)


async def _serve(stack: AsyncExitStack, path: Path, port: int) -> str:
    from ..sources import llama  # noqa: PLC0415  (an extra)

    server = ExitStack()
    stack.push_async_callback(anyio.to_thread.run_sync, server.close)
    return await anyio.to_thread.run_sync(functools.partial(server.enter_context, llama.serve(path, port=port)))


def _source(address: str, chosen: Task) -> Completions:
    from ..sources import llama  # noqa: PLC0415  (an extra)

    return llama.source(address, stop=chosen.stop)


# One problem


async def _one(stage: Stage, options: Options) -> int:
    problem = options.task.problem(options.seed)
    console = stage.console
    if not options.as_json:
        console.print(f"[bold]{options.task.name}[/bold] with {Path(options.model).name}, seed {options.seed}")
        console.print(Text(problem.question), highlight=False)
    alone = None
    if options.compare:
        with console.status("the same problem with nobody looking ..."):
            alone = await _alone(stage, problem)
    transcript = Transcript()
    outcome = await _watch(stage, problem, transcript, alone)
    right = options.task.right(problem, outcome.text)
    if options.as_json:
        document = outcome_record(outcome)
        document |= {"problem": problem.question, "answer": problem.answer, "right": right}
        if alone is not None:
            document["alone"] = {"text": alone, "right": options.task.right(problem, alone)}
        click.echo(dump(document))
    else:
        if alone is not None:
            verdict = "right" if options.task.right(problem, alone) else "wrong"
            console.print(f"alone: {verdict}; monitored: {'right' if right else 'wrong'}", highlight=False)
        console.print(summary(outcome), style="bold", highlight=False, soft_wrap=True)
    return 0 if outcome.verified else NOT_VERIFIED


async def _alone(stage: Stage, problem: Problem) -> str | None:
    """The bare stream: what the model writes with nobody looking; None where its server fails.

    A model that writes to its limit of tokens has not failed: it has not come to an answer.
    """
    text = ""
    try:
        async for chunk in stage.source(problem.prompt):
            text += text_of(chunk)
    except SourceError as error:
        return None if error.transient or not text else text
    return text


async def _watch(stage: Stage, problem: Problem, transcript: Transcript, alone: str | None) -> Outcome:
    console = stage.console
    live = console.is_terminal
    began = shown = time.perf_counter()
    with Live(console=console, auto_refresh=False) if live else contextlib.nullcontext() as view:
        async with stage.runtime.watch(stage.source, problem.prompt, monitors=problem.monitors, limits=LIMITS) as run:
            async for event in run:
                transcript.follow(event)
                if stage.record is not None:
                    stage.record.write(dump(event_record(event, time.perf_counter() - began)) + "\n")
                now = time.perf_counter()
                if isinstance(view, Live) and (now - shown > FRAME or not isinstance(event, TextDelta)):
                    shown = now
                    view.update(_shown(transcript, alone), refresh=True)
            outcome = run.outcome
        if stage.record is not None:
            stage.record.write(dump({"type": "Outcome", **outcome_record(outcome)}) + "\n")
    if not live and console.file is sys.stdout:
        for line in transcript.lines():
            console.print(line, soft_wrap=True)
    return outcome


def _shown(transcript: Transcript, alone: str | None) -> Group | Columns:
    lines = Group(*transcript.lines())
    if alone is None:
        return lines
    return Columns([Panel(Text(alone.strip()), title="alone"), Panel(lines, title="monitored")])


# Many problems


async def _table(stage: Stage, options: Options, count: int) -> int:
    rows: list[dict[str, Json]] = []
    with Progress(console=Console(stderr=True), transient=True) as shown:
        running = shown.add_task("problems", total=2 * count)
        for seed in range(options.seed, options.seed + count):
            problem = options.task.problem(seed)
            alone = await _alone(stage, problem)
            shown.advance(running)
            outcome = await stage.runtime.generate(
                stage.source, problem.prompt, monitors=problem.monitors, limits=LIMITS
            )
            shown.advance(running)
            rows.append(_row(options.task, seed, problem, alone, outcome))
            if stage.record is not None:
                stage.record.write(dump({"type": "Outcome", "seed": seed, **outcome_record(outcome)}) + "\n")
    alone_right = sum(bool(row["alone_right"]) for row in rows)
    right = sum(bool(row["right"]) for row in rows)
    verified = sum(row["status"] == "verified" for row in rows)
    failed = sum(row["alone_right"] is None or row["right"] is None for row in rows)
    if options.as_json:
        totals: dict[str, Json] = {
            "task": options.task.name,
            "model": Path(options.model).name,
            "problems": count,
            "alone_right": alone_right,
            "monitored_right": right,
            "verified": verified,
            "failed": failed,
        }
        click.echo(dump({**totals, "rows": rows}))
    else:
        stage.console.print(_rendered(rows))
        stage.console.print(
            f"right alone: {alone_right} of {count}; monitored: {right} of {count}, {verified} of them verified"
            + (f"; {failed} failed and count as neither" if failed else ""),
            style="bold",
            highlight=False,
        )
    return 0 if verified == count else NOT_VERIFIED


def _row(chosen: Task, seed: int, problem: Problem, alone: str | None, outcome: Outcome) -> dict[str, Json]:
    """One problem. An answer that never came because something broke is null: neither right nor wrong."""
    return {
        "seed": seed,
        "answer": problem.answer,
        "alone_right": None if alone is None else chosen.right(problem, alone),
        "right": None if outcome.status == "failed" else chosen.right(problem, outcome.text),
        "status": outcome.status,
        "interventions": outcome.ledger.interventions,
        "tokens": outcome.ledger.main_tokens,
        "discarded_tokens": outcome.ledger.discarded_tokens,
        "added_seconds": outcome.ledger.added_seconds,
        "wall_seconds": outcome.ledger.wall_seconds,
    }


def _in_a_word(right: Json) -> str:
    return "failed" if right is None else "right" if right else "wrong"


def _rendered(rows: list[dict[str, Json]]) -> Table:
    table = Table("seed", "answer", "alone", "monitored", "status", "interventions", "tokens", "added ms")
    for row in rows:
        added = row["added_seconds"]
        assert isinstance(added, float)
        table.add_row(
            str(row["seed"]),
            str(row["answer"]),
            _in_a_word(row["alone_right"]),
            _in_a_word(row["right"]),
            str(row["status"]),
            str(row["interventions"]),
            str(row["tokens"]),
            f"{added * 1000:.0f}",
        )
    return table
