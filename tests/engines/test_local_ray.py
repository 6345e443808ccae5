"""A Ray of our own is quiet: on loopback only, no file in the home directory, no word on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, os, signal, sys
import anyio, psutil
import midtrace as mt
from midtrace.testing import Scripted

assert ("ray" in sys.modules) == (len(sys.argv) > 2)
heard = []
def hear(*_): heard.append(True)
signal.signal(signal.SIGTERM, hear)

async def main():
    async with mt.open_runtime(workers=1, preload=()) as runtime:
        assert "ray" in sys.modules
        outcome = await runtime.generate(
            Scripted("a line\\n"), "P", monitors=[mt.Monitor("m", verify=lambda text: print("said by a check"))]
        )
        mine = psutil.Process().children(recursive=True)
        pids = {os.getpid(), *(process.pid for process in mine)}
        listening = {c.laddr.ip.removeprefix("::ffff:") for c in psutil.net_connections("inet")
                     if c.pid in pids and c.status == "LISTEN"}
        os.kill(os.getpid(), signal.SIGTERM)
        await anyio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await anyio.sleep(0)
    _, alive = psutil.wait_procs(mine, timeout=20)
    json.dump({"status": outcome.status, "listening": sorted(listening), "heard": len(heard), "processes": len(mine),
               "left": len(alive)}, open(sys.argv[1], "w"))

anyio.run(main)
"""


@pytest.mark.parametrize("before", ["", "import ray"], ids=["alone", "imported before"])
def test_a_local_ray_is_quiet(tmp_path: Path, before: str) -> None:
    """Also where its user has imported Ray already, which reads most of its environment then."""
    home = tmp_path / "home"
    home.mkdir()
    facts = tmp_path / "facts.json"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")} | {"HOME": str(home)}
    command = [sys.executable, "-P", "-c", f"{before}\n{PROGRAM}", str(facts), *([before] if before else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""
    seen = json.loads(facts.read_text())
    assert seen["status"] == "verified"
    assert seen["listening"] == ["127.0.0.1"]
    assert seen["heard"] == 2, "the process's own handler answers SIGTERM, during and after"
    assert seen["processes"] > 3
    assert seen["left"] == 0
    assert list(home.iterdir()) == []
