"""The address of a cluster: who answers there, and what can be wrong with it, in one line each."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import EngineError, UsageError, one_line

CONNECT = 5.0
"""Seconds for a cluster to answer."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""How a gRPC client begins (RFC 9113, section 3.4): with this and an empty SETTINGS frame."""

SETTINGS = 4
"""Type of the frame that a server must send first; the fourth byte of what it sends."""

LISTENS = "0A"
LOOPBACK = re.compile("(0{16}FFFF0000)?[0-9A-F]{6}7F|0{24}01000000")
"""127.0.0.0/8, also as a mapped IPv6 address, and ::1: in hexadecimal, four bytes at a time from last to first."""

_LOCKED = "a cluster with a token lets nobody in without it: RAY_AUTH_MODE=token, RAY_AUTH_TOKEN_PATH=FILE"

_VERSIONS = re.compile(r"Ray: (\S+)\s+Python: (\S+)")


class Address(NamedTuple):
    """Where the head of a cluster listens."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> Address:
        """Read HOST:PORT, or `auto` for the cluster that was started on this machine.

        Raises `UsageError` for what is neither, `EngineError` where no cluster was started.
        """
        if text.startswith("ray://"):
            raise UsageError(
                f"address={text!r}: expected HOST:PORT of the cluster's head (GCS, usually port 6379), not of a Ray "
                "client server; run the program on a machine of the cluster"
            )
        if text == "auto":
            text = _started_here()
        host, _, port = text.rpartition(":")
        if not (host and "/" not in host and port.isdecimal() and int(port) < 1 << 16):
            raise UsageError(f"address={text!r}: expected HOST:PORT or 'auto'")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def loopback_only(self) -> bool:
        """Whether it names this machine, and only this machine could reach it."""
        try:
            here = self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
        return here and all(LOOPBACK.fullmatch(listener) for listener in _listeners(self.port))

    def must_answer(self) -> None:
        """Raise `EngineError` where no gRPC server answers: Ray itself would go on trying for ever."""
        silence = _silence(self)
        if silence:
            raise EngineError(f"cannot join Ray at {self}: {silence}")


def _silence(address: Address) -> str:
    """Why nobody can be talked to at `address`; empty if somebody can."""
    try:
        with socket.create_connection(address, timeout=CONNECT) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return ""
            connection.sendall(PREFACE)
            answer = connection.recv(4, socket.MSG_WAITALL)
    except TimeoutError:
        return f"no answer within {CONNECT:g} s"
    except OSError as error:
        return one_line(error)
    return "" if answer[3:4] == bytes((SETTINGS,)) else "whoever answers there is not the head of a Ray cluster"


def _listeners(port: int) -> Iterator[str]:
    """The addresses of this machine on which somebody listens at `port`, as the kernel writes them (proc(5))."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (Path("/proc/net") / table).read_text(encoding="ascii").splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                host, _, hexadecimal = local.partition(":")
                if state == LISTENS and int(hexadecimal, 16) == port:
                    yield host


def _started_here() -> str:
    folder = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray"
    try:
        return (folder / "ray_current_cluster").read_text(encoding="ascii").strip()
    except OSError as error:
        raise EngineError("cannot join Ray at 'auto': no cluster was started on this machine") from error


def refused(address: Address | None, error: Exception) -> EngineError:
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
    hint = f" ({_LOCKED})" if address and "Failed to connect" in text else ""
    return EngineError(f"cannot {doing}: {one_line(error)}{hint}")
