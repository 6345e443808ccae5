"""Quantities with units: lines of right solutions, and conversions and units planted wrong in their claims."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from midtrace import Pass, Verdict, View, Violation
from midtrace.extractors.units import UnitClaim, UnitClaims
from midtrace.verifiers.units import Units

from .consistency import right_solutions
from .measured import Half, Measured

CONTEXT = 600  # characters before the unit that a session shows a check
UNIT = re.compile(
    r"[0-9] ?(?:[cmk]m|kg|m?g|m|[hsL]|in|ft|yd|mi|inch|foot|feet|yard|mile|met(?:er|re)|hour|hr|minute|min|second|sec"
    r"|day|week|month|year|ounce|oz|pound|lb|gram|lit(?:er|re)|m[lL]|gallon|quart|pint|ton|mph|acre|decade)(?:e?s)?\b"
)
SWAPS = {
    "minutes": "hours", "hours": "minutes", "seconds": "hours", "days": "miles", "weeks": "pounds", "feet": "inches",
    "inches": "feet", "miles": "hours", "yards": "inches", "meters": "kilometers", "km": "m", "cm": "m", "mm": "cm",
    "pounds": "ounces", "ounces": "pounds", "grams": "kilograms", "g": "kg", "gallons": "quarts", "liters": "meters",
    "months": "feet", "years": "pounds", "kg": "g", "m": "cm",
}  # fmt: skip


def measure(data: Path, half: Half) -> Iterator[Measured]:
    """Every line that holds a quantity is right; what is planted counts where the claim as written was decided."""
    right = Measured("units", "lines with a unit, of right solutions")
    numbers = Measured("units", "results with a digit changed")
    units = Measured("units", "results with another unit")
    for solution in right_solutions(data, half):
        at = 0
        for line in solution.text.splitlines(keepends=True):
            view = View(line, at, solution.text[max(at - CONTEXT, 0) : at], solution.prompt)
            at += len(line)
            if UNIT.search(line) is None:
                continue
            right.right += 1
            verdict = right.timed(lambda view=view: judge(view))  # type: ignore[misc]
            if isinstance(verdict, Violation):
                right.flagged.append(f"{solution.source} {solution.id}: {verdict.message} | {line.strip()[:200]}")
            for claim in UnitClaims().extract(view) or ():
                if Units().check((claim,)) == Pass(1):
                    _plant(numbers, view, claim, _digit(claim))
                    _plant(units, view, claim, _other_unit(claim))
    yield right
    yield numbers
    yield units


def judge(view: View) -> Verdict:
    """Extraction and check."""
    state = UnitClaims().extract(view)
    return Pass(0) if state is None else Units().check(state)


def _plant(measured: Measured, view: View, claim: UnitClaim, result: str | None) -> None:
    if result is None:
        return
    begin, end = claim.result.start - view.start, claim.result.end - view.start
    text = view.text[:begin] + result + view.text[end:]
    measured.wrong += 1
    verdict = measured.timed(lambda: judge(View(text, view.start, view.before, view.prompt)))
    if not isinstance(verdict, Violation):
        measured.missed.append(f"{claim.text} -> {result}")


def _result(claim: UnitClaim) -> str:
    return claim.text[claim.result.start - claim.span.start : claim.result.end - claim.span.start]


def _digit(claim: UnitClaim) -> str | None:
    """The result with one digit changed, chosen by a hash."""
    written = _result(claim)
    places = [at for at, letter in enumerate(written) if letter.isdigit() and written[at - 1 : at] != "^"]
    seed = int.from_bytes(hashlib.sha256(f"{claim.span}{claim.text}".encode()).digest()[:4], "big")
    at = places[seed % len(places)]
    others = [digit for digit in "123456789" if digit != written[at]]
    return written[:at] + others[seed // 97 % len(others)] + written[at + 1 :]


def _other_unit(claim: UnitClaim) -> str | None:
    written = _result(claim)
    for unit, other in SWAPS.items():
        found = re.search(rf"(?<![A-Za-z/]){unit}\b", written)
        if found is not None:
            return written[: found.start()] + other + written[found.end() :]
    return None
