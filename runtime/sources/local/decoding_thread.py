"""The thread that a model decodes on: streams take turns, and a fork is asked between two stretches of a stream."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol

from ...errors import SourceError, one_line
from .decoding import Decoder, Ending, Generation

TURN = 32
"""Tokens that a stream decodes before another one has its turn."""


class Job(Protocol):
    """Somebody who wants a generation."""

    @property
    def generation(self) -> Generation:
        """What is to be decoded."""
        ...

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits for it any more."""
        ...

    @property
    def full(self) -> bool:
        """Whether it can take no more for now."""
        ...

    def end(self, ending: Ending | None, error: SourceError | None = None) -> None:
        """Nothing follows; neither is given where it was unwanted."""
        ...


@dataclass(slots=True)
class _Waiting:
    job: Job
    again: bool = False
    begun: bool = False

    @property
    def fork(self) -> bool:
        return self.job.generation.fork


class DecodingThread:
    """Decodes with what `load` makes, on a thread of its own.

    Forks come first, but at most one between two stretches of `stretch` tokens of the streams.
    """

    def __init__(self, load: Callable[[], Decoder], *, name: str, stretch: int) -> None:
        self._load = load
        self._stretch = stretch
        self._inbox: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._forks: deque[_Waiting] = deque()
        self._streams: deque[_Waiting] = deque()
        self._since_fork = stretch
        self._turn = 0
        self._stopping = False
        self._loaded = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # From other threads

    def start(self) -> None:
        """Load the model. Blocks; raises what `load` raises."""
        self._thread.start()
        self._loaded.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End what is open, and let go of the model. Blocks until the token that is being decoded is done."""
        self._inbox.put(self._stop)
        self._thread.join()

    def add(self, job: Job, *, again: bool = False) -> None:
        """Decode it: a stream whenever it can take something, a fork as one; `again` as in `Generation.begin`."""
        line = self._forks if job.generation.fork else self._streams
        self._inbox.put(lambda: line.append(_Waiting(job, again)))

    def call(self, what: Callable[[], object]) -> None:
        """Have something done between two tokens."""
        self._inbox.put(what)

    def look(self) -> None:
        """A job can take more, or is unwanted."""
        self._inbox.put(lambda: None)

    # On the thread, from the decoder

    def pause(self, job: Job) -> bool:
        """Whether a job is to stop after the token that it has just been given."""
        if self.unwanted(job):
            return True
        if job.generation.fork:
            return False
        self._since_fork += 1
        self._turn += 1
        return (
            job.full
            or (bool(self._forks) and self._since_fork >= self._stretch)
            or (self._turn >= TURN and any(each.job is not job and not each.job.full for each in self._streams))
        )

    def unwanted(self, job: Job) -> bool:
        """Whether nobody waits for a job any more."""
        self._read_inbox()
        return self._stopping or job.unwanted

    # On the thread

    def _run(self) -> None:
        try:
            decoder = self._load()
        except BaseException as error:  # noqa: BLE001  (it is raised where the model was wanted)
            self._error = error
            self._loaded.set()
            return
        self._loaded.set()
        while not self._stopping:
            waiting = self._next(decoder)
            if waiting is None:
                self._inbox.get()()
            else:
                self._decode(decoder, waiting)
            self._read_inbox()
        for waiting in (*self._forks, *self._streams):
            waiting.job.end(None, SourceError("the model was closed"))

    def _stop(self) -> None:
        self._stopping = True

    def _read_inbox(self) -> None:
        while not self._inbox.empty():
            self._inbox.get()()

    def _next(self, decoder: Decoder) -> _Waiting | None:
        for waiting in [each for each in (*self._forks, *self._streams) if each.job.unwanted]:
            self._end(decoder, waiting, None)
        ready = next((each for each in self._streams if not each.job.full), None)
        if self._forks and (ready is None or self._since_fork >= self._stretch):
            return self._forks[0]
        return ready

    def _decode(self, decoder: Decoder, waiting: _Waiting) -> None:
        generation = waiting.job.generation
        self._turn = 0
        try:
            if not waiting.begun:
                waiting.begun = True
                decoder.begin(generation, again=waiting.again)
            ending = generation.state(decoder.decode(generation))
            generation.stretches += 1
        except SourceError as error:
            self._end(decoder, waiting, None, error)
            return
        except Exception as error:  # noqa: BLE001  (an engine's own: its failure is that of one generation)
            self._end(decoder, waiting, None, SourceError(f"the model failed: {one_line(error)}"))
            return
        if waiting.fork:
            self._since_fork = 0
        if ending != "paused":
            generation.finish()
            self._end(decoder, waiting, ending)
        elif not waiting.fork:
            self._streams.rotate(-1)  # the one that was first is first again where it is alone

    def _end(
        self, decoder: Decoder, waiting: _Waiting, ending: Ending | None, error: SourceError | None = None
    ) -> None:
        (self._forks if waiting.fork else self._streams).remove(waiting)
        if waiting.begun:
            decoder.done(waiting.job.generation)
        waiting.job.end(ending, error)
