"""A Ray cluster of several nodes on this machine, until Ctrl-C: to try here what a real cluster does.

    $ python deploy/local_cluster.py
    export RAY_ADDRESS=127.0.0.1:41234 RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=FILE

With these in its environment every midtrace command and program runs its checks there. The cluster listens on loopback
only, and every process needs the token, which is in a file that only you can read.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from midtrace import EngineError
from midtrace.engines.joining import Address
from midtrace.engines.ray_settings import BEYOND_LOOPBACK, prepare

STARTING = 60.0
"""Seconds for a node to be up."""

STARTED = "Ray runtime started"
"""What it says then."""

STOPPING = 10.0
"""Seconds for a node to stop by itself."""


RAY = "from ray.scripts.scripts import main; main()"

RAY_ON_LOOPBACK = f"from ray._private import services; services.resolve_ip_for_localhost = lambda host: host; {RAY}"
"""The command `ray` for a node that joins another. It would put this machine's outside address in place of 127.0.0.1;
the setting that stops it from that (`ray_settings.BEYOND_LOOPBACK`) also keeps a second node from joining."""


class Node:
    """One node: `ray start --block` and all that it starts, in a process group of its own."""

    def __init__(self, program: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        command = [sys.executable, "-c", program, "start", "--block", *arguments]
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def wait(self) -> None:
        """Wait until it is up. Raises `EngineError`, with the end of its log, where it does not come up."""
        until = time.monotonic() + STARTING
        while STARTED not in (said := self.log.read_text(encoding="utf-8", errors="replace")):
            if self.process.poll() is not None or time.monotonic() > until:
                raise EngineError("\n".join(("a node does not start:", *said.splitlines()[-20:])))
            time.sleep(0.1)

    def stop(self) -> None:
        """End it gently, then what is left of it."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOPPING)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def cluster(*, nodes: int, cpus: int, resources: Mapping[str, float]) -> Iterator[Mapping[str, str]]:
    """So many nodes, the last with custom `resources`; gives the environment that leads there.

    Raises `EngineError` where they do not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="mt-"))  # short: Ray puts sockets below it
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32), encoding="ascii")
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    os.environ.pop("RAY_ADDRESS", None)
    prepare(None)
    environment = dict(os.environ)
    apart = {name: value for name, value in environment.items() if name != BEYOND_LOOPBACK}
    address = Address("127.0.0.1", _free_port())
    common = ["--num-cpus", str(cpus), "--object-store-memory", str(80 << 20), "--disable-usage-stats"]
    started: list[Node] = []
    try:
        for number in range(1, nodes + 1):
            arguments = [*common, "--resources", json.dumps(resources if number == nodes else {})]
            log = folder / f"node-{number}.log"
            if number == 1:
                arguments += ["--head", "--port", str(address.port), "--temp-dir", str(folder)]
                started.append(Node(RAY, [*arguments, "--include-dashboard=false"], environment, log))
            else:
                arguments += ["--address", str(address), "--node-ip-address", address.host]
                started.append(Node(RAY_ON_LOOPBACK, arguments, apart, log))
            started[-1].wait()
        yield {
            "RAY_ADDRESS": str(address),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
        }
    finally:
        for node in reversed(started):
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    """A port below those that Ray gives its workers (10002 and up), as it wants the head's to be."""
    for port in range(6380, 10_000):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise EngineError("no port between 6380 and 9999 is free")


def main() -> None:
    """Start, print, wait, stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=2, help="how many (default: 2)")
    parser.add_argument("--cpus", type=int, default=2, help="processors that each node offers (default: 2)")
    parser.add_argument(
        "--resources", type=json.loads, default={}, metavar="JSON", help="custom resources of the last node"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with cluster(nodes=options.nodes, cpus=options.cpus, resources=options.resources) as environment:
            print("export", *(f"{name}={value}" for name, value in environment.items()), flush=True)
            signal.pause()
    except EngineError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
