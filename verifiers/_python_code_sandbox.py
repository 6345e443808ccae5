"""Runs tests against code that nobody has read, in two processes that are shut in and end with this one.

One process holds the code, the other the tests; they talk in plain values over a pair of pipes, and only the second
one reports. There is no folder to clean up: neither can create a file.
"""

from __future__ import annotations

import math
import os
import platform
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Literal, TypeAlias

from ._python_code_syscalls import MACHINES
from ._python_code_values import MAX_BYTES, MalformedError, UntransferableError, decode, encode

PACKAGE = "midtrace_cell"
"""Name under which the processes import the modules beside this one, without the rest of midtrace."""

_START = f"""import sys
package = type(sys)({PACKAGE!r})
package.__path__ = [sys.argv[1]]
sys.modules[{PACKAGE!r}] = package
from {PACKAGE} import %(module)s
%(module)s.main(*map(int, sys.argv[2:]))
"""
_OPTIONS = ("-S", "-s", "-P", "-c")
_LOOK = 0.02
"""Seconds between two looks at whether the worker wants its thread back."""

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
"""Of an object, in a text of Python's; another one in each run."""

Wary: TypeAlias = Literal["", "type", "identity"]


@dataclass(frozen=True, slots=True)
class Run:
    """Statements that must not raise. `wary`: they ask for types, or which object something is."""

    source: str
    wary: Wary = ""


@dataclass(frozen=True, slots=True)
class Compare:
    """An expression whose value must equal one of the others; `close` lets floats differ in the ninth digit."""

    left: str
    rights: tuple[str, ...]
    close: bool = False
    wary: Wary = ""


Question: TypeAlias = Run | Compare


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question. `text` says why not; `value` and `expected` are of a `Compare` that failed."""

    kind: Literal["passed", "failed", "missing", "undecided", "timeout"]
    text: str = ""
    value: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One outcome a question, in their order, and how the code could be loaded.

    `refused` says why nothing was run, `held` what held the code. `load_error` is what the code raised when it was
    loaded, `own_fault` whether that says something of the code rather than of the sandbox.
    """

    outcomes: tuple[Outcome, ...]
    held: str = ""
    load_error: str = ""
    own_fault: bool = False
    refused: str = ""


def try_out(
    sources: Sequence[str],
    names: Sequence[str],
    questions: Sequence[Question],
    *,
    seconds: float,
    memory: int,
    seed: int = 0,
) -> Trial:
    """Load the sources one after another, then put the questions, all within `seconds` of wall time.

    Args:
        sources: Parts of one module.
        names: What the questions use of it.
        questions: Asked in this order, in one namespace.
        seconds: From before the processes start.
        memory: Bytes of address space for each process.
        seed: Of the code's hash function, which decides the order of its sets.
    """
    if sys.platform != "linux" or platform.machine() not in MACHINES or not sys.executable:
        return Trial((), refused=f"code runs on 64-bit Linux on {' or '.join(MACHINES)} only")
    try:
        contents = (_packed(list(sources)), _packed((list(names), [_told(each) for each in questions])))
    except UntransferableError as reason:
        return Trial((), refused=f"code and tests are {reason}")
    limits = (os.getpid(), math.ceil(seconds) + 1, memory)
    deadline = time.monotonic() + seconds
    with _alarm_held_back() as due, ExitStack() as ours:
        with ExitStack() as theirs:
            ask, asked = _pipe(theirs, theirs)
            answer, answered = _pipe(theirs, theirs)
            report, reported = _pipe(ours, theirs)
            modules = {"_python_code_candidate": (ask, answered), "_python_code_judge": (asked, answer, reported)}
            for (module, ends), content, order in zip(modules.items(), contents, (seed, 0), strict=True):
                ours.callback(_end, _started(module, content, ends, limits, order))
        reports = list(_reports(report, deadline, due))
        late = due() or time.monotonic() >= deadline
    return _trial(reports, len(questions), late=late)


def _told(question: Question) -> tuple[object, ...]:
    match question:
        case Run(source, wary):
            return ("run", source, wary)
        case Compare(left, rights, close, wary):
            return ("compare", left, list(rights), close, wary)


def _packed(content: object) -> bytes:
    return encode(content, _no_number)


def _no_number(value: object) -> tuple[int, str]:
    raise UntransferableError(type(value).__name__)


@contextmanager
def _alarm_held_back() -> Iterator[Callable[[], bool]]:
    """Put off the alarm with which a worker ends a check until the processes are gone; gives whether it is due.

    Blocking the signal would not do: another thread may take it, and Python's handler then runs in this one all the
    same. In a thread that is not the main one handlers do not run.
    """
    due = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal due
        due = True

    handler = signal.getsignal(signal.SIGALRM)
    if threading.current_thread() is not threading.main_thread() or handler is None:
        yield lambda: False
        return
    signal.signal(signal.SIGALRM, note)
    try:
        yield lambda: due
    finally:
        signal.signal(signal.SIGALRM, handler)
        if due:
            signal.raise_signal(signal.SIGALRM)


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    reader.callback(os.close, read)
    writer.callback(os.close, write)
    return read, write


def _started(
    module: str, content: bytes, ends: tuple[int, ...], limits: tuple[int, ...], seed: int
) -> subprocess.Popen[bytes]:
    memory = os.memfd_create(module)  # a file that is nowhere: a pipe would have to be filled while it is read
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(memory, rest) :]
        os.lseek(memory, 0, os.SEEK_SET)
        return subprocess.Popen(  # noqa: S603
            [
                *(sys.executable, *_OPTIONS, _START % {"module": module}),
                *(str(Path(__file__).parent), *map(str, (*ends, *limits))),
            ],
            stdin=memory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=ends,
            cwd="/",
            env={"PYTHONHASHSEED": str(seed)},
            start_new_session=True,
        )
    finally:
        os.close(memory)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # neither can have made another process
    process.wait()


def _reports(descriptor: int, deadline: float, due: Callable[[], bool]) -> Iterator[object]:
    """Messages of the judge until it ends, time is up, or the worker's alarm is due."""
    data = b""
    while (left := deadline - time.monotonic()) > 0 and not due():
        if not select.select([descriptor], [], [], min(left, _LOOK))[0]:
            continue
        part = os.read(descriptor, 1 << 16)
        if not part:
            return
        data += part
        while len(data) >= 4 and len(data) >= 4 + (length := int.from_bytes(data[:4], "big")):
            message, data = data[4 : 4 + length], data[4 + length :]
            try:
                yield decode(message, lambda number, _: number)
            except MalformedError:
                return
        if len(data) > 4 + MAX_BYTES:
            return


def _trial(reports: Sequence[object], count: int, *, late: bool) -> Trial:
    """What the reports say; a question without a report was being answered, or still to come, when time was up."""
    end = Outcome("timeout", "did not end in time") if late else Outcome("undecided", "the process of the tests ended")
    outcomes = [end] * count
    trial = Trial(())
    for report in reports:
        match report:
            case ("refused", str() as reason):
                return Trial((), refused=reason)
            case ("loaded", str() as held, str() as whose, str() as error):
                trial = Trial((), held=held, load_error=error, own_fault=whose == "code")
            case (int() as index, "passed" | "failed" | "missing" | "undecided" as kind, *rest) if 0 <= index < count:
                outcomes[index] = Outcome(kind, *(_ADDRESS.sub("0x...", str(each)) for each in rest))
    return replace(trial, outcomes=tuple(outcomes))
