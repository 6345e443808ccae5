"""Arithmetic claims on real text: how many are found, how many are flagged, and how many planted errors are caught.

Run: `python benchmarks/arithmetic.py --data DIR [--half tuning|heldout|all] [--flags]`. `DIR` holds JSON Lines files of
worked solutions (`SOURCES` names them); every unit is a line, as it is for `every_line()`. Recall is over claims that
were decided: one digit of the written result is changed, and the line is read and checked again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from midtrace import Pass, View, Violation
from midtrace.extractors import ArithmeticClaim, ArithmeticClaims
from midtrace.verifiers import Arithmetic

Row = dict[str, Any]
CONTEXT = 600  # characters before the unit that a session shows a check


class Trace(NamedTuple):
    prompt: str
    text: str


def _solution(row: Row) -> Iterator[Trace]:
    yield Trace(row["question"], row["solution"])


def _models(row: Row) -> Iterator[Trace]:
    for answer in row["models"].values():
        if answer["final_correct"]:
            yield Trace(row["question"], answer["solution"])


def _output(row: Row) -> Iterator[Trace]:
    if row.get("final_correct", row.get("final_exact_match")):
        yield Trace(row["question"], row["output"])


def _steps(row: Row) -> Iterator[Trace]:
    yield Trace(row["problem"], "\n".join(row["steps"]))


def _thoughts(row: Row) -> Iterator[Trace]:
    yield Trace(row["question"], row["cot"])


SOURCES: dict[str, Callable[[Row], Iterator[Trace]]] = {
    "gsm8k_human_solutions": _solution,
    "gsm8k_model_solutions": _models,
    "gsm8k_llm_outputs": _output,
    "steps_prm800k_correct": _steps,
    "steps_prmbench_qwq_correct": _steps,
    "math_l5_llm_outputs": _output,
    "bbh_davinci_cot": _thoughts,
    "steps_mr_gsm8k": _steps,
}


@dataclass
class Tally:
    lines: int = 0
    characters: int = 0
    equals: int = 0
    claims: int = 0
    planted: int = 0
    caught: int = 0
    seconds: float = 0.0
    flags: list[tuple[Violation, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.lines += other.lines
        self.characters += other.characters
        self.equals += other.equals
        self.claims += other.claims
        self.planted += other.planted
        self.caught += other.caught
        self.seconds += other.seconds
        self.flags += other.flags

    def row(self, name: str) -> str:
        return (
            f"{name:<28}{self.lines:>8}{self.equals:>8}{self.claims:>8}{len(self.flags):>7}"
            f"{1000 * len(self.flags) / max(self.claims, 1):>9.2f}{100 * self.caught / max(self.planted, 1):>9.1f} %"
            f"{1e6 * self.seconds / max(self.characters, 1):>10.3f}"
        )


HEADER = f"{'file':<28}{'lines':>8}{'= signs':>8}{'claims':>8}{'flags':>7}{'/1000':>9}{'recall':>11}{'ms/1000 ch':>10}"
EXTRACTOR = ArithmeticClaims()
VERIFIER = Arithmetic()


def units(trace: Trace) -> Iterator[View]:
    at = 0
    for line in trace.text.splitlines(keepends=True):
        yield View(line, at, trace.text[max(at - CONTEXT, 0) : at], trace.prompt)
        at += len(line)


def corrupted(claim: ArithmeticClaim, view: View) -> str | None:
    """The unit with one digit of the claim's result changed, chosen by a hash; None if there is none to change."""
    begin, end = claim.result.start - view.start, claim.result.end - view.start
    places = [at for at in range(begin, end) if view.text[at].isdigit()]
    seed = int.from_bytes(hashlib.sha256(f"{claim.span}{claim.text}".encode()).digest()[:4], "big")
    if not places:
        return None
    at = places[seed % len(places)]
    digit = str((int(view.text[at]) + 1 + seed // 97 % 9) % 10)
    if digit == "0" and at == begin:
        digit = "1" if view.text[at] != "1" else "2"
    return view.text[:at] + digit + view.text[at + 1 :]


def measure(trace: Trace) -> Tally:
    tally = Tally()
    for view in units(trace):
        if not view.text.strip():
            continue
        tally.lines += 1
        tally.characters += len(view.text)
        tally.equals += view.text.count("=")
        began = time.process_time()
        claims = EXTRACTOR.extract(view)
        verdict = VERIFIER.check(claims) if claims else Pass(0)
        tally.seconds += time.process_time() - began
        if not claims:
            continue
        for claim in claims:
            alone = VERIFIER.check((claim,))
            tally.claims += not isinstance(alone, Pass) or alone.checked
            if alone == Pass(1) and (text := corrupted(claim, view)) is not None:
                tally.planted += 1
                again = EXTRACTOR.extract(View(text, view.start, view.before, view.prompt))
                tally.caught += isinstance(VERIFIER.check(again or ()), Violation)
        if isinstance(verdict, Violation):
            tally.flags += [(flag, view.text.strip()) for flag in (verdict, *verdict.also)]
    return tally


def in_half(row: Row, half: str) -> bool:
    odd = hashlib.sha256(str(row["gid"]).encode()).digest()[0] % 2
    return half == "all" or (odd == 1) == (half == "heldout")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Arithmetic claims on real text.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--half", choices=["tuning", "heldout", "all"], default="all")
    parser.add_argument("--flags", action="store_true", help="print every flag with its line")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        print(f"{parser.prog}: no such folder: {options.data}", file=sys.stderr)
        return 2
    files = {name: path for name in SOURCES if (path := options.data / f"{name}.jsonl").is_file()}
    if not files:
        print(f"{parser.prog}: none of {', '.join(SOURCES)} (.jsonl) in {options.data}", file=sys.stderr)
        return 2
    print(HEADER)
    total = Tally()
    for name, path in files.items():
        tally = Tally()
        with path.open(encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                if in_half(row, options.half):
                    for trace in SOURCES[name](row):
                        tally.add(measure(trace))
        print(tally.row(name))
        if options.flags:
            for flag, line in tally.flags:
                print(f"    {flag.message}\n        {line[:700]}")
        total.add(tally)
    print(total.row("all"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
