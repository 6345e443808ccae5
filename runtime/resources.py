"""What a check needs of the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import UsageError

LEAST = 0.0001
"""The least amount of anything that Ray reserves."""

LEAST_MEMORY = 16 << 20
"""Bytes without which hardly anything can be done."""

RESERVED = frozenset({"CPU", "GPU", "memory", "object_store_memory"})
"""Names that Ray has for resources of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a worker must have for a check to run on it; checks with other needs have workers of their own.

    A verifier declares it with an attribute `resources`; `Monitor(resources=...)` says otherwise.

    Args:
        cpus: Processors that a check keeps busy. Ray reserves them.
        memory: Bytes that a check may need beside what the worker needs itself. Ray reserves them, and a check that
            wants more ends as `Unknown`. None: 2 GiB, not reserved.
        custom: Amounts of custom Ray resources, such as `{"prover": 1}`; only nodes that have them take the check.

    Raises `UsageError` for amounts that cannot be.
    """

    cpus: float = 1.0
    memory: int | None = None
    custom: Mapping[str, float] | tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        # Hashable, and equal to what was written in another order: checks with equal needs share workers.
        items = self.custom.items() if isinstance(self.custom, Mapping) else self.custom
        try:
            object.__setattr__(self, "custom", tuple(sorted((str(name), amount) for name, amount in items)))
        except (TypeError, ValueError):
            raise UsageError(f"Resources(custom={self.custom!r}): expected amounts by name") from None
        for name, amount in (("cpus", self.cpus), *self.amounts.items()):
            if name in RESERVED:
                raise UsageError(f"Resources(custom={{{name!r}: ...}}): expected another name, or cpus= and memory=")
            if not isinstance(amount, int | float) or not amount >= LEAST:
                raise UsageError(f"Resources({name}={amount!r}): expected {LEAST} or more")
        if self.memory is not None and not (isinstance(self.memory, int) and self.memory >= LEAST_MEMORY):
            raise UsageError(f"Resources(memory={self.memory!r}): expected bytes, {LEAST_MEMORY} or more")

    @property
    def amounts(self) -> dict[str, float]:
        """The custom resources by name."""
        return dict(self.custom)


ORDINARY = Resources()
"""What a check needs that declares nothing."""
