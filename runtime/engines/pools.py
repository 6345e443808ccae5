"""Workers that several programs share on one cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import UsageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of workers under a name, for all programs that open a runtime with it on the same cluster.

    Each has as many workers as it needs, up to its fair share; what it does not need goes back after a few seconds, and
    its solvers are warm for the next one. How many workers there are, is for the program that comes first to say.

    Args:
        name: Letters, digits, dot, dash and underscore.
        detached: Whether the pool stays when the program that made it ends; `midtrace pools --stop NAME` ends it.

    Raises `UsageError` for a name that cannot be.
    """

    name: str
    detached: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise UsageError(f"Pool({self.name!r}): expected a name of letters, digits, dots, dashes and underscores")


class PoolState(NamedTuple):
    """A pool as it is now: who made it, how many workers it has, and how many programs use it."""

    name: str
    version: str
    workers: int
    free: int
    drivers: int
