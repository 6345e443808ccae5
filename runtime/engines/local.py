"""The engine without Ray: workers are child processes with a pipe each."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from ..errors import one_line
from ..resources import Resources
from .dispatcher import Dispatcher
from .inbox import Died, Loaded, Post, Ready, Replied, Worker
from .parcels import Job, decoded
from .protocol import Deliver, Line
from .scale import Bounds

START = 60.0

AT_ONCE = 32_768
"""Bytes that a pipe takes while nobody reads: a job up to that length is sent by whoever has it, others by a thread."""


class Children:
    """Child processes as workers. `preload` names modules that they import before their first check."""

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self._preload = tuple(preload)
        self._children: list[_ChildWorker] = []

    def hire(self, resources: Resources, post: Post) -> Worker:
        """Start one."""
        self._children = [child for child in self._children if child.alive]
        child = _ChildWorker(post, self._preload, resources.memory)
        self._children.append(child)
        return child

    def join(self) -> None:
        """Wait until all processes are gone; somebody else has ended them."""
        for child in self._children:
            child.join()


class LocalEngine:
    """Runs checks in killable child processes. `open` before use, `close` after; both block.

    `workers` checks run at a time, or as many between two bounds as there is work for; one spare process stands warm
    beside them.
    """

    elsewhere = True

    def __init__(self, *, workers: Bounds, preload: Sequence[str] = ()) -> None:
        self._children = Children(preload)
        self._dispatcher = Dispatcher(self._children.hire, workers=workers)

    def open(self) -> None:
        """Start the workers. Raises `EngineError` where none comes up."""
        self._dispatcher.open(START)

    def connect(self, deliver: Deliver, /) -> Line:
        """A line for one session."""
        return self._dispatcher.connect(deliver)

    def lacks(self, resources: Resources, /) -> str:
        """What this machine does not have."""
        return lacking_here(resources)

    def close(self) -> None:
        """End all workers, and wait until their processes are gone."""
        self._dispatcher.close()
        self._children.join()


def lacking_here(resources: Resources) -> str:
    """What of `resources` this machine does not have, in words; empty if nothing."""
    if resources.custom:
        return f"{next(iter(resources.amounts))!r}, which only nodes of a Ray cluster can have"
    cpus = os.cpu_count() or 1
    return f"{resources.cpus:g} processors: this machine has {cpus}" if resources.cpus > cpus else ""


class _ChildWorker:
    """A child process, and the thread that talks to it: a child that does not read must not block anybody else."""

    def __init__(self, post: Post, preload: Sequence[str], memory: int | None) -> None:
        self._post = post
        self._jobs: queue.SimpleQueue[tuple[Job, bytes | None] | None] = queue.SimpleQueue()
        self._pipe, theirs = Pipe()
        # The child finds what its parent finds; `-P` keeps the working directory from adding itself.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        command = [
            sys.executable,
            "-P",
            "-m",
            "midtrace.engines.child",
            str(theirs.fileno()),
            *(["--preload", *preload] if preload else []),
            *(["--memory", str(memory)] if memory is not None else []),
        ]
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=2,  # what a verifier prints is no part of our output
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._sentinel = _sentinel(self._process.pid)
        self._thread = threading.Thread(target=self._talk, name="midtrace-worker", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the process may still be there."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until the process is gone."""
        self._thread.join()

    def send(self, job: Job, /) -> None:
        """Start a job."""
        data = pickle.dumps(job)
        if len(data) > AT_ONCE:
            self._jobs.put((job, data))
            return
        with contextlib.suppress(OSError):  # it is gone, and will be found to be
            self._pipe.send_bytes(data)
        self._jobs.put((job, None))

    def kill(self) -> None:
        """End the process and what it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._jobs.put(None)

    def release(self) -> None:
        """The same: nobody else can use it."""
        self.kill()

    def _talk(self) -> None:
        pipe: Connection[bytes, bytes] = self._pipe
        try:
            self._receive()  # READY
            self._post(Ready(self))
            while (given := self._jobs.get()) is not None:
                job, data = given
                if data is not None:
                    pipe.send_bytes(data)
                if job.parts:
                    self._receive()  # LOADED
                    self._post(Loaded(self))
                self._post(Replied(self, decoded(self._receive())))
            ended = "it was ended"
        except EOFError:
            ended = ""
        except Exception as error:  # noqa: BLE001  (whatever broke the talk, the worker is of no more use)
            ended = one_line(error)
        if self._sentinel is not None:
            os.close(self._sentinel)
        self.kill()
        self._process.wait()
        pipe.close()
        because = f" ({ended})" if ended else ""
        self._post(Died(self, f"process {self._process.pid} ended with {self._process.returncode}{because}"))

    def _receive(self) -> bytes:
        """What the child sends. Raises `EOFError` when it has ended, though a child of its own may hold the pipe."""
        pipe = self._pipe
        if self._sentinel is not None and pipe not in wait([pipe, self._sentinel]):
            raise EOFError
        return pipe.recv_bytes()


def _sentinel(pid: int) -> int | None:
    """A descriptor that can be read when the process has ended; None where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
