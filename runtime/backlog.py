"""Checks that wait for their verdict: how many a run may have, and what happens when the engine cannot keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from .engines.protocol import Request
from .errors import UsageError, expect_one_of
from .events import Pressure
from .machine.messages import CheckResult
from .verdicts import Unknown

Relief: TypeAlias = Literal["hold", "coalesce", "unverified"]

ACTIONS: Mapping[Relief, Literal["held", "coalesced", "unverified"]] = {
    "hold": "held",
    "coalesce": "coalesced",
    "unverified": "unverified",
}


@dataclass(frozen=True, slots=True)
class Backlog:
    """At most `checks` of a run wait for their verdict.

    Args:
        checks: The bound; more than one, since one chunk may end many units, can only be met after the chunk.
        then: What happens beyond it. `hold` reads the source no further until half of them are answered, so that the
            stream is as slow as its checks. `coalesce` first lets one check stand for those before it that
            wait too, where checks see the whole trace (`Monitor(scope="trace")`), and holds the source only as long
            as that is not enough. `unverified` answers further checks with `Unknown` at once: the stream
            goes on, and the run cannot be `verified` unless the policy passes over what could not be checked.

    Raises `UsageError` for what cannot work.
    """

    checks: int = 4_096
    then: Relief = "hold"

    def __post_init__(self) -> None:
        expect_one_of("Backlog", "then", self.then, get_args(Relief))
        if self.checks < 1:
            raise UsageError(f"Backlog(checks={self.checks}): expected 1 or more")


class Sorted(NamedTuple):
    """Checks that go to the engine, and the answers of those that do not."""

    accepted: Sequence[Request]
    refused: tuple[CheckResult, ...]


class OpenChecks:
    """Counts what waits, and tells `say` when it is too much and when that is over."""

    def __init__(self, backlog: Backlog, say: Callable[[Pressure], None]) -> None:
        self._backlog = backlog
        self._say = say
        self._ids: set[int] = set()
        self._waiter: asyncio.Future[None] | None = None
        self._pressed = False

    @property
    def held(self) -> bool:
        """Whether the source is to be read no further."""
        return self._pressed and self._backlog.then != "unverified"

    @property
    def coalescing(self) -> bool:
        """Whether one check is to stand for others."""
        return self._pressed and self._backlog.then == "coalesce"

    def add(self, requests: Sequence[Request]) -> Sorted:
        """Take checks, as far as there is room."""
        bound = self._backlog.checks
        accepted, refused = requests, tuple[CheckResult, ...]()
        if self._backlog.then == "unverified":
            room = max(bound - len(self._ids), 0)
            accepted = requests[:room]
            unknown = Unknown(f"not checked: {bound} checks wait already", "refused")
            refused = tuple(CheckResult(request.check.id, unknown) for request in requests[room:])
        self._ids.update(request.check.id for request in accepted)
        if not self._pressed and (refused or len(self._ids) > bound):
            self._pressed = True
            self._say(Pressure(len(self._ids), ACTIONS[self._backlog.then]))
        return Sorted(accepted, refused)

    def remove(self, ids: Iterable[int]) -> None:
        """These wait no longer."""
        self._ids.difference_update(ids)
        if self._pressed and len(self._ids) <= self._backlog.checks // 2:
            self._pressed = False
            self._say(Pressure(len(self._ids), "over"))
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(None)

    async def room(self) -> None:
        """Wait until the source may be read again."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
