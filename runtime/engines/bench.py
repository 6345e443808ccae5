"""The work of a worker: unpack a rule once, then extract and verify under limits.

Runs on the main thread of a process of its own, which is what makes the limits hold: an alarm ends pure Python and
sympy, a watchdog without the GIL ends the process where a C call does not return, and the address space is capped.
The parent kills what is left.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import pickle
import resource
import signal
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import Unparsed, one_line
from ..verdicts import Pass, Unknown, Verdict, as_verdict
from ..views import View
from .protocol import PackedRule, Reply, Task

if TYPE_CHECKING:
    from ..verdicts import Verifier
    from ..views import Extractor

RULES = 256
"""Rules that a worker keeps unpacked; the dispatcher counts along, so that it knows what it need not send."""

MEMORY = 2 << 30
"""Bytes of address space that checks may add to what the worker needs itself."""

WATCHDOG = 0.1
"""Seconds after the deadline when a check that has ignored its alarm takes its process down."""

SHARED = 0.05
"""Seconds that this may come later, so that one watchdog serves a row of short checks."""


Loaded: TypeAlias = "tuple[Extractor[Any], Verifier[Any], str]"
"""A rule ready for use: extractor, verifier, prompt."""


class _Deadline(BaseException):
    """Raised by the alarm; no `Exception`, so that a verifier's own handlers let it pass."""


class Bench:
    """Runs jobs one after another; keeps unpacked rules, least recently used first out."""

    def __init__(self, preload: Sequence[str] = (), memory: int = MEMORY) -> None:
        for module in preload:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        self._rules: OrderedDict[str, Loaded | Unknown] = OrderedDict()
        self._traces = Path(os.devnull).open("w")  # noqa: SIM115  (lives as long as the process)
        self._watched_until = 0.0
        _cap_memory(memory)

    def load(self, rule: PackedRule) -> None:
        """Unpack a rule, which may import a solver: outside any check's time."""
        while len(self._rules) >= RULES:
            self._rules.popitem(last=False)
        try:
            self._rules[rule.key] = pickle.loads(rule.blob)  # noqa: S301  (our own user's code, no model text)
        except Exception as error:  # noqa: BLE001  (third-party code: its failure is data)
            self._rules[rule.key] = Unknown(f"the rule could not be loaded: {one_line(error)}", "crashed")

    def run(self, tasks: Sequence[Task]) -> list[Reply]:
        """Answer tasks whose rules are loaded. Whatever a rule does, the answer is a verdict."""
        try:
            return [self._run(task) for task in tasks]
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._watched_until = 0.0

    def _run(self, task: Task) -> Reply:
        self._rules.move_to_end(task.key)
        rule = self._rules[task.key]
        if isinstance(rule, Unknown):
            return Reply(rule)
        extract, verify, prompt = rule
        verdict: Verdict
        started, used = time.monotonic(), _processor_seconds()
        self._watch(started + task.deadline + WATCHDOG)
        signal.signal(signal.SIGALRM, _ring)  # a rule may have taken it away
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, task.deadline)
                verdict = judge(extract, verify, task.view(prompt))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except _Deadline:
            verdict = Unknown(f"ran longer than {task.deadline:g} s", "timeout")
        except MemoryError:
            verdict = Unknown("ran out of memory", "crashed")
        return Reply(verdict, time.monotonic() - started, _processor_seconds() - used)

    def _watch(self, until: float) -> None:
        """Have the process end itself soon after `until`; arming starts a thread, so short checks share one."""
        if not until <= self._watched_until <= until + SHARED:
            seconds = until + SHARED - time.monotonic()
            faulthandler.dump_traceback_later(seconds, exit=True, file=self._traces)
            self._watched_until = until + SHARED


def judge(extract: Extractor[Any], verify: Verifier[Any], view: View) -> Verdict:
    """Extract, then verify. The one boundary at which what third-party code raises becomes data."""
    try:
        state = extract.extract(view)
    except Unparsed as finding:
        return Unknown(str(finding), "unparsed")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        return Unknown(f"the extractor raised {one_line(error)}", "crashed")
    if state is None:
        return Pass(checked=0)
    try:
        return as_verdict(verify.check(state))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001
        return Unknown(f"the verifier raised {one_line(error)}", "crashed")


def _processor_seconds() -> float:
    """Processor time of this process and of the children that it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise _Deadline


def _cap_memory(budget: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = pages * resource.getpagesize() + budget
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
