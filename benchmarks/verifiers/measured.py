"""What a domain's file yields: a row of the table, with every case that went wrong."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from midtrace import Extractor, Pass, Unknown, Verdict, Verifier, View, Violation

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

    def judge(self, extract: Extractor[Any], verify: Verifier[Any], text: str, case: str, *, is_right: bool) -> None:
        """Check a whole text, which is known to be right or wrong, and note what the verdict makes of that."""

        def judged() -> Verdict:
            state = extract.extract(View(text, final=True))
            return Pass(0) if state is None else verify.check(state)

        self.right += is_right
        self.wrong += not is_right
        match self.timed(judged):
            case Violation(message=message):
                if is_right:
                    self.flagged.append(f"{case}: {message}")
            case verdict:
                self.unknown += isinstance(verdict, Unknown)
                if not is_right:
                    self.missed.append(f"{case}: {verdict}")


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


@dataclass(frozen=True)
class LabelledTrace:
    """The steps of a trace and the index of the first wrong one, None if all are right; later ones are unlabelled."""

    id: str
    problem: str
    steps: tuple[str, ...]
    first_error: int | None


def labelled(rows: Iterator[Record]) -> Iterator[LabelledTrace]:
    """The traces of a file of marked steps, without those whose label the data set itself doubts."""
    for row in rows:
        if not row["label_suspect"]:
            yield LabelledTrace(row["id"], row["problem"], tuple(row["steps"]), row["first_error"])


def measured_steps(
    verifier: str, text: str, traces: Iterator[LabelledTrace], check: Callable[[str, View], Verdict]
) -> Measured:
    """Judge whole traces.

    A wrong step counts as found if a violation lies in it. A violation in a step before it is a false flag.
    """
    result = Measured(verifier, text)
    for trace in traces:
        whole = "\n".join(trace.steps)
        verdict = result.timed(partial(check, trace.problem, View(whole, final=True)))
        right = len(trace.steps) if trace.first_error is None else trace.first_error
        result.right += right
        result.unknown += isinstance(verdict, Unknown)
        found = {whole.count("\n", 0, each.span.start): each for each in _violations(verdict) if each.span is not None}
        result.flagged += [f"{trace.id}, step {at}: {found[at].message}" for at in sorted(found) if at < right]
        if trace.first_error is not None:
            result.wrong += 1
            if trace.first_error not in found:
                result.missed.append(f"{trace.id}, step {trace.first_error}: {trace.steps[trace.first_error][:100]}")
    return result


def _violations(verdict: Verdict) -> tuple[Violation, ...]:
    return (verdict, *verdict.also) if isinstance(verdict, Violation) else ()
