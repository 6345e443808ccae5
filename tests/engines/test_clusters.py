"""Real clusters as `deploy/local_cluster.py` starts them: two nodes, a node that lacks midtrace, another Ray."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "deploy" / "local_cluster.py"
SECONDS = 120


def clean(**more: str) -> dict[str, str]:
    """This environment without what an engine of this process has left there for Ray."""
    return {key: value for key, value in os.environ.items() if not key.startswith("RAY_")} | more


@contextmanager
def running(*command: str, env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A cluster that a script starts; gives the environment that leads there."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("export "), process.stderr.read() if process.stderr else ""
        yield clean(**dict(each.split("=", 1) for each in line.split()[1:]))
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, "the script leaves nothing behind"


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    with running(sys.executable, "-P", str(SCRIPT), "--resources", '{"prover": 1}', env=clean()) as environment:
        yield environment


def drive(environment: Mapping[str, str], *arguments: str) -> Any:
    """What a driver of `drivers.py` saw."""
    command = [sys.executable, "-P", str(HERE / "drivers.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def midtrace(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "midtrace", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)


def test_checks_are_spread_over_the_nodes(cluster: Mapping[str, str]) -> None:
    assert drive(cluster, "spread") == 2


def test_checks_run_where_their_resources_are(cluster: Mapping[str, str]) -> None:
    seen = drive(cluster, "custom")
    assert seen["nodes"] == 1
    oracle, cpus, memory = seen["errors"]
    assert oracle == "monitor 'm' needs 1 of 'oracle': the most that a node of the cluster has is 0"
    assert cpus == "monitor 'm' needs 64 of 'CPU': the most that a node of the cluster has is 2"
    assert memory.startswith("monitor 'm' needs 1.1259e+15 of 'memory': the most that a node of the cluster has is")


def test_a_detached_pool_outlives_its_programs_and_is_ended_by_hand(cluster: Mapping[str, str]) -> None:
    first = drive(cluster, "pooled", "kept", "detached")
    listed = json.loads(midtrace(cluster, "pools", "--json").stdout)
    assert [(each["name"], each["drivers"]) for each in listed["pools"]] == [("kept", 0)]
    second = drive(cluster, "pooled", "kept", "detached")
    assert first["places"] == second["places"], "the same warm worker"

    assert "kept is ended" in midtrace(cluster, "pools", "--stop", "kept").stdout
    assert json.loads(midtrace(cluster, "pools", "--json").stdout) == {"pools": []}
    again = midtrace(cluster, "pools", "--stop", "kept")
    assert again.returncode == 2
    assert again.stderr == f"midtrace: no pool at {cluster['RAY_ADDRESS']} is called 'kept'\n"


def test_a_pool_ends_with_the_program_that_made_it(cluster: Mapping[str, str]) -> None:
    first = drive(cluster, "pooled", "passing", "attached")
    assert first["places"]
    assert json.loads(midtrace(cluster, "pools", "--json").stdout) == {"pools": []}


def test_a_pool_that_dies_is_made_again(cluster: Mapping[str, str]) -> None:
    seen = drive(cluster, "pool_lost", "mortal")
    assert seen["before"]
    assert seen["after"]
    assert seen["before"] != seen["after"]


PAGE = (HERE.parents[1] / "docs" / "cluster.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SAY = ["verified", "20 ", "verified", "verified"]


@pytest.mark.parametrize(
    ("program", "says"), list(zip(PROGRAMS, SAY, strict=True)), ids=["one", "many", "special", "pool"]
)
def test_the_programs_of_the_page_run_there(
    cluster: Mapping[str, str], tmp_path: Path, program: str, says: str
) -> None:
    script = tmp_path / "program.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, "-P", str(script)], capture_output=True, text=True, timeout=SECONDS, env=cluster, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(says)


CHANGED = """
import sys
sys.path[:0] = {folders!r}
import local_cluster
{change}
sys.argv[1:] = ["--nodes", "1"]
local_cluster.main()
"""


def changed(change: str) -> list[str]:
    """The command of `local_cluster.py` with something changed in it."""
    code = CHANGED.format(folders=[str(SCRIPT.parent), str(HERE.parents[1])], change=change)
    return [sys.executable, "-P", "-c", code]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package of verifiers, as a wheel, beside the folder `source` that holds it."""
    source = tmp_path / "source" / "traveller"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    (source / "rules.py").write_text(
        "import midtrace\n\n\nclass Fine:\n    def check(self, state):\n        return midtrace.Pass()\n"
    )
    wheel = tmp_path / "traveller-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("__init__.py", "rules.py"):
            archive.write(source / name, f"traveller/{name}")
        archive.writestr("traveller-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: traveller\nVersion: 1.0\n")
        archive.writestr(
            "traveller-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("traveller-1.0.dist-info/RECORD", "")
    return wheel


def test_nodes_are_sent_what_they_lack(tmp_path: Path, wheel: Path) -> None:
    """A node's Python finds all that midtrace needs, and not midtrace itself, nor a package of verifiers."""
    venv.create(tmp_path / "bare", symlinks=True)
    bare = tmp_path / "bare" / "bin" / "python"
    folder = Path(sysconfig.get_path("purelib"))
    inside = subprocess.run(
        [str(bare), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # Named in a .pth file a folder is searched, but what it installs as editable is not.
    (Path(inside) / "theirs.pth").write_text(f"{folder}\n")
    lacking = subprocess.run([str(bare), "-P", "-c", "import midtrace"], capture_output=True, text=True, check=False)
    if "No module named 'midtrace'" not in lacking.stderr:
        pytest.fail("expected an environment without midtrace: is it installed without --editable?")

    with running(*changed(f"local_cluster.sys.executable = {str(bare)!r}"), env=clean()) as environment:
        assert drive(environment, "plain") == "verified"

        environment["PYTHONPATH"] = str(wheel.parent / "source")
        refused = drive(environment, "shipped")
        assert refused.startswith("monitor 'm': the workers cannot import 'traveller.rules' (ModuleNotFoundError")
        assert "open_runtime(ship=[...])" in refused
        assert drive(environment, "shipped", str(wheel)) == "verified"


def test_another_ray_is_told_in_one_line() -> None:
    older = "import ray; ray.__version__ = '2.0.0'; "
    with running(*changed(f"local_cluster.RAY = {older!r} + local_cluster.RAY"), env=clean()) as environment:
        seen = drive(environment, "plain")
    assert "the cluster runs Ray 2.0.0 on Python 3" in seen["error"]
    assert "expected the same Ray" in seen["error"]


def test_an_address_where_nobody_listens_is_told_in_one_line() -> None:
    began = drive(clean(RAY_ADDRESS="127.0.0.1:1"), "plain")
    assert began == {"error": "cannot join Ray at 127.0.0.1:1: ConnectionRefusedError: [Errno 111] Connection refused"}
