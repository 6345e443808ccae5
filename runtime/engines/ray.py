"""The Ray engine. The only module that imports ray.

`ray_settings.prepare` comes first: Ray reads its environment when it is imported.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import shutil
import socket
import tempfile
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayActorError, RayError

from ..errors import EngineError, one_line
from ..verdicts import Unknown
from .bench import Bench
from .dispatcher import Dispatcher
from .inbox import Died, Loaded, Post, Ready, Replied
from .local import Children
from .protocol import Deliver, Job, Line, PackedRule, Reply, Task, decoded, encoded
from .ray_settings import patience

if TYPE_CHECKING:
    from concurrent.futures import Future

START = 120.0
"""Seconds for Ray to start and a worker to be ready."""

CONNECT = 5.0
"""Seconds for a cluster to answer."""

LINGER = 0.001
"""Seconds between a submission and its dispatch. A call of an actor takes Ray half a millisecond of the interpreter's
lock: what else is ready goes with it, and the loop that submits has its hands free before it starts."""

OBJECT_STORE = 80 << 20
"""Bytes; checks are small, and this is the least that Ray takes."""


class RayEngine:
    """Runs checks on Ray actors. `open` before use, `close` after; both block for seconds.

    Joins `address`, or the cluster this process is connected to; else starts a local one, which listens on loopback
    only and ends with the engine. Ray that is lost is joined or started again; with `fall_back` local processes run
    the checks instead, from then on.
    """

    def __init__(
        self,
        *,
        workers: int,
        address: str | None = None,
        preload: Sequence[str] = (),
        fall_back: bool = False,
    ) -> None:
        self._workers = workers
        self._address = address
        self._preload = tuple(preload)
        self._actor: Any = None
        self._folder: str | None = None
        self._connected = False
        self._children = Children(preload)
        self._dispatcher = Dispatcher(
            self._hire,
            workers=workers,
            linger=LINGER,
            begin=self._join,
            end=self._leave,
            fallback=self._children.hire if fall_back else None,
        )

    def open(self) -> None:
        """Start or join Ray, and start the workers. Raises `EngineError` where that fails."""
        self._dispatcher.open(START)

    def connect(self, deliver: Deliver, /) -> Line:
        """A line for one session."""
        return self._dispatcher.connect(deliver)

    def close(self) -> None:
        """End the workers, and Ray if this engine started it."""
        self._dispatcher.close()
        self._children.join()

    def _join(self) -> None:
        """Runs in the checks thread, as does `_leave`.

        The kernel kills a local Ray's processes when the *thread* that started them ends (they ask for it), so that
        must be a thread which lives as long as the engine; and off the main thread Ray leaves signal handlers alone.
        """
        if not ray.is_initialized():
            try:
                with patience():
                    self._init()
            except Exception as error:
                where = f"join Ray at {self._address}" if self._address else "start Ray"
                raise EngineError(f"cannot {where}: {one_line(error)}") from error
        self._actor = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD")(_Actor)

    def _init(self) -> None:
        if self._address is not None:
            _must_answer(self._address)
            ray.init(address=self._address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            self._folder = tempfile.mkdtemp(prefix="mt-")  # short: Ray puts sockets below it
            ray.init(
                address="local",
                num_cpus=self._workers + 1,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE,
                _temp_dir=self._folder,
            )
        self._connected = True

    def _leave(self) -> None:
        if self._connected:
            self._connected = False
            ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _hire(self, post: Post) -> _RayWorker:
        return _RayWorker(self._actor, post, self._preload)


class _Actor:
    """A worker on Ray: a plain synchronous actor, so that its checks run on the main thread."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._bench = Bench(preload)

    def ready(self) -> bool:
        """Answered when the modules are loaded."""
        return True

    def load(self, rules: Sequence[PackedRule]) -> None:
        """Unpack rules."""
        for rule in rules:
            self._bench.load(rule)

    def run(self, tasks: Sequence[Task]) -> bytes:
        """Checks, one after another."""
        return encoded(self._bench.run(tasks))


class _RayWorker:
    """An actor as the dispatcher sees it."""

    def __init__(self, actor: Any, post: Post, preload: Sequence[str]) -> None:  # noqa: ANN401  (Ray's own type)
        self._post = post
        self._handle = actor.remote(preload)
        self._handle.ready.remote().future().add_done_callback(self._on_ready)

    def send(self, job: Job, /) -> None:
        """Start a job."""
        if job.rules:
            # An actor takes calls in order, so the rules are there when the checks start.
            self._handle.load.remote(job.rules).future().add_done_callback(self._on_loaded)
        answered = functools.partial(self._on_reply, len(job.tasks))
        self._handle.run.remote(job.tasks).future().add_done_callback(answered)

    def kill(self) -> None:
        """End the actor's process. In a thread of its own: with the cluster's head gone, Ray waits for it here."""
        threading.Thread(target=self._kill, name="midtrace-kill", daemon=True).start()

    def _kill(self) -> None:
        with contextlib.suppress(Exception):
            ray.kill(self._handle, no_restart=True)

    def _on_ready(self, future: Future[bool]) -> None:
        error = future.exception()
        self._post(Ready(self) if error is None else Died(self, one_line(error)))

    def _on_loaded(self, future: Future[None]) -> None:
        if future.exception() is None:  # what else became of the worker, the check's own answer tells
            self._post(Loaded(self))

    def _on_reply(self, count: int, future: Future[bytes]) -> None:
        error = future.exception()
        match error:
            case None:
                self._post(Replied(self, decoded(future.result())))
            case RayActorError() | RayError() if not hasattr(error, "as_instanceof_cause"):
                self._post(Died(self, one_line(error)))
            case _:
                # Raised inside the actor outside any check: the worker lives, these answers are lost.
                lost = Reply(Unknown(f"the worker raised {one_line(error)}", "crashed"))
                self._post(Replied(self, (lost,) * count))


def _must_answer(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray itself would go on trying for a minute and more."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()
