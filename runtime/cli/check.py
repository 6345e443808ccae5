"""`midtrace check`: verify text that is already there."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import anyio
import click
from rich.console import Console
from rich.progress import Progress

from ..errors import UsageError
from ..opening import EngineName, open_runtime
from ..records import dump
from ..records.json import Json
from ..review import Finding
from ..runtime import Runtime
from .explain import explained
from .files import writable
from .naming import Chosen, monitor_options
from .rows import Row, read_rows, read_text

VIOLATIONS = 1
BATCH = 64
"""Rows under way at a time: enough to keep the workers fed, and no more text in memory than that."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@monitor_options
@click.option("--text-field", metavar="NAME", help="Read JSON Lines, with the text in this field.")
@click.option("--problem-field", metavar="NAME", help="The field that holds the problem.")
@click.option(
    "--problem", "problem_file", type=click.Path(path_type=Path), help="A file with the problem of all texts."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write findings here instead of standard output.")
@click.option("--explain", is_flag=True, help="Print each violation in its context, instead of findings.")
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
    problem_file: Path | None,
    out: Path | None,
    explain: bool,
    engine: EngineName,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Verify the text in FILE (`-`: standard input), plain or JSON Lines; one finding a row, as JSON Lines.

    Exits with 1 if there are violations.
    """
    chosen = Chosen(names, file_of_monitors)
    if problem_field is not None and text_field is None:
        raise UsageError("--problem-field needs --text-field")
    if problem_field is not None and problem_file is not None:
        raise UsageError("--problem and --problem-field: expected one of them")
    if explain and as_json:
        raise UsageError("--explain and --json: expected one of them")
    if chosen.needing and problem_field is None and problem_file is None:
        needing = ", ".join(repr(name) for name in chosen.needing)
        raise UsageError(f"monitor {needing} needs a problem: expected --problem-field NAME or --problem FILE")
    rows = list(read_rows(read_text(file), str(file), text_field, problem_field))
    if problem_file is not None:
        problem = read_text(problem_file)
        chosen.monitors(problem)  # what cannot be read is told once, not for every row
        rows = [replace(row, problem=problem) for row in rows]
    with ExitStack() as stack:
        sink: TextIO | None = None
        if out is not None:
            sink = stack.enter_context(writable("--out", out))
        elif not as_json and not explain:
            sink = sys.stdout
        shown = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = shown.add_task(f"checking {file}", total=len(rows))
        totals = {"rows": len(rows), "checks": 0, "violations": 0, "unknown": 0}
        unread: list[str] = []

        def tell(row: Row, found: Finding | UsageError) -> None:
            if isinstance(found, UsageError):
                unread.append(f"row {row.id}: {found}")
                totals["unknown"] += 1
            else:
                totals["checks"] += found.checks
                totals["unknown"] += found.unknown
                totals["violations"] += len(found.violations)
                for standing in found.violations if explain else ():
                    name = str(file) if text_field is None else f"row {row.id}"
                    click.echo("\n".join(explained(row.text, name, standing)))
            if sink is not None:
                sink.write(dump(_finding(row, found)) + "\n")
            shown.advance(task)

        async def work() -> None:
            async with open_runtime(engine, workers=jobs) as runtime:
                async for row, found in _checked(runtime, rows, chosen):
                    tell(row, found)

        anyio.run(work, backend="asyncio")
    if unread:
        click.echo(f"midtrace: {len(unread)} of {len(rows)} rows were not checked; {unread[0]}", err=True)
    if explain:
        sums = ", ".join(f"{name}: {count}" for name, count in totals.items())
        click.echo(sums)
    if as_json:
        click.echo(dump({**totals}))
    return VIOLATIONS if totals["violations"] else 0


async def _checked(
    runtime: Runtime, rows: Sequence[Row], chosen: Chosen
) -> AsyncIterator[tuple[Row, Finding | UsageError]]:
    """The rows with what is found in them, in order. Nothing is yielded from inside a task group."""
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        findings: list[Finding | UsageError | None] = [None] * len(batch)

        async def one(index: int, row: Row, findings: list[Finding | UsageError | None] = findings) -> None:
            try:
                findings[index] = await runtime.review(row.text, row.problem, monitors=chosen.monitors(row.problem))
            except UsageError as error:  # one problem that cannot be read must not cost all other rows
                if not chosen.bound:
                    raise
                findings[index] = error

        async with anyio.create_task_group() as tasks:
            for index, row in enumerate(batch):
                tasks.start_soon(one, index, row)
        for row, found in zip(batch, findings, strict=True):
            assert found is not None
            yield row, found


def _finding(row: Row, found: Finding | UsageError) -> dict[str, Json]:
    if isinstance(found, UsageError):
        return {"id": row.id, "checks": 0, "violations": [], "unknown": 1, "error": str(found)}
    violations: list[Json] = [
        {
            "monitor": standing.monitor,
            "start": standing.span.start,
            "end": standing.span.end,
            "message": standing.violation.message,
            "hint": standing.violation.hint,
            "evidence": dict(standing.violation.evidence),
        }
        for standing in found.violations
    ]
    return {"id": row.id, "checks": found.checks, "violations": violations, "unknown": found.unknown}
