"""Whose check comes next: one from each session in turn, so that none starves the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .inbox import DispatcherLine, Waiting


class Turns:
    """The checks that wait for a worker. Every operation costs O(1)."""

    def __init__(self) -> None:
        self._lines: deque[DispatcherLine] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, waiting: Waiting, *, first: bool = False) -> None:
        """Queue a check behind those of its session; `first`: it had its turn before, and has it next."""
        line = waiting.line
        self._count += 1
        if first:
            line.queue.appendleft(waiting)
        else:
            line.queue.append(waiting)
        if not line.in_turn:
            line.in_turn = True
            if first:
                self._lines.appendleft(line)
            else:
                self._lines.append(line)

    def take(self) -> Waiting | None:
        """The next check; None where none waits."""
        while self._lines:
            line = self._lines.popleft()
            if line.queue:
                waiting = line.queue.popleft()
                self._count -= 1
                if line.queue:
                    self._lines.append(line)
                else:
                    line.in_turn = False
                return waiting
            line.in_turn = False
        return None

    def drop(self, line: DispatcherLine, ids: frozenset[int] | None) -> None:
        """Forget checks of a session; None: all of them."""
        kept = [] if ids is None else [each for each in line.queue if each.request.check.id not in ids]
        self._count -= len(line.queue) - len(kept)
        line.queue = deque(kept)

    def take_all(self) -> Iterator[Waiting]:
        """Every check that waits."""
        while (waiting := self.take()) is not None:
            yield waiting
