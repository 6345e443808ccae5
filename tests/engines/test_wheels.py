"""Installed packages as wheels again."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import midtrace as mt
from midtrace.engines.wheels import wheel_of


def install(wheel: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(wheel)], check=True, capture_output=True)


def test_this_package_installs_elsewhere_and_pulls_nothing_in(tmp_path: Path) -> None:
    wheel = wheel_of("midtrace", tmp_path)
    install(wheel, tmp_path / "there")
    assert min(each.name for each in (tmp_path / "there").iterdir() if each.name != "bin") == "midtrace"
    code = (
        "import midtrace, midtrace.verifiers, midtrace.plugins; from importlib import metadata;"
        "print(midtrace.__file__, metadata.version('midtrace'));"
        "midtrace.monitors.arithmetic()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'there')!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(tmp_path / "there"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = next(name for name in names if name.endswith("METADATA"))
        assert b"Requires-Dist" not in archive.read(about)
        assert "midtrace/py.typed" in names
        assert not [name for name in names if "__pycache__" in name]


def test_a_wheel_of_the_same_files_is_the_same_file(tmp_path: Path) -> None:
    """Ray stores what it is sent by its content."""
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    assert wheel_of("midtrace", tmp_path / "1").read_bytes() == wheel_of("midtrace", tmp_path / "2").read_bytes()


def test_a_package_from_an_index_keeps_its_kind(tmp_path: Path) -> None:
    """One with compiled parts is for the same machines as before."""
    wheel = wheel_of("hypothesis", tmp_path)
    install(wheel, tmp_path / "there")
    assert (tmp_path / "there" / "hypothesis" / "__init__.py").exists()
    with zipfile.ZipFile(wheel) as archive:
        record = next(name for name in archive.namelist() if name.endswith("dist-info/RECORD"))
        assert len(archive.read(record).splitlines()) == len(archive.namelist())


def test_a_wheel_is_taken_as_it_is(tmp_path: Path) -> None:
    wheel = tmp_path / "mine-1.0-py3-none-any.whl"
    wheel.touch()
    assert wheel_of(wheel, tmp_path) == wheel
    assert wheel_of(str(wheel), tmp_path) == wheel


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no-such-thing", "ship='no-such-thing': no distribution of that name is installed"),
        ("", "ship='': no distribution of that name is installed"),
        ("gone.whl", "ship='gone.whl': expected an existing .whl file"),
        (Path("setup.py"), "ship='setup.py': expected an existing .whl file"),
    ],
)
def test_what_is_neither_is_refused(tmp_path: Path, name: str | Path, message: str) -> None:
    with pytest.raises(mt.UsageError) as caught:
        wheel_of(name, tmp_path)
    assert str(caught.value).startswith(message)
