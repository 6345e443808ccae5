"""What can be wrong with the address of a cluster, in one line each."""

from __future__ import annotations

import re
import socket

from ..errors import EngineError, UsageError, one_line

CONNECT = 5.0
"""Seconds for a cluster to answer."""

_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")


def check_address(address: str) -> None:
    """Raise `UsageError` unless this can be the address of a cluster."""
    if address.startswith("ray://"):
        raise UsageError(
            f"address={address!r}: expected HOST:PORT of the cluster's head (GCS, usually port 6379), not of a Ray "
            "client server; run the program on a machine of the cluster"
        )
    host, _, port = address.rpartition(":")
    if address != "auto" and not (host and port.isdecimal() and int(port) < 1 << 16):
        raise UsageError(f"address={address!r}: expected HOST:PORT or 'auto'")


def must_answer(address: str) -> None:
    """Raise `EngineError` where nobody listens: Ray itself would go on trying for a minute and more."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()
    except OSError as error:
        raise EngineError(f"cannot join Ray at {address}: {one_line(error)}") from error


def refused(address: str | None, error: Exception) -> EngineError:
    """Why Ray could not be joined, or started where `address` is None."""
    text = str(error)
    versions = _VERSIONS.findall(text)
    if "Version mismatch" in text and len(versions) == 2:
        (their_ray, their_python), (ray, python) = versions
        return EngineError(
            f"cannot join Ray at {address}: the cluster runs Ray {their_ray} on Python {their_python}, this process "
            f"Ray {ray} on Python {python}; expected the same Ray, and the same Python but for its last number"
        )
    doing = f"join Ray at {address}" if address else "start Ray"
    return EngineError(f"cannot {doing}: {one_line(error)}")
