"""Monitors: trigger + extractor + verifier + policy, under a name."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from ..arguments import is_list
from ..errors import UsageError, expect_one_of
from ..policies import Policy, Rollback
from ..resources import ORDINARY, Resources
from ..triggers.lines import EveryLine
from ..triggers.protocol import Trigger
from ..verdicts import FunctionVerifier, Judge, Verifier
from ..views import Extractor, FunctionExtractor, Reader, UnitText

# A monitor only carries extractor and verifier to a worker, where they meet; the type of the state is theirs.
AnyExtractor: TypeAlias = Extractor[Any] | Reader[Any]
AnyVerifier: TypeAlias = Verifier[Any] | Judge[Any]

Scope: TypeAlias = Literal["unit", "trace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The extractor and verifier of a monitor, ready to travel to a worker."""

    extract: Extractor[Any]
    verify: Verifier[Any]
    resources: Resources
    inline: bool


@dataclass(frozen=True, slots=True)
class Monitor:
    """What is checked, when, and what follows.

    Args:
        name: Unique in a run; appears in events, feedback and the certificate.
        on: Where units end. Every monitor also runs at the end of the trace.
        extract: Reads state from the unit; a plain function gets the unit's text. Default: the text itself.
        verify: Judges the state; a plain function may return None (pass), a string (violation) or a verdict.
        policy: What a verdict leads to.
        required: Whether the run needs this monitor's passes to be `verified`.
        priority: Among violations at one offset the higher priority acts first.
        deadline: Seconds that one check may run, from when it starts to run.
        scope: What a check sees: its unit, or the whole trace up to the unit's end.
        resources: What a check needs of the worker it runs on. None: what its verifier declares with an attribute
            `resources`, else one processor.
        inline: Whether a check takes less time than the way to a worker, searches for nothing and ends soon whatever
            the text says: it then runs beside the stream, with no limits but its own. None: only if extractor and
            verifier both declare it with an attribute `inline`.

    Raises `UsageError` for anything that cannot work.
    """

    name: str
    on: Trigger = field(default_factory=EveryLine, kw_only=True)
    extract: AnyExtractor = field(default_factory=UnitText, kw_only=True)
    verify: AnyVerifier = field(kw_only=True)
    policy: Policy = field(default_factory=Rollback, kw_only=True)
    required: bool = field(default=True, kw_only=True)
    priority: int = field(default=0, kw_only=True)
    deadline: float = field(default=5.0, kw_only=True)
    scope: Scope = field(default="unit", kw_only=True)
    resources: Resources | None = field(default=None, kw_only=True)
    inline: bool | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"Monitor(name={self.name!r:.60}): expected a name")
        expect_one_of("Monitor", "scope", self.scope, get_args(Scope))
        if not isinstance(self.policy, Policy):
            raise UsageError(f"monitor {self.name!r}: policy={self.policy!r}: expected a policy, such as Rollback()")
        if not callable(getattr(self.on, "scanner", None)):
            raise UsageError(f"monitor {self.name!r}: on={self.on!r}: expected a trigger, such as every_line()")
        if not self.deadline > 0:
            raise UsageError(f"monitor {self.name!r}: expected a deadline above 0 seconds, got {self.deadline}")
        for part, value in (("extract", self.extract), ("verify", self.verify)):
            if inspect.iscoroutinefunction(value):
                raise UsageError(f"monitor {self.name!r}: {part} must be a plain function, got a coroutine function")
        if not isinstance(self.verify, Verifier) and not callable(self.verify):
            raise UsageError(f"monitor {self.name!r}: verify must have a check method or be a function")
        if self.resources is not None and not isinstance(self.resources, Resources):
            raise UsageError(f"monitor {self.name!r}: resources={self.resources!r}: expected Resources(...)")
        declared = getattr(self.verify, "resources", None)
        if declared is not None and not isinstance(declared, Resources):
            raise UsageError(f"monitor {self.name!r}: its verifier has resources={declared!r}: expected Resources(...)")
        if not isinstance(self.extract, Extractor) and not callable(self.extract):
            raise UsageError(f"monitor {self.name!r}: extract must have an extract method or be a function")

    @property
    def rule(self) -> Rule:
        """Extractor and verifier with plain functions wrapped, and what they need."""
        extract = self.extract if isinstance(self.extract, Extractor) else FunctionExtractor(self.extract)
        verify = self.verify if isinstance(self.verify, Verifier) else FunctionVerifier(self.verify)
        declared = getattr(verify, "resources", None)
        resources = self.resources or (declared if isinstance(declared, Resources) else ORDINARY)
        inline = self.inline
        if inline is None:
            inline = all(getattr(part, "inline", False) is True for part in (extract, verify))
        return Rule(extract=extract, verify=verify, resources=resources, inline=inline)


def check_names(monitors: Sequence[Monitor]) -> None:
    """Raise `UsageError` unless these are monitors, at least one, and all have names of their own."""
    if not is_list(monitors, Monitor):
        raise UsageError(f"monitors={monitors!r:.60}: expected a list of Monitor(...)")
    if not monitors:
        raise UsageError("monitors=[]: expected at least one monitor")
    seen: set[str] = set()
    for monitor in monitors:
        if monitor.name in seen:
            raise UsageError(f"two monitors are called {monitor.name!r}: expected a name for each")
        seen.add(monitor.name)
