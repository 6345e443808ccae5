"""Whose check comes next: one from each session in turn, so that none starves the others."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator

from .inbox import DispatcherLine, Waiting


class Turns:
    """The checks that wait for one kind of worker. `add` and `take` cost O(1)."""

    def __init__(self) -> None:
        self._queues: OrderedDict[DispatcherLine, deque[Waiting]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def oldest(self) -> float | None:
        """When the check came that is next in turn; those of a session that waits longest are near it."""
        return next(iter(self._queues.values()))[0].at if self._queues else None

    def add(self, waiting: Waiting, *, first: bool = False) -> None:
        """Queue a check behind those of its session; `first`: it had its turn before, and has it next."""
        self._count += 1
        queue = self._queues.get(waiting.line)
        if queue is None:
            queue = self._queues[waiting.line] = deque()
            self._queues.move_to_end(waiting.line, last=not first)
        if first:
            queue.appendleft(waiting)
        else:
            queue.append(waiting)

    def take(self) -> Waiting | None:
        """The next check; None where none waits."""
        if not self._queues:
            return None
        line, queue = next(iter(self._queues.items()))
        waiting = queue.popleft()
        self._count -= 1
        if queue:
            self._queues.move_to_end(line)
        else:
            del self._queues[line]
        return waiting

    def drop(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        """Forget checks of a session; None: all of them."""
        queue = self._queues.get(line)
        if queue is None:
            return
        kept = deque[Waiting]() if ids is None else deque(each for each in queue if each.request.check.id not in ids)
        self._count -= len(queue) - len(kept)
        if kept:
            self._queues[line] = kept
        else:
            del self._queues[line]

    def take_all(self) -> Iterator[Waiting]:
        """Every check that waits."""
        while (waiting := self.take()) is not None:
            yield waiting
