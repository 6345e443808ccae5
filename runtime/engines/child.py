"""The process of a local worker: reads jobs from its pipe until the pipe closes."""

from __future__ import annotations

import argparse
import os
import pickle
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection

from .bench import Bench
from .parcels import Job, encoded

READY = b"ready"
LOADED = b"loaded"


def main(descriptor: int, preload: Sequence[str], memory: int | None) -> None:
    """Serve jobs. The parent is the only one who writes into the pipe."""
    # A terminal's Ctrl-C is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe: Connection[bytes, bytes] = Connection(descriptor)
    bench = Bench(preload, memory)
    pipe.send_bytes(READY)
    while True:
        try:
            raw = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        job: Job = pickle.loads(raw)  # noqa: S301  (from our own parent)
        bench.forget(job.forget)
        if job.parts:
            bench.keep(job.parts)
            pipe.send_bytes(LOADED)
        pipe.send_bytes(encoded(bench.run(job.tasks)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptor", type=int)
    parser.add_argument("--preload", nargs="*", default=[])
    parser.add_argument("--memory", type=int)
    given = parser.parse_args()
    main(given.descriptor, given.preload, given.memory)
    # Nothing that a verifier left behind (threads, atexit hooks) may keep this process alive.
    os._exit(0)
