"""`midtrace check`: verify text that is already there."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import anyio
import click
from rich.console import Console
from rich.progress import Progress

from ..errors import UsageError
from ..limits import Limits
from ..monitors import Monitor
from ..opening import EngineName, Runtime, open_runtime
from ..outcome import Outcome
from ..policies import Observe
from ..records import dump
from ..records.json import Json
from .files import writable
from .naming import chosen, monitor_options

VIOLATIONS = 1
BATCH = 16
"""Rows under way at a time: enough to keep the workers fed, and no more text in memory than that."""


@dataclass(frozen=True, slots=True)
class Row:
    """One text to verify, and the problem that it is about."""

    id: Json
    text: str
    problem: str


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@monitor_options
@click.option("--text-field", metavar="NAME", help="Read JSON Lines, with the text in this field.")
@click.option("--problem-field", metavar="NAME", help="The field that holds the problem.")
@click.option("--out", type=click.Path(path_type=Path), help="Write findings here instead of standard output.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Checks at a time; default: cores minus one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with the sums.")
def check(
    file: Path,
    *,
    names: tuple[str, ...],
    file_of_monitors: Path | None,
    text_field: str | None,
    problem_field: str | None,
    out: Path | None,
    engine: EngineName,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Verify the text in FILE (`-`: standard input), plain or JSON Lines; one finding a row, as JSON Lines.

    Exits with 1 if there are violations.
    """
    monitors = [replace(each, policy=Observe()) for each in chosen(names, file_of_monitors)]
    if problem_field is not None and text_field is None:
        raise UsageError("--problem-field needs --text-field")
    rows = list(_rows(_text(file), str(file), text_field, problem_field))
    with ExitStack() as stack:
        sink: TextIO | None = None
        if out is not None:
            sink = stack.enter_context(writable("--out", out))
        elif not as_json:
            sink = sys.stdout
        shown = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = shown.add_task(f"checking {file}", total=len(rows))
        totals = {"rows": len(rows), "checks": 0, "violations": 0, "unknown": 0}

        def tell(row: Row, outcome: Outcome) -> None:
            finding = _finding(row, outcome)
            totals["checks"] += outcome.ledger.checks
            totals["violations"] += len(outcome.violations)
            totals["unknown"] += _unknown(outcome)
            if sink is not None:
                sink.write(dump(finding) + "\n")
            shown.advance(task)

        async def work() -> None:
            async with open_runtime(engine, workers=jobs) as runtime:
                async for row, outcome in _checked(runtime, rows, monitors):
                    tell(row, outcome)

        anyio.run(work, backend="asyncio")
    if as_json:
        click.echo(dump({**totals}))
    return VIOLATIONS if totals["violations"] else 0


async def _checked(
    runtime: Runtime, rows: Sequence[Row], monitors: Sequence[Monitor]
) -> AsyncIterator[tuple[Row, Outcome]]:
    """The rows with their outcomes, in order. Nothing is yielded from inside a task group."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        outcomes: list[Outcome | None] = [None] * len(batch)

        async def one(index: int, row: Row, outcomes: list[Outcome | None] = outcomes) -> None:
            outcomes[index] = await _outcome(runtime, row, monitors)

        async with anyio.create_task_group() as tasks:
            for index, row in enumerate(batch):
                tasks.start_soon(one, index, row)
        for row, outcome in zip(batch, outcomes, strict=True):
            assert outcome is not None
            yield row, outcome


async def _outcome(runtime: Runtime, row: Row, monitors: Sequence[Monitor]) -> Outcome:
    async def replay(_prefix: str) -> AsyncIterator[str]:
        yield row.text

    return await runtime.generate(replay, row.problem, monitors=monitors, limits=Limits(characters=None))


def _text(file: Path) -> str:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: expected UTF-8 text (byte {error.start} is not)") from error


def _rows(text: str, name: str, text_field: str | None, problem_field: str | None) -> Iterator[Row]:
    if text_field is None:
        if text:
            yield Row(1, text, "")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{name}, line {number}: expected JSON ({error})") from error
        except RecursionError as error:
            raise UsageError(f"{name}, line {number}: expected JSON, nested less deeply") from error
        if not isinstance(record, Mapping):
            raise UsageError(f"{name}, line {number}: expected a JSON object")
        content = _field(record, text_field, f"{name}, line {number}")
        problem = "" if problem_field is None else _field(record, problem_field, f"{name}, line {number}")
        yield Row(record.get("id", number), content, problem)


def _field(record: Mapping[str, object], field: str, where: str) -> str:
    value = record.get(field)
    if isinstance(value, str):
        return value
    if field not in record:
        raise UsageError(f"{where}: no field {field!r}; it has {', '.join(list(record)[:8])}")
    return dump(value) if isinstance(value, Mapping | list) else _not_text(field, value, where)


def _not_text(field: str, value: object, where: str) -> str:
    raise UsageError(f"{where}: expected text in field {field!r}, got {type(value).__name__}")


def _unknown(outcome: Outcome) -> int:
    return sum(row.checks for row in outcome.certificate.rows if row.verdict == "unknown")


def _finding(row: Row, outcome: Outcome) -> dict[str, Json]:
    found: list[Json] = [
        {
            "monitor": standing.monitor,
            "start": standing.span.start,
            "end": standing.span.end,
            "message": standing.violation.message,
            "hint": standing.violation.hint,
            "evidence": dict(standing.violation.evidence),
        }
        for standing in outcome.violations
    ]
    return {"id": row.id, "checks": outcome.ledger.checks, "violations": found, "unknown": _unknown(outcome)}
