"""What a check needs of the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import UsageError


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
        object.__setattr__(self, "custom", tuple(sorted(items)))
        for name, amount in (("cpus", self.cpus), *self.amounts.items()):
            if not amount > 0:
                raise UsageError(f"Resources({name}={amount}): expected more than 0")
        if self.memory is not None and self.memory < 1:
            raise UsageError(f"Resources(memory={self.memory}): expected a number of bytes above 0")

    @property
    def amounts(self) -> dict[str, float]:
        """The custom resources by name."""
        return dict(self.custom)


ORDINARY = Resources()
"""What a check needs that declares nothing."""
