"""Logic grids: gold grids, each with one cell changed, and what models answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from midtrace import Pass, UsageError, Verdict, View, Violation
from midtrace.verifiers import LogicGrid

from .measured import Half, Measured, Record, records


def measure(data: Path, half: Half) -> Iterator[Measured]:
    gold = Measured("LogicGrid", "ZebraLogic: gold grids, and each with one cell changed")
    unread: list[str] = []
    puzzles: dict[str, tuple[LogicGrid, Record]] = {}
    for record in records(data, "zebralogic_puzzles", half):
        try:
            grid = LogicGrid.of(record["puzzle"])
        except UsageError as error:
            unread.append(f"{record['id']}: {error}")
            continue
        if not record["solution"]:
            continue
        puzzles[record["id"]] = grid, record["solution"]
        rows = record["solution"]["rows"]
        header = record["solution"]["header"]
        gold.right += 1
        verdict = checked(gold, grid, written(header, rows))
        if verdict != Pass(checked=len(rows) * (len(header) - 1)):
            gold.flagged.append(f"{record['id']}: {verdict}")
        for column in range(1, len(header)):
            for row in range(len(rows)):
                changed = [list(each) for each in rows]
                changed[row][column] = rows[(row + 1) % len(rows)][column]
                gold.wrong += 1
                if not isinstance(checked(gold, grid, written(header, changed)), Violation):
                    gold.missed.append(f"{record['id']}: {header[column]} of house {row + 1}")
    gold.flagged += unread
    yield gold
    answers = Measured("LogicGrid", "ZebraLogic: answers of models, right and wrong by the gold grid")
    for record in records(data, "zebralogic_outputs", half):
        if record["id"] not in puzzles:
            continue
        grid, solution = puzzles[record["id"]]
        state = answers.timed(partial(grid.claims.extract, View(record["output"], final=True)))
        cells = {(cell.house, cell.value.lower()) for cell in state or ()}
        right = {(int(row[0]), value.lower()) for row in solution["rows"] for value in row[1:]}
        verdict = answers.timed(partial(grid.check, state or ()))
        if cells <= right:
            answers.right += 1
            if not isinstance(verdict, Pass):
                answers.flagged.append(f"{record['id']} {record['generator']}: {verdict}")
        else:
            answers.wrong += 1
            if not isinstance(verdict, Violation):
                answers.missed.append(f"{record['id']} {record['generator']}: {sorted(cells - right)[:3]}")
    yield answers

    yield asked(data, half)


def asked(data: Path, half: Half) -> Measured:
    """Puzzles of reasoning-gym, which ask for one name only: the right one, and each of the others."""
    names = Measured("LogicGrid", "reasoning-gym: the name asked for, and each other name")
    for record in records(data, "rg_eval_logic__zebra_puzzles", half):
        grid = LogicGrid.of(record["question"])
        for name in grid.categories[0].values:
            verdict = checked(names, grid, f"{name} is in house 1.")
            if name == record["expected_answer"]:
                names.right += 1
                if verdict != Pass(checked=1):
                    names.flagged.append(f"{record['id']}: {verdict}")
            else:
                names.wrong += 1
                if not isinstance(verdict, Violation):
                    names.missed.append(f"{record['id']}: {name}")
    return names


def written(header: list[str], rows: list[list[str]]) -> str:
    return json.dumps({f"House {row[0]}": dict(zip(header[1:], row[1:], strict=True)) for row in rows}, indent=1)


def checked(measured: Measured, grid: LogicGrid, text: str) -> Verdict:
    state = grid.claims.extract(View(text, final=True))
    return measured.timed(partial(grid.check, state or ()))
