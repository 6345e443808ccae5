"""The process of a local worker: reads jobs from its pipe until the pipe closes."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection

from .bench import Bench
from .protocol import Job, encoded

READY = b"ready"
LOADED = b"loaded"


def main(descriptor: int, preload: list[str]) -> None:
    """Serve jobs. The parent is the only one who writes into the pipe."""
    # A terminal's Ctrl-C is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe: Connection[bytes, bytes] = Connection(descriptor)
    bench = Bench(preload)
    pipe.send_bytes(READY)
    while True:
        try:
            raw = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        job: Job = pickle.loads(raw)  # noqa: S301  (from our own parent)
        if job.rules:
            for rule in job.rules:
                bench.load(rule)
            pipe.send_bytes(LOADED)
        pipe.send_bytes(encoded(bench.run(job.tasks)))


if __name__ == "__main__":
    main(int(sys.argv[1]), [name for name in sys.argv[2].split(",") if name])
    # Nothing that a verifier left behind (threads, atexit hooks) may keep this process alive.
    os._exit(0)
