"""A driver's side of a shared pool: asks for as many workers as are hired here, and gives back what is let go."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from ..errors import one_line
from ..logs import logger
from ..resources import Resources
from .inbox import Post, Recalled, Worker
from .leases import Answer, Wishes

H = TypeVar("H")
H_contra = TypeVar("H_contra", contravariant=True)

BEAT = 1.0
"""Seconds between two words to the pool."""

log = logger("midtrace.engines")


class Leasable(Worker, Protocol[H_contra]):
    """A worker that begins when there is a process for it."""

    def begin(self, handle: H_contra, /) -> None:
        """Work through this handle."""
        ...


class Leasing(Generic[H]):
    """Talks to the pool from a thread of its own. `sync` carries one message there and back; it may block and raise."""

    def __init__(self, sync: Callable[[Wishes], Answer[H]]) -> None:
        self._sync = sync
        self._post: Post | None = None
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._closing = False
        self._silent = False
        self._pending: dict[Resources, deque[Leasable[H]]] = {}
        self._held: dict[Leasable[H], tuple[Resources, str]] = {}
        self._returned: list[str] = []
        self._lost: list[str] = []
        self._thread = threading.Thread(target=self._talk, name="midtrace-leases", daemon=True)

    def hire(self, worker: Leasable[H], resources: Resources, post: Post) -> None:
        """Get a process for `worker` as soon as the pool has one."""
        with self._lock:
            self._post = post
            self._pending.setdefault(resources, deque()).append(worker)
        self._changed.set()
        if not self._thread.is_alive():
            self._thread.start()

    def leave(self, worker: Leasable[H], *, well: bool) -> None:
        """`worker` is needed no longer; where it is not `well`, its process has been ended."""
        with self._lock:
            held = self._held.pop(worker, None)
            if held is not None:
                (self._returned if well else self._lost).append(held[1])
            for waiting in self._pending.values():
                if worker in waiting:
                    waiting.remove(worker)
        self._changed.set()

    def close(self) -> None:
        """Give everything back."""
        self._closing = True
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(5 * BEAT)

    def _talk(self) -> None:
        while not self._closing:
            self._changed.wait(BEAT)
            self._changed.clear()
            self._say()
        self._say()

    def _say(self) -> None:
        with self._lock:
            wanted = Counter(resources for resources, _ in self._held.values())
            wanted.update({resources: len(waiting) for resources, waiting in self._pending.items()})
            wishes = Wishes({} if self._closing else dict(+wanted), tuple(self._returned), tuple(self._lost))
            if self._closing:
                wishes = wishes._replace(returned=(*wishes.returned, *(lease for _, lease in self._held.values())))
            self._returned.clear()
            self._lost.clear()
        try:
            answer = self._sync(wishes)
        except Exception as error:  # noqa: BLE001  (a pool that is gone is a state; its workers' ends are told apart)
            if not self._silent:
                log.warning("the pool does not answer; trying again", error=one_line(error))
            self._silent = True
            with self._lock:
                self._returned += wishes.returned
                self._lost += wishes.lost
            return
        self._silent = False
        self._take(answer)

    def _take(self, answer: Answer[H]) -> None:
        for resources, lease, handle in answer.granted:
            with self._lock:
                waiting = self._pending.get(resources)
                worker = waiting.popleft() if waiting else None
                if worker is not None:
                    self._held[worker] = (resources, lease)
                else:
                    self._returned.append(lease)
            if worker is not None:
                worker.begin(handle)
        for resources, count in answer.recalled.items():
            if self._post is not None:
                self._post(Recalled(resources, count))
