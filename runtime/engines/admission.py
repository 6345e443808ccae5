"""What can be known of a run's monitors before its stream starts: that the engine can run their checks at all."""

from __future__ import annotations

import importlib
import pickletools
import queue
import sys
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..errors import UsageError, one_line
from ..machine.messages import Check, CheckResult
from ..monitors import Monitor
from ..resources import ORDINARY
from ..trace import Origin, Piece
from ..verdicts import Pass, Unknown, Verdict, Violation
from ..views import UnitText
from .parcels import PackedRule, Part
from .protocol import Engine, Request

IMPORTING = 30.0
"""Seconds that a worker may take to import what a rule needs."""

PATIENCE = 2 * IMPORTING
"""Seconds to wait for its answer; without one the run starts, and its checks tell."""


KNOWN = 10_000
"""Modules and rules that are remembered."""


class _Admitted(Protocol):
    @property
    def monitors(self) -> tuple[Monitor, ...]: ...
    @property
    def rules(self) -> tuple[PackedRule, ...]: ...


_importable: weakref.WeakKeyDictionary[Engine, set[str]] = weakref.WeakKeyDictionary()
"""Modules that workers of an engine are known to find, and the keys of rules that need no others."""


def admit(engine: Engine, prepared: _Admitted) -> None:
    """See that the engine can have the workers that the monitors want, and that these find the monitors' code.

    Blocks. Raises `UsageError` for what cannot work; what cannot be known in time passes, and its checks will tell.
    """
    for monitor, rule in zip(prepared.monitors, prepared.rules, strict=True):
        if rule.resources != ORDINARY and not rule.inline:
            lack = engine.lacks(rule.resources)
            if lack:
                raise UsageError(f"monitor {monitor.name!r} needs {lack}")
    if not engine.elsewhere:
        return
    known = _importable.setdefault(engine, set())
    if len(known) > KNOWN:
        known.clear()  # rules that are bound to a problem come by the thousand; the workers are asked once more
    for monitor, rule in zip(prepared.monitors, prepared.rules, strict=True):
        if rule.rule.key not in known:
            modules = modules_of(rule.rule.blob) - known
            if modules:
                _find(engine, monitor, rule, modules)
            known |= {*modules, rule.rule.key}


def modules_of(blob: bytes) -> frozenset[str]:
    """Modules that a pickle imports, but for this package's own and Python's: what a worker must have beside them."""
    strings: list[str] = []
    found: set[str] = set()
    alone = ""  # a text that was put on the stack, and made the only argument of a call
    for code, argument, _ in pickletools.genops(blob):
        if code.name == "REDUCE" and alone:
            found.add(alone)  # a function's global that is a module: cloudpickle calls its own importer
        if code.name not in ("MEMOIZE", "BINPUT", "LONG_BINPUT", "TUPLE1"):
            alone = argument if isinstance(argument, str) else ""
        if code.name == "GLOBAL":
            found.add(str(argument).split(" ", 1)[0])
        elif code.name == "STACK_GLOBAL":
            # Module and name are the last two strings, or were remembered; too many candidates do no harm.
            found.update(strings[-2:-1])
        if isinstance(argument, str):
            strings.append(argument)
    return frozenset(name for name in found if _is_foreign(name))


def _is_foreign(name: str) -> bool:
    top = name.partition(".")[0]
    return name in sys.modules and top not in sys.stdlib_module_names and top not in ("midtrace", "cloudpickle")


@dataclass(frozen=True)
class _Imports:
    """Passes where all of `modules` can be imported."""

    modules: tuple[str, ...]

    def check(self, _state: str, /) -> Verdict:
        for name in self.modules:
            try:
                importlib.import_module(name)
            except Exception as error:  # noqa: BLE001  (an import runs anything)
                return Violation(f"{name!r} ({one_line(error)})")
        return Pass()


def _find(engine: Engine, monitor: Monitor, rule: PackedRule, modules: Iterable[str]) -> None:
    answers: queue.SimpleQueue[tuple[CheckResult, ...]] = queue.SimpleQueue()
    line = engine.connect(answers.put)
    probe = PackedRule(Part.of((UnitText(), _Imports(tuple(sorted(modules))))), Part.of(""), rule.resources)
    line.submit([Request(_CHECK, probe, IMPORTING)])
    try:
        verdict = answers.get(timeout=PATIENCE)[0].verdict
    except queue.Empty:
        verdict = Unknown("no answer")
    finally:
        line.close()
    if isinstance(verdict, Violation):
        raise UsageError(
            f"monitor {monitor.name!r}: the workers cannot import {verdict.message}; install it there, send it along "
            "with open_runtime(ship=[...]), or by value with cloudpickle.register_pickle_by_value(module)"
        )


_CHECK = Check(
    id=0,
    monitor=0,
    start=0,
    end=0,
    needs=0,
    revision=0,
    snapshot=Piece(None, "", Origin.GENERATED, ()),
    scope="unit",
    final=True,
)
