"""Knights and knaves, and webs of lies: right solutions, every other one, and what models wrote."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from midtrace.extractors.knights_knaves import RoleClaims
from midtrace.verifiers.knights_knaves import KnightsKnaves

from .measured import Half, Measured, Record, records

READER = RoleClaims()


def measure(data: Path, half: Half) -> Iterator[Measured]:
    rows = list(records(data, "rg_eval_logic__knights_knaves", half))
    islands = {row["gid"]: KnightsKnaves.of(row["question"]) for row in rows}
    golds = {row["gid"]: row["expected_answer"] for row in rows}

    # These puzzles have one solution each, so that every other assignment is wrong.
    right, changed = Measured("knights_knaves", "right solutions"), Measured("knights_knaves", "all other solutions")
    for gid, gold in golds.items():
        right.judge(READER, islands[gid], f"<answer>{gold}</answer>", gid, is_right=True)
        for other in assignments(islands[gid]):
            if not same(other, gold):
                changed.judge(READER, islands[gid], f"<answer>{other}</answer>", f"{gid} {other}", is_right=False)
    yield right
    yield changed

    for text, field in (("models' answers", "model_answer"), ("models' texts", "response")):
        written = Measured("knights_knaves", text)
        for row in rows:
            shown = f"<answer>{row[field]}</answer>" if field == "model_answer" else row[field]
            written.judge(READER, islands[row["gid"]], shown, row["id"], is_right=row["score"] == 1)
        yield written

    yield from webs(list(records(data, "bbeh_web_of_lies", half)))

    chains = Measured("knights_knaves", "chains of thought, web of lies")
    for row in records(data, "bbh_davinci_cot", half):
        if row["task"] == "web_of_lies":
            island = KnightsKnaves.of(row["question"])
            chains.judge(READER, island, row["cot"], row["id"], is_right=row["final_correct"])
    yield chains


def webs(rows: list[Record]) -> Iterator[Measured]:
    right, changed = (
        Measured("knights_knaves", "webs: right lists"),
        Measured("knights_knaves", "webs: one word changed"),
    )
    for row in rows:
        island = KnightsKnaves.of(row["input"])
        words = row["target"].split(", ")
        right.judge(READER, island, f"<answer>{row['target']}</answer>", row["id"], is_right=True)
        for n, word in enumerate(words):
            for other in {"yes", "no", "unknown"} - {word}:
                text = ", ".join([*words[:n], other, *words[n + 1 :]])
                changed.judge(READER, island, f"<answer>{text}</answer>", f"{row['id']} {text}", is_right=False)
    yield right
    yield changed


def assignments(island: KnightsKnaves) -> Iterator[str]:
    for roles in product((island.truthful, island.lying), repeat=len(island.people)):
        yield ", ".join(f"{name} is a {role}" for name, role in zip(island.people, roles, strict=True))


def same(one: str, other: str) -> bool:
    words = [text.replace(" an ", " a ").replace(" and ", " ").replace(",", "").strip(". ") for text in (one, other)]
    return words[0] == words[1]
