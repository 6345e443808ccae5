"""Checks that take less than the way to a worker: done in the checks thread, a little at a time.

A rule is run here only if it says of itself that it searches for nothing and ends soon whatever the text, and only for
units of ordinary length. One that does not keep its word goes to the workers from then on.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Any

from ..errors import one_line
from ..logs import logger
from ..machine.messages import Check
from ..verdicts import Unknown, Verdict
from .department import Settle
from .inbox import DispatcherLine, Waiting
from .judging import judge, load_rule, unpack
from .parcels import PackedRule, Part, Reply
from .protocol import Request
from .turns import Turns

SLICE = 0.001
"""Seconds of checks between two looks into the inbox."""

CHARACTERS = 500
"""Length of the longest unit that is checked here."""

LONG = 0.005
"""Seconds of processor time after which a check was not what its rule had promised."""

BROKEN_PROMISES = 3
"""Promises that a rule may break; one is forgiven after every `FORGIVEN_AFTER` that it keeps."""

FORGIVEN_AFTER = 100
"""A machine that is busy, or the interpreter with its garbage, makes a check long now and then."""

PARTS = 512
"""Rules and prompts that are kept unpacked, the least recently used go first."""

log = logger("midtrace.engines")


def is_short(rule: PackedRule, check: Check) -> bool:
    """Whether a check takes less than the way to a worker, by what its rule says and by the length of its unit."""
    length = check.end if check.scope == "trace" else check.end - check.start
    return rule.inline and length <= CHARACTERS


class Inline:
    """Belongs to the checks thread. Who waits is answered through `settle`, exactly once."""

    def __init__(self, settle: Settle) -> None:
        self.turns = Turns()
        self._settle = settle
        self._parts: OrderedDict[str, Any] = OrderedDict()
        self._broken: dict[str, int] = {}
        self._kept: dict[str, int] = {}

    def takes(self, request: Request) -> bool:
        """Whether a check is done here."""
        return is_short(request.rule, request.check) and self._broken.get(request.rule.rule.key, 0) < BROKEN_PROMISES

    def cancel(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        """Nobody waits for these any more."""
        self.turns.drop(line, ids)

    def work(self) -> None:
        """Do some of the checks."""
        until = time.monotonic() + SLICE
        while time.monotonic() < until:
            waiting = self.turns.take()
            if waiting is None:
                return
            self._run(waiting)
            time.sleep(0)  # whoever wants the interpreter gets it: a loop must not wait for a row of checks

    def _run(self, waiting: Waiting) -> None:
        request = waiting.request
        started, used = time.monotonic(), time.thread_time()
        verdict = self._verdict(request.rule, waiting)
        cpu = time.thread_time() - used
        self._note(request.rule.rule.key, cpu)
        self._settle(waiting, Reply(verdict, time.monotonic() - started, cpu), started)

    def _verdict(self, packed: PackedRule, waiting: Waiting) -> Verdict:
        rule = load_rule(self._unpacked(packed.rule), self._unpacked(packed.prompt))
        if isinstance(rule, Unknown):
            return rule
        try:
            return judge(rule.extract, rule.verify, waiting.view.with_prompt(rule.prompt))
        except BaseException as error:  # noqa: BLE001  (this thread is everybody's: nothing may end it)
            return Unknown(f"the check raised {one_line(error)}", "crashed")

    def _unpacked(self, part: Part) -> Any:  # noqa: ANN401  (as it was packed)
        if part.key in self._parts:
            self._parts.move_to_end(part.key)
            return self._parts[part.key]
        content = self._parts[part.key] = unpack(part)
        if len(self._parts) > PARTS:
            self._parts.popitem(last=False)
        return content

    def _note(self, key: str, cpu: float) -> None:
        if cpu <= LONG:
            kept = self._kept[key] = self._kept.get(key, 0) + 1
            if self._broken.get(key) and kept % FORGIVEN_AFTER == 0:
                self._broken[key] -= 1
            return
        self._broken[key] = self._broken.get(key, 0) + 1
        if self._broken[key] == BROKEN_PROMISES:
            log.warning("an inline check takes too long; it goes to the workers from now on", seconds=round(cpu, 4))
