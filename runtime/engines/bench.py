"""The work of a worker: unpack a rule once, then extract and verify under limits.

Runs on the main thread of a process of its own, which is what makes the limits hold: an alarm ends pure Python and
sympy, a fuse ends the process where a C call does not return, and the address space is capped. The parent kills what is
left.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import resource
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ..verdicts import Unknown, Verdict
from .fuse import Fuse
from .judging import Deadline, LoadedRule, judge, load_rule, unpack
from .parcels import Part, Reply, Report, Task

MEMORY = 2 << 30
"""Bytes of address space that checks may add to what the worker needs itself."""

WATCHDOG = 0.1
"""Seconds after the deadline when a check that has ignored its alarm takes its process down."""

PR_SET_PDEATHSIG = 1

WEIGHED = 256
"""Checks between two looks at how much memory this process occupies."""


class Bench:
    """Runs jobs one after another, and keeps the parts that it is told to keep."""

    def __init__(self, preload: Sequence[str] = (), memory: int | None = None) -> None:
        for module in preload:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        self._parts: dict[str, Any] = {}
        self._fuse = Fuse()
        self._unweighed = WEIGHED
        self._resident = 0
        _have_children_die_along()
        _cap_memory(MEMORY if memory is None else memory)

    def forget(self, keys: Sequence[str]) -> None:
        """Let go of parts."""
        for key in keys:
            self._parts.pop(key, None)

    def keep(self, parts: Sequence[Part]) -> None:
        """Unpack parts, which may import a solver: outside any check's time."""
        for part in parts:
            self._parts[part.key] = unpack(part)

    def run(self, tasks: Sequence[Task]) -> Report:
        """Answer tasks whose parts are here. Whatever a rule does, the answer is a verdict."""
        try:
            replies = tuple(self._run(task) for task in tasks)
        finally:
            self._fuse.light(0)
        self._unweighed += len(tasks)
        if self._unweighed >= WEIGHED:
            self._unweighed = 0
            self._resident = _pages(1) * resource.getpagesize()
        return Report(replies, self._resident)

    def _run(self, task: Task) -> Reply:
        rule = load_rule(self._parts.get(task.rule), self._parts.get(task.prompt))
        if isinstance(rule, Unknown):
            return Reply(rule)
        started, used = time.monotonic(), _processor_seconds()
        self._fuse.light(started + task.deadline + WATCHDOG)
        verdict = _within(task, rule)
        return Reply(verdict, time.monotonic() - started, _processor_seconds() - used)


def _within(task: Task, rule: LoadedRule) -> Verdict:
    """The verdict, if it comes before the alarm."""
    signal.signal(signal.SIGALRM, _ring)  # a rule may have taken it away
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, task.deadline)
            return judge(rule.extract, rule.verify, task.view(rule.prompt))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Deadline:
        return Unknown(f"ran longer than {task.deadline:g} s", "timeout")
    except MemoryError:
        return Unknown("ran out of memory", "crashed")


def _processor_seconds() -> float:
    """Processor time of this process and of the children that it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise Deadline


def _have_children_die_along() -> None:
    """Have the kernel end what a check forks when this process ends (prctl(2), Linux).

    A child left over would also hold this process's connections open, and nobody would notice that it is gone.
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return
    parent = 0

    def before() -> None:
        nonlocal parent
        parent = os.getpid()

    def in_child() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended already, and the kernel has nothing more to tell
            os._exit(1)

    os.register_at_fork(before=before, after_in_child=in_child)


def _pages(column: int) -> int:
    """Pages of memory: 0 address space, 1 resident. 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[column])
    except (OSError, ValueError, IndexError):
        return 0


def _cap_memory(budget: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = _pages(0) * resource.getpagesize() + budget
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
