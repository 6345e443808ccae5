"""Whether a source can do what the monitors of a run need; asked before its stream is opened."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..policies import Gate, Rollback, Stop
from ..triggers.cold import Cold
from ..triggers.entropy import HighEntropy, TopEntropy
from .protocol import Abilities, Able

if TYPE_CHECKING:
    from ..monitors import Monitor


def requirements(source: object, monitors: Sequence[Monitor]) -> None:
    """Raise `UsageError` where a monitor needs what the source says it lacks; one that says nothing is not refused."""
    if not isinstance(source, Able):
        return
    abilities = source.abilities
    name = getattr(source, "__name__", None) or type(source).__name__
    for monitor in monitors:
        lack = _lack(monitor, abilities)
        if lack:
            raise UsageError(f"monitor {monitor.name!r} and source {name!r}: {lack}")


def _lack(monitor: Monitor, abilities: Abilities) -> str:
    policy = monitor.policy.then if isinstance(monitor.policy, Gate) else monitor.policy
    if isinstance(policy, Rollback | Stop) and not abilities.resume:
        return (
            f"{type(policy).__name__}() needs a source that goes on from an edited text, and this one cannot: give the "
            "call that opens the stream, or policy=Observe() or Abstain()"
        )
    if not abilities.logprobs:
        for each in _parts(monitor.on):
            if isinstance(each, HighEntropy | TopEntropy | Cold):
                trigger = "cold()" if isinstance(each, Cold) else "high_entropy()"
                return (
                    f"{trigger} needs the log-probabilities of tokens, and this one does not give them: have it ask "
                    "for them, or take another trigger"
                )
    return ""


def _parts(trigger: object) -> Iterator[object]:
    """A trigger and those that it is made of."""
    yield trigger
    if dataclasses.is_dataclass(trigger) and not isinstance(trigger, type):
        for each in dataclasses.fields(trigger):
            value = getattr(trigger, each.name)
            for part in value if isinstance(value, tuple) else (value,):
                if callable(getattr(part, "scanner", None)):
                    yield from _parts(part)
