"""Who answers at the address of a cluster, and what is said where it is the wrong one."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import midtrace as mt
from midtrace.engines import joining
from midtrace.engines.joining import Address, refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ray://127.0.0.1:10001",
            "expected HOST:PORT of the cluster's head (GCS, usually port 6379), not of a Ray client",
        ),
        ("127.0.0.1", "address='127.0.0.1': expected HOST:PORT or 'auto'"),
        (":6379", "address=':6379': expected HOST:PORT or 'auto'"),
        ("head:http", "address='head:http': expected HOST:PORT or 'auto'"),
        ("head:65536", "address='head:65536': expected HOST:PORT or 'auto'"),
    ],
)
def test_what_is_no_address_is_refused(text: str, message: str) -> None:
    with pytest.raises(mt.UsageError) as caught:
        Address.read(text)
    assert message in str(caught.value)


def test_addresses_are_read() -> None:
    assert Address.read("head.example:6379") == ("head.example", 6379)
    assert Address.read("[::1]:6379") == ("::1", 6379)


def test_auto_is_the_cluster_that_was_started_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with pytest.raises(mt.EngineError, match="cannot join Ray at 'auto': no cluster was started on this machine"):
        Address.read("auto")
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:6381")
    assert Address.read("auto") == ("127.0.0.1", 6381)


@pytest.fixture
def silent() -> Iterator[Address]:
    """Somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Address(*server.getsockname())


@pytest.fixture
def web() -> Iterator[Address]:
    """A server of another kind."""

    class Quiet(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Address("127.0.0.1", server.server_port)
        server.shutdown()


def test_somebody_silent_is_no_cluster(silent: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "CONNECT", 0.1)
    with pytest.raises(mt.EngineError) as caught:
        silent.must_answer()
    assert str(caught.value) == f"cannot join Ray at {silent}: no answer within 0.1 s"


def test_another_server_is_no_cluster(web: Address) -> None:
    with pytest.raises(mt.EngineError) as caught:
        web.must_answer()
    assert str(caught.value) == f"cannot join Ray at {web}: whoever answers there is not the head of a Ray cluster"


def test_who_listens_on_loopback_only_is_told_apart(silent: Address) -> None:
    assert silent.loopback_only
    assert Address("localhost", silent.port).loopback_only
    assert not Address("192.0.2.7", silent.port).loopback_only
    assert not Address("head.example", silent.port).loopback_only


def test_another_version_is_told_in_one_line() -> None:
    error = RuntimeError(
        "Version mismatch: The cluster was started with:\n    Ray: 2.1.0\n    Python: 3.9.1\n"
        "This process on node 127.0.0.1 was started with:\n    Ray: 2.60.0\n    Python: 3.11.7\n"
    )
    told = str(refused(Address("head", 1), error))
    assert "head:1: the cluster runs Ray 2.1.0 on Python 3.9.1, this process Ray 2.60.0 on Python 3.11.7" in told
    assert str(refused(None, OSError("no room"))) == "cannot start Ray: OSError: no room"
