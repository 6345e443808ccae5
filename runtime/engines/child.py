"""The process of a local worker: reads jobs from its pipe until the pipe closes."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection

from ..errors import one_line
from ..verdicts import Unknown
from .bench import Bench
from .protocol import Job, Reply

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
        if job.blob is not None:
            bench.load(job.key, job.blob)
            pipe.send_bytes(LOADED)
        reply = bench.run(job)
        try:
            answer = pickle.dumps(reply)
        except Exception as error:  # noqa: BLE001  (evidence of a user's verifier that does not pickle)
            answer = pickle.dumps(_unsendable(error))
        pipe.send_bytes(answer)


def _unsendable(error: Exception) -> Reply:
    return Reply(Unknown(f"the verdict cannot be sent back: {one_line(error)}", "crashed"), 0.0)


if __name__ == "__main__":
    main(int(sys.argv[1]), [name for name in sys.argv[2].split(",") if name])
    # Nothing that a verifier left behind (threads, atexit hooks) may keep this process alive.
    os._exit(0)
