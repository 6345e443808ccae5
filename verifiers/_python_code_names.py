"""Names that code uses and nobody defines, as the program ruff finds them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

RULES = "F821,F822,F823"
"""Undefined name; undefined name in `__all__`; local variable used before it is assigned."""

EXTRA = "midtrace[code]"
"""What to install for it."""

SECONDS = 5.0
MEMORY = 2 << 30


class NoRuffError(Exception):
    """The program is not there, or did not do its work; the text says which."""


class NameFault(NamedTuple):
    """A name without a definition, and the line that uses it, the first being 1."""

    line: int
    message: str


def undefined(code: str) -> list[NameFault]:
    """What is wrong with the names of a whole program. Raises `NoRuffError`."""
    ruff = _ruff()
    if ruff is None:
        raise NoRuffError(f"ruff is not installed: pip install '{EXTRA}'")
    command = [
        *(ruff, "check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--no-fix", "--ignore-noqa"),
        *("--select", RULES, "--output-format", "json", "--stdin-filename", "answer.py", "-"),
    ]
    environment = {"RAYON_NUM_THREADS": "1", "PATH": os.defpath}
    try:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise NoRuffError(f"ruff could not be started: {error.strerror}") from None
    with process:
        try:
            _limit(process.pid)
            output, _ = process.communicate(code.encode("utf-8", "replace"), SECONDS)
        except subprocess.TimeoutExpired:
            raise NoRuffError(f"ruff took longer than {SECONDS:g} s") from None
        finally:
            process.kill()
    if process.returncode != 0:
        raise NoRuffError(f"ruff ended with {process.returncode}")
    return list(_faults(output))


def _ruff() -> str | None:
    beside = Path(sys.executable or "").with_name("ruff")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("ruff")


def _limit(pid: int) -> None:
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415  (there is none on Windows)

    with suppress(OSError, ValueError):
        resource.prlimit(pid, resource.RLIMIT_CPU, (int(SECONDS), int(SECONDS)))
        resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))


def _faults(output: bytes) -> Iterator[NameFault]:
    try:
        entries = json.loads(output)
    except ValueError:
        raise NoRuffError("ruff wrote no JSON") from None
    for entry in entries:
        match entry:
            case {"code": str(), "message": str() as message, "location": {"row": int() as row}}:
                yield NameFault(row, message)
