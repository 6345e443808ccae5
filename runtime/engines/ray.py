"""The Ray engine. The only module that imports ray.

`ray_settings.prepare` comes first: Ray reads its environment when it is imported.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray._private import ray_constants
from ray.exceptions import RayError

from ..errors import EngineError, UsageError, one_line
from ..resources import Resources
from ..verdicts import Unknown
from .bench import Bench
from .dispatcher import Dispatcher
from .inbox import Died, Loaded, Post, Ready, Replied
from .joining import Address, refused
from .leases import Answer, Leases, Wishes
from .leasing import BEAT, Leasing
from .local import Children, lacking_here
from .parcels import Job, Part, Reply, Report, Task, decoded, encoded
from .pools import Pool, PoolState
from .protocol import Deliver, Line
from .ray_settings import on_loopback, patience
from .scale import IDLE, Bounds
from .wheels import wheel_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ray.actor import ActorHandle

VERSION = metadata.version("midtrace")

START = 120.0
"""Seconds for Ray to start and a worker to be ready."""

STARTING = 60.0
"""Seconds that a worker may take to be ready on a Ray of our own."""

NODE = 600.0
"""The same on a cluster, which may have to start a machine for it."""

ASKING = 5.0
"""Seconds for a cluster to say what it has."""

LINGER = 0.001
"""Seconds between a submission and its dispatch. A call of an actor takes Ray half a millisecond of the interpreter's
lock: what else is ready goes with it, and the loop that submits has its hands free before it starts."""

BETWEEN_LEASES = 5.0
"""Seconds without work after which a worker goes back to its pool."""

NAMESPACE = "midtrace"
"""Where Ray looks for pools."""

OBJECT_STORE = 80 << 20
"""Bytes; checks are small, and this is the least that Ray takes."""


class RayEngine:
    """Runs checks on Ray actors. `open` before use, `close` after; both block for seconds.

    Joins `address`, or the cluster this process is connected to; else starts a local one, which listens on loopback
    only and ends with the engine. With `pool`, workers are shared with others who name it. Ray that is lost is joined
    or started again; with `fall_back` local processes run the checks instead, from then on. `ship` names what workers
    of a cluster are sent; this package goes along by itself where they lack this version of it.
    """

    elsewhere = True

    def __init__(
        self,
        *,
        workers: Bounds,
        address: Address | None = None,
        preload: Sequence[str] = (),
        fall_back: bool = False,
        pool: Pool | None = None,
        ship: Sequence[str | Path] = (),
        runtime_env: Mapping[str, object] | None = None,
    ) -> None:
        self._workers = workers
        self._address = address
        self._preload = tuple(preload)
        self._ship = tuple(ship)
        self._runtime_env = dict(runtime_env or {})
        self._folder: Path | None = None
        self._connected = False
        self._own = False
        self._children = Children(preload)
        self._pool = pool
        self._leasing: Leasing[ActorHandle[Any]] | None = None
        self._dispatcher = Dispatcher(
            self._hire,
            workers=workers if pool is None else Bounds(0, workers.most),
            spares=1 if pool is None else 0,
            idle=IDLE if pool is None else BETWEEN_LEASES,
            patience=STARTING if address is None else NODE,
            linger=LINGER,
            begin=self._join,
            end=self._leave,
            fallback=self._children.hire if fall_back else None,
        )

    def open(self) -> None:
        """Start or join Ray, and start the workers.

        Raises `EngineError` where that fails, `UsageError` for what cannot be shipped.
        """
        with tempfile.TemporaryDirectory() as folder:
            for each in self._ship:
                wheel_of(each, Path(folder))
        self._dispatcher.open(START)

    def connect(self, deliver: Deliver, /) -> Line:
        """A line for one session."""
        return self._dispatcher.connect(deliver)

    def lacks(self, resources: Resources, /) -> str:
        """What no node of the cluster has; nothing where the cluster does not say in time."""
        if self._own:
            return lacking_here(resources)
        wanted = {"CPU": resources.cpus, "memory": float(resources.memory or 0), **resources.amounts}
        nodes = _nodes()
        if not nodes or any(all(node.get(name, 0.0) >= amount for name, amount in wanted.items()) for node in nodes):
            return ""
        for name, amount in wanted.items():
            most = max(node.get(name, 0.0) for node in nodes)
            if most < amount:
                return f"{amount:g} of {name!r}: the most that a node of the cluster has is {most:g}"
        return "all of that together: no node of the cluster has it"

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
            self._folder = Path(tempfile.mkdtemp(prefix="mt-"))  # short: Ray puts sockets below it
            try:
                _keep_to_loopback()
                with patience():
                    self._init()
            except EngineError:
                raise
            except Exception as error:
                raise refused(self._address, error) from error
        if self._pool is not None:
            self._leasing = Leasing(_PoolClient(self._pool, self._workers, self._preload).sync)

    def _init(self) -> None:
        if self._address is None:
            self._start()
            return
        self._address.must_answer()
        self._connect(self._ship)
        if "midtrace" not in self._ship and not _has_this_version():
            ray.shutdown()
            self._connect((*self._ship, "midtrace"))

    def _connect(self, ship: Sequence[str | Path]) -> None:
        assert self._folder is not None
        environment = dict(self._runtime_env)
        if ship:
            theirs = environment.get("py_modules", ())
            assert isinstance(theirs, Sequence)
            environment["py_modules"] = [*theirs, *(str(wheel_of(each, self._folder)) for each in ship)]
        ray.init(
            address=str(self._address),
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env=environment or None,
        )
        self._connected = True

    def _start(self) -> None:
        ray.init(
            address="local",
            num_cpus=1,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OBJECT_STORE,
            runtime_env=self._runtime_env or None,
            _temp_dir=str(self._folder),
        )
        self._connected = self._own = True

    def _leave(self) -> None:
        if self._leasing is not None:
            self._leasing.close()
            self._leasing = None
        if self._connected:
            self._connected = False
            ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _hire(self, resources: Resources, post: Post) -> _RayWorker:
        if self._leasing is not None:
            worker = _RayWorker(post, self._leasing)
            self._leasing.hire(worker, resources, post)
        else:
            worker = _RayWorker(post)
            worker.begin(_spawn(resources, self._preload, reserve=not self._own))
        return worker


class _Actor:
    """A worker on Ray: a plain synchronous actor, so that its checks run on the main thread."""

    def __init__(self, preload: Sequence[str], memory: int | None) -> None:
        self._bench = Bench(preload, memory)

    def ready(self) -> tuple[str, str]:
        """Answered when the modules are loaded: with the version of this package, and the node."""
        return VERSION, ray.get_runtime_context().get_node_id()

    def keep(self, parts: Sequence[Part]) -> None:
        """Unpack parts."""
        self._bench.keep(parts)

    def run(self, forget: Sequence[str], tasks: Sequence[Task]) -> bytes:
        """Checks, one after another."""
        self._bench.forget(forget)
        return encoded(self._bench.run(tasks))


@functools.cache
def _actor_class() -> Any:  # noqa: ANN401  (Ray's own type)
    return ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD")(_Actor)


def _spawn(resources: Resources, preload: Sequence[str], *, reserve: bool = True) -> ActorHandle[Any]:
    """Start an actor. On a Ray that is all ours nothing is reserved: how many there are is ours to say."""
    actor = _actor_class()
    if reserve:
        amounts = resources.amounts or None
        actor = actor.options(num_cpus=resources.cpus, memory=resources.memory, resources=amounts)
    handle: ActorHandle[Any] = actor.remote(preload, resources.memory)
    return handle


def _keep_to_loopback() -> None:
    """Have Ray notice what `prepare` set where its user had imported it before; else it listens on all addresses."""
    if on_loopback():
        ray_constants.ENABLE_RAY_CLUSTER = False


def _end(handle: ActorHandle[Any]) -> None:
    """End an actor's process. In a thread of its own: with the cluster's head gone, Ray waits for it here."""

    def end() -> None:
        with contextlib.suppress(Exception):
            ray.kill(handle, no_restart=True)

    threading.Thread(target=end, name="midtrace-kill", daemon=True).start()


class _Pool:
    """The workers that several drivers share, as an actor."""

    def __init__(self, bounds: Bounds, preload: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._leases: Leases[ActorHandle[Any]] = Leases(bounds, functools.partial(_spawn, preload=preload), _end)
        threading.Thread(target=self._watch, name="midtrace-pool", daemon=True).start()

    def sync(self, driver: str, wishes: Wishes) -> Answer[ActorHandle[Any]]:
        """What a driver says, and the answer."""
        with self._lock:
            return self._leases.sync(driver, wishes, time.monotonic())

    def summary(self) -> Mapping[str, int]:
        """How many workers there are, and for whom."""
        with self._lock:
            return self._leases.summary()

    def _watch(self) -> None:
        while True:
            time.sleep(BEAT)
            with self._lock:
                self._leases.tick(time.monotonic())


class _PoolClient:
    """The pool as one driver reaches it; made where it is not there (yet, or any more)."""

    def __init__(self, pool: Pool, bounds: Bounds, preload: Sequence[str]) -> None:
        self._pool = pool
        self._bounds = bounds
        self._preload = preload
        self._me = secrets.token_hex(8)
        self._handle: Any = None

    def sync(self, wishes: Wishes) -> Answer[ActorHandle[Any]]:
        """Talk to it. Raises whatever Ray raises."""
        if self._handle is None:
            self._handle = (
                ray.remote(_Pool)
                .options(
                    name=pool_name(self._pool.name),
                    namespace=NAMESPACE,
                    lifetime="detached" if self._pool.detached else None,
                    get_if_exists=True,
                    num_cpus=0,
                )
                .remote(self._bounds, self._preload)
            )
        try:
            answer: Answer[ActorHandle[Any]] = ray.get(self._handle.sync.remote(self._me, wishes), timeout=ASKING)
        except RayError:
            self._handle = None
            raise
        return answer


def pool_name(name: str) -> str:
    """The name of a pool's actor; drivers of another version have a pool of their own."""
    return f"{name}@{VERSION}"


def list_pools(address: Address) -> list[PoolState]:
    """The pools of a cluster. Raises `EngineError` where it cannot be joined."""
    with _visiting(address):
        found: list[PoolState] = []
        for full in _pool_names():
            name, _, version = full.partition("@")
            pool: Any = ray.get_actor(full, NAMESPACE)
            summary: dict[str, int] = ray.get(pool.summary.remote(), timeout=ASKING)
            found.append(PoolState(name, version, **summary))
        return found


def stop_pool(address: Address, name: str) -> None:
    """End a pool, of whatever version.

    Raises `UsageError` where there is none of that name, `EngineError` where the cluster cannot be joined.
    """
    with _visiting(address):
        full = [each for each in _pool_names() if each.partition("@")[0] == name]
        if not full:
            raise UsageError(f"no pool at {address} is called {name!r}")
        for each in full:
            ray.kill(ray.get_actor(each, NAMESPACE), no_restart=True)


def _pool_names() -> list[str]:
    actors: list[dict[str, str]] = ray.util.list_named_actors(all_namespaces=True)
    return sorted(each["name"] for each in actors if each["namespace"] == NAMESPACE)


@contextlib.contextmanager
def _visiting(address: Address) -> Iterator[None]:
    address.must_answer()
    try:
        ray.init(address=str(address), log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise refused(address, error) from error
    try:
        yield
    except RayError as error:
        raise EngineError(f"the cluster at {address} does not answer: {one_line(error)}") from error
    finally:
        ray.shutdown()


class _RayWorker:
    """An actor as the dispatcher sees it; with `leasing`, one that belongs to a pool."""

    def __init__(self, post: Post, leasing: Leasing[ActorHandle[Any]] | None = None) -> None:
        self._post = post
        self._leasing = leasing
        self._handle: Any = None

    def begin(self, handle: ActorHandle[Any], /) -> None:
        """Work through this handle; says so when the actor is there."""
        self._handle = handle
        self._handle.ready.remote().future().add_done_callback(self._on_ready)

    def send(self, job: Job, /) -> None:
        """Start a job."""
        try:
            if job.parts:
                # An actor takes calls in order, so the parts are there when the checks start.
                self._handle.keep.remote(job.parts).future().add_done_callback(self._on_kept)
            answered = functools.partial(self._on_reply, len(job.tasks))
            self._handle.run.remote(job.forget, job.tasks).future().add_done_callback(answered)
        except Exception as error:  # noqa: BLE001  (Ray is going away under us)
            self._post(Died(self, one_line(error)))

    def kill(self) -> None:
        """End the actor's process."""
        if self._handle is not None:
            _end(self._handle)
        if self._leasing is not None:
            self._leasing.leave(self, well=False)

    def release(self) -> None:
        """Back to the pool; without one its process ends, and its processor is free for others."""
        if self._leasing is not None:
            self._leasing.leave(self, well=True)
        else:
            self.kill()

    def _on_ready(self, future: Future[tuple[str, str]]) -> None:
        error = future.exception()
        if error is not None:
            self._post(Died(self, one_line(error)))
            return
        version, node = future.result()
        if version != VERSION:
            self._post(Died(self, f"the worker has midtrace {version}, this process {VERSION}"))
        else:
            self._post(Ready(self, node))

    def _on_kept(self, future: Future[None]) -> None:
        if future.exception() is None:  # what else became of the worker, the check's own answer tells
            self._post(Loaded(self))

    def _on_reply(self, count: int, future: Future[bytes]) -> None:
        error = future.exception()
        match error:
            case None:
                self._post(Replied(self, decoded(future.result())))
            case RayError() if not hasattr(error, "as_instanceof_cause"):
                self._post(Died(self, one_line(error)))
            case _:
                # Raised inside the actor outside any check: the worker lives, these answers are lost.
                lost = Reply(Unknown(f"the worker raised {one_line(error)}", "crashed"))
                self._post(Replied(self, Report((lost,) * count)))


def _has_this_version() -> bool:
    """Whether a worker of the cluster finds this version of the package."""

    def version() -> str:
        from importlib import metadata, util  # noqa: PLC0415  (this function travels alone)

        return metadata.version("midtrace") if util.find_spec("midtrace") is not None else ""

    found: str = ray.get(ray.remote(num_cpus=0, max_retries=0)(version).remote(), timeout=START)
    return found == VERSION


def _nodes() -> list[Mapping[str, float]]:
    """What each node that is alive has. Empty where nobody says so in time: a cluster may be gone."""
    found: list[Mapping[str, float]] = []

    def ask() -> None:
        with contextlib.suppress(Exception):
            nodes: list[Mapping[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
            found.extend(node["Resources"] for node in nodes if node["Alive"])

    asking = threading.Thread(target=ask, name="midtrace-ask", daemon=True)
    asking.start()
    asking.join(ASKING)
    return list(found)
