"""Mazes of reasoning-gym: the right number and others, and what models wrote, judged by their score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from midtrace.extractors.maze import MazeClaims
from midtrace.verifiers.maze import Maze

from .measured import Half, Measured, Record, records

FILES = ("rg_eval_games__maze", "rg_eval_graphs__shortest_path")
READER = MazeClaims()


def measure(data: Path, half: Half) -> Iterator[Measured]:
    rows = [row for name in FILES for row in records(data, name, half)]
    mazes = {row["gid"]: Maze.of(row["question"]) for row in rows}
    golds = {row["gid"]: str(row["expected_answer"]) for row in rows}

    right = Measured("maze", "right answers")
    for gid, answer in golds.items():
        right.judge(READER, mazes[gid], f"<answer>{answer}</answer>", gid, is_right=True)
    yield right

    changed = Measured("maze", "changed answers")
    for gid, answer in golds.items():
        for other in others(answer):
            changed.judge(READER, mazes[gid], f"<answer>{other}</answer>", f"{gid} {other}", is_right=False)
    yield changed

    yield from models("maze", rows, mazes)


def models(name: str, rows: list[Record], mazes: dict[str, Maze]) -> Iterator[Measured]:
    for text, field in (("models' answers", "model_answer"), ("models' texts", "response")):
        measured = Measured(name, text)
        for row in rows:
            if not row[field]:
                continue
            is_right = row["score"] == 1
            shown = f"<answer>{row[field]}</answer>" if field == "model_answer" else row[field]
            measured.judge(READER, mazes[row["gid"]], shown, row["id"], is_right=is_right)
        yield measured


def others(answer: str) -> Iterator[str]:
    if answer.lstrip("-").isdigit():
        yield from (str(int(answer) + difference) for difference in (-2, -1, 1, 2, 10))
    elif answer == "infeasible":
        yield from ("up", "right down")
    else:
        moves = answer.split()
        back = {"up": "down", "down": "up", "left": "right", "right": "left"}
        yield from (" ".join([*moves[:n], back[move], *moves[n + 1 :]]) for n, move in enumerate(moves))
        yield " ".join(moves[:-1]) or "infeasible"
