"""The kernel ends a process whose fuse burns down, whatever it is at."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

AT_WORK = """
import signal, sys, time
from midtrace.engines.fuse import Fuse
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
fuse = Fuse()
"""


def ending(code: str) -> int:
    return subprocess.run([sys.executable, "-P", "-c", AT_WORK + code], check=False, timeout=60).returncode


@pytest.mark.parametrize("work", ["time.sleep(50)", "while True: pass", "10 ** 10 ** 10"])
def test_it_ends_whatever_is_going_on(work: str) -> None:
    assert ending(f"fuse.light(time.monotonic() + 0.1)\n{work}") == -signal.SIGKILL


def test_it_can_be_put_out_and_lit_again() -> None:
    assert ending("fuse.light(time.monotonic() + 0.05)\nfuse.light(0)\ntime.sleep(0.2)") == 0
    assert ending("fuse.light(time.monotonic() + 50)\nfuse.light(time.monotonic() + 0.05)\ntime.sleep(50)") == -9
