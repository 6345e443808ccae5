"""Checks in a worker process as a runtime uses it: killable, with a deadline."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..engines.local import LocalEngine
from ..engines.parcels import PackedRule, Part
from ..engines.protocol import Request
from ..engines.scale import Bounds
from ..machine.messages import Check, CheckResult
from ..monitors import Monitor
from ..trace import Origin, Piece
from ..verdicts import Verdict
from ..views import View


@dataclass(frozen=True, slots=True)
class _Numbered:
    """The unit names one of the inputs, which travel with the rule: a worker takes text only."""

    inputs: tuple[object, ...]
    call: Callable[[object], object]

    def extract(self, view: View, /) -> object:
        return self.call(self.inputs[int(view.text)])


def in_worker(
    extract: Callable[[object], object],
    verify: Callable[[object], Verdict],
    inputs: Sequence[object],
    deadline: float,
) -> list[CheckResult]:
    """Have each input extracted and judged in a worker process; gives the results in the order of the inputs.

    Every input is answered: one that runs longer than `deadline` seconds or ends its process is `Unknown`. Starts a
    worker and ends it again.
    """
    monitor = Monitor("conformance", extract=_Numbered(tuple(inputs), extract), verify=verify)
    rule = PackedRule.pack(monitor, Part.of(""))
    answers: queue.SimpleQueue[tuple[CheckResult, ...]] = queue.SimpleQueue()
    engine = LocalEngine(workers=Bounds(1, 1))
    try:
        engine.open()
        line = engine.connect(answers.put)
        line.submit([Request(_check(number), rule, deadline) for number in range(len(inputs))])
        results: dict[int, CheckResult] = {}
        while len(results) < len(inputs):
            results |= {result.id: result for result in answers.get()}
    finally:
        engine.close()
    return [results[number] for number in range(len(inputs))]


def _check(number: int) -> Check:
    text = str(number)
    return Check(
        id=number,
        monitor=0,
        start=0,
        end=len(text),
        needs=len(text),
        revision=0,
        snapshot=Piece(None, text, Origin.GENERATED, ()),
        scope="unit",
        final=False,
    )
