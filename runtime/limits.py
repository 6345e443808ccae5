"""What a run may spend. Everything that can grow is bounded; what exceeds a bound is a typed outcome."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run; None means unbounded. Text counts when it is generated, also if it is discarded later.

    Args:
        tokens: Generated tokens.
        characters: Generated characters.
        rollbacks: Rollbacks of all monitors together.
        checks: Checks submitted.
        seconds: Wall time.
    """

    tokens: int | None = None
    characters: int | None = 10_000_000
    rollbacks: int | None = 20
    checks: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and not value >= 0:
                raise UsageError(f"Limits({each.name}={value!r}): expected 0 or more, or None for no bound")
