"""What a benchmark prints: figures with the bars that they are held against."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure; `met` is None where there is no bar."""

    what: str
    value: float
    unit: str
    bar: str = ""
    met: bool | None = None
    detail: str = ""


def show(figures: Sequence[Figure], engine: str, *, as_json: bool) -> None:
    """Print them, as a table or as one JSON document."""
    load = os.getloadavg()[0]
    if as_json:
        print(json.dumps({"engine": engine, "load": load, "figures": [asdict(figure) for figure in figures]}))
        return
    print(f"engine {engine}, {os.cpu_count()} cores, load {load:.1f}")
    for figure in figures:
        verdict = "" if figure.met is None else "met" if figure.met else "MISSED"
        bar = f"bar {figure.bar}" if figure.bar else ""
        print(f"{figure.what:<58} {figure.value:>10,.2f} {figure.unit:<12} {bar:<14} {verdict} {figure.detail}")
