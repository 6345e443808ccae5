"""What a run may spend. Everything that can grow is bounded; what exceeds a bound is a typed outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from .arguments import COUNT_OR_NOTHING, SECONDS_OR_EVER, expect, or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run, or of all runs of a `Budget`; None means unbounded.

    Text counts when it is generated, also if it is discarded later. `Rollback(limit=...)` bounds the rollbacks of one
    monitor.

    Args:
        tokens: Generated tokens.
        characters: Generated characters.
        rollbacks: Rollbacks of all monitors together.
        checks: Checks submitted.
        forks: Questions that the model was asked beside its stream.
        fork_tokens: Tokens that it answered them with.
        check_seconds: Processor time of all checks together, in seconds.
        seconds: Wall time.

    Raises `UsageError` for what is no bound.
    """

    tokens: int | None = None
    characters: int | None = 10_000_000
    rollbacks: int | None = 20
    checks: int | None = None
    forks: int | None = None
    fork_tokens: int | None = None
    check_seconds: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        expect(self, _EXPECTED)


_COUNT = or_none(COUNT_OR_NOTHING)._replace(words="0 or more in whole numbers, or None for no bound")
_SECONDS = or_none(SECONDS_OR_EVER)._replace(words="0 or more seconds, or None for no bound")
_EXPECTED = {
    **dict.fromkeys(("tokens", "characters", "rollbacks", "checks", "forks", "fork_tokens"), _COUNT),
    **dict.fromkeys(("check_seconds", "seconds"), _SECONDS),
}


class TimeLeft(NamedTuple):
    """Wall seconds that are left, and why a run ends when they are gone."""

    seconds: float
    reason: str


class Budget:
    """What several runs may spend together, each within limits of its own: a batch, a user, a day.

    Give one `Budget` to any number of runs of one event loop; `within` nests budgets. A run that exceeds any of them
    ends as `exhausted`. The wall time of a budget starts with its first run. Bounds are those of `Limits`, and none
    is set unless it is given. What was spent can be read at any time.
    """

    def __init__(
        self,
        *,
        tokens: int | None = None,
        characters: int | None = None,
        rollbacks: int | None = None,
        checks: int | None = None,
        forks: int | None = None,
        fork_tokens: int | None = None,
        check_seconds: float | None = None,
        seconds: float | None = None,
        within: Budget | None = None,
    ) -> None:
        self.limits = Limits(
            tokens=tokens,
            characters=characters,
            rollbacks=rollbacks,
            checks=checks,
            forks=forks,
            fork_tokens=fork_tokens,
            check_seconds=check_seconds,
            seconds=seconds,
        )
        self.tokens = 0
        self.characters = 0
        self.rollbacks = 0
        self.checks = 0
        self.forks = 0
        self.fork_tokens = 0
        self.check_seconds = 0.0
        self._within = within
        self._word = "shared limit"
        self._began: float | None = None

    @classmethod
    def of_one_run(cls, limits: Limits, within: Budget | None) -> Budget:
        """The account of a single run."""
        own = cls(within=within)
        own.limits = limits
        own._word = "limit"
        return own

    def spend_text(self, characters: int, tokens: int) -> str:
        """Note generated text. Gives the reason to end, empty while there is none."""
        self.characters += characters
        self.tokens += tokens
        limits = self.limits
        if limits.characters is not None and self.characters > limits.characters:
            return self._spent(f"{limits.characters} characters")
        if limits.tokens is not None and self.tokens > limits.tokens:
            return self._spent(f"{limits.tokens} tokens")
        return self._within.spend_text(characters, tokens) if self._within is not None else ""

    def spend_checks(self, checks: int) -> str:
        """Note checks to submit, if every budget allows them. Gives the reason not to, empty where they are allowed."""
        if self.limits.checks is not None and self.checks + checks > self.limits.checks:
            return self._spent(f"{self.limits.checks} checks")
        refused = self._within.spend_checks(checks) if self._within is not None else ""
        if not refused:
            self.checks += checks
        return refused

    def spend_forks(self, forks: int, tokens: int) -> str:
        """Note what the model was asked and answered. Gives the reason to end, empty while there is none."""
        self.forks += forks
        self.fork_tokens += tokens
        limits = self.limits
        if limits.forks is not None and self.forks > limits.forks:
            return self._spent(f"{limits.forks} forks")
        if limits.fork_tokens is not None and self.fork_tokens > limits.fork_tokens:
            return self._spent(f"{limits.fork_tokens} tokens of forks")
        return self._within.spend_forks(forks, tokens) if self._within is not None else ""

    def spend_check_seconds(self, seconds: float) -> str:
        """Note processor time of checks. Gives the reason to end, empty while there is none."""
        self.check_seconds += seconds
        if self.limits.check_seconds is not None and self.check_seconds > self.limits.check_seconds:
            return self._spent(f"{self.limits.check_seconds:g} s of checking")
        return self._within.spend_check_seconds(seconds) if self._within is not None else ""

    def spend_rollback(self) -> str:
        """Note a rollback, if every budget allows one more. Gives the reason not to, empty where it is allowed."""
        if self.limits.rollbacks is not None and self.rollbacks >= self.limits.rollbacks:
            return self._spent(f"{self.limits.rollbacks} rollbacks")
        refused = self._within.spend_rollback() if self._within is not None else ""
        self.rollbacks += not refused
        return refused

    def time_left(self, now: float) -> TimeLeft | None:
        """The wall time left at `now`, the least of all budgets; None where none bounds it.

        The first call starts the clock.
        """
        if self._began is None:
            self._began = now
        outer = self._within.time_left(now) if self._within is not None else None
        if self.limits.seconds is None:
            return outer
        left = max(self._began + self.limits.seconds - now, 0.0)
        if outer is not None and outer.seconds < left:
            return outer
        return TimeLeft(left, self._spent(f"{self.limits.seconds:g} s")) if left < math.inf else None

    def _spent(self, bound: str) -> str:
        return f"the {self._word} of {bound} is spent"
