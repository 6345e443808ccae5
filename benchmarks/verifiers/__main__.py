"""Precision, recall and cost of every verifier on real text.

`python -m benchmarks.verifiers --data DIR [--half tuning|heldout|all] [--only NAME] [--cases]`

`DIR` holds the JSON Lines files that the domains' files name. Rules were tuned on the half `tuning` only.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from pathlib import Path

from .measured import Measure, Measured

COLUMNS = ("verifier", "text", "right", "false flags", "wrong", "found", "unknown", "CPU a check")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--half", choices=["tuning", "heldout", "all"], default="heldout")
    parser.add_argument("--only", help="one domain's file, such as countdown")
    parser.add_argument("--cases", action="store_true", help="list every false flag and every miss")
    options = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * len(COLUMNS) + "|")
    found: list[Measured] = []
    for name in [options.only] if options.only else domains():
        measure: Measure = importlib.import_module(f"benchmarks.verifiers.{name}").measure
        for measured in measure(options.data, options.half):
            print("| " + " | ".join(row(measured)) + " |", flush=True)
            found.append(measured)
    if options.cases:
        for measured in found:
            cases(measured)


def domains() -> list[str]:
    """The names of the files beside this one that measure something."""
    folder = Path(__file__).parent
    return [each.name for each in pkgutil.iter_modules([str(folder)]) if each.name not in {"__main__", "measured"}]


def row(measured: Measured) -> tuple[str, ...]:
    """A line of the table."""
    found = measured.wrong - len(measured.missed)
    return (
        measured.verifier,
        measured.text,
        f"{measured.right:,}",
        f"{len(measured.flagged)} ({len(measured.flagged) / measured.right:.2%})" if measured.right else "",
        f"{measured.wrong:,}" if measured.wrong else "",
        f"{found} ({found / measured.wrong:.1%})" if measured.wrong else "",
        f"{measured.unknown:,}",
        f"{measured.seconds / measured.checks * 1e6:,.0f} us" if measured.checks else "",
    )


def cases(measured: Measured) -> None:
    """Everything that the verifier got wrong."""
    for kind, lines in (("false flag", measured.flagged), ("missed", measured.missed)):
        for line in lines:
            print(f"{kind}: {measured.verifier}, {measured.text}: {line}")


if __name__ == "__main__":
    main()
