"""The outcome of a run, put together at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .certificate import Attested, issue
from .chunks import CHARACTERS_A_TOKEN
from .events import Intervened
from .ledger import ForkCost, Ledger
from .machine.machine import Machine
from .machine.messages import Finish
from .outcome import Outcome, standing
from .trace import provenance


@dataclass(slots=True)
class Measured:
    """What a session measures and its machine cannot know: tokens that the source tells, and seconds."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    handling: float = 0.0
    settling: float = 0.0
    restarting: float = 0.0
    wall: float = 0.0


def summarise(
    finish: Finish,
    machine: Machine,
    prompt: str,
    attested: tuple[Attested, ...],
    *,
    interventions: Sequence[Intervened],
    forks: tuple[ForkCost, ...],
    measured: Measured,
) -> Outcome:
    """What a run ended as; costs the length of its trace once."""
    tip, count, spent = machine.tip, machine.counters, machine.spent
    text = tip.read()
    estimated = count.discarded_characters // CHARACTERS_A_TOKEN
    ledger = Ledger(
        chunks=count.chunks,
        main_tokens=spent.tokens,
        discarded_tokens=count.discarded_tokens if count.reported_tokens else estimated,
        resent_characters=count.resent_characters,
        prompt_tokens=measured.prompt_tokens,
        cached_tokens=measured.cached_tokens,
        source_calls=count.source_calls,
        forks=forks,
        fork_tokens=spent.fork_tokens,
        checks=spent.checks,
        claims=count.claims,
        cancelled_checks=count.cancelled_checks,
        stale_verdicts=count.stale_verdicts,
        repeated_checks=count.repeated_checks,
        interventions=len(interventions),
        detection_lag=count.detection_lag,
        check_seconds=count.check_seconds,
        check_cpu_seconds=spent.check_seconds,
        queue_seconds=count.queue_seconds,
        handling_seconds=measured.handling,
        settling_seconds=measured.settling,
        restarting_seconds=measured.restarting,
        wall_seconds=measured.wall,
    )
    certificate = issue(
        status=finish.status,
        reason=finish.reason,
        revision=machine.revision,
        prompt=prompt,
        text=text,
        monitors=attested,
        tracks=machine.tracks,
        written=provenance(tip),
    )
    return Outcome(
        status=finish.status,
        reason=finish.reason,
        text=text,
        violations=standing(machine.tracks),
        interventions=tuple(interventions),
        certificate=certificate,
        ledger=ledger,
    )
