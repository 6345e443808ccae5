"""What a domain's file yields: a row of the table, with every case that went wrong."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

Half: TypeAlias = Literal["tuning", "heldout", "all"]
Record: TypeAlias = dict[str, Any]
T = TypeVar("T")


@dataclass
class Measured:
    """One verifier on one kind of text.

    `right` counts what must pass and `flagged` names those that did not; `wrong` counts what must be found and
    `missed` names those that were not. `unknown` counts what was not decided among both; it is no false flag, and
    among the wrong ones it is a miss. `seconds` is CPU time of `checks` checks, extraction included.
    """

    verifier: str
    text: str
    right: int = 0
    wrong: int = 0
    unknown: int = 0
    checks: int = 0
    seconds: float = 0.0
    flagged: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def timed(self, work: Callable[[], T]) -> T:
        """Do one check and count its cost."""
        began = time.process_time()
        result = work()
        self.seconds += time.process_time() - began
        self.checks += 1
        return result


Measure: TypeAlias = Callable[[Path, Half], Iterator[Measured]]
"""What each domain's file has, under the name `measure`."""


def records(data: Path, name: str, half: Half = "all") -> Iterator[Record]:
    """The rows of a file of the data set; halves are told apart by a hash of the problem's `gid`."""
    with (data / f"{name}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            odd = hashlib.sha256(str(record["gid"]).encode()).digest()[0] % 2
            if half == "all" or (odd == 1) == (half == "heldout"):
                yield record
