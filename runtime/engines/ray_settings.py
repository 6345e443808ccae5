"""What Ray reads from the environment, and when: most of it when it is imported."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from .joining import Address

FOR_ALL = {
    # It would report to its makers.
    "RAY_USAGE_STATS_ENABLED": "0",
    # It would copy the working directory to its workers, and change theirs to the copy.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # It would write its daemons' messages to our standard output, even with log_to_driver=False; this drops them.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}

BEYOND_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Off-label, but "0" is the one switch that makes every port of a local cluster listen on loopback only, and has a
process look for a cluster there."""

PATIENCE = "RAY_gcs_rpc_server_reconnect_timeout_s"
A_YEAR = "31536000"


def prepare(address: Address | None) -> None:
    """Set what the import of ray shall find; what a user has set stays. `address`: a cluster to join. May block.

    A cluster of our own gets a token in the environment, so that Ray writes none into the home directory.
    """
    wanted = dict(FOR_ALL)
    if address is None or address.loopback_only:
        wanted[BEYOND_LOOPBACK] = "0"
    if address is None and "RAY_AUTH_MODE" not in os.environ:
        # The mode is for Ray to set: where it was imported before, it would not read ours, but its processes would.
        wanted["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


def on_loopback() -> bool:
    """Whether Ray is to stay on loopback, as this process's environment says now."""
    return os.environ.get(BEYOND_LOOPBACK) == "0"


@contextmanager
def patience() -> Iterator[None]:
    """Have this process outlive the head of its cluster: for `ray.init`, which reads it.

    Ray ends a process that has lost its head for a minute, whatever else that process does. Ours is not to be ended:
    the checks thread notices, and joins again. Ray's own processes shall end as ever; so this goes past `os.environ`,
    which they inherit.
    """
    if PATIENCE in os.environ:
        yield
        return
    os.putenv(PATIENCE, A_YEAR)
    try:
        yield
    finally:
        os.unsetenv(PATIENCE)
